"""Streams of complaints with known truth: quiet themes, and changes of which the first day is known."""

from dataclasses import dataclass

import numpy as np

from app.theme.alarm.panel import HOLIDAY

THEMES, WARM = 200, 364
KINDS = ("poisson", "overdispersed", "bursty")
"""Poisson; negative binomial with variance 1.3 m + 0.05 m^2; that, and the level wanders (AR(1) of 10 %, 30 days)."""


@dataclass(frozen=True)
class Stream:
    """Counts per theme and day, kinds of days, and the true expectations."""

    counts: np.ndarray
    kinds: np.ndarray
    means: np.ndarray


def quiet_means(chance: np.random.Generator, kind: str, days: int) -> tuple[np.ndarray, np.ndarray]:
    """(200, days) expected counts of themes of 0.1 to 50 people a day, and the kinds of the days."""
    day = np.arange(days)
    free = np.zeros(days, bool)
    free[[at for year in range(0, days, 365) for at in year + chance.choice(365, 11, replace=False) if at < days]] = (
        True
    )
    kinds = np.where(free, HOLIDAY, day % 7)
    common = np.array([0.15, 0.1, 0.05, 0.0, 0.0, -0.4, -0.5])
    week = np.exp(common + chance.normal(0, 0.15, (THEMES, 7)))
    week /= week.mean(axis=1, keepdims=True)
    factor = np.column_stack([week, np.exp(chance.normal(-0.6, 0.2, THEMES))])[:, kinds]
    level = np.exp(chance.uniform(np.log(0.1), np.log(50), THEMES))
    means = level[:, None] * factor * np.exp(chance.normal(0, 0.25, THEMES)[:, None] * day / 365)
    if kind == "bursty":
        wander = np.empty((THEMES, days))
        state = chance.normal(0, 0.1, THEMES)
        keep = np.exp(-1 / 30)
        for at in range(days):
            state = keep * state + chance.normal(0, 0.1 * np.sqrt(1 - keep**2), THEMES)
            wander[:, at] = state
        means = means * np.exp(wander)
    return means, kinds


def draw(chance: np.random.Generator, kind: str, means: np.ndarray) -> np.ndarray:
    """Counts with these expectations."""
    if kind == "poisson":
        return chance.poisson(means).astype(float)
    extra = np.maximum(0.3 + 0.05 * means, 1e-9)
    return chance.poisson(chance.gamma(means / extra, extra)).astype(float)


def quiet(seed: int, kind: str, weeks: int) -> Stream:
    """A year to learn from, then so many weeks in which nothing happens."""
    chance = np.random.default_rng(seed)
    means, kinds = quiet_means(chance, kind, WARM + 7 * weeks)
    return Stream(draw(chance, kind, means), kinds, means)


def changed(seed: int, kind: str, change: str, follow: int) -> Stream:
    """From day `WARM` on every theme is higher: "1.5" or "2" lasting, "4x3": four times for three days."""
    chance = np.random.default_rng(seed)
    means, kinds = quiet_means(chance, kind, WARM + follow)
    times, _, lasting = change.partition("x")
    means[:, WARM : WARM + int(lasting or follow)] *= float(times)
    return Stream(draw(chance, kind, means), kinds, means)


def born(seed: int, kind: str, rate: float, follow: int) -> Stream:
    """Every theme is new: nothing before day `WARM`, then so many people a day; topics have other themes as well."""
    chance = np.random.default_rng(seed)
    means, kinds = quiet_means(chance, kind, WARM + follow)
    new = means[: THEMES // 4]
    new *= rate / new.mean(axis=1, keepdims=True)
    new[:, :WARM] = 0
    return Stream(draw(chance, kind, np.maximum(means, 1e-9)), kinds, means)
