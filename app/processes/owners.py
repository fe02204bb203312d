"""Who owns what, read from the tables into the pure values that decide it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from app.domain.calendar import Calendar
from app.domain.ownership import Absence, Holding, Ownerships, Person
from app.errors import AppError, Kind
from app.processes.calendars import to_calendar
from app.store import reference


def load_ownerships(session: Session) -> Ownerships:
    """Everybody and what they own; ask it with ``owner_at``, ``stand_in``, ``manager_of``, ``deputy_of``.

    Raises:
        AppError: ``no_policy``: no document has been applied yet.
    """
    policy = reference.find_policy(session)
    if policy is None:
        raise AppError(
            Kind.CONFLICT, "no_policy", "Nobody owns anything yet: run `closeloop apply FILE.yaml` with your company."
        )
    zones = {row.id: row.zone for row in reference.list_calendars(session, inactive=True)}
    people = {
        row.id: Person(
            id=row.id,
            key=row.key,
            name=row.name,
            calendar_id=row.calendar_id,
            zone=zones[row.calendar_id],
            manager_id=row.manager_id,
            deputy_id=row.deputy_id,
            absences=tuple(
                Absence(date.fromisoformat(away["from"]), date.fromisoformat(away["to"])) for away in row.absences
            ),
            active=row.active,
        )
        for row in reference.list_owners(session, inactive=True)
    }
    holdings = tuple(
        Holding(row.process_id, row.step_id, row.owner_id, row.valid_from, row.valid_to)
        for row in reference.list_ownerships(session)
    )
    return Ownerships(people=people, holdings=holdings, fallback_id=policy.fallback_owner_id)


def load_calendars(session: Session, around: datetime) -> dict[int, Calendar]:
    """Every calendar by id, with its public holidays from the year before ``around`` on; inactive ones too."""
    return {row.id: to_calendar(row, around) for row in reference.list_calendars(session, inactive=True)}
