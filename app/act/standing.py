"""Station: when an owner goes away with items open, whoever stands in is told once; the items stay with their owner.

Nothing moves when the owner is back: what was given to somebody else in the meantime stays there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.act.locking import lock_item
from app.act.moving import Line, add_line
from app.act.notices import about_item, put_notice
from app.act.wording import standing_in
from app.domain.actor import Actor
from app.domain.ownership import Named, Ownerships
from app.processes.owners import load_ownerships
from app.store import reference
from app.store.handovers import items_to_stand_in_for

STATION = Actor(name="station:stand_in")
BATCH = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of items that wait for somebody who is away."""

    item_ids: tuple[int, ...]


Outcome = Batch


def claim(session: Session, now: datetime) -> Batch | None:
    """Items that wait for an owner who is away and of which nobody was told; None when there are none."""
    if reference.find_policy(session) is None:
        return None
    away = _away(load_ownerships(session), now)
    ids = tuple(item.id for item in items_to_stand_in_for(session, away, limit=BATCH)) if away else ()
    return Batch(ids) if ids else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Nothing to compute: it is looked at again under the lock of each item."""
    return batch


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Tell who stands in, once for each item and absence."""
    ownerships = load_ownerships(session)
    away = _away(ownerships, now)
    for item_id in outcome.item_ids:
        lock_item(session, item_id)
        item = next(iter(items_to_stand_in_for(session, away, item_id=item_id)), None)
        if item is None:
            continue
        owner = ownerships.people[item.owner_id]
        person = ownerships.stand_in(Named(owner, ()), now).person
        facts = {"owner_id": person.id, "owner": person.key, "for": owner.key}
        add_line(session, now, STATION, item.id, Line("stood_in", facts=facts))
        letter = standing_in(about_item(session, item, person.id), owner.name)
        put_notice(session, now, item, person.id, ("stand_in", f"{away[owner.id]:%Y%m%dT%H%M}"), letter)


def _away(ownerships: Ownerships, now: datetime) -> dict[int, datetime]:
    """Since when each of those who are away, and for whom somebody can stand in, has been."""
    found = {}
    for person in ownerships.people.values():
        since = person.away_since(now) if person.here(now) else None
        if since is not None and ownerships.stand_in(Named(person, ()), now).person.id != person.id:
            found[person.id] = since
    return found
