"""Who owns what, read from the tables into the pure values that decide it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.calendar import DAY_MINUTES, Calendar
from app.domain.ownership import Absence, Holding, Link, Membership, Ownerships, Person, Role, Team
from app.errors import AppError, Kind
from app.processes.calendars import to_calendar
from app.store import reference
from app.store.tables import Owner


def load_ownerships(session: Session) -> Ownerships:
    """Everybody and what they own; ask it with ``owner_at``, ``stand_in``, ``heir_of``, ``manager_of``.

    Absences are those of the document and those that owners told themselves. ``loads`` is empty: see ``store.loads``.

    Raises:
        AppError: ``no_policy``: no document has been applied yet.
    """
    policy = reference.find_policy(session)
    if policy is None:
        raise AppError(
            Kind.CONFLICT, "no_policy", "Nobody owns anything yet: run `closeloop apply FILE.yaml` with your company."
        )
    zones = {row.id: row.zone for row in reference.list_calendars(session, inactive=True)}
    links: dict[int, list[Link]] = {}
    for link in reference.list_owner_links(session):
        read = Link(Role(link.role), link.other_id, link.valid_from, link.valid_to)
        links.setdefault(link.owner_id, []).append(read)
    people = {
        row.id: _person(row, zones[row.calendar_id], links.get(row.id, ()))
        for row in reference.list_owners(session, inactive=True)
    }
    members: dict[int, list[Membership]] = {}
    for member in reference.list_team_members(session):
        read_member = Membership(member.owner_id, member.valid_from, member.valid_to)
        members.setdefault(member.team_id, []).append(read_member)
    teams = {
        row.id: Team(row.id, row.key, row.name, tuple(members.get(row.id, ())), row.active)
        for row in reference.list_teams(session, inactive=True)
    }
    holdings = tuple(
        Holding(row.process_id, row.step_id, row.owner_id, row.valid_from, row.valid_to, row.team_id)
        for row in reference.list_ownerships(session)
    )
    return Ownerships(people=people, holdings=holdings, fallback_id=policy.fallback_owner_id, teams=teams)


def _person(row: Owner, zone: str, links: Iterable[Link]) -> Person:
    return Person(
        id=row.id,
        key=row.key,
        name=row.name,
        calendar_id=row.calendar_id,
        zone=zone,
        manager_id=row.manager_id,
        deputy_id=row.deputy_id,
        absences=tuple(_absence(away) for away in (*row.absences, *row.own_absences)),
        active=row.active,
        links=tuple(links),
        since=row.valid_from,
        until=row.valid_to,
    )


def _absence(away: Mapping[str, Any]) -> Absence:
    start, end = away.get("minutes", (0, DAY_MINUTES))
    return Absence(date.fromisoformat(away["from"]), date.fromisoformat(away["to"]), (start, end))


def load_calendars(session: Session, around: datetime) -> dict[int, Calendar]:
    """Every calendar by id, with its public holidays from the year before ``around`` on; inactive ones too."""
    return {row.id: to_calendar(row, around) for row in reference.list_calendars(session, inactive=True)}
