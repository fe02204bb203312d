"""Deadlines of an item that opens again: the same working time as at first, counted anew in its owner's calendar."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.domain.calendar import CalendarError, deadline_after
from app.domain.working import Working, WorkingError, parse_working
from app.processes.calendars import to_calendar
from app.store.act_tables import ActionItem
from app.store.cases import deciding
from app.store.tables import Calendar, Owner


def renew_deadlines(session: Session, now: datetime, item: ActionItem) -> dict[str, Any]:
    """Goal, deadline and ladder counted from `now`.

    The durations are those of the decision that opened the item; without one, the same time by the wall clock. The
    rungs keep their distance to the deadline.

    Returns:
        The columns `goal_at`, `deadline_at` and `ladder`.
    """
    routing = deciding(session, item)
    goal_at, deadline_at = now + (item.goal_at - item.opened_at), now + (item.deadline_at - item.opened_at)
    if routing is not None:
        goal_at = _counted(session, now, item.owner_id, routing.goal_why) or now + (
            routing.goal_at - routing.decided_at
        )
        wall = now + (routing.deadline_at - routing.decided_at)
        deadline_at = _counted(session, now, item.owner_id, routing.deadline_why) or wall
    shift: timedelta = deadline_at - item.deadline_at
    ladder = [rung | {"at": (datetime.fromisoformat(rung["at"]) + shift).isoformat()} for rung in item.ladder]
    return {"goal_at": goal_at, "deadline_at": deadline_at, "ladder": ladder}


def _counted(session: Session, now: datetime, owner_id: int, why: dict[str, Any]) -> datetime | None:
    working = _working(why)
    owner = session.get(Owner, owner_id)
    row = session.get(Calendar, owner.calendar_id) if owner is not None else None
    if working is None or row is None:
        return None
    try:
        return deadline_after(now, working, to_calendar(row, now)).at
    except CalendarError:
        return None


def _working(why: dict[str, Any]) -> Working | None:
    try:
        return parse_working(str(why.get("duration", "")).replace("working ", ""))
    except WorkingError:
        minutes = why.get("working")
        return Working(time=timedelta(minutes=minutes)) if isinstance(minutes, int) and minutes > 0 else None
