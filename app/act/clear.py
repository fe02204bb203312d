"""Station: a case whose customer was erased ends, and the words that were written about them go.

What stays of the case is when it was opened, for whom, by which rule, and how it went.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.act.locking import lock_item
from app.act.moving import Line, apply_action
from app.domain.actor import Actor
from app.domain.items import TRANSITIONS, Action, ItemKind, State
from app.store.act_tables import ActionItem, ItemEvent

STATION = Actor(name="station:clear")
BATCH = 200
TITLE = "A customer who was erased"


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of cases whose customer is gone."""

    item_ids: tuple[int, ...]


Outcome = Batch


def claim(session: Session, now: datetime) -> Batch | None:  # noqa: ARG001 - the stations' shape
    """Cases whose feedback is gone and whose words are not; None when there are none."""
    query = (
        select(ActionItem.id)
        .where(ActionItem.kind == ItemKind.CASE, ActionItem.feedback_id.is_(None), ActionItem.cleared_at.is_(None))
        .order_by(ActionItem.id)
        .limit(BATCH)
    )
    found = tuple(session.scalars(query))
    return Batch(found) if found else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Nothing to compute."""
    return batch


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Blank the words, end what is open; whoever comes second finds nothing to do."""
    for item_id in outcome.item_ids:
        item = lock_item(session, item_id)
        if item is None or item.cleared_at is not None:
            continue
        words = update(ItemEvent).where(ItemEvent.item_id == item_id, ItemEvent.text.is_not(None))
        session.execute(words.values(text=None), execution_options={"synchronize_session": False})
        item.title, item.reason, item.cleared_at, item.updated_at = TITLE, None, now, now
        session.flush()
        if State(item.state) in TRANSITIONS[Action.WITHDRAW].sources:
            apply_action(session, now, STATION, item, (Action.WITHDRAW, Line("withdrawn"), {"closed_at": now}))
