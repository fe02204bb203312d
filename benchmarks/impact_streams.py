"""Streams with known truth: daily complaint counts with the traps that make a before/after comparison lie.

Each scenario draws its own parameter values per case, so that a method cannot be tuned to one number. The log rate of
series k on day t is

    base_k + weekday + holiday + slope_k * t + wave_k(t) + shared_t + own_kt + event steps + effect * onset(t)

with AR(1) shared and own parts and negative binomial counts around it. Nothing here is part of the installed product.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True)
class Scenario:
    """Ranges from which each case of a named scenario is drawn; see the module for the model."""

    name: str
    base: Range = (6, 14)
    pre: tuple[int, int] = (126, 182)
    post: tuple[int, int] = (49, 84)
    controls: tuple[int, int] = (4, 8)
    control_base: Range = (4, 20)
    weekday: Range = (0.1, 0.4)
    holiday: Range = (0.0, 0.0)
    slope: Range = (0.0, 0.0)  # per year, target and controls alike in size, own sign each
    shared_slope: Range = (0.0, 0.0)
    wave: Range = (0.0, 0.0)
    own_wave: Range = (0.0, 0.0)
    shared_sd: Range = (0.0, 0.1)
    own_sd: Range = (0.0, 0.1)
    correlation_days: Range = (5, 30)
    dispersion: Range = (0.05, 0.25)  # variance = mean + dispersion * mean^2, per day
    exposure: str = "flat"
    shock: str = "none"
    drift_sd: float = 0.0  # spread of steps that controls have of their own at the change
    contaminated: int = 0
    substitution: float = 0.0
    onset: str = "step"
    picked: str = "none"  # noise: opened where the noise peaked; incident: a real spike that fades by itself
    event: str = "none"
    relapse: bool = False
    ratios: tuple[float, ...] = (1.0, 0.7, 0.5)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("plain", shared_sd=(0, 0), own_sd=(0, 0), dispersion=(0, 0.05), weekday=(0, 0)),
    Scenario("weekday", weekday=(0.5, 0.9)),
    Scenario("holidays", holiday=(-1.2, -0.4)),
    Scenario("trend", slope=(0.3, 0.8)),
    Scenario("shared_trend", shared_slope=(0.4, 1.0)),
    Scenario("yearly_shared", wave=(0.2, 0.5), pre=(180, 300)),
    Scenario("yearly_own", own_wave=(0.15, 0.35), pre=(180, 300)),
    Scenario("exposure_grows", exposure="grow"),
    Scenario("exposure_shrinks", exposure="shrink"),
    Scenario("exposure_steps", exposure="step"),
    Scenario("overdispersed", dispersion=(0.5, 1.2)),
    Scenario("autocorrelated", own_sd=(0.15, 0.3), correlation_days=(7, 20)),
    Scenario("near_unit_root", own_sd=(0.2, 0.35), shared_sd=(0.1, 0.3), correlation_days=(60, 150)),
    Scenario("shock_before", shock="before"),
    Scenario("shock_at_change", shock="at"),
    Scenario("shock_after", shock="after"),
    Scenario("shock_pulse", shock="pulse"),
    Scenario("one_control", controls=(1, 1), shared_sd=(0.1, 0.2)),
    Scenario("no_controls", controls=(0, 0)),
    Scenario("no_controls_correlated", controls=(0, 0), own_sd=(0.15, 0.25), correlation_days=(10, 30)),
    Scenario("controls_drift", drift_sd=0.15, controls=(5, 9)),
    Scenario("contaminated_control", contaminated=1),
    Scenario("substitution", substitution=0.8),
    Scenario("tiny_counts", base=(0.25, 0.6), control_base=(0.3, 3)),
    Scenario("huge_counts", base=(120, 250), control_base=(80, 300), dispersion=(0.01, 0.05)),
    Scenario("short_history", pre=(28, 35)),
    Scenario("short_follow_up", post=(7, 10)),
    Scenario("gradual", onset="gradual"),
    Scenario("picked_noise", picked="noise", own_sd=(0.1, 0.25), controls=(2, 6)),
    Scenario("picked_incident", picked="incident"),
    Scenario("change_before", event="process_change"),
    Scenario("classifier_before", event="classifier_version"),
    Scenario(
        "demo_like", base=(0.6, 1.2), control_base=(0.5, 2.5), pre=(182, 182), post=(84, 98), ratios=(1.0, 0.6, 0.4)
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@dataclass(frozen=True)
class Stream:
    """A case in the public format, with the truth beside it."""

    case: dict[str, Any]
    ratio: float  # once the change is fully in effect
    mean_ratio: float  # over all days since the change; differs from `ratio` where the effect sets in slowly or is lost


def draw(scenario: Scenario, ratio: float, seed: int) -> Stream:
    """One case of a scenario whose change multiplies the target's rate by `ratio` (1: a null)."""
    rng = np.random.default_rng([seed, sum(map(ord, scenario.name)), round(ratio * 1000)])
    pre, post = rng.integers(scenario.pre[0], scenario.pre[1] + 1), rng.integers(scenario.post[0], scenario.post[1] + 1)
    series = 1 + int(rng.integers(scenario.controls[0], scenario.controls[1] + 1))
    world = _World(scenario, rng, int(pre), int(pre + post), series)
    log_rate, exposure, facts = world.log_rates()
    expected = np.exp(log_rate[0]) * exposure
    onset = (
        np.clip((np.arange(world.days) - pre + 1) / 21, 0, 1) if scenario.onset == "gradual" else np.ones(world.days)
    )
    effect = np.where(np.arange(world.days) >= pre, np.log(ratio) * onset, 0.0)
    if scenario.relapse:
        effect[int(pre + post // 2) :] = 0.0
    moved = np.exp(log_rate[0]) * (1 - np.exp(effect)) * scenario.substitution
    log_rate[0] += effect
    if series > 1 and scenario.contaminated:
        log_rate[1 : 1 + scenario.contaminated] += 0.8 * effect
    if series > 1 and scenario.substitution:
        log_rate[1] = np.log(np.exp(log_rate[1]) + np.maximum(moved, 0))
    counts = world.counts(np.exp(log_rate) * exposure)
    case = {
        "id": f"{scenario.name}-{ratio}-{seed}",
        "start_date": "2026-01-05",
        "exposure": [round(float(value), 3) for value in exposure * 1000],
        "target": counts[0].tolist(),
        "controls": {f"c{k}": counts[k].tolist() for k in range(1, series)},
        "change_day": int(pre),
        "holidays": facts["holidays"],
        "known_events": facts["events"],
        "opened_day": world.opened(counts[0], facts["opened"]),
        "alpha": 0.05,
        "margin": 0.2,
        "monitoring": {"mode": "single"},
    }
    without = expected[pre:]
    mean_ratio = float((without * np.exp(effect[pre:])).sum() / without.sum())
    return Stream(case, ratio, mean_ratio)


@dataclass
class _World:
    scenario: Scenario
    rng: np.random.Generator
    pre: int
    days: int
    series: int

    def log_rates(self) -> tuple[Floats, Floats, dict[str, Any]]:
        """Log rate per unit of exposure (series x days), exposure (days), and what the case says about them."""
        sc, rng = self.scenario, self.rng
        t = np.arange(self.days)
        years = (t - self.pre) / 365.25
        base = np.array([self._uniform(sc.base)] + [self._uniform(sc.control_base) for _ in range(self.series - 1)])
        week = rng.normal(0, 1, 7)
        rate = np.log(base)[:, None] + (self._uniform(sc.weekday) * (week - week.mean()))[t % 7]
        rate = rate + self._signed(sc.shared_slope) * years
        rate = rate + np.array([self._signed(sc.slope) for _ in range(self.series)])[:, None] * years
        rate = rate + self._uniform(sc.wave) * np.sin(2 * np.pi * (years + rng.uniform()))
        own_wave = [
            self._uniform(sc.own_wave) * np.sin(2 * np.pi * (years + rng.uniform())) for _ in range(self.series)
        ]
        rate = rate + np.array(own_wave)
        rate = rate + self._ar1(self._uniform(sc.shared_sd))
        own_sd = self._uniform(sc.own_sd)
        rate = rate + np.array([self._ar1(own_sd) for _ in range(self.series)])
        holidays = (
            sorted(rng.choice(self.days, size=max(1, self.days // 40), replace=False).tolist())
            if any(sc.holiday)
            else []
        )
        rate[:, holidays] += self._uniform(sc.holiday)
        rate = rate + self._shock(t)
        rate[1:, self.pre :] += rng.normal(0, sc.drift_sd, (self.series - 1, 1)) if sc.drift_sd else 0.0
        opened = self._incident(rate)
        return rate, self._exposure(t), {"holidays": holidays, "events": self._event(rate), "opened": opened}

    def counts(self, mean: Floats) -> NDArray[np.int64]:
        """Negative binomial counts."""
        dispersion = self._uniform(self.scenario.dispersion)
        if dispersion > 1e-3:
            mean = mean * self.rng.gamma(1 / dispersion, dispersion, mean.shape)
        return self.rng.poisson(mean)

    def opened(self, target: NDArray[np.int64], opened: int | None) -> int | None:
        """The day on which somebody picks the theme: where its last-week mean peaked, shortly before the change."""
        if self.scenario.picked == "noise":
            window = range(max(14, self.pre - 42), self.pre)
            return max(window, key=lambda day: target[day - 13 : day + 1].sum())
        return opened

    def _uniform(self, ends: Range) -> float:
        return float(self.rng.uniform(*ends))

    def _signed(self, ends: Range) -> float:
        return self._uniform(ends) * float(self.rng.choice([-1, 1]))

    def _ar1(self, sd: float) -> Floats:
        rho = np.exp(-1 / self._uniform(self.scenario.correlation_days))
        noise = self.rng.normal(0, 1, self.days)
        path = np.empty(self.days)
        path[0] = noise[0]
        for day in range(1, self.days):
            path[day] = rho * path[day - 1] + np.sqrt(1 - rho**2) * noise[day]
        return path * sd

    def _shock(self, t: NDArray[np.int64]) -> Floats | float:
        size = self._signed((0.25, 0.6))
        if self.scenario.shock == "none":
            return 0.0
        if self.scenario.shock == "pulse":
            start = int(self.rng.integers(self.pre, self.pre + 14))
            return np.where((t >= start) & (t < start + 14), abs(size) * 1.3, 0.0)
        shift = {"before": -int(self.rng.integers(14, 42)), "at": 0, "after": int(self.rng.integers(7, 28))}[
            self.scenario.shock
        ]
        return np.where(t >= self.pre + shift, size, 0.0)

    def _incident(self, rate: Floats) -> int | None:
        if self.scenario.picked != "incident":
            return None
        start = self.pre - int(self.rng.integers(21, 42))
        fade = self._uniform((5, 12))
        t = np.arange(self.days)
        rate[0] += np.where(t >= start, self._uniform((0.6, 1.2)) * np.exp(-np.maximum(t - start - 7, 0) / fade), 0.0)
        return start + 7

    def _event(self, rate: Floats) -> list[dict[str, Any]]:
        if self.scenario.event == "none":
            return []
        day = self.pre - int(self.rng.integers(21, 70))
        if self.scenario.event == "process_change":
            rate[0, day:] += self._signed((0.2, 0.6))
        else:
            rate[:, day:] += self.rng.normal(0, 0.3, (self.series, 1))
        return [{"day": day, "kind": self.scenario.event}]

    def _exposure(self, t: NDArray[np.int64]) -> Floats:
        noise = np.exp(self.rng.normal(0, 0.05, self.days))
        if self.scenario.exposure == "step":
            at = self.pre + int(self.rng.integers(-21, 22))
            return noise * np.where(t >= at, self._uniform((0.5, 2.0)), 1.0)
        growth = {"grow": 1, "shrink": -1}.get(self.scenario.exposure, 0) * self._uniform((0.5, 1.2))
        return noise * np.exp(growth * (t - self.pre) / 365.25)
