"""The only place that asks what time it is; everyone else is handed `now`."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


class SteppedClock:
    """A clock that stands still until it is set: demos and tests tell forty weeks in a minute with it."""

    def __init__(self, now: datetime) -> None:
        """Start at `now` (aware)."""
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """The instant it was last set to, in UTC."""
        return self._now

    def set(self, now: datetime) -> None:
        """Move to `now` (aware)."""
        self._now = now.astimezone(UTC)
