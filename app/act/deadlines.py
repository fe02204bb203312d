"""The marks of an item: counted anew when it opens again, and moved by the time for which its clock stood."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.calendar import Calendar, CalendarError, Deadline, Interval, deadline_after, move_later, working_between
from app.domain.recount import Marks, every_hour, read_rungs, stop_clock
from app.domain.working import Working, WorkingError, parse_working
from app.processes.calendars import to_calendar
from app.store import tables
from app.store.act_tables import ActionItem
from app.store.case_tables import CaseRouting
from app.store.pauses import counting_of, open_pause


def first_counting(routing: tables.Routing | CaseRouting) -> dict[str, Any]:
    """The column `counting` of an item that a routing opens: what its marks were counted from, whatever comes later."""
    return {
        "since": routing.decided_at.isoformat(),
        "goal": routing.goal_why,
        "deadline": routing.deadline_why,
        "ladder": routing.ladder,
    }


def renew_deadlines(session: Session, now: datetime, item: ActionItem) -> dict[str, Any]:
    """Goal, deadline and ladder counted from `now`, in the calendar of the owner.

    The durations are those with which the item opened; without any, the same time by the wall clock. The rungs keep
    their distance to the deadline, in working time.

    Returns:
        The columns `goal_at`, `deadline_at`, `ladder` and `counting`.
    """
    before = counting_of(session, item)
    calendar = _calendar_of_owner(session, item.owner_id, now)
    goal, deadline = (_counted(now, why, calendar) for why in (before.goal, before.deadline))
    deadline_at = deadline.at if deadline is not None else now + (item.deadline_at - item.opened_at)
    goal_at = min(goal.at if goal is not None else now + (item.goal_at - item.opened_at), deadline_at)
    ladder = [
        dict(rung) | {"at": _as_far(calendar, item.deadline_at, at, deadline_at).isoformat()}
        for rung, at in zip(item.ladder, read_rungs(item.ladder), strict=True)
    ]
    counting = {
        "since": now.isoformat(),
        "goal": goal.explain() if goal is not None else {},
        "deadline": deadline.explain() if deadline is not None else {},
        "ladder": ladder,
    }
    return {"goal_at": goal_at, "deadline_at": deadline_at, "ladder": ladder, "counting": counting}


def restart_clock(session: Session, now: datetime, actor: Actor, item: ActionItem) -> dict[str, Any]:
    """End the pause of an item, if it is in one.

    Returns:
        The columns of the item that change: its goal, deadline and rungs, as far as they lay ahead when the pause
        began, come later by exactly the working time that passed in it.
    """
    pause = open_pause(session, item.id)
    if pause is None:
        return {}
    before = Marks(item.goal_at, item.deadline_at, read_rungs(item.ladder))
    during = Interval(pause.started_at, max(now, pause.started_at))
    stop = stop_clock(during, calendar_of_item(session, item, pause.started_at), before)
    pause.ended_at, pause.ended_by, pause.why = now, actor.name, stop.explain(before)
    session.flush()
    after = stop.moved(before)
    ladder = [dict(rung) | {"at": at.isoformat()} for rung, at in zip(item.ladder, after.rungs, strict=True)]
    return {"goal_at": after.goal, "deadline_at": after.deadline, "ladder": ladder}


def count_on(session: Session, item: ActionItem, at: datetime, working: Working) -> datetime:
    """The instant at which a working duration from `at` on has passed, in the calendar of the item."""
    return _count(at, working, calendar_of_item(session, item, at)).at


def calendar_of_item(session: Session, item: ActionItem, around: datetime) -> Calendar:
    """The calendar in which the deadline of an item was counted; where it is not known, that of its owner.

    An item that is handed over keeps its marks, and so the calendar by which they move.
    """
    key = str(counting_of(session, item).deadline.get("calendar", ""))
    always = _every_hour_of(key)
    row = session.scalar(select(tables.Calendar).where(tables.Calendar.key == (always or key)))
    if row is None:
        return _calendar_of_owner(session, item.owner_id, around)
    calendar = to_calendar(row, around)
    return every_hour(calendar) if always else calendar


def _every_hour_of(key: str) -> str | None:
    """The key of the calendar that could not be counted with, where `key` says that every hour counts instead."""
    plain, mark, _ = key.partition(" (every hour)")
    return plain if mark else None


def _calendar_of_owner(session: Session, owner_id: int, around: datetime) -> Calendar:
    owner = session.get_one(tables.Owner, owner_id)
    return to_calendar(session.get_one(tables.Calendar, owner.calendar_id), around)


def _counted(now: datetime, why: Mapping[str, Any], calendar: Calendar) -> Deadline | None:
    working = _working(why)
    if working is None:
        return None
    return _count(now, working, calendar)


def _count(start: datetime, working: Working, calendar: Calendar) -> Deadline:
    try:
        return deadline_after(start, working, calendar)
    except CalendarError:
        return deadline_after(start, working, every_hour(calendar))


def _working(why: Mapping[str, Any]) -> Working | None:
    try:
        return parse_working(str(why.get("duration", "")).replace("working ", ""))
    except WorkingError:
        minutes = why.get("working")
        return Working(time=timedelta(minutes=minutes)) if isinstance(minutes, int) and minutes > 0 else None


def _as_far(calendar: Calendar, old_deadline: datetime, rung: datetime, deadline: datetime) -> datetime:
    distance = working_between(calendar, old_deadline, rung)
    try:
        return move_later(calendar, deadline, distance)
    except CalendarError:
        return deadline + (rung - old_deadline)
