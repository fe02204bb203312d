"""When a process change may be written down, so that nobody can register one after having seen what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

SEEN_DAYS = 7
"""How many days of the observation may have passed when a deployment is recorded: too few to read a result from."""

MAX_ROLLOUT_DAYS = 366
MAX_AHEAD_DAYS = 730


class ChangeError(ValueError):
    """A plan or a deployment that cannot be judged fairly; `code` is stable, the message says what to write instead."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an owner intends, written down before the outcome is known.

    Args:
        description: What is going to change.
        planned_for: The day on which it is expected to start, if known (UTC day).
        target_reduction: By how much the complaint rate shall fall, 0 < r <= 1 (0.25: by a quarter).
        margin: Falls and rises below this share count as "no change", 0 < m < 1.
    """

    description: str
    planned_for: date | None
    target_reduction: float
    margin: float = 0.2

    def check(self, today: date) -> None:
        """Refuse shares out of range and days that are past or far away.

        Raises:
            ChangeError: with what to write instead.
        """
        if not 0 < self.target_reduction <= 1:
            raise ChangeError(
                "bad_target", "Write the target as a share of the complaint rate: 0.25 for a quarter less."
            )
        if not 0 < self.margin < 1:
            raise ChangeError("bad_margin", "The margin is a share above 0 and below 1; 0.2 is usual.")
        if self.planned_for is not None and not today <= self.planned_for <= today + timedelta(days=MAX_AHEAD_DAYS):
            message = (
                "Expect the change today or later, within two years. A change that has already been made cannot be "
            )
            raise ChangeError("bad_planned_date", message + "planned any more: its outcome could already be known.")


@dataclass(frozen=True, slots=True)
class Rollout:
    """From when a change is in effect (UTC days).

    Args:
        start: First day on which any customer meets the change.
        end: Last day on which not yet all do; None: all at once on `start`. Days of the roll-out are not counted.
    """

    start: date
    end: date | None = None

    @property
    def observed_from(self) -> date:
        """First day that counts as "after"."""
        return self.start if self.end is None else self.end + timedelta(days=1)

    def check(self, planned_on: date, today: date) -> None:
        """Refuse dates that would let somebody choose them by their result.

        The roll-out starts on the day of the plan or later: what was in effect before the plan has been seen. And at
        most a week of the observation may have passed when it is recorded; whoever forgot to record in time writes a
        roll-out that ends yesterday, so that the days that have been seen do not count.

        Raises:
            ChangeError: with what to write instead.
        """
        if self.end is not None and not self.start <= self.end <= self.start + timedelta(days=MAX_ROLLOUT_DAYS):
            raise ChangeError("bad_rollout", "The roll-out ends on the day it starts or later, within a year.")
        if self.start < planned_on:
            message = (
                f"The plan was written down on {planned_on}; a change that started before cannot be judged by it, "
                f"because its outcome could already be known. Give {planned_on} or a later day."
            )
            raise ChangeError("rollout_before_plan", message)
        if self.start > today + timedelta(days=1):
            raise ChangeError("rollout_in_future", "The change has not started yet: record it on the day it does.")
        if self.observed_from < today - timedelta(days=SEEN_DAYS):
            message = (
                f"More than {SEEN_DAYS} days have been observed before this was recorded. Say that the roll-out lasted "
                f"until {today - timedelta(days=1)}: days whose outcome could be known are then not counted."
            )
            raise ChangeError("recorded_late", message)
