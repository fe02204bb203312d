"""Who is there to be told something, and from when on: nobody is written to on holiday, at night or after leaving."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.calendar import CalendarError, next_opening
from app.domain.ownership import Named
from app.processes.calendars import to_calendar
from app.processes.owners import load_ownerships
from app.store.reference import find_policy
from app.store.tables import Calendar, Owner

_ROUNDS = 3


def who_is_told(session: Session, owner_id: int, at: datetime) -> tuple[Owner, datetime]:
    """Who receives what is meant for an owner at `at`, and the instant from which it may reach them.

    The instant is the first one at which their calendar is open. Whoever is away then, or has left, is stood in for as
    in routing: by the deputies, the managers, the fallback owner.

    Args:
        session: Any transaction.
        owner_id: For whom it is meant.
        at: When it falls due.
    """
    receiver = session.get_one(Owner, owner_id)
    opens = _opening(session, receiver, at)
    for _ in range(_ROUNDS):
        there = present_owner(session, owner_id, opens)
        if there.id == receiver.id:
            break
        receiver = there
        opens = _opening(session, receiver, at)
    return receiver, opens


def present_owner(session: Session, owner_id: int, at: datetime) -> Owner:
    """Who acts for an owner at an instant: they themselves unless they are away or have left."""
    if find_policy(session) is None:
        return session.get_one(Owner, owner_id)
    ownerships = load_ownerships(session)
    return session.get_one(Owner, ownerships.stand_in(Named(ownerships.people[owner_id], ()), at).person.id)


def _opening(session: Session, owner: Owner, at: datetime) -> datetime:
    try:
        return next_opening(to_calendar(session.get_one(Calendar, owner.calendar_id), at), at)
    except CalendarError:
        return at  # a calendar that cannot be counted with must not keep anybody from being told
