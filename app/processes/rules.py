"""Routing rules and policy, read from the tables or from a document into the values that decide."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.routing import Conditions, MoveOpen, Policy, Rule, Rulebook, Rung, RungTarget, ScoreCondition
from app.domain.working import parse_working
from app.processes.checks import Keys, check_rules
from app.processes.document import RulePart, WhenPart
from app.processes.owners import load_calendars, load_ownerships
from app.processes.reader import refuse_parts
from app.store import reference
from app.store.tables import RoutingRule


def load_rulebook(session: Session, around: datetime) -> Rulebook:
    """Everything that routing decides by, as it is now.

    Args:
        session: Any transaction.
        around: Public holidays are known from the year before this instant on.

    Raises:
        AppError: ``no_policy``: no document has been applied yet.
    """
    ownerships = load_ownerships(session)
    policy = reference.find_policy(session)
    terms = policy.document if policy else {}
    ids = _Ids.read(session)
    return Rulebook(
        policy=_policy(terms, ids.owners),
        rules=tuple(_rule(_stored(row), ids) for row in reference.list_rules(session)),
        ownerships=ownerships,
        calendars=load_calendars(session, around),
    )


def read_move_open(session: Session) -> MoveOpen:
    """Which open items follow a reorganisation; the default where the document does not say."""
    policy = reference.find_policy(session)
    told = policy.document.get("reorganisation", {}) if policy else {}
    return MoveOpen(told.get("move_open", MoveOpen.UNANSWERED))


def rules_to_try(session: Session, parts: Sequence[RulePart]) -> tuple[Rule, ...]:
    """Rules that are not stored, checked against what is.

    Raises:
        AppError: ``invalid_rules``: a rule names what does not exist; its fact ``problems`` lists ``{path, message}``.
    """
    steps = reference.list_steps(session)
    keys = Keys(
        stages=[row.key for row in reference.list_stages(session)],
        calendars=[],
        owners=[row.key for row in reference.list_owners(session)],
        teams=[row.key for row in reference.list_teams(session)],
        processes=[row.key for row in reference.list_processes(session)],
        steps=[row.key for row in steps],
        topics=[row.key for row in reference.list_topics(session)],
    )
    problems = check_rules(parts, keys)
    if problems:
        refuse_parts(problems, "invalid_rules")
    ids = _Ids.read(session)
    return tuple(_rule(part, ids) for part in parts)


@dataclass(frozen=True, slots=True)
class _Ids:
    """Ids by key of those that a rule can name."""

    owners: Mapping[str, int]
    teams: Mapping[str, int]

    @classmethod
    def read(cls, session: Session) -> _Ids:
        return cls(
            owners={row.key: row.id for row in reference.list_owners(session, inactive=True)},
            teams={row.key: row.id for row in reference.list_teams(session, inactive=True)},
        )


def _stored(row: RoutingRule) -> RulePart:
    dates = {"from": row.valid_from, "until": row.valid_to}
    told = {name: day.isoformat() for name, day in dates.items() if day is not None}
    return RulePart.model_validate_json(json.dumps({"key": row.key, "when": row.when, "then": row.then, **told}))


def _rule(part: RulePart, ids: _Ids) -> Rule:
    then = part.then
    return Rule(
        key=part.key,
        when=_conditions(part.when),
        owner_id=ids.owners[then.owner] if then.owner else None,
        team_id=ids.teams[then.team] if then.team else None,
        goal=parse_working(then.goal) if then.goal else None,
        deadline=parse_working(then.deadline) if then.deadline else None,
        since=part.since,
        until=part.until,
    )


def _conditions(when: WhenPart) -> Conditions:
    score = when.score
    return Conditions(
        topic=frozenset(when.topic),
        process=frozenset(when.process),
        step=frozenset(when.step),
        stage=frozenset(when.stage),
        friction=frozenset(when.friction),
        medium=frozenset(when.medium),
        segment=frozenset(name.strip().casefold() for name in when.segment),
        severity=frozenset(when.severity),
        min_complaints=when.min_complaints or 0,
        max_complaints=when.max_complaints,
        min_people=when.min_people or 0,
        min_growth=when.min_growth or 0.0,
        max_sentiment=when.max_sentiment,
        min_negative=when.min_negative or 0.0,
        score=ScoreCondition(**score.model_dump()) if score else None,
    )


def _policy(document: Mapping[str, Any], owners: Mapping[str, int]) -> Policy:
    thresholds, defaults = document["thresholds"], document["defaults"]
    return Policy(
        min_complaints=thresholds["min_complaints"],
        min_people=thresholds["min_people"],
        window_days=thresholds["window_days"],
        goal=parse_working(defaults["goal"]),
        deadline=parse_working(defaults["deadline"]),
        ladder=tuple(
            Rung(
                target=RungTarget(rung.get("to", RungTarget.OWNER)),
                after=parse_working(rung["after"]),
                owner_id=owners[rung["owner"]] if "owner" in rung else None,
            )
            for rung in document["ladder"]
        ),
    )
