"""Station: open items of owners who have left, or whose step a reorganisation gave to others, change hands.

The item keeps its state, its clock and its ladder; its history says why, and the new owner is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.act.handing import Handover, reassign_item
from app.act.locking import lock_item
from app.domain.actor import Actor, Scope
from app.domain.ownership import Named, Ownerships
from app.processes.owners import load_ownerships
from app.processes.rules import read_move_open
from app.store import reference
from app.store.act_tables import ActionItem
from app.store.handovers import items_that_follow, open_items_of
from app.store.loads import lock_draws, open_loads
from app.store.tables import Routing

STATION = Actor(name="station:hand_over", scopes=frozenset({Scope.ANALYST}))
BATCH = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of items that somebody else is to have."""

    item_ids: tuple[int, ...]


Outcome = Batch


def claim(session: Session, now: datetime) -> Batch | None:
    """Open items whose owner is no longer here, and those that follow a newer routing; None when there are none."""
    if reference.find_policy(session) is None:
        return None
    ownerships, move_open = load_ownerships(session), read_move_open(session)
    gone = _gone(ownerships, now)
    left = open_items_of(session, gone, BATCH)
    ids = {item.id for item in left if _heir(ownerships, item, now) is not None}
    ids |= {item.id for item, _ in items_that_follow(session, move_open, gone, limit=BATCH)}
    return Batch(tuple(sorted(ids))) if ids else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Nothing to compute: who is to have an item is decided under its lock."""
    return batch


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Hand over what still has to be; whoever comes second finds nothing to do."""
    lock_draws(session)
    loads = open_loads(session)
    ownerships, move_open = load_ownerships(session).with_loads(loads), read_move_open(session)
    gone = _gone(ownerships, now)
    for item_id in outcome.item_ids:
        item = lock_item(session, item_id)
        if item is None or item.closed_at is not None:
            continue
        routing = next((new for _, new in items_that_follow(session, move_open, gone, item_id=item.id)), None)
        named = _as_routed(ownerships, item, routing, now) if routing is not None else None
        named = named or (_heir(ownerships, item, now) if item.owner_id in gone else None)
        if named is not None:
            loads.subtract([item.owner_id])
            loads.update([named.person.id])
            to = Handover(named.person.id, "; ".join(named.why), named.why)
            item = reassign_item(session, now, STATION, item.id, version=item.version, to=to)
        if routing is not None:
            item.routing_id = routing.id
        session.flush()


def _gone(ownerships: Ownerships, now: datetime) -> list[int]:
    return [person.id for person in ownerships.people.values() if not person.here(now)]


def _heir(ownerships: Ownerships, item: ActionItem, now: datetime) -> Named | None:
    """Who takes over from an owner who is no longer here; None where that is nobody else."""
    named = ownerships.heir_of(ownerships.people[item.owner_id], item.process_id, item.step_id, now)
    return named if named.person.id != item.owner_id else None


def _as_routed(ownerships: Ownerships, item: ActionItem, routing: Routing, now: datetime) -> Named | None:
    """Whom the newer routing names, or who stands in; None where that is the owner, or nobody who is here."""
    person = ownerships.people[routing.owner_id]
    named = ownerships.stand_in(Named(person, tuple(str(sentence) for sentence in routing.why)), now)
    return named if named.person.id != item.owner_id and named.person.here(now) else None
