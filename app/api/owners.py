"""Owners and teams as they are today, and owners who say when they are away."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from app.access.audit import record_audit
from app.api.bodies import ApiRoute
from app.api.deps import Doer, Now, Reader, Reading, Writing
from app.domain.actor import Actor
from app.domain.ownership import Person, Role
from app.errors import AppError, Kind
from app.processes.absences import set_own_absences
from app.processes.owners import load_ownerships
from app.processes.reader import read_absences
from app.store import reference
from app.store.tables import Owner

router = APIRouter(prefix="/v1", tags=["reference data"], route_class=ApiRoute)

_MOST = 200

OwnerKey = Annotated[str, Path(max_length=64)]


class OwnerOut(BaseModel):
    """A named person who can own a process."""

    id: int
    key: str
    name: str
    email: str | None = Field(description="For analysts only.")
    manager: str | None = Field(description="Key; whoever it is today.")
    deputy: str | None = Field(description="Key; whoever it is today.")
    calendar: str | None
    teams: list[str] = Field(description="Keys of the teams that they belong to today.")
    joins_on: date | None = Field(description="First UTC day in the company, where one is named.")
    leaves_on: date | None = Field(description="First UTC day no longer in it.")
    present: bool = Field(description="In the company and not away at this moment: can be given work.")


class MemberOut(BaseModel):
    """A period in which an owner belongs to a team."""

    owner: str
    since: date | None
    until: date | None = Field(description="First UTC day no longer in it.")


class TeamOut(BaseModel):
    """Owners who share work."""

    key: str
    name: str
    members: list[MemberOut]


class AbsenceOut(BaseModel):
    """Days on which an owner is away, first and last included, in the owner's zone."""

    first: date
    last: date
    hours: str | None = Field(description="The same hours of each day, such as 13:00-17:00; null: whole days.")
    note: str | None = Field(description="For the owner themself and analysts.")
    told: str = Field(description="`document`, or `owner`: by the owner through the API.")


class AbsencesIn(BaseModel):
    """All absences that the owner tells; they stand beside those of the company document."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"absences": [{"from": "2026-08-03", "until": "2026-08-21"}]}]},
    )

    absences: list[dict[str, Any]] = Field(
        max_length=_MOST, description="`from`, `until` (included), and where wanted `hours` and `note`."
    )


@router.get("/owners", operation_id="list_owners", summary="List owners")
def owners(session: Reading, now: Now, actor: Reader) -> list[OwnerOut]:
    """Active ones, by key."""
    if reference.find_policy(session) is None:
        return []
    known = load_ownerships(session)
    calendars = {row.id: row.key for row in reference.list_calendars(session, inactive=True)}

    def key_of(person: Person, role: Role) -> str | None:
        other = known.people.get(person.linked(role, now) or 0)
        return other.key if other else None

    return [
        OwnerOut(
            id=row.id,
            key=row.key,
            name=row.name,
            email=row.email if actor.sees_all else None,
            manager=key_of(known.people[row.id], Role.MANAGER),
            deputy=key_of(known.people[row.id], Role.DEPUTY),
            calendar=calendars.get(row.calendar_id),
            teams=sorted(
                team.key for team in known.teams.values() if known.people[row.id] in known.members_at(team, now)
            ),
            joins_on=row.valid_from,
            leaves_on=row.valid_to,
            present=known.people[row.id].present(now),
        )
        for row in reference.list_owners(session)
    ]


@router.get("/teams", operation_id="list_teams", summary="List teams")
def teams(session: Reading, _actor: Reader) -> list[TeamOut]:
    """Active ones, by key, with members of the past and of the future too."""
    names = {row.id: row.key for row in reference.list_owners(session, inactive=True)}
    members: dict[int, list[MemberOut]] = {}
    for row in reference.list_team_members(session):
        shown = MemberOut(owner=names[row.owner_id], since=row.valid_from, until=row.valid_to)
        members.setdefault(row.team_id, []).append(shown)
    return [
        TeamOut(key=row.key, name=row.name, members=members.get(row.id, [])) for row in reference.list_teams(session)
    ]


@router.get("/owners/{key}/absences", operation_id="list_absences", summary="List an owner's absences")
def absences(key: OwnerKey, session: Reading, actor: Reader) -> list[AbsenceOut]:
    """Those of the company document, then those that the owner told."""
    row = reference.find_owner(session, key)
    if row is None:
        raise AppError(Kind.NOT_FOUND, "owner_not_found", "There is no owner with that key: list the owners.")
    return _absences(row, actor)


@router.put("/owners/{key}/absences", operation_id="set_absences", summary="Say when an owner is away")
def tell_absences(key: OwnerKey, body: AbsencesIn, session: Writing, now: Now, actor: Doer) -> list[AbsenceOut]:
    """Replaces what the owner told before; by the owner themself or an administrator. The document's absences stay.

    What is routed from then on goes to whoever stands in; open items stay, and whoever stands in is told of them.
    """
    parts = read_absences(body.absences)
    row = set_own_absences(session, actor, key, parts)
    record_audit(session, now, actor, "absences_told", f"owner:{row.key}", absences=len(parts))
    return _absences(row, actor)


def _absences(row: Owner, actor: Actor) -> list[AbsenceOut]:
    private = actor.sees_all or actor.owner_id == row.id
    told = [("document", away) for away in row.absences] + [("owner", away) for away in row.own_absences]
    return [
        AbsenceOut(
            first=date.fromisoformat(away["from"]),
            last=date.fromisoformat(away["to"]),
            hours=_hours(away.get("minutes")),
            note=(away.get("note") or None) if private else None,
            told=by,
        )
        for by, away in told
    ]


def _hours(minutes: list[int] | None) -> str | None:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in minutes) if minutes else None
