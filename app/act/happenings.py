"""Writing down what other systems are told: one row for each event, in the transaction in which it happens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.act.offer import offer_event
from app.domain.happenings import Happening
from app.store.event_tables import Event


def tell(session: Session, now: datetime, type: Happening, subject: str, **facts: object) -> None:  # noqa: A002 - CloudEvents' word
    """Write one event down.

    Args:
        session: The caller's write transaction: what is rolled back was never told.
        now: When it happened.
        type: What happened.
        subject: Kind and id of the object, e.g. `action_item:12`.
        facts: JSON values: ids, keys, states and days; never a name, never a person's or a customer's words.
    """
    event = Event(type=type, subject=subject, facts=facts, at=now)
    session.add(event)
    session.flush()
    offer_event(session, now, event)
