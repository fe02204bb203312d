"""What is due for an item at an instant: a reminder, the next rung of its ladder, a nudge, the end of a snooze."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.act.notices import PASSED_ON
from app.act.patience import Patience
from app.domain.items import AWAITS_ANSWER, State
from app.domain.working import Working
from app.store.act_tables import ActionItem, ItemEvent, Pause

SOON = timedelta(hours=48)
LEAST_BETWEEN_RUNGS = timedelta(hours=1)

_UNANSWERED = sorted(AWAITS_ANSWER)


class Due(StrEnum):
    """Kinds of what is due; the value is the line that it leaves in the item's history."""

    RESUME = "resumed"
    SOON = "reminded"
    OVERDUE = "overdue"
    CLIMB = "escalated"
    NUDGE = "nudged"
    WAITS_LONG = "waits_long"


_TOUCHES_NOTHING = frozenset({Due.SOON, Due.OVERDUE, Due.CLIMB, Due.NUDGE, Due.WAITS_LONG, PASSED_ON, "stood_in"})
_TOUCHED = "touched"

Marks = Mapping[str, datetime]
"""When each kind of line was last written for an item; `touched`: when anybody last did anything with it."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An item, and what decides beside its columns whether something is due for it.

    Attributes:
        item: The item.
        marks: What was done for it already.
        paused: Start and limit of the pause that it is in.
        idle_after: Until when it may lie untouched from an instant on.
    """

    item: ActionItem
    marks: Marks
    paused: tuple[datetime, datetime] | None
    idle_after: Callable[[datetime], datetime]


def find_candidates(session: Session, now: datetime, patience: Patience) -> Sequence[ActionItem]:
    """Items for which something may be due."""
    paused = and_(Pause.item_id == ActionItem.id, Pause.ended_at.is_(None))
    running = and_(ActionItem.state.in_(_UNANSWERED), ~exists().where(paused))
    snoozed = and_(ActionItem.state == State.SNOOZED, ActionItem.snoozed_until <= now)
    chased = and_(running, ActionItem.deadline_at <= now + SOON)
    untouched = and_(
        running, ActionItem.state == State.ACKNOWLEDGED, ActionItem.updated_at <= now - _at_least(patience.idle)
    )
    waits_long = exists().where(paused, Pause.limit_at <= now)
    query = select(ActionItem).where(or_(snoozed, chased, untouched, waits_long)).order_by(ActionItem.id)
    return session.scalars(query).all()


def read_marks(session: Session, item_ids: Sequence[int]) -> dict[int, dict[str, datetime]]:
    """When each kind of line was last written for each of the items, and when each was last touched."""
    query = (
        select(ItemEvent.item_id, ItemEvent.kind, func.max(ItemEvent.at))
        .where(ItemEvent.item_id.in_(item_ids))
        .group_by(ItemEvent.item_id, ItemEvent.kind)
    )
    marks: dict[int, dict[str, datetime]] = {}
    for item_id, kind, at in session.execute(query):
        known = marks.setdefault(item_id, {})
        known[kind] = at
        if kind not in _TOUCHES_NOTHING:
            known[_TOUCHED] = max(at, known.get(_TOUCHED, at))
    return marks


def read_pauses(session: Session, item_ids: Sequence[int]) -> dict[int, tuple[datetime, datetime]]:
    """Start and limit of the pause that each of the items is in, if it is in one."""
    query = select(Pause.item_id, Pause.started_at, Pause.limit_at)
    found = session.execute(query.where(Pause.item_id.in_(item_ids), Pause.ended_at.is_(None)))
    return {item_id: (started_at, limit_at) for item_id, started_at, limit_at in found}


def what_is_due(watched: Watched, now: datetime) -> tuple[Due, ...]:
    """Everything that is due for an item now; nothing is due twice for the same deadline.

    A snoozed item is only woken, and of a paused one only its long wait is told. The reminder two days ahead falls away
    once the deadline has passed, and for items that were opened with less time than that.
    """
    item, marks = watched.item, watched.marks
    if item.state == State.SNOOZED:
        over = item.snoozed_until is not None and item.snoozed_until <= now
        return (Due.RESUME,) if over else ()
    if item.state not in _UNANSWERED:
        return ()
    if watched.paused is not None:
        started_at, limit_at = watched.paused
        return (Due.WAITS_LONG,) if limit_at <= now and _not_since(marks, Due.WAITS_LONG, started_at) else ()
    if now < item.deadline_at:
        return (*_soon(item, marks, now), *_idle(watched, now))
    due = [Due.OVERDUE] if _not_since(marks, Due.OVERDUE, item.deadline_at) else []
    due += [Due.CLIMB] if _rung_is_due(item, marks.get(Due.CLIMB), now) else []
    return tuple(due)


def next_rung(item: ActionItem) -> tuple[datetime, int] | None:
    """Instant and owner id of the rung that the item climbs next, if its ladder goes on."""
    return read_rung(item.ladder[item.rung]) if item.rung < len(item.ladder) else None


def read_rung(rung: Any) -> tuple[datetime, int]:  # noqa: ANN401 - a JSON value
    """Instant and owner id of one rung, as they were fixed."""
    return datetime.fromisoformat(rung["at"]), int(rung["owner_id"])


def _at_least(working: Working) -> timedelta:
    # Working time never passes faster than the clock; the first of some working days may begin within the hour.
    return working.time or timedelta(days=working.days - 1)


def _not_since(marks: Marks, kind: Due, since: datetime) -> bool:
    last = marks.get(kind)
    return last is None or last < since


def _soon(item: ActionItem, marks: Marks, now: datetime) -> tuple[Due, ...]:
    soon_at = item.deadline_at - SOON
    begun = item.opened_at <= soon_at <= now
    return (Due.SOON,) if begun and _not_since(marks, Due.SOON, soon_at) else ()


def _idle(watched: Watched, now: datetime) -> tuple[Due, ...]:
    """A nudge for an acknowledged item that lies untouched, and a rung where it still does as long again."""
    item, marks = watched.item, watched.marks
    touched_at = marks.get(_TOUCHED)
    if item.state != State.ACKNOWLEDGED or touched_at is None:
        return ()
    if _not_since(marks, Due.NUDGE, touched_at):
        return (Due.NUDGE,) if watched.idle_after(touched_at) <= now else ()
    nudged_at = marks[Due.NUDGE]
    climbs = next_rung(item) is not None and _not_since(marks, Due.CLIMB, nudged_at)
    return (Due.CLIMB,) if climbs and watched.idle_after(nudged_at) <= now else ()


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
