"""Writes entries of a difference into the tables of the reference data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.domain.ownership import Role
from app.processes.difference import Difference, Entry, Fields
from app.store import reference
from app.store.company_tables import OwnerLink, Team, TeamMember
from app.store.tables import Calendar, JourneyStage, Owner, Ownership, Policy, Process, ProcessStep, RoutingRule, Topic


def write_difference(session: Session, now: datetime, difference: Difference) -> None:
    """Write all entries, then what refers to others of its own kind."""
    writer = _Writer(session, now)
    for entry in difference.entries:
        writer.write(entry)
    writer.link()
    policy = session.get(Policy, 1)
    if policy is not None:
        policy.applied_at = now
    session.flush()


_DATED_LINKS = ((Role.MANAGER, "managers"), (Role.DEPUTY, "deputies"))


class _Writer:
    """Writes the entries of a difference; references among owners and among topics are set when all of them exist."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self.calendars = {row.key: row for row in reference.list_calendars(session, inactive=True)}
        self.owners = {row.key: row for row in reference.list_owners(session, inactive=True)}
        self.teams = {row.key: row for row in reference.list_teams(session, inactive=True)}
        self.stages = {row.key: row for row in reference.list_stages(session, inactive=True)}
        self.processes = {row.key: row for row in reference.list_processes(session, inactive=True)}
        names = {row.id: row.key for row in self.processes.values()}
        steps = reference.list_steps(session, inactive=True)
        self.steps = {f"{names[row.process_id]}/{row.key}": row for row in steps}
        self.topics = {row.key: row for row in reference.list_topics(session, inactive=True)}
        self.rules = {row.key: row for row in reference.list_rules(session, inactive=True)}
        self.links: list[tuple[Owner | Topic, str, str | None]] = []
        self.dated: list[tuple[Owner, Role, list[Fields]]] = []

    def write(self, entry: Entry) -> None:
        """Write one entry."""
        after = {name: pair[1] for name, pair in entry.fields.items()}
        getattr(self, f"_{entry.kind}")(entry.key, after)
        self.session.flush()

    def link(self) -> None:
        """Set who manages and deputises whom, and which topic is above which."""
        for row, name, key in self.links:
            rows: Mapping[str, Owner | Topic] = self.owners if isinstance(row, Owner) else self.topics
            setattr(row, f"{name}_id", rows[key].id if key else None)
        for owner, role, periods in self.dated:
            self.session.execute(delete(OwnerLink).where(OwnerLink.owner_id == owner.id, OwnerLink.role == role))
            for period in periods:
                other = self.owners[period["owner"]].id
                self.session.add(OwnerLink(owner_id=owner.id, role=role, other_id=other, **_dates(period)))

    def _calendar(self, key: str, after: Fields) -> None:
        self._set(self.calendars, key, Calendar, after)

    def _owner(self, key: str, after: Fields) -> None:
        later = {name: after.pop(name) for name in ("manager", "deputy") if name in after}
        dated = [(role, after.pop(name)) for role, name in _DATED_LINKS if name in after]
        if "calendar" in after:
            after["calendar_id"] = self.calendars[after.pop("calendar")].id
        row = self._set(self.owners, key, Owner, after)
        self.links += [(row, name, target) for name, target in later.items()]
        self.dated += [(row, role, periods) for role, periods in dated]

    def _team(self, key: str, after: Fields) -> None:
        members = after.pop("members", None)
        row = self._set(self.teams, key, Team, after)
        if members is None:
            return
        self.session.flush()
        self.session.execute(delete(TeamMember).where(TeamMember.team_id == row.id))
        for period in members:
            owner_id = self.owners[period["owner"]].id
            self.session.add(TeamMember(team_id=row.id, owner_id=owner_id, **_dates(period)))

    def _stage(self, key: str, after: Fields) -> None:
        self._set(self.stages, key, JourneyStage, after)

    def _process(self, key: str, after: Fields) -> None:
        if "stage" in after:
            stage = after.pop("stage")
            after["stage_id"] = self.stages[stage].id if stage else None
        self._set(self.processes, key, Process, after)

    def _step(self, key: str, after: Fields) -> None:
        process, name = key.split("/")
        if key not in self.steps:
            after |= {"process_id": self.processes[process].id, "key": name}
        self._set(self.steps, key, ProcessStep, after)

    def _ownership(self, key: str, after: Fields) -> None:
        process = self.processes[key.split("/", maxsplit=1)[0]]
        step = self.steps[key] if "/" in key else None
        step_id = step.id if step else None
        self.session.execute(
            delete(Ownership).where(Ownership.process_id == process.id, Ownership.step_id.is_not_distinct_from(step_id))
        )
        for period in after["periods"]:
            row = Ownership(
                process_id=process.id,
                step_id=step_id,
                owner_id=self.owners[period["owner"]].id if "owner" in period else None,
                team_id=self.teams[period["team"]].id if "team" in period else None,
                **_dates(period),
            )
            self.session.add(row)

    def _topic(self, key: str, after: Fields) -> None:
        later = {name: after.pop(name) for name in ("parent",) if name in after}
        if "process" in after:
            after["process_id"] = self.processes[after.pop("process")].id
        if "step" in after:
            step = after.pop("step")
            after["step_id"] = self.steps[step].id if step else None
        row = self._set(self.topics, key, Topic, after)
        self.links += [(row, name, target) for name, target in later.items()]

    def _rule(self, key: str, after: Fields) -> None:
        self._set(self.rules, key, RoutingRule, after)

    def _policy(self, _key: str, after: Fields) -> None:
        row = self.session.get(Policy, 1)
        fallback = after.pop("fallback_owner", None)
        if row is None:
            row = Policy(id=1, document={}, fallback_owner_id=self.owners[fallback].id, applied_at=self.now)
            self.session.add(row)
        elif fallback is not None:
            row.fallback_owner_id = self.owners[fallback].id
        row.document = {**row.document, **after}

    def _set(self, rows: dict[str, Any], key: str, table: Any, after: Fields) -> Any:  # noqa: ANN401 - any of seven tables
        row = rows.get(key)
        for name, column in (("from", "valid_from"), ("until", "valid_to")):
            if name in after:
                after[column] = _day(after.pop(name))
        if row is None:
            row = rows[key] = table(**{"key": key, **after})
            self.session.add(row)
        else:
            for name, value in after.items():
                setattr(row, name, value)
        return row


def _dates(period: Fields) -> Fields:
    return {"valid_from": _day(period["from"]), "valid_to": _day(period["until"])}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
