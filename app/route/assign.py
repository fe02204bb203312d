"""Station: themes that enough people complain about and that nobody has to act on yet get an owner and a deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.routing import Decision, Rulebook, ThemeFacts
from app.log import get_logger
from app.processes.rules import load_rulebook
from app.route.decide import decide, decide_all
from app.route.keeping import write_facts
from app.store import reference
from app.store.loads import lock_draws, open_loads
from app.store.routings import current_routings, find_current_routing, theme_facts, window_of
from app.store.tables import Routing

LIMIT = 200
"""How many themes one batch routes."""

_log = get_logger("route")


@dataclass(frozen=True, slots=True)
class Batch:
    """Themes to route, and everything that decides about them."""

    due: tuple[ThemeFacts, ...]
    rulebook: Rulebook
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided for each theme, and by what."""

    decided: tuple[tuple[ThemeFacts, Decision], ...]
    rulebook: Rulebook
    opened_at: datetime


def claim(session: Session, now: datetime) -> Batch | None:
    """Find the themes over the threshold that never had a routing or an item for their process, most first.

    A theme whose item is finished stays with it: a count above the threshold is no reason to begin again. Whether its
    problem is back is told by a rate test on what was said since, which opens that item again (`app/act/come_back.py`).
    """
    if reference.find_policy(session) is None:
        return None
    rulebook = load_rulebook(session, now).with_loads(open_loads(session))
    policy = rulebook.policy
    window = window_of(policy.window_days, now)
    standing = current_routings(session)
    due = theme_facts(
        session,
        window,
        min_complaints=policy.min_complaints,
        min_people=policy.min_people,
        wanted=lambda theme_id, process_id: (theme_id, process_id) not in standing,
    )
    return Batch(tuple(due[:LIMIT]), rulebook, now) if due else None


def work(batch: Batch, _tools: object) -> Outcome:
    """Decide for each theme; no database, no clock."""
    decisions = decide_all(batch.due, batch.rulebook, batch.opened_at)
    return Outcome(tuple(zip(batch.due, decisions, strict=True)), batch.rulebook, batch.opened_at)


def record(session: Session, now: datetime, outcome: Outcome) -> None:  # noqa: ARG001 - the stations' shape
    """Store the routings; one that another run has stored meanwhile stays, so running twice changes nothing.

    Whose turn it is in a team is decided again, under the lock, by what everybody has open at this moment.
    """
    lock_draws(session)
    loads = open_loads(session)
    rulebook = outcome.rulebook.with_loads(loads)
    stored = 0
    for facts, worked_out in outcome.decided:
        if find_current_routing(session, facts.theme_id, worked_out.place.process_id) is not None:
            continue
        decision = decide(facts, rulebook, outcome.opened_at) if worked_out.named.drawn else worked_out
        session.add(row_of(facts, decision, outcome.opened_at))
        loads[decision.named.person.id] += 1
        stored += 1
    session.flush()
    _log.info("themes_routed", routed=stored, found=len(outcome.decided))


def row_of(facts: ThemeFacts, decision: Decision, opened_at: datetime) -> Routing:
    """The row of a decision."""
    return Routing(
        theme_id=facts.theme_id,
        process_id=decision.place.process_id,
        step_id=decision.place.step_id,
        owner_id=decision.named.person.id,
        holder=decision.named.holder,
        rule=decision.rule,
        why=list(decision.why),
        facts=write_facts(facts),
        trigger_from=facts.first,
        trigger_to=facts.last,
        complaints=facts.complaints,
        people=facts.people,
        goal_at=decision.goal.at,
        deadline_at=decision.deadline.at,
        goal_why=decision.goal.explain(),
        deadline_why=decision.deadline.explain(),
        ladder=[
            {"at": climb.at.isoformat(), "owner_id": climb.owner_id, "role": climb.target.value}
            for climb in decision.ladder
        ],
        decided_at=opened_at,
    )
