"""At this pace, when would a verdict come? The interval of today, carried on to later days."""

import math
from dataclasses import dataclass

LONGEST_DAYS = 364


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about the spread of the log ratio: today, and at the horizon of the plan.

    Attributes:
        days: days after the change that were seen.
        spread: standard deviation of the log ratio today.
        horizon_days: days after the change of the horizon.
        spread_at_horizon: standard deviation that the plan expects there.
        boundary: how many of them the interval reaches to each side.
    """

    days: int
    spread: float
    horizon_days: int
    spread_at_horizon: float
    boundary: float


def days_until_verdict(log_ratio: float, margin: float, known: Known) -> int | None:
    """Days after the change on which a verdict would be reached if the ratio stays what it is today.

    The variance is taken as a part that no waiting removes and one that falls like one over the days, through the two
    points that are known. A verdict is an interval that leaves out 1, or that lies inside the margin.

    Args:
        log_ratio: of today.
        margin: share below which a change counts as none.
        known: the spread.

    Returns:
        The first such day, counted from the change; None: not within a year.
    """
    edge = -math.log(1 - margin)
    rooms = [abs(log_ratio), edge - abs(log_ratio)]
    days = [_first_day((room / known.boundary) ** 2, known) for room in rooms if room > 0]
    reached = [day for day in days if day is not None]
    return min(reached) if reached else None


def _first_day(enough: float, known: Known) -> int | None:
    """First day on which the variance is at most `enough`."""
    lasting, fading = _parts(known)
    if enough <= lasting:
        return None
    day = max(math.ceil(fading / (enough - lasting)), known.days)
    return day if day <= LONGEST_DAYS else None


def _parts(known: Known) -> tuple[float, float]:
    now, then = known.spread**2, known.spread_at_horizon**2
    if known.days >= known.horizon_days or then >= now:
        return 0.0, now * known.days
    fading = (now - then) / (1 / known.days - 1 / known.horizon_days)
    lasting = now - fading / known.days
    return (lasting, fading) if lasting > 0 else (0.0, now * known.days)
