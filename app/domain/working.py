"""Working durations: how long an owner has, counted in open hours or in working days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

MAX_DAYS = 366
MAX_TIME = timedelta(hours=4000)

_SHAPE = re.compile(
    r"(?P<count>[1-9][0-9]{0,5}) ?(?P<unit>m|min|minutes?|h|hours?|d|days?|working days?)", re.ASCII | re.IGNORECASE
)


class WorkingError(ValueError):
    """A working duration that cannot be meant; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Working:
    """A duration that only passes while a calendar is open.

    Exactly one of the two parts is set. ``time`` is counted to the second inside opening hours. ``days`` are working
    days: the day on which the clock starts does not count and the duration ends when the last counted day closes
    (the rule of most service promises and of the German civil code, sections 187 and 188).
    """

    days: int = 0
    time: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse negative, mixed and absurd durations."""
        if self.days < 0 or self.time < timedelta(0):
            raise WorkingError("a working duration cannot be negative")
        if self.days and self.time:
            raise WorkingError("write a working duration in days or in hours, not in both")
        if self.days > MAX_DAYS or self.time > MAX_TIME:
            raise WorkingError(
                f"a working duration is at most {MAX_DAYS} days or {MAX_TIME // timedelta(hours=1)} hours"
            )

    def __str__(self) -> str:
        """Write the duration as people say it, e.g. ``5 working days``, ``8 working hours``."""
        if self.days:
            return f"{self.days} working day{'s' if self.days > 1 else ''}"
        minutes, seconds = divmod(int(self.time.total_seconds()), 60)
        if seconds:
            return f"{minutes * 60 + seconds} working seconds"
        hours, rest = divmod(minutes, 60)
        if rest:
            return f"{minutes} working minute{'s' if minutes > 1 else ''}"
        return f"{hours} working hour{'' if hours == 1 else 's'}"


def parse_working(text: str) -> Working:
    """Read ``5 days``, ``5d``, ``8 hours``, ``8h``, ``90 minutes`` or ``90m``.

    Raises:
        WorkingError: the text is not a working duration; the message names the forms that are.
    """
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None:
        raise WorkingError("a working duration looks like '5 days', '8 hours' or '90 minutes' (short: 5d, 8h, 90m)")
    count, unit = int(shape["count"]), shape["unit"].lower()
    if unit.startswith("m"):
        return Working(time=timedelta(minutes=count))
    if unit.startswith("h"):
        return Working(time=timedelta(hours=count))
    return Working(days=count)
