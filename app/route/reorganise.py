"""Station: when the organisation has changed, open items are routed anew on the facts that they were first routed on.

A dated owner, team, member or rule that begins or ends, and a document that is applied, are such changes. Only a change
of whose the work is counts: absences, loads and new complaints move nothing. Who gets what was decided anew stands in a
new routing; the act room moves the item.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.routing import Decision, Rulebook, ThemeFacts
from app.log import get_logger
from app.processes.rules import load_rulebook, read_move_open
from app.route.assign import row_of
from app.route.decide import CLOCK_SENTENCES, decide
from app.route.keeping import read_facts
from app.store import reference
from app.store.handovers import movable_routings, routings_to_review
from app.store.loads import lock_draws, open_loads
from app.store.tables import Routing

LIMIT = 200
"""How many routings one batch looks at again."""

_log = get_logger("route")


@dataclass(frozen=True, slots=True)
class Standing:
    """One routing to look at again: whose the work was, who got it, and the facts; None where they were not kept."""

    routing_id: int
    holder: str | None
    owner_id: int
    facts: ThemeFacts | None
    movable: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Routings that were decided before the organisation last changed."""

    standing: tuple[Standing, ...]
    rulebook: Rulebook
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was looked at, and what is decided otherwise now."""

    reviewed: tuple[int, ...]
    moved: tuple[tuple[Standing, ThemeFacts, Decision], ...]
    rulebook: Rulebook


def claim(session: Session, now: datetime) -> Batch | None:
    """Find the routings of open items that were decided before the organisation last changed."""
    policy = reference.find_policy(session)
    if policy is None:
        return None
    rulebook = load_rulebook(session, now).with_loads(open_loads(session))
    dated = rulebook.changed_before(now)
    changed_at = max(policy.applied_at, dated) if dated else policy.applied_at
    rows = routings_to_review(session, changed_at, LIMIT)
    if not rows:
        return None
    movable = movable_routings(session, [row.id for row in rows], read_move_open(session))
    standing = tuple(
        Standing(row.id, row.holder, row.owner_id, read_facts(row.facts), row.id in movable) for row in rows
    )
    return Batch(standing, rulebook, now)


def work(batch: Batch, _tools: object) -> Outcome:
    """Decide again; no database, no clock."""
    moved = []
    for each in batch.standing:
        if each.facts is None or each.holder is None or not _may_move(each, batch):
            continue
        decision = decide(each.facts, batch.rulebook, batch.at)
        if _is_other(each, decision, batch):
            moved.append((each, each.facts, decision))
    return Outcome(tuple(each.routing_id for each in batch.standing), tuple(moved), batch.rulebook)


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Store the new routings; one that another run has superseded meanwhile stays as it is."""
    lock_draws(session)
    loads = open_loads(session)
    rulebook = outcome.rulebook.with_loads(loads)
    for standing, facts, worked_out in outcome.moved:
        old = session.get(Routing, standing.routing_id, populate_existing=True)
        if old is None or old.superseded_at is not None:
            continue
        decision = decide(facts, rulebook, now) if worked_out.named.drawn else worked_out
        loads.update([decision.named.person.id])
        loads.subtract([standing.owner_id])
        old.superseded_at = now
        session.flush()
        session.add(_anew(old, facts, decision, now))
    seen = update(Routing).where(Routing.id.in_(outcome.reviewed)).values(reviewed_at=now)
    session.execute(seen, execution_options={"synchronize_session": False})
    session.flush()
    _log.info("routings_reviewed", reviewed=len(outcome.reviewed), moved=len(outcome.moved))


def _anew(old: Routing, facts: ThemeFacts, decision: Decision, now: datetime) -> Routing:
    """The routing of an item that is open: whose it is changes, its clock and its ladder do not."""
    row = row_of(facts, decision, now)
    said = f"a reorganisation: this was {_in_words(old.holder)}, it is {_in_words(row.holder)} now"
    row.why = [said, *decision.why[:-CLOCK_SENTENCES], "goal, deadline and ladder stay as they were"]
    row.goal_at, row.deadline_at, row.ladder = old.goal_at, old.deadline_at, old.ladder
    row.goal_why, row.deadline_why = old.goal_why, old.deadline_why
    return row


def _in_words(holder: str | None) -> str:
    kind, _, key = (holder or "").partition(":")
    return {"owner": f"{key}'s", "team": f"the team {key}'s"}.get(kind, "nobody's")


def _may_move(each: Standing, batch: Batch) -> bool:
    return each.movable or not batch.rulebook.ownerships.people[each.owner_id].here(batch.at)


def _is_other(each: Standing, decision: Decision, batch: Batch) -> bool:
    """Whether the work is somebody else's now, or its team's while its owner is no longer one of them."""
    if decision.named.holder != each.holder:
        return True
    ownerships = batch.rulebook.ownerships
    teams = [team for team in ownerships.teams.values() if f"team:{team.key}" == each.holder]
    members = {member.id for team in teams for member in ownerships.members_at(team, batch.at)}
    return bool(teams) and each.owner_id not in members and decision.named.person.id in members
