"""Streams with known truth: daily complaint counts with the traps that make a before/after comparison lie.

Each scenario draws its own parameter values per case, so that a method cannot be tuned to one number. The log rate of
series k on day t is

    base_k + weekday + holiday + slope_k * t + wave_k(t) + shock(t) + events + own_kt + shared_t + effect * onset(t)

with AR(1) shared and own parts and negative binomial counts around it. What the bounds of `impact_bounds` may know is
kept in `Truth`. Nothing here is part of the installed product.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from impact_scenarios import Range, Scenario
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """How a case was made, but for the effect and the random draws of paths and counts.

    Attributes:
        fixed: log mean per day without effect and paths, exposure included, (series, days).
        shapes: parts of `fixed` whose time course somebody could know and whose size must be learned: (row, course),
            row None for all series together.
        own, shared: (sd, correlation in days) of the AR(1) path of each series, and of the one shared by all.
        dispersion: variance of a daily count = mean + dispersion * mean^2.
        slope, drift: spread of the slopes per year, and of the steps that controls have of their own at the change.
        untouched: rows of the controls that the change does not move.
    """

    fixed: Floats
    shapes: tuple[tuple[int | None, Floats], ...]
    own: tuple[tuple[float, float], ...]
    shared: tuple[float, float]
    dispersion: float
    slope: float
    drift: float
    untouched: tuple[int, ...]


@dataclass(frozen=True)
class Stream:
    """A case in the public format, with the truth beside it."""

    case: dict[str, Any]
    ratio: float  # once the change is fully in effect
    mean_ratio: float  # over all days since the change; differs from `ratio` where the effect sets in slowly or is lost
    truth: Truth


def draw(scenario: Scenario, ratio: float, seed: int) -> Stream:
    """One case of a scenario whose change multiplies the target's rate by `ratio` (1: a null)."""
    rng = np.random.default_rng([seed, sum(map(ord, scenario.name)), round(ratio * 1000)])
    pre, post = rng.integers(scenario.pre[0], scenario.pre[1] + 1), rng.integers(scenario.post[0], scenario.post[1] + 1)
    series = 1 + int(rng.integers(scenario.controls[0], scenario.controls[1] + 1))
    world = _World(scenario, rng, int(pre), int(pre + post), series)
    truth, exposure = world.truth()
    log_rate = truth.fixed + world.paths
    effect = world.effect(np.log(ratio))
    expected = np.exp(log_rate[0])
    moved = expected * (1 - np.exp(effect)) * scenario.substitution
    log_rate[0] += effect
    log_rate[1 : 1 + scenario.contaminated] += scenario.contamination * effect
    if series > 1 and scenario.substitution:
        log_rate[1] = np.log(np.exp(log_rate[1]) + np.maximum(moved, 0))
    counts = world.counts(np.exp(log_rate), truth.dispersion)
    case = {
        "id": f"{scenario.name}-{ratio}-{seed}",
        "start_date": "2026-01-05",
        "exposure": [round(float(value), 3) for value in exposure * 1000],
        "target": counts[0].tolist(),
        "controls": {f"c{k}": counts[k].tolist() for k in range(1, series)},
        "change_day": int(pre),
        "holidays": world.holidays,
        "known_events": world.events,
        "opened_day": world.opened(counts[0]),
        "alpha": 0.05,
        "margin": 0.2,
        "monitoring": {"mode": "single"},
    }
    mean_ratio = float((expected * np.exp(effect))[pre:].sum() / expected[pre:].sum())
    return Stream(case, ratio, mean_ratio, truth)


@dataclass
class _World:
    scenario: Scenario
    rng: np.random.Generator
    pre: int
    days: int
    series: int
    holidays: list[int] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[tuple[int | None, Floats]] = field(default_factory=list)
    incident_day: int | None = None

    def truth(self) -> tuple[Truth, Floats]:
        """Everything but the effect, and the exposure per day."""
        sc, rng = self.scenario, self.rng
        exposure = self._exposure()
        slopes = self._slopes()
        fixed = self._levels() + slopes[:, None] * self._years() + self._waves() + np.log(exposure)
        fixed[:, self.holidays] += self._uniform(sc.holiday)
        fixed += self._shock()
        self._events(fixed)
        self._incident(fixed)
        drift = rng.normal(0, sc.drift_sd, (self.series - 1, 1)) if sc.drift_sd else 0.0
        fixed[1:, self.pre :] += drift
        own_sd, shared_sd = self._uniform(sc.own_sd), self._uniform(sc.shared_sd)
        lengths = [self._uniform(sc.correlation_days) for _ in range(self.series + 1)]
        self.paths = np.array([self._ar1(own_sd, length) for length in lengths[1:]])
        self.paths = self.paths + self._ar1(shared_sd, lengths[0])
        touched = max(sc.contaminated, 1 if sc.substitution else 0)
        truth = Truth(
            fixed=fixed,
            shapes=tuple(self.shapes),
            own=tuple((own_sd, length) for length in lengths[1:]),
            shared=(shared_sd, lengths[0]),
            dispersion=self._uniform(sc.dispersion),
            slope=float(np.sqrt(np.mean(slopes**2))),
            drift=sc.drift_sd,
            untouched=tuple(range(1 + touched, self.series)),
        )
        return truth, exposure

    def effect(self, size: float) -> Floats:
        """Log ratio per day: at once, slowly, late, or lost again."""
        since = np.arange(self.days) - self.pre
        onset = (since >= 0).astype(float)
        if self.scenario.onset == "gradual":
            onset = np.clip((since + 1) / self._uniform((10, 35)), 0, 1)
        if self.scenario.onset == "delayed":
            onset = (since >= self.rng.integers(5, 15)).astype(float)
        if self.scenario.relapse:
            onset[self.pre + (self.days - self.pre) // 2 :] = 0.0
        return np.asarray(size * onset)

    def counts(self, mean: Floats, dispersion: float) -> NDArray[np.int64]:
        """Negative binomial counts."""
        if dispersion > 1e-3:
            mean = mean * self.rng.gamma(1 / dispersion, dispersion, mean.shape)
        return self.rng.poisson(mean)

    def opened(self, target: NDArray[np.int64]) -> int | None:
        """The day on which somebody picks the theme: where its last weeks peaked, shortly before the change."""
        if self.scenario.picked == "noise":
            window = range(max(14, self.pre - self.scenario.picked_within), self.pre)
            return max(window, key=lambda day: target[day - 13 : day + 1].sum())
        return self.incident_day

    def _uniform(self, ends: Range) -> float:
        return float(self.rng.uniform(*ends))

    def _signed(self, ends: Range) -> float:
        return self._uniform(ends) * float(self.rng.choice([-1, 1]))

    def _years(self) -> Floats:
        return np.asarray((np.arange(self.days) - self.pre) / 365.25)

    def _levels(self) -> Floats:
        sc = self.scenario
        base = np.array([self._uniform(sc.base)] + [self._uniform(sc.control_base) for _ in range(self.series - 1)])
        week = self.rng.normal(0, 1, 7)
        if any(sc.holiday):
            number = max(1, self.days // 40)
            self.holidays = sorted(self.rng.choice(self.days, size=number, replace=False).tolist())
        weekday = (self._uniform(sc.weekday) * (week - week.mean()))[np.arange(self.days) % 7]
        return np.asarray(np.log(base)[:, None] + weekday)

    def _slopes(self) -> Floats:
        sc = self.scenario
        own = np.array([self._signed(sc.slope) for _ in range(self.series)])
        own[1:] += [self._signed(sc.control_slope) for _ in range(self.series - 1)]
        return np.asarray(own + self._signed(sc.shared_slope))

    def _waves(self) -> Floats:
        sc, rng, years = self.scenario, self.rng, self._years()
        shared = self._uniform(sc.wave) * np.sin(2 * np.pi * (years + rng.uniform()))
        own = [self._uniform(sc.own_wave) * np.sin(2 * np.pi * (years + rng.uniform())) for _ in range(self.series)]
        return np.asarray(shared + np.array(own))

    def _ar1(self, sd: float, length: float) -> Floats:
        rho = np.exp(-1 / length)
        noise = self.rng.normal(0, 1, self.days)
        path = np.empty(self.days)
        path[0] = noise[0]
        for day in range(1, self.days):
            path[day] = rho * path[day - 1] + np.sqrt(1 - rho**2) * noise[day]
        return path * sd

    def _shock(self) -> Floats | float:
        size, t, kind = self._signed((0.25, 0.6)), np.arange(self.days), self.scenario.shock
        if kind == "none":
            return 0.0
        place, _, pulse = kind.partition("_")
        shift = {"before": -int(self.rng.integers(14, 42)), "at": 0, "after": int(self.rng.integers(7, 28))}[place]
        start = self.pre + shift
        shape = (t >= start).astype(float)
        if pulse:
            shape *= t < start + int(self.rng.integers(7, 15))
            size = abs(size) * 1.3
        self.shapes.append((None, shape))
        return np.asarray(size * shape)

    def _incident(self, fixed: Floats) -> None:
        sc, t = self.scenario, np.arange(self.days)
        if sc.picked != "incident":
            return
        start = self.pre - int(self._uniform(sc.incident_before))
        fade, plateau = self._uniform(sc.incident_fade), int(self.rng.integers(5, 9))
        shape = np.where(t >= start, np.exp(-np.maximum(t - start - plateau, 0) / fade), 0.0)
        fixed[0] += self._uniform((0.6, 1.2)) * shape
        self.shapes.append((0, shape))
        self.incident_day = start + plateau

    def _events(self, fixed: Floats) -> None:
        sc, t = self.scenario, np.arange(self.days)
        if sc.event == "none":
            return
        day = self.pre - int(self._uniform(sc.event_before))
        after = (t >= day).astype(float)
        rows = [0] if sc.event == "process_change" else list(range(self.series))
        for row in rows:
            size = self._signed((0.2, 0.6)) if sc.event == "process_change" else float(self.rng.normal(0, 0.3))
            fixed[row] += size * after
            self.shapes.append((row, after))
        self.events = [{"day": day, "kind": sc.event}]

    def _exposure(self) -> Floats:
        noise, t = np.exp(self.rng.normal(0, 0.05, self.days)), np.arange(self.days)
        if self.scenario.exposure == "step":
            at = self.pre + int(self.rng.integers(-21, 22))
            return np.asarray(noise * np.where(t >= at, self._uniform((0.5, 2.0)), 1.0))
        growth = {"grow": 1, "shrink": -1}.get(self.scenario.exposure, 0) * self._uniform((0.5, 1.2))
        return np.asarray(noise * np.exp(growth * self._years()))
