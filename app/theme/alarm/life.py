"""The life of an alert: it opens, grows, ends, and opens again; one object however many days it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.theme.alarm.panel import Floats

QUIET_DAYS = 7
"""An alert ends when so many days together are no longer above what was expected."""

STILL_HIGH = 0.8  # their sum lies beyond the limits of this probability: in the highest tenth
LASTING_DAYS = 56
"""After so many days the new level is what is usual."""

GROWN = 2.0  # times the excess per day at which people were told last
BAND = 0.95


class AlertState(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    GROWING = "growing"
    ENDED = "ended"
    EXPLAINED = "explained"  # a known event did it: nobody was told


class EndReason(StrEnum):
    """Why an alert ended."""

    OVER = "over"
    NEW_LEVEL = "new_level"
    MUTED = "muted"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Course:
    """The days of an excess, oldest first, and what was expected of them.

    Attributes:
        observed: (n,) counts.
        expected: (n,) expected counts.
        extra: (n,) variance beyond Poisson's, as a share of the mean.
        level_sd: standard deviation of the log level that all days share.
    """

    observed: Floats
    expected: Floats
    extra: Floats
    level_sd: float

    def last(self, days: int) -> Course:
        """The newest days of it."""
        return Course(self.observed[-days:], self.expected[-days:], self.extra[-days:], self.level_sd)

    @property
    def excess(self) -> float:
        """How many more than expected."""
        return float(np.sum(self.observed) - np.sum(self.expected))

    def pace(self) -> float:
        """Excess per day in the newest days."""
        newest = self.last(QUIET_DAYS)
        return newest.excess / len(newest.observed)

    def limits(self, share: float = BAND) -> tuple[float, float]:
        """Within which the sum of the days lies with this probability, if all is as expected."""
        mean = float(np.sum(self.expected))
        return count_limits(mean, float(np.sum(self.expected * self.extra)) / max(mean, 1e-9), self.level_sd, share)

    def is_over(self) -> bool:
        """Whether the newest days are no longer above what was expected."""
        newest = self.last(QUIET_DAYS)
        if len(newest.observed) < QUIET_DAYS:
            return False
        return float(np.sum(newest.observed)) <= newest.limits(STILL_HIGH)[1]


def day_limits(course: Course, share: float = BAND) -> tuple[Floats, Floats]:
    """Within which each day's count lies with this probability, if all is as expected."""
    from scipy.stats import nbinom  # noqa: PLC0415 - half a second that most commands need for nothing

    beyond = np.maximum(course.expected * course.extra + (course.expected * course.level_sd) ** 2, 1e-9)
    size, tail = course.expected**2 / beyond, (1 - share) / 2
    low, high = nbinom.ppf([[tail], [1 - tail]], size, size / (size + course.expected))
    return low, high


def count_limits(mean: float, extra: float, level_sd: float, share: float = BAND) -> tuple[float, float]:
    """Within which a count lies with this probability.

    Args:
        mean: Its expectation.
        extra: Variance beyond Poisson's, as a share of the mean.
        level_sd: Standard deviation of the logarithm of the expectation, which is not known exactly.
        share: The probability.
    """
    low, high = day_limits(Course(np.zeros(1), np.array([mean]), np.array([extra]), level_sd), share)
    return float(low[0]), float(high[0])


def next_state(state: AlertState, told_pace: float, course: Course) -> tuple[AlertState, EndReason | None, float]:
    """What becomes of an alert that stands.

    Args:
        state: Where it stood.
        told_pace: Excess per day when people were told last.
        course: All its days so far.

    Returns:
        The state, why it ended, and the excess per day that people know of: larger than `told_pace` when they are to
        be told again.
    """
    if course.is_over():
        return AlertState.ENDED, EndReason.OVER, told_pace
    if len(course.observed) > LASTING_DAYS:
        return AlertState.ENDED, EndReason.NEW_LEVEL, told_pace
    pace = course.pace()
    if pace >= GROWN * told_pace:
        return AlertState.GROWING, None, pace
    return (state if pace >= told_pace else AlertState.OPEN), None, told_pace
