"""What rules would have done with the complaints of the last days: who gets how much, what stays without an owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.routing import Decision, ThemeFacts
from app.processes.document import RulePart
from app.processes.rules import load_rulebook, rules_to_try
from app.route.decide import decide
from app.store.routings import count_complaints, theme_facts, window_of

MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Share:
    """How much falls to an owner, or under a rule; ``key`` None: no rule applied."""

    key: str | None
    themes: int
    complaints: int


@dataclass(frozen=True, slots=True)
class Move:
    """A theme whose owner would change."""

    theme_id: int
    complaints: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The history of some days under a set of rules.

    Args:
        days: How many days were looked at.
        complaints: Complaint mentions in them.
        owners: By owner key, most complaints first.
        rules: By rule key, most complaints first.
        uncovered: Complaints that no theme, rule or owner covers: without a theme, or left to the fallback owner.
        moves: Themes that would change hands, most complaints first.
    """

    days: int
    complaints: int
    owners: tuple[Share, ...]
    rules: tuple[Share, ...]
    uncovered: int
    moves: tuple[Move, ...]


def preview_rules(
    session: Session, now: datetime, rules: Sequence[RulePart] | None = None, *, days: int = 30
) -> Preview:
    """Decide every theme of the last days as if it opened now; nothing is stored.

    Args:
        session: A read transaction.
        now: The end of the history, and the instant that absences and ownership are looked at.
        rules: The rules to try, in order; None tries the stored ones.
        days: Whole UTC days of history, 1 to ``MAX_DAYS``; others are brought into the range.

    Raises:
        AppError: ``no_policy``: nothing has been applied; ``invalid_rules``: a rule names what does not exist.
    """
    days = min(max(days, 1), MAX_DAYS)
    window = window_of(days, now)
    stored = load_rulebook(session, now)
    tried = stored if rules is None else replace(stored, rules=rules_to_try(session, rules))
    facts = theme_facts(session, window)
    after = [(each, decide(each, tried, now)) for each in facts]
    before = after if rules is None else [(each, decide(each, stored, now)) for each in facts]
    total = count_complaints(session, window)
    return Preview(
        days=days,
        complaints=total,
        owners=_shares((decision.named.person.key, each) for each, decision in after),
        rules=_shares((decision.rule, each) for each, decision in after),
        uncovered=total - sum(each.complaints for each, decision in after if not decision.named.fallback),
        moves=tuple(_moves(before, after)),
    )


def _shares(pairs: Iterable[tuple[str | None, ThemeFacts]]) -> tuple[Share, ...]:
    themes: Counter[str | None] = Counter()
    complaints: Counter[str | None] = Counter()
    for key, facts in pairs:
        themes[key] += 1
        complaints[key] += facts.complaints
    return tuple(Share(key, themes[key], count) for key, count in complaints.most_common())


def _moves(
    before: Sequence[tuple[ThemeFacts, Decision]], after: Sequence[tuple[ThemeFacts, Decision]]
) -> Iterable[Move]:
    for (facts, old), (_, new) in zip(before, after, strict=True):
        if old.named.person.id != new.named.person.id:
            yield Move(facts.theme_id, facts.complaints, old.named.person.key, new.named.person.key)
