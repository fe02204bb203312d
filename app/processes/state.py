"""Reference data as plain values by key: what is stored and what a document wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.domain.ownership import Role
from app.processes.calendars import closed_of, week_of
from app.processes.case_document import CasesPart
from app.processes.cases import write_cases
from app.processes.difference import Fields, State
from app.processes.document import Document, ReorganisationPart, TopicPart
from app.processes.parts import Part, minutes_of
from app.processes.people_parts import AbsencePart, OneOwnerPart, Owned, OwnerPart, TeamPart
from app.store import reference


def read_state(session: Session) -> State:
    """Everything that is stored, inactive things too."""
    calendars = {row.id: row for row in reference.list_calendars(session, inactive=True)}
    owners = {row.id: row for row in reference.list_owners(session, inactive=True)}
    teams = {row.id: row for row in reference.list_teams(session, inactive=True)}
    stages = {row.id: row for row in reference.list_stages(session, inactive=True)}
    processes = {row.id: row for row in reference.list_processes(session, inactive=True)}
    steps = {row.id: row for row in reference.list_steps(session, inactive=True)}
    topics = {row.id: row for row in reference.list_topics(session, inactive=True)}
    policy = reference.find_policy(session)

    def key(rows: Mapping[int, Any], row_id: int | None) -> str | None:
        return None if row_id is None else rows[row_id].key

    def step_key(row_id: int | None) -> str | None:
        return None if row_id is None else subject_key(processes[steps[row_id].process_id].key, steps[row_id].key)

    members: dict[int, list[Fields]] = {}
    for belongs in reference.list_team_members(session):
        member = {"owner": owners[belongs.owner_id].key} | _dates(belongs.valid_from, belongs.valid_to)
        members.setdefault(belongs.team_id, []).append(member)
    links: dict[tuple[int, str], list[Fields]] = {}
    for link in reference.list_owner_links(session):
        other = {"owner": owners[link.other_id].key} | _dates(link.valid_from, link.valid_to)
        links.setdefault((link.owner_id, link.role), []).append(other)
    ownerships: dict[str, Fields] = {}
    for held in reference.list_ownerships(session):
        subject = step_key(held.step_id) or processes[held.process_id].key
        holder = {"owner": key(owners, held.owner_id)} if held.owner_id else {"team": key(teams, held.team_id)}
        period = holder | _dates(held.valid_from, held.valid_to)
        ownerships.setdefault(subject, {"periods": []})["periods"].append(period)
    return {
        "calendar": {
            row.key: _columns(row, "zone", "week", "country", "subdivision", "closed", "active")
            for row in calendars.values()
        },
        "owner": {
            row.key: {
                **_columns(row, "name", "email", "absences", "active"),
                "calendar": key(calendars, row.calendar_id),
                "manager": key(owners, row.manager_id),
                "deputy": key(owners, row.deputy_id),
                "managers": links.get((row.id, Role.MANAGER), []),
                "deputies": links.get((row.id, Role.DEPUTY), []),
                **_dates(row.valid_from, row.valid_to),
            }
            for row in owners.values()
        },
        "team": {
            row.key: {**_columns(row, "name", "active"), "members": _in_order(members.get(row.id, []))}
            for row in teams.values()
        },
        "stage": {row.key: _columns(row, "name", "position", "active") for row in stages.values()},
        "process": {
            row.key: {**_columns(row, "name", "active"), "stage": key(stages, row.stage_id)}
            for row in processes.values()
        },
        "step": {
            subject_key(processes[row.process_id].key, row.key): _columns(row, "name", "position", "active")
            for row in steps.values()
        },
        "ownership": ownerships,
        "topic": {
            row.key: {
                **_columns(row, "name", "description", "examples", "active"),
                "process": key(processes, row.process_id),
                "step": step_key(row.step_id),
                "parent": key(topics, row.parent_id),
            }
            for row in topics.values()
        },
        "rule": {
            row.key: _columns(row, "position", "when", "then", "active") | _dates(row.valid_from, row.valid_to)
            for row in reference.list_rules(session, inactive=True)
        },
        "policy": {}
        if policy is None
        else {
            "policy": {
                "complaint_cost": None,
                "reorganisation": ReorganisationPart().model_dump(mode="json"),
                "cases": write_cases(CasesPart()),
                **policy.document,
                "fallback_owner": key(owners, policy.fallback_owner_id),
            }
        },
    }


def want_state(document: Document, stored: State, today: date) -> State:
    """What a document wants; ownership without dates depends on what is stored, since its history stays."""
    subjects: dict[str, Owned] = {}
    for process in document.processes:
        subjects[process.key] = process
        subjects |= {subject_key(process.key, step.key): step for step in process.steps}
    periods = {
        key: periods_wanted(part, stored["ownership"].get(key, {"periods": []})["periods"], today)
        for key, part in subjects.items()
    }
    return {
        "calendar": {
            part.key: {
                "zone": part.zone,
                "week": week_of(part),
                "country": part.holidays.country if part.holidays else None,
                "subdivision": part.holidays.subdivision if part.holidays else None,
                "closed": closed_of(part),
                "active": True,
            }
            for part in document.calendars
        },
        "owner": {part.key: _owner(part) for part in document.owners},
        "team": {part.key: _team(part) for part in document.teams},
        "stage": {
            part.key: {"name": part.name, "position": index, "active": True}
            for index, part in enumerate(document.stages)
        },
        "process": {part.key: {"name": part.name, "stage": part.stage, "active": True} for part in document.processes},
        "step": {
            subject_key(process.key, part.key): {"name": part.name, "position": index, "active": True}
            for process in document.processes
            for index, part in enumerate(process.steps)
        },
        "ownership": {key: {"periods": found} for key, found in periods.items() if found or key in stored["ownership"]},
        "topic": want_topics(document.topics),
        "rule": {
            part.key: {
                "position": index,
                "when": _plain(part.when),
                "then": _plain(part.then),
                "active": True,
                **_dates(part.since, part.until),
            }
            for index, part in enumerate(document.rules)
        },
        "policy": {
            "policy": {
                "thresholds": document.thresholds.model_dump(mode="json"),
                "defaults": document.defaults.model_dump(mode="json"),
                "reorganisation": document.reorganisation.model_dump(mode="json"),
                "cases": write_cases(document.cases),
                "ladder": [_plain(rung) for rung in document.ladder],
                "complaint_cost": document.complaint_cost.model_dump(mode="json") if document.complaint_cost else None,
                "fallback_owner": document.fallback_owner,
            }
        },
    }


def want_topics(parts: Iterable[TopicPart]) -> dict[str, Fields]:
    """Topics by key, as they are to be stored."""
    return {
        part.key: {
            **part.model_dump(mode="json", exclude={"key"}),
            "step": subject_key(part.process, part.step) if part.step else None,
            "active": True,
        }
        for part in parts
    }


def periods_wanted(part: Owned, stored: list[Fields], today: date) -> list[Fields]:
    """The periods of ownership after applying ``part`` today.

    Dated owners are the whole truth and replace what is stored. One undated owner or team is a statement about now:
    whoever owned it before keeps that history, the new period begins today (or ever, where nothing was stored).
    """
    if part.owners:
        return _in_order(
            [_holder(period.owner, period.team) | _dates(period.since, period.until) for period in part.owners]
        )
    now = today.isoformat()
    current = [period for period in stored if (period["from"] or "") <= now and period["until"] is None]
    holder = _holder(part.owner, part.team)
    if [_holder_of(period) for period in current] == ([holder] if holder else []) and not _future(stored, now):
        return stored
    past = [period for period in stored if (period["from"] or "") < now]
    kept = [{**period, "until": min(period["until"] or now, now)} for period in past]
    return [*kept, holder | {"from": now if kept else None, "until": None}] if holder else kept


def subject_key(process: str, step: str | None) -> str:
    """How a process, or one of its steps, is called where both can stand: ``returns``, ``returns/refund``."""
    return process if step is None else f"{process}/{step}"


def _future(periods: list[Fields], now: str) -> bool:
    return any((period["from"] or "") > now or (period["until"] or "") > now for period in periods)


def _holder(owner: str | None, team: str | None) -> Fields:
    return {name: key for name, key in (("owner", owner), ("team", team)) if key is not None}


def _holder_of(period: Fields) -> Fields:
    return _holder(period.get("owner"), period.get("team"))


def _dates(since: date | None, until: date | None) -> Fields:
    return {"from": since.isoformat() if since else None, "until": until.isoformat() if until else None}


def _one_owner(parts: Iterable[OneOwnerPart]) -> list[Fields]:
    return _in_order([{"owner": part.owner} | _dates(part.since, part.until) for part in parts])


def _in_order(periods: list[Fields]) -> list[Fields]:
    return sorted(periods, key=lambda period: (period["from"] or "", period.get("owner") or ""))


def _team(part: TeamPart) -> Fields:
    return {"name": part.name, "members": _one_owner(part.members), "active": True}


def _owner(part: OwnerPart) -> Fields:
    return {
        "name": part.name,
        "email": part.email,
        "absences": [absence_fields(absence) for absence in part.absences],
        "calendar": part.calendar,
        "manager": part.manager,
        "deputy": part.deputy,
        "managers": _one_owner(part.managers),
        "deputies": _one_owner(part.deputies),
        "active": True,
        **_dates(part.since, part.until),
    }


def absence_fields(part: AbsencePart) -> Fields:
    """An absence as it is stored; ``minutes`` of each day only where it is not the whole day."""
    fields: Fields = {"from": part.first.isoformat(), "to": part.last.isoformat(), "note": part.note}
    return fields | ({"minutes": list(minutes_of(part.hours))} if part.hours else {})


def _plain(part: Part) -> Fields:
    return {name: value for name, value in part.model_dump(mode="json").items() if value not in (None, [])}


def _columns(row: object, *names: str) -> Fields:
    return {name: getattr(row, name) for name in names}
