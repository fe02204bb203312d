"""Deadlines counted again from what was stored about them, and moved by the time for which the clock stood.

Whoever has an item's explanation can come to the same instants with this file alone: the explanation holds the start,
the duration, the hours and closed days that were counted with, and every stop of the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from app.domain.calendar import (
    DAY_MINUTES,
    Calendar,
    CalendarError,
    Interval,
    closed_between,
    deadline_after,
    move_later,
    open_between,
    working_between,
    write_week,
)
from app.domain.working import parse_working

_ALWAYS = (((0, DAY_MINUTES),),) * 7


@dataclass(frozen=True, slots=True)
class Marks:
    """The instants by which an item is chased, aware UTC; `rungs` in the order of the ladder."""

    goal: datetime
    deadline: datetime
    rungs: tuple[datetime, ...] = ()

    def all(self) -> tuple[datetime, ...]:
        """Every mark."""
        return (self.goal, self.deadline, *self.rungs)


@dataclass(frozen=True, slots=True)
class Stop:
    """A time for which the clock stood, and the calendar in which it is counted."""

    during: Interval
    calendar: Calendar

    def moved(self, marks: Marks) -> Marks:
        """The marks after the stop: what lay behind its start comes later by the working time that passed in it."""
        return Marks(self._later(marks.goal), self._later(marks.deadline), tuple(map(self._later, marks.rungs)))

    def _later(self, mark: datetime) -> datetime:
        if mark <= self.during.start:
            return mark
        return move_later(self.calendar, mark, working_between(self.calendar, self.during.start, self.during.end))

    def explain(self, before: Marks) -> dict[str, Any]:
        """The stop as JSON values: what was counted, with which hours, and what moved from where to where."""
        after = self.moved(before)
        counted = list(open_between(self.calendar, self.during.start, self.during.end))
        last = max(*after.all(), self.during.end)
        return {
            "from": self.during.start.isoformat(),
            "until": self.during.end.isoformat(),
            "working": sum((one.length for one in counted), start=self.during.length * 0).total_seconds() / 60,
            "calendar": self.calendar.key,
            "zone": self.calendar.zone,
            "week": write_week(self.calendar.week),
            "counted": [[one.start.isoformat(), one.end.isoformat()] for one in counted],
            "closed": [
                {"date": shut.day.isoformat(), "name": shut.name}
                for shut in closed_between(self.calendar, self.during.start, last)
            ],
            "goal": [before.goal.isoformat(), after.goal.isoformat()],
            "deadline": [before.deadline.isoformat(), after.deadline.isoformat()],
            "rungs": [[old.isoformat(), new.isoformat()] for old, new in zip(before.rungs, after.rungs, strict=True)],
        }


def stop_clock(during: Interval, calendar: Calendar, marks: Marks) -> Stop:
    """The stop in a calendar; where that does not open often enough any more, every hour counts."""
    stop = Stop(during, calendar)
    try:
        stop.moved(marks)
    except CalendarError:
        return Stop(during, every_hour(calendar))
    return stop


def every_hour(calendar: Calendar) -> Calendar:
    """The same zone, always open."""
    return replace(calendar, key=f"{calendar.key} (every hour)", week=_ALWAYS, closed={})


def recount_mark(why: Mapping[str, Any]) -> datetime:
    """The instant that a stored explanation of a goal or deadline comes to."""
    working = parse_working(str(why["duration"]).replace("working ", ""))
    return deadline_after(datetime.fromisoformat(why["start"]), working, calendar_of(why)).at


def recount(marks: Marks, stops: Iterable[Mapping[str, Any]]) -> Marks:
    """The marks after all stored stops, oldest first."""
    for why in stops:
        during = Interval(datetime.fromisoformat(why["from"]), datetime.fromisoformat(why["until"]))
        marks = Stop(during, calendar_of(why)).moved(marks)
    return marks


def calendar_of(why: Mapping[str, Any]) -> Calendar:
    """The calendar that an explanation was counted with; it knows the closed days of that time only."""
    week = tuple(tuple(_minutes(hours) for hours in day) for day in why["week"])
    closed = {date.fromisoformat(shut["date"]): shut["name"] for shut in why["closed"]}
    return Calendar(why["calendar"], why["zone"], week, closed)


def _minutes(hours: str) -> tuple[int, int]:
    opens, closes = (int(clock[:2]) * 60 + int(clock[3:]) for clock in hours.split("-"))
    return opens, closes


def read_rungs(ladder: Iterable[Mapping[str, Any]]) -> tuple[datetime, ...]:
    """The instants of a stored ladder, in UTC."""
    return tuple(datetime.fromisoformat(rung["at"]).astimezone(UTC) for rung in ladder)
