"""What is due for an item at an instant: a reminder, the next rung of its ladder, the end of a snooze."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.domain.items import AWAITS_ANSWER, State
from app.store.act_tables import ActionItem, ItemEvent

SOON = timedelta(hours=48)
LEAST_BETWEEN_RUNGS = timedelta(hours=1)

_UNANSWERED = sorted(AWAITS_ANSWER)


class Due(StrEnum):
    """Kinds of what is due; the value is the line that it leaves in the item's history."""

    RESUME = "resumed"
    SOON = "reminded"
    OVERDUE = "overdue"
    CLIMB = "escalated"


Marks = Mapping[str, datetime]
"""When each kind of line was last written for an item."""


def find_candidates(session: Session, now: datetime) -> Sequence[ActionItem]:
    """Items for which something may be due."""
    snoozed = and_(ActionItem.state == State.SNOOZED, ActionItem.snoozed_until <= now)
    chased = and_(ActionItem.state.in_(_UNANSWERED), ActionItem.deadline_at <= now + SOON)
    return session.scalars(select(ActionItem).where(or_(snoozed, chased)).order_by(ActionItem.id)).all()


def read_marks(session: Session, item_ids: Sequence[int]) -> dict[int, dict[str, datetime]]:
    """When each of the items was last reminded, called overdue and escalated."""
    kinds = [Due.SOON, Due.OVERDUE, Due.CLIMB]
    query = (
        select(ItemEvent.item_id, ItemEvent.kind, func.max(ItemEvent.at))
        .where(ItemEvent.item_id.in_(item_ids), ItemEvent.kind.in_(kinds))
        .group_by(ItemEvent.item_id, ItemEvent.kind)
    )
    marks: dict[int, dict[str, datetime]] = {}
    for item_id, kind, at in session.execute(query):
        marks.setdefault(item_id, {})[kind] = at
    return marks


def what_is_due(item: ActionItem, marks: Marks, now: datetime) -> tuple[Due, ...]:
    """Everything that is due for `item` now; nothing is due twice for the same deadline.

    A snoozed item is only woken. The reminder two days ahead falls away once the deadline has passed, and for items
    that were opened with less time than that.
    """
    if item.state == State.SNOOZED:
        over = item.snoozed_until is not None and item.snoozed_until <= now
        return (Due.RESUME,) if over else ()
    if item.state not in _UNANSWERED:
        return ()
    soon_at, due = item.deadline_at - SOON, list[Due]()
    if max(soon_at, item.opened_at) <= now < item.deadline_at and item.opened_at <= soon_at:
        due += [Due.SOON] if _not_since(marks, Due.SOON, soon_at) else []
    if item.deadline_at <= now:
        due += [Due.OVERDUE] if _not_since(marks, Due.OVERDUE, item.deadline_at) else []
        due += [Due.CLIMB] if _rung_is_due(item, marks.get(Due.CLIMB), now) else []
    return tuple(due)


def next_rung(item: ActionItem) -> tuple[datetime, int] | None:
    """Instant and owner id of the rung that the item climbs next, if its ladder goes on."""
    return read_rung(item.ladder[item.rung]) if item.rung < len(item.ladder) else None


def read_rung(rung: Any) -> tuple[datetime, int]:  # noqa: ANN401 - a JSON value
    """Instant and owner id of one rung, as they were fixed."""
    return datetime.fromisoformat(rung["at"]), int(rung["owner_id"])


def _not_since(marks: Marks, kind: Due, since: datetime) -> bool:
    last = marks.get(kind)
    return last is None or last < since


def _rung_is_due(item: ActionItem, climbed_at: datetime | None, now: datetime) -> bool:
    # After an outage or a snooze several rungs may lie in the past. They are climbed one by one, each after half the
    # time that the ladder put between it and the one before, so that the lower rung has a chance to act.
    rung = next_rung(item)
    if rung is None or rung[0] > now:
        return False
    if item.rung == 0 or climbed_at is None:
        return True
    planned = rung[0] - read_rung(item.ladder[item.rung - 1])[0]
    return now - climbed_at >= max(planned / 2, LEAST_BETWEEN_RUNGS)
