"""What rules would do with the complaints of the last days: who gets how much, what stays without an owner and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.routing import Decision, Policy, ThemeFacts
from app.processes.document import RulePart
from app.processes.rules import load_rulebook, rules_to_try
from app.route.decide import decide_all
from app.store.routings import theme_facts, window_of
from app.store.uncovered import COVERED, count_by_cover

MAX_DAYS = 366

Decided = Sequence[tuple[ThemeFacts, Decision]]


@dataclass(frozen=True, slots=True)
class Share:
    """How much falls to an owner, a holder, or under a rule; ``key`` None: no rule applied.

    ``items`` are those of the themes that reach both thresholds, and so would have somebody act.
    """

    key: str | None
    themes: int
    complaints: int
    items: int


@dataclass(frozen=True, slots=True)
class Move:
    """A theme that would change hands; owner keys, and the rule that decides then."""

    theme_id: int
    complaints: int
    before: str
    after: str
    rule: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The history of some days under a set of rules.

    Args:
        days: How many days were looked at.
        at: The instant at which owners, teams, absences and rules are looked at.
        complaints: Complaint mentions in them.
        owners: By owner key, most complaints first.
        holders: The same before absences and loads: ``owner:KEY``, ``team:KEY``, ``fallback``.
        rules: By rule key, most complaints first.
        uncovered: Complaints that nobody is given, by why: see ``store.uncovered``; and ``no_owner``, which are left
            to the fallback owner.
        moves: Themes that would change hands, most complaints first.
    """

    days: int
    at: datetime
    complaints: int
    owners: tuple[Share, ...]
    holders: tuple[Share, ...]
    rules: tuple[Share, ...]
    uncovered: Mapping[str, int]
    moves: tuple[Move, ...]


def preview_rules(
    session: Session,
    now: datetime,
    rules: Sequence[RulePart] | None = None,
    *,
    days: int = 30,
    at: datetime | None = None,
) -> Preview:
    """Decide every theme of the last days as if it opened at an instant; nothing is stored.

    Teams share as if nobody had anything open. What would change is told against the stored rules as they are now.

    Args:
        session: A read transaction.
        now: The end of the history.
        rules: The rules to try, in order; None tries the stored ones.
        days: Whole UTC days of history, 1 to ``MAX_DAYS``; others are brought into the range.
        at: Whose owners, teams, absences and dated rules are looked at; None: those of now. A reorganisation that has
            been entered shows what it will do.

    Raises:
        AppError: ``no_policy``: nothing has been applied; ``invalid_rules``: a rule names what does not exist.
    """
    days = min(max(days, 1), MAX_DAYS)
    window = window_of(days, now)
    stored = load_rulebook(session, now)
    tried = stored if rules is None else replace(stored, rules=rules_to_try(session, rules))
    at = at or now
    facts = theme_facts(session, window)
    after = list(zip(facts, decide_all(facts, tried, at), strict=True))
    before = list(zip(facts, decide_all(facts, stored, now), strict=True))
    covers = count_by_cover(session, window)
    left = Counter({reason: count for reason, count in covers.items() if reason != COVERED})
    left["no_owner"] = sum(each.complaints for each, decision in after if decision.named.fallback)
    return Preview(
        days=days,
        at=at,
        complaints=covers.total(),
        owners=_shares(((decision.named.person.key, each) for each, decision in after), stored.policy),
        holders=_shares(((decision.named.holder, each) for each, decision in after), stored.policy),
        rules=_shares(((decision.rule, each) for each, decision in after), stored.policy),
        uncovered={reason: count for reason, count in left.most_common() if count},
        moves=tuple(_moves(before, after)),
    )


def _shares(pairs: Iterable[tuple[str | None, ThemeFacts]], policy: Policy) -> tuple[Share, ...]:
    themes: Counter[str | None] = Counter()
    complaints: Counter[str | None] = Counter()
    items: Counter[str | None] = Counter()
    for key, facts in pairs:
        themes[key] += 1
        complaints[key] += facts.complaints
        items[key] += facts.complaints >= policy.min_complaints and facts.people >= policy.min_people
    return tuple(Share(key, themes[key], count, items[key]) for key, count in complaints.most_common())


def _moves(before: Decided, after: Decided) -> Iterator[Move]:
    for (facts, old), (_, new) in zip(before, after, strict=True):
        # Who of a team gets one depends on what the others got: only a change of whose the work is counts there.
        same_team = old.named.holder == new.named.holder and new.named.drawn
        if old.named.person.id != new.named.person.id and not same_team:
            yield Move(facts.theme_id, facts.complaints, old.named.person.key, new.named.person.key, new.rule)
