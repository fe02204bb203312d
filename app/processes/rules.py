"""Routing rules and policy, read from the tables or from a document into the values that decide."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.routing import Conditions, Policy, Rule, Rulebook, Rung, RungTarget
from app.domain.working import parse_working
from app.processes.checks import Keys, check_rules
from app.processes.document import RulePart
from app.processes.owners import load_calendars, load_ownerships
from app.processes.reader import refuse_parts
from app.store import reference


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
    owners = {row.key: row.id for row in reference.list_owners(session, inactive=True)}
    stored = [(row.key, {"key": row.key, "when": row.when, "then": row.then}) for row in reference.list_rules(session)]
    rules = [_rule(key, RulePart.model_validate_json(json.dumps(document)), owners) for key, document in stored]
    return Rulebook(
        policy=_policy(terms, owners),
        rules=tuple(rules),
        ownerships=ownerships,
        calendars=load_calendars(session, around),
    )


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
        processes=[row.key for row in reference.list_processes(session)],
        steps=[row.key for row in steps],
        topics=[row.key for row in reference.list_topics(session)],
    )
    problems = check_rules(parts, keys)
    if problems:
        refuse_parts(problems, "invalid_rules")
    owners = {row.key: row.id for row in reference.list_owners(session)}
    return tuple(_rule(part.key, part, owners) for part in parts)


def _rule(key: str, part: RulePart, owners: Mapping[str, int]) -> Rule:
    when, then = part.when, part.then
    return Rule(
        key=key,
        when=Conditions(
            topic=frozenset(when.topic),
            process=frozenset(when.process),
            step=frozenset(when.step),
            stage=frozenset(when.stage),
            friction=frozenset(when.friction),
            medium=frozenset(when.medium),
            min_complaints=when.min_complaints or 0,
            min_people=when.min_people or 0,
        ),
        owner_id=owners[then.owner] if then.owner else None,
        goal=parse_working(then.goal) if then.goal else None,
        deadline=parse_working(then.deadline) if then.deadline else None,
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
