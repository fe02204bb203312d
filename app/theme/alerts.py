"""Station: once a day every theme is compared with what was expected of it; in between, storms of the day are seen.

The daily look counts complete UTC days. Between two looks a theme's people of the day so far are compared with the
count from which the whole day would be an alert (`alert_watches.trip`): since people only become more until midnight,
this says nothing that the next look would not say, only earlier, and costs no false alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from app.store.alert_counts import Stormy, find_look, stormy_themes
from app.store.taxonomy import hold_labels, is_history_moving
from app.theme.alert_look import Looked, look
from app.theme.alert_panel import Watch, read_watch
from app.theme.alert_record import record_look, record_storms

GRACE = timedelta(hours=1)
"""After midnight (UTC): what arrived late in the day is read by then."""


class Set(Protocol):
    """The setting of this station."""

    @property
    def alerts_per_week(self) -> float:
        """False alerts a week, over all themes, that are accepted on average."""


class Tools(Protocol):
    """What this station needs."""

    @property
    def settings(self) -> Set:
        """What the operator set."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A daily look, or storms of today."""

    watch: Watch | None
    storms: tuple[Stormy, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch led to."""

    looked: Looked | None
    storms: tuple[Stormy, ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """The look of the last complete day if it is due, else themes that storm today; None if there are none.

    While history is read anew nothing is compared: all days were counted by one model, or not at all.
    """
    day = (now - GRACE).astimezone(UTC).date() - timedelta(days=1)
    if find_look(session, day) is not None:
        storms = tuple(stormy_themes(session, now.astimezone(UTC).date()))
        return Batch(None, storms) if storms else None
    hold_labels(session)
    if is_history_moving(session, now):
        return None
    watch = read_watch(session, day)
    return Batch(watch, ()) if watch is not None else None


def work(batch: Batch, tools: Tools) -> Outcome:
    """Compare; pure maths, some 50 ms for every hundred themes."""
    looked = look(batch.watch, tools.settings.alerts_per_week) if batch.watch is not None else None
    return Outcome(looked, batch.storms)


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Write it down; a second worker's look at the same day, and a repeat, change nothing."""
    if outcome.looked is not None:
        record_look(session, now, outcome.looked)
    if outcome.storms:
        record_storms(session, now, outcome.storms)
