"""Reads of how an item's deadlines were counted, and for how long its clock stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.act_tables import ActionItem, Pause
from app.store.tables import Routing


@dataclass(frozen=True, slots=True)
class Counting:
    """How the marks of an item were counted before any pause: when it was opened, or opened again.

    Attributes:
        goal: The stored explanation of the goal; empty where there is none.
        deadline: That of the deadline.
        ladder: The rungs as they were fixed.
        since: When the clock began.
    """

    goal: Mapping[str, Any]
    deadline: Mapping[str, Any]
    ladder: Sequence[Mapping[str, Any]]
    since: datetime


def counting_of(session: Session, item: ActionItem) -> Counting:
    """How the marks of `item` were counted; of items from older releases only their routing knows."""
    kept = item.counting
    if kept is not None:
        return Counting(kept["goal"], kept["deadline"], kept["ladder"], datetime.fromisoformat(kept["since"]))
    routing = session.get(Routing, item.routing_id) if item.routing_id is not None else None
    if routing is None:
        return Counting({}, {}, item.ladder, item.opened_at)
    return Counting(routing.goal_why, routing.deadline_why, routing.ladder, routing.decided_at)


def open_pause(session: Session, item_id: int) -> Pause | None:
    """The pause that an item is in, if it is in one."""
    return session.scalar(select(Pause).where(Pause.item_id == item_id, Pause.ended_at.is_(None)))


def pauses_since(session: Session, item_id: int, since: datetime) -> Sequence[Pause]:
    """The pauses of an item that began at an instant or later, oldest first."""
    query = select(Pause).where(Pause.item_id == item_id, Pause.started_at >= since)
    return session.scalars(query.order_by(Pause.id)).all()
