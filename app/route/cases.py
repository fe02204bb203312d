"""Station: feedback that was read and that no case rule has looked at yet; what one of them holds for gets an owner.

Each version of a feedback is looked at once; a feedback opens one case at most, whatever later versions say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.cases import CaseFacts, CaseRule, find_rule, fired, is_fresh, say_why
from app.domain.routing import Conditions, Decision, Rule, Rulebook, ThemeFacts
from app.log import get_logger
from app.processes.cases import CaseBook, load_case_book
from app.processes.rules import load_rulebook
from app.route.decide import decide
from app.route.reading import Judge, Topics, read_facts
from app.store import reference
from app.store.case_tables import CaseRouting
from app.store.cases import Unseen, unseen_feedback
from app.store.loads import lock_draws, open_loads
from app.store.routings import topic_places
from app.store.tables import Feedback

LIMIT = 200

_log = get_logger("route")


class Tools(Protocol):
    """What the station works with."""

    @property
    def risks(self) -> Judge:
        """Judges the risks in embedded words."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Feedback to look at, and everything that decides about it."""

    unseen: tuple[Unseen, ...]
    cases: CaseBook
    topics: Topics


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was looked at, each feedback with its version, and the rule that holds for some of it."""

    looked: tuple[tuple[int, int], ...]
    found: tuple[tuple[CaseFacts, CaseRule], ...]


def claim(session: Session, now: datetime) -> Batch | None:  # noqa: ARG001 - the stations' shape
    """Feedback that waits to be looked at; None when there is none, or no company yet."""
    if reference.find_policy(session) is None:
        return None
    unseen = unseen_feedback(session, LIMIT)
    if not unseen:
        return None
    names = {topic.id: topic.name for topic in reference.list_topics(session, inactive=True)}
    topics = {number: (names[number], *found) for number, found in topic_places(session).items()}
    return Batch(tuple(unseen), load_case_book(session), topics)


def work(batch: Batch, tools: Tools) -> Outcome:
    """Find the rule for each; no database, no clock. Nothing is judged where no rule could hold."""
    book = batch.cases
    fresh = [one for one in batch.unseen if book.rules and is_fresh(one.occurred_at, one.received_at, book.longest)]
    facts = read_facts(fresh, batch.topics, tools.risks) if fresh else []
    found = [(one, rule) for one in facts if (rule := find_rule(book.rules, one)) is not None]
    return Outcome(tuple((one.feedback_id, one.content_rev) for one in batch.unseen), tuple(found))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Note what was looked at and store the decisions, counted from now; a version that came meanwhile waits.

    Who gets a case is decided here, under the lock of draws: of a team it is the member with the fewest open items.
    """
    if outcome.found:
        lock_draws(session)
    seen = _tick_off(session, dict(outcome.looked))
    asking = [(facts, rule) for facts, rule in outcome.found if facts.feedback_id in seen]
    known = select(CaseRouting.feedback_id).where(CaseRouting.feedback_id.in_([one.feedback_id for one, _ in asking]))
    has_one = set(session.scalars(known)) if asking else set()
    new = [(facts, rule) for facts, rule in asking if facts.feedback_id not in has_one]
    if new:
        loads = open_loads(session)
        rulebook = load_rulebook(session, now).with_loads(loads)
        for facts, rule in new:
            decision = _decide(facts, rule, rulebook, now)
            loads[decision.named.person.id] += 1
            session.add(_row_of(facts, rule, decision, now))
    session.flush()
    _log.info("cases_looked_for", looked=len(seen), opened=len(new))


def _tick_off(session: Session, revisions: Mapping[int, int]) -> set[int]:
    """Take the mark off what still is as it was looked at, under its lock; whoever comes second finds nothing."""
    waiting = select(Feedback).where(Feedback.id.in_(revisions), Feedback.case_due.is_(True)).order_by(Feedback.id)
    rows = session.scalars(waiting.with_for_update().execution_options(populate_existing=True)).all()
    seen = [row for row in rows if row.content_rev == revisions[row.id]]
    for row in seen:
        row.case_due = False
    return {row.id for row in seen}


def _decide(facts: CaseFacts, rule: CaseRule, rulebook: Rulebook, at: datetime) -> Decision:
    """The same decision as for a theme, with the case rule as the only one."""
    day = at.date()
    about = ThemeFacts(0, tuple(sorted(facts.topics)), facts.place, complaints=1, people=1, first=day, last=day)
    alone = Rule(rule.key, Conditions(), rule.owner_id, rule.goal, rule.deadline, rule.team_id)
    return decide(about, replace(rulebook, rules=(alone,)), at)


def _row_of(facts: CaseFacts, rule: CaseRule, decision: Decision, now: datetime) -> CaseRouting:
    held = "; ".join(say_why(rule.when, facts))
    counted = decision.why[-2:]
    return CaseRouting(
        feedback_id=facts.feedback_id,
        content_rev=facts.content_rev,
        rule=rule.key,
        process_id=facts.place.process_id,
        step_id=facts.place.step_id,
        topic=facts.topic_name,
        owner_id=decision.named.person.id,
        signals=[[signal, round(facts.signals[signal], 3)] for signal in fired(rule.when, facts)],
        why=[f"case rule {rule.key} applies: {held}", *decision.named.why, *counted],
        goal_at=decision.goal.at,
        deadline_at=decision.deadline.at,
        goal_why=decision.goal.explain(),
        deadline_why=decision.deadline.explain(),
        ladder=[
            {"at": climb.at.isoformat(), "owner_id": climb.owner_id, "role": climb.target.value}
            for climb in decision.ladder
        ],
        decided_at=now,
    )
