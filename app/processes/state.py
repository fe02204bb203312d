"""Reference data as plain values by key: what is stored and what a document wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.processes.calendars import closed_of, week_of
from app.processes.difference import Fields, State
from app.processes.document import Document, Owned, OwnerPart, Part, TopicPart
from app.store import reference


def read_state(session: Session) -> State:
    """Everything that is stored, inactive things too."""
    calendars = {row.id: row for row in reference.list_calendars(session, inactive=True)}
    owners = {row.id: row for row in reference.list_owners(session, inactive=True)}
    stages = {row.id: row for row in reference.list_stages(session, inactive=True)}
    processes = {row.id: row for row in reference.list_processes(session, inactive=True)}
    steps = {row.id: row for row in reference.list_steps(session, inactive=True)}
    topics = {row.id: row for row in reference.list_topics(session, inactive=True)}
    policy = reference.find_policy(session)

    def key(rows: Mapping[int, Any], row_id: int | None) -> str | None:
        return None if row_id is None else rows[row_id].key

    def step_key(row_id: int | None) -> str | None:
        return None if row_id is None else subject_key(processes[steps[row_id].process_id].key, steps[row_id].key)

    ownerships: dict[str, Fields] = {}
    for held in reference.list_ownerships(session):
        subject = step_key(held.step_id) or processes[held.process_id].key
        period = _period(owners[held.owner_id].key, held.valid_from, held.valid_to)
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
            }
            for row in owners.values()
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
            row.key: _columns(row, "position", "when", "then", "active")
            for row in reference.list_rules(session, inactive=True)
        },
        "policy": {}
        if policy is None
        else {
            "policy": {
                "complaint_cost": None,
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
            part.key: {"position": index, "when": _plain(part.when), "then": _plain(part.then), "active": True}
            for index, part in enumerate(document.rules)
        },
        "policy": {
            "policy": {
                "thresholds": document.thresholds.model_dump(mode="json"),
                "defaults": document.defaults.model_dump(mode="json"),
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

    Dated owners are the whole truth and replace what is stored. One undated owner is a statement about now: whoever
    owned it before keeps that history, the new period begins today (or ever, where nothing was stored).
    """
    if part.owners:
        dated = [_period(period.owner, period.since, period.until) for period in part.owners]
        return sorted(dated, key=lambda period: period["from"] or "")
    now = today.isoformat()
    current = [period for period in stored if (period["from"] or "") <= now and period["until"] is None]
    if [period["owner"] for period in current] == ([part.owner] if part.owner else []) and not _future(stored, now):
        return stored
    past = [period for period in stored if (period["from"] or "") < now]
    kept = [{**period, "until": min(period["until"] or now, now)} for period in past]
    if part.owner is None:
        return kept
    return [*kept, {"owner": part.owner, "from": now if kept else None, "until": None}]


def subject_key(process: str, step: str | None) -> str:
    """How a process, or one of its steps, is called where both can stand: ``returns``, ``returns/refund``."""
    return process if step is None else f"{process}/{step}"


def _future(periods: list[Fields], now: str) -> bool:
    return any((period["from"] or "") > now or (period["until"] or "") > now for period in periods)


def _period(owner: str, since: date | None, until: date | None) -> Fields:
    return {
        "owner": owner,
        "from": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
    }


def _owner(part: OwnerPart) -> Fields:
    absences = [
        {"from": absence.first.isoformat(), "to": absence.last.isoformat(), "note": absence.note}
        for absence in part.absences
    ]
    return {
        "name": part.name,
        "email": part.email,
        "absences": absences,
        "calendar": part.calendar,
        "manager": part.manager,
        "deputy": part.deputy,
        "active": True,
    }


def _plain(part: Part) -> Fields:
    return {name: value for name, value in part.model_dump(mode="json").items() if value not in (None, [])}


def _columns(row: object, *names: str) -> Fields:
    return {name: getattr(row, name) for name in names}
