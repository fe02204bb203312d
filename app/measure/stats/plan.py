"""Before measuring: which fall could be seen at all, and when would the verdict come?"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from app.measure.stats.assembly import FADING_DAYS, assemble, has_baseline
from app.measure.stats.case import Case
from app.measure.stats.folding import WEEK, fold
from app.measure.stats.latent import Fit, fit, spread_ahead
from app.measure.stats.mixed import Data, Floats
from app.measure.stats.sequential import FIRST_LOOK, level_per_look
from app.measure.stats.trigger import trigger_blocks

POWER = 0.8
LOOKS = (7, 14, 21, 28, 42, 56, 70, 91, 119, 154, 196, 273, 364)
SMALLEST_RATIO, LARGEST_RATIO = 0.05, 0.99
ROUNDS = 3  # in which the mildest visible ratio settles
RECENT = 4  # blocks whose exposure and rate stand for the future


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be promised before the result is known.

    Attributes:
        verdict_day: number of days in the series (like `day` in a verdict) when a change of the asked size is seen
            with a chance of `POWER`; None if never within a year.
        days_after_change: the same counted from the change.
        minimum_detectable: the mildest rate ratio (below 1) that would be seen with that chance at the horizon.
        horizon_days: days after the change for which `minimum_detectable` is given.
        chance: chance of seeing the asked size within the horizon.
    """

    verdict_day: int | None
    days_after_change: int | None
    minimum_detectable: float | None
    horizon_days: int
    chance: float | None


def plan(case: Case, rate_ratio: float) -> Plan:
    """Plan the measurement of a change from its baseline; days after the change are ignored.

    Args:
        case: the case, at least up to the change.
        rate_ratio: the ratio that the owner aims for; above 1 is read as its inverse.
    """
    horizon = case.monitoring.horizon_days
    before = _baseline(case)
    if not has_baseline(before):
        return Plan(None, None, None, horizon, None)
    ratio = min(max(min(rate_ratio, 1 / max(rate_ratio, 1e-6)), SMALLEST_RATIO), LARGEST_RATIO)
    level = level_per_look(case.alpha, horizon, before.change_day) if case.monitoring.mode == "daily" else case.alpha
    boundary, size = float(-ndtri(level / 2)), float(-np.log(ratio))
    blocks = fold(before)
    data = assemble(before, blocks, trigger_blocks(before, blocks))
    known = fit(data)
    spread = np.array([_spread(known, data, days, ratio) for days in LOOKS])
    need = boundary + float(ndtri(POWER))
    days = _first_day(spread, size / need)
    at_horizon = float(np.interp(horizon, LOOKS, spread))
    last = min(max(horizon, FIRST_LOOK), LOOKS[-1])
    smallest = float(np.exp(-need * at_horizon))
    for _ in range(ROUNDS):  # a milder change leaves more complaints, which tell more: until both agree
        smallest = float(np.exp(-need * _spread(known, data, last, max(smallest, SMALLEST_RATIO))))
    return Plan(
        verdict_day=None if days is None else case.change_day + days,
        days_after_change=days,
        minimum_detectable=smallest,
        horizon_days=horizon,
        chance=float(ndtr(size / at_horizon - boundary)),
    )


def _baseline(case: Case) -> Case:
    """The case as it was known on the day before the change (a change after the end of the series: all of it)."""
    stop = min(case.change_day, case.days)
    return replace(
        case,
        exposure=case.exposure[:stop],
        target=case.target[:stop],
        controls={name: values[:stop] for name, values in case.controls.items()},
        change_day=stop,
    )


def _spread(known: Fit, data: Data, days: int, ratio: float) -> float:
    """Standard deviation of the log ratio after so many days."""
    stops = np.minimum(np.arange(WEEK, days + WEEK, WEEK), days).astype(float)
    starts = np.concatenate([[0.0], stops[:-1]])
    count, series = len(stops), data.counts.shape[0]
    per_day = data.exposure[:, -RECENT:].sum(axis=1) / np.maximum(data.length[-RECENT:].sum(), 1.0)
    per_day = np.where(per_day > 0, per_day, 1.0)
    level = known.eta[:, -RECENT:].mean(axis=1)
    eta = np.concatenate([known.eta, np.repeat(level[:, None], count, axis=1)], axis=1)
    eta[0, -count:] += np.log(ratio)
    middle = (starts + stops) / 2
    # An event lasts; what is left of a spike (a course of zeros until the change) fades.
    courses = np.where(data.steps[:, -1:] > 0, 1.0, np.exp(-middle / FADING_DAYS)[None])
    ahead = Data(
        counts=np.concatenate([data.counts, np.zeros((series, count))], axis=1),
        exposure=np.concatenate([data.exposure, per_day[:, None] * (stops - starts)], axis=1),
        middle=np.concatenate([data.middle, middle]),
        length=np.concatenate([data.length, stops - starts]),
        post=np.concatenate([data.post, np.ones(count)]),
        steps=np.concatenate([data.steps, courses], axis=1),
        step_sd=data.step_sd,
        loose=data.loose,
    )
    return spread_ahead(known, ahead, eta)


def _first_day(spread: Floats, enough: float) -> int | None:
    """First day on which the spread is small enough, between the looks by interpolation; None if never."""
    small = np.flatnonzero(spread <= enough)
    if not small.size:
        return None
    at = int(small[0])
    if at == 0:
        return FIRST_LOOK
    share = (spread[at - 1] - enough) / max(float(spread[at - 1] - spread[at]), 1e-9)
    return int(np.ceil(LOOKS[at - 1] + share * (LOOKS[at] - LOOKS[at - 1])))
