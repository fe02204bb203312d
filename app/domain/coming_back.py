"""Whether a problem is back after its item was finished: a rate test on weeks, never a single message.

People a week, for the exposure of the week, are counted before the item was finished and after. Counts of customers
scatter more than chance alone (negative binomial). The sum of such counts, given the total of both sides, is
beta-binomial whatever the rate, which makes the test exact for equal exposures: the conditional test of two Poisson
rates (Przyborowski and Wilenski, Biometrika 31, 1940) with overdispersion. Exposures weigh the weeks.

It is asked once a week. Over a year that is some fifty looks, two windows each: the level of one window at one look is
`LEVEL`, so that a rate that has not changed reopens an item in about one year of twenty at most (union bound).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma

LEVEL = 0.0005
"""For one window at one look."""

BEFORE_WEEKS = 12
WINDOWS = (4, 12)
"""Weeks that count as "now": few see a sudden rise early, many see a small one of a rare problem at all."""

LEAST_SCATTER = 0.02
"""Variance of the weekly rate, relative to its square, that is assumed at least: twelve weeks show little of it."""


@dataclass(frozen=True, slots=True)
class Week:
    """Distinct people who complained in seven days, and the exposure of these days."""

    people: int
    exposure: float


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a finished item found.

    Args:
        back: Whether the rate is significantly above what it was.
        weeks: Length of the window that says so, or of the longest one.
        rate_ratio: Rate of the window to the rate before.
        p_value: One-sided, of that window.
    """

    back: bool
    weeks: int
    rate_ratio: float
    p_value: float


def look(before: Sequence[Week], after: Sequence[Week]) -> Look | None:
    """Compare the newest weeks with those before the item was finished.

    Args:
        before: Weeks up to the day on which the item was finished, oldest first.
        after: Weeks since then (since the end of the roll-out and its wash-out), oldest first.

    Returns:
        The first window whose rate is above; None where nothing can be compared: no weeks, or no exposure.
    """
    scatter = max(_scatter(before), LEAST_SCATTER)
    found = None
    for length in WINDOWS:
        newest = after[-length:]
        p = p_value(before, newest, scatter)
        ratio = _rate(newest) / max(_rate(before), 1e-12) if p is not None else 0.0
        if p is None:
            return None
        found = Look(p < LEVEL, len(newest), ratio, p)
        if found.back:
            return found
    return found


def p_value(before: Sequence[Week], after: Sequence[Week], scatter: float) -> float | None:
    """How probable so many people after are, given the total, if the rate is the same: one-sided, mid-p not used.

    Args:
        before: Weeks of one side.
        after: Weeks of the other side.
        scatter: Variance of the weekly rate relative to its square; above 0.

    Returns:
        The probability; None where a side has no weeks or no exposure.
    """
    old, new = sum(week.exposure for week in before), sum(week.exposure for week in after)
    if old <= 0 or new <= 0:
        return None
    seen = sum(week.people for week in after)
    total = seen + sum(week.people for week in before)
    weeks = len(before) + len(after)
    a, b = weeks * new / (old + new) / scatter, weeks * old / (old + new) / scatter
    return sum(exp(_log_share(k, total, a, b)) for k in range(seen, total + 1))


def _log_share(k: int, total: int, a: float, b: float) -> float:
    """Log-probability of k of `total` under the beta-binomial distribution."""
    ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
    return ways + _log_beta(k + a, total - k + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _rate(weeks: Sequence[Week]) -> float:
    exposure = sum(week.exposure for week in weeks)
    return sum(week.people for week in weeks) / exposure if exposure > 0 else 0.0


def _scatter(weeks: Sequence[Week]) -> float:
    """Moment estimate of the variance of the weekly rate relative to its square, chance taken off."""
    rate = _rate(weeks)
    if len(weeks) < 2 or rate <= 0:  # noqa: PLR2004 - one week scatters around nothing
        return 0.0
    expected = [rate * week.exposure for week in weeks]
    squares = sum((week.people - mean) ** 2 - mean for week, mean in zip(weeks, expected, strict=True))
    return max(squares / sum(mean**2 for mean in expected) * len(weeks) / (len(weeks) - 1), 0.0)
