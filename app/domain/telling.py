"""What owners are told at once, what waits for their digest, and on which day that comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.domain.calendar import Calendar, load_zone

DIGEST_AT = time(8)
"""By the wall clock of the owner's calendar."""


class Occasion(StrEnum):
    """What an owner can choose about."""

    ASSIGNED = "assigned"
    DUE = "due"
    ESCALATED = "escalated"
    VERDICT = "verdict"
    ALERT = "alert"
    RESUMED = "resumed"


class When(StrEnum):
    """When an owner is told."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"
    NONE = "none"


class Rhythm(StrEnum):
    """How often a digest comes."""

    WEEKLY = "weekly"
    DAILY = "daily"
    NONE = "none"


OCCASION_OF: Mapping[str, Occasion] = {
    "assigned": Occasion.ASSIGNED,
    "reopened": Occasion.ASSIGNED,
    "due_soon": Occasion.DUE,
    "overdue": Occasion.DUE,
    "nudged": Occasion.DUE,
    "escalated": Occasion.ESCALATED,
    "paused_long": Occasion.ESCALATED,
    "verdict": Occasion.VERDICT,
    "alert": Occasion.ALERT,
    "resumed": Occasion.RESUMED,
}
"""Event of a notice -> what its owner chose about; whatever is not here goes at once."""

DEFAULTS: Mapping[Occasion, When] = {
    occasion: When.DIGEST if occasion is Occasion.RESUMED else When.IMMEDIATE for occasion in Occasion
}

NEVER_MISSED = frozenset({Occasion.ASSIGNED, Occasion.DUE, Occasion.ESCALATED})
"""Nobody can choose not to be told of these."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What an owner chose; what they did not choose is as `DEFAULTS` says."""

    events: Mapping[Occasion, When] = field(default_factory=dict)
    digest: Rhythm = Rhythm.WEEKLY

    def chosen(self, occasion: Occasion) -> When:
        """What holds for an occasion."""
        return self.events.get(occasion, DEFAULTS[occasion])

    def when(self, event: str) -> When:
        """When a notice of this event is told; without a digest what cannot be missed goes at once."""
        occasion = OCCASION_OF.get(event)
        if occasion is None:
            return When.IMMEDIATE
        chosen = self.chosen(occasion)
        if chosen is When.DIGEST and self.digest is Rhythm.NONE:
            return When.IMMEDIATE if occasion in NEVER_MISSED else When.NONE
        return chosen


def digest_day(calendar: Calendar, rhythm: Rhythm, now: datetime, away: Callable[[datetime], bool]) -> date | None:
    """The local day whose digest is due at `now`; None where none is.

    A weekly digest comes on Monday, or on the first day of the week on which its owner works; a daily one on every
    day on which they do. It comes from eight in the morning on; after that day it is not made up for.

    Args:
        calendar: The owner's.
        rhythm: What they chose.
        now: The present.
        away: Whether the owner is absent at an instant.
    """
    zone = load_zone(calendar.zone)
    local = now.astimezone(zone)
    today = local.date()

    def works(day: date) -> bool:
        return bool(calendar.hours_on(day)) and not away(datetime.combine(day, time(12), tzinfo=zone))

    if rhythm is Rhythm.NONE or local.time() < DIGEST_AT or not works(today):
        return None
    earlier = (today - timedelta(days=days) for days in range(1, today.weekday() + 1))
    if rhythm is Rhythm.WEEKLY and any(works(day) for day in earlier):
        return None
    return today
