"""Who is there to be told something, and from when on: nobody is written to on holiday, at night or after leaving."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from app.domain.calendar import next_opening
from app.domain.ownership import Absence, Named, Ownerships, Person
from app.processes.calendars import to_calendar
from app.store.tables import Calendar, Owner, Policy

_ROUNDS = 3


def who_is_told(session: Session, owner_id: int, at: datetime) -> tuple[Owner, datetime]:
    """Who receives what is meant for an owner at `at`, and the instant from which it may reach them.

    The instant is the first one at which their calendar is open. Whoever is away on that day, or has left, is stood in
    for as in routing: the deputies, the managers, the fallback owner.

    Args:
        session: Any transaction.
        owner_id: For whom it is meant.
        at: When it falls due.
    """
    circle, receiver = _circle(session, owner_id), session.get_one(Owner, owner_id)
    opens = _opening(session, receiver, at)
    for _ in range(_ROUNDS):
        there = circle.stand_in(Named(circle.people[owner_id], ()), opens).person
        if there.id == receiver.id:
            break
        receiver = session.get_one(Owner, there.id)
        opens = _opening(session, receiver, at)
    return receiver, opens


def present_owner(session: Session, owner_id: int, at: datetime) -> Owner:
    """Who acts for an owner at an instant: they themselves unless they are away or have left."""
    circle = _circle(session, owner_id)
    return session.get_one(Owner, circle.stand_in(Named(circle.people[owner_id], ()), at).person.id)


def _opening(session: Session, owner: Owner, at: datetime) -> datetime:
    return next_opening(to_calendar(session.get_one(Calendar, owner.calendar_id), at), at)


def _circle(session: Session, owner_id: int) -> Ownerships:
    """The owner, everybody who may stand in for them, and the fallback owner."""
    policy = session.get(Policy, 1)
    fallback_id = policy.fallback_owner_id if policy is not None else owner_id
    people: dict[int, Person] = {}
    asked = [fallback_id, owner_id]
    while asked:
        owner = session.get_one(Owner, asked.pop())
        if owner.id in people:
            continue
        people[owner.id] = _person(session, owner)
        asked += [other for other in (owner.deputy_id, owner.manager_id) if other is not None]
    return Ownerships(people=people, holdings=(), fallback_id=fallback_id)


def _person(session: Session, owner: Owner) -> Person:
    return Person(
        id=owner.id,
        key=owner.key,
        name=owner.name,
        calendar_id=owner.calendar_id,
        zone=session.get_one(Calendar, owner.calendar_id).zone,
        manager_id=owner.manager_id,
        deputy_id=owner.deputy_id,
        absences=tuple(
            Absence(date.fromisoformat(away["from"]), date.fromisoformat(away["to"])) for away in owner.absences
        ),
        active=owner.active,
    )
