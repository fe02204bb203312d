"""Case rules: as they are written, stored with the policy, and as the values that decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.domain.cases import Band, CaseConditions, CaseRule
from app.domain.working import parse_working
from app.processes.case_document import BandPart, CaseRulePart, CasesPart, CaseWhenPart
from app.store import reference


@dataclass(frozen=True, slots=True)
class CaseBook:
    """The case rules in order, and how old a feedback may be when it arrives to open a case."""

    rules: tuple[CaseRule, ...]
    longest: timedelta


def write_cases(part: CasesPart) -> dict[str, Any]:
    """The part as JSON values, without what is not said."""
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)


def load_case_book(session: Session) -> CaseBook:
    """The case rules of the company, none where its document has none."""
    policy = reference.find_policy(session)
    stored = policy.document.get("cases", {}) if policy else {}
    part = CasesPart.model_validate(stored, strict=False)
    owners = {row.key: row.id for row in reference.list_owners(session, inactive=True)}
    teams = {row.key: row.id for row in reference.list_teams(session, inactive=True)}
    rules = tuple(_rule(rule, owners, teams) for rule in part.rules)
    return CaseBook(rules, timedelta(hours=part.within_hours))


def _rule(part: CaseRulePart, owners: dict[str, int], teams: dict[str, int]) -> CaseRule:
    then = part.then
    return CaseRule(
        key=part.key,
        when=_conditions(part.when),
        goal=parse_working(then.goal),
        deadline=parse_working(then.deadline),
        owner_id=owners[then.owner] if then.owner else None,
        team_id=teams[then.team] if then.team else None,
    )


def _conditions(when: CaseWhenPart) -> CaseConditions:
    return CaseConditions(
        signals=frozenset(when.signals),
        confidence=when.confidence,
        response_needed=when.response_needed,
        sentiment=frozenset(when.sentiment),
        topic=frozenset(when.topic),
        medium=frozenset(when.medium),
        segment=frozenset(name.casefold() for name in when.segment),
        score=_band(when.score) if when.score else None,
    )


def _band(part: BandPart) -> Band:
    return Band(part.metric, part.low, part.high)
