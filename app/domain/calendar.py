"""Business calendars and deadlines in working time, exact across changes of the clock.

A calendar is open at an instant when the wall clock of its zone then shows an opening hour of a day that is not
closed. Everything is counted on the UTC line: an hour that the clock skips in spring is never counted, an hour that
it repeats in autumn is counted twice, because people were there twice as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from app.domain.working import Working

DAY_MINUTES = 24 * 60
HORIZON = timedelta(days=3660)
"""How far ahead a deadline is looked for before the calendar is held to be closed for good."""

_DAY = timedelta(days=1)
_YEARS = range(1970, 9000)


class CalendarError(ValueError):
    """A calendar or a start that no deadline can be counted with; the message says what to mend."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A half-open stretch of time, aware UTC, never empty."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day on which the calendar would be open, and why it is not."""

    day: date
    name: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """When an owner works.

    Args:
        key: How the calendar is called in explanations.
        zone: IANA name of the zone in which the hours are written.
        week: Seven tuples, Monday first, of ``(from, until)`` in minutes since local midnight, ``0 <= from < until
            <= 1440``; sorted and disjoint.
        closed: Days that are closed whatever the week says, with the reason (public holidays, extra days).
    """

    key: str
    zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    closed: Mapping[date, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a zone that does not exist, hours that overlap and a week that never opens."""
        load_zone(self.zone)
        if len(self.week) != 7:  # noqa: PLR2004 - days of a week
            raise CalendarError(f"calendar {self.key}: a week has seven days, Monday first")
        for hours in self.week:
            if any(not 0 <= start < end <= DAY_MINUTES for start, end in hours):
                raise CalendarError(f"calendar {self.key}: hours lie between 00:00 and 24:00 and end after they start")
            if any(first[1] > second[0] for first, second in pairwise(hours)):
                raise CalendarError(f"calendar {self.key}: the hours of a day are in order and do not overlap")
        if not any(self.week):
            raise CalendarError(f"calendar {self.key} is never open: give at least one day opening hours")

    def hours_on(self, day: date) -> tuple[tuple[int, int], ...]:
        """The opening hours of a local day, in minutes since its midnight; none on closed days."""
        return () if day in self.closed else self.week[day.weekday()]


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant, and everything that was counted on the way to it."""

    at: datetime
    start: datetime
    working: Working
    calendar: str
    zone: str
    counted: tuple[Interval, ...]
    closed: tuple[ClosedDay, ...]
    week: tuple[tuple[tuple[int, int], ...], ...] = ()

    @property
    def total(self) -> timedelta:
        """Sum of the counted intervals."""
        return sum((interval.length for interval in self.counted), timedelta(0))

    def explain(self) -> dict[str, object]:
        """The explanation as JSON values; ``working`` is the counted time in minutes, instants are ISO in UTC."""
        return {
            "start": self.start.isoformat(),
            "at": self.at.isoformat(),
            "duration": str(self.working),
            "working": self.total // timedelta(minutes=1),
            "calendar": self.calendar,
            "zone": self.zone,
            "week": write_week(self.week),
            "counted": [[interval.start.isoformat(), interval.end.isoformat()] for interval in self.counted],
            "closed": [{"date": closed.day.isoformat(), "name": closed.name} for closed in self.closed],
        }


def deadline_after(start: datetime, working: timedelta | Working, calendar: Calendar) -> Deadline:
    """Count working time from ``start``.

    Hours are counted to the microsecond: the counted intervals sum to exactly ``working``. Working days are whole:
    the local day of ``start`` does not count, and the deadline is when the last counted day closes.

    Args:
        start: Aware instant; the clock runs from here, or from the next opening.
        working: A duration of open time, or working days.
        calendar: Whose hours count.

    Raises:
        CalendarError: ``start`` has no zone or lies outside the years 1970-8999, the duration is negative, or the
            calendar does not open often enough within ten years.
    """
    if start.tzinfo is None:
        raise CalendarError("the start of a deadline needs a zone")
    start = start.astimezone(UTC)
    if start.year not in _YEARS:
        raise CalendarError("deadlines are counted in the years 1970 to 8999")
    if isinstance(working, timedelta):
        working = Working(time=working)
    counted = _count_days(start, working.days, calendar) if working.days else _count_time(start, working.time, calendar)
    at = counted[-1].end if counted else start
    return Deadline(
        at=at,
        start=start,
        working=working,
        calendar=calendar.key,
        zone=calendar.zone,
        counted=counted,
        closed=closed_between(calendar, start, at),
        week=calendar.week,
    )


def move_later(calendar: Calendar, at: datetime, time: timedelta) -> datetime:
    """The instant at which ``time`` of open time has passed since ``at``; ``at`` itself for none.

    Raises:
        CalendarError: the calendar does not open often enough within ten years.
    """
    counted = _count_time(at.astimezone(UTC), time, calendar)
    return counted[-1].end if counted else at


def write_week(week: tuple[tuple[tuple[int, int], ...], ...]) -> list[list[str]]:
    """Opening hours as people write them, Monday first: ``[["09:00-12:30", "13:15-17:30"], ...]``."""
    return [[f"{_clock(opens)}-{_clock(closes)}" for opens, closes in hours] for hours in week]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def open_between(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Interval]:
    """Yield the open intervals of ``[start, end)`` in order, disjoint, in UTC; neighbours are not joined."""
    for _, interval in _pieces(calendar, start, end):
        yield interval


def working_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much open time lies in ``[start, end)``; zero when ``end`` is not after ``start``."""
    return sum((interval.length for interval in open_between(calendar, start, end)), timedelta(0))


def closed_between(calendar: Calendar, start: datetime, end: datetime) -> tuple[ClosedDay, ...]:
    """The days from ``start`` to ``end``, both included, on which the calendar would be open and is not."""
    zone = load_zone(calendar.zone)
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    days = sorted(day for day in calendar.closed if first <= day <= last and calendar.week[day.weekday()])
    return tuple(ClosedDay(day, calendar.closed[day]) for day in days)


def next_opening(calendar: Calendar, at: datetime) -> datetime:
    """The first instant from ``at`` on at which the calendar is open; ``at`` itself where it never opens again."""
    following = next(open_between(calendar, at, at + HORIZON), None)
    return following.start if following is not None else at.astimezone(UTC)


@lru_cache(maxsize=64)
def load_zone(name: str) -> ZoneInfo:
    """Find a zone by its IANA name.

    Raises:
        CalendarError: there is none; the message lists names that are near.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        near = get_close_matches(name[:64], sorted(available_timezones()), n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "write an IANA name such as Europe/Berlin"
        raise CalendarError(f"there is no time zone of that name; {hint}") from error


def _count_time(start: datetime, time: timedelta, calendar: Calendar) -> tuple[Interval, ...]:
    counted: list[Interval] = []
    left = time
    if left:
        for interval in open_between(calendar, start, start + HORIZON):
            taken = Interval(interval.start, min(interval.end, interval.start + left))
            counted.append(taken)
            left -= taken.length
            if not left:
                break
        else:
            raise _never(calendar)
    return _joined(counted)


def _count_days(start: datetime, days: int, calendar: Calendar) -> tuple[Interval, ...]:
    counted: list[Interval] = []
    day = _day_reached(start, load_zone(calendar.zone))
    last = day + HORIZON
    while days:
        day += _DAY
        if day > last:
            raise _never(calendar)
        opened = _open_on(calendar, day)
        counted += opened
        days -= bool(opened)
    return _joined(counted)


def _never(calendar: Calendar) -> CalendarError:
    years = HORIZON.days // 366
    return CalendarError(f"calendar {calendar.key} is not open long enough in the next {years} years: open more hours")


def _joined(intervals: list[Interval]) -> tuple[Interval, ...]:
    joined: list[Interval] = []
    for interval in sorted(intervals):
        if joined and joined[-1].end == interval.start:
            joined[-1] = Interval(joined[-1].start, interval.end)
        else:
            joined.append(interval)
    return tuple(joined)


def _open_on(calendar: Calendar, day: date) -> list[Interval]:
    if not calendar.hours_on(day):
        return []
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    # Zones lie within 15 hours of UTC and change by at most a day.
    pieces = _pieces(calendar, noon - 2 * _DAY - _DAY / 2, noon + 2 * _DAY + _DAY / 2)
    return [interval for local, interval in pieces if local == day]


def _pieces(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[date, Interval]]:
    """The open intervals in order, each with its local day; cut at midnight UTC and at changes of the clock."""
    zone = load_zone(calendar.zone)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    while start < end:
        stop = min(end, datetime(start.year, start.month, start.day, tzinfo=UTC) + _DAY)
        for since, until, offset in _steady(zone, start, stop):
            yield from _pieces_at(calendar, since, until, offset)
        start = stop


def _pieces_at(
    calendar: Calendar, since: datetime, until: datetime, offset: timedelta
) -> Iterator[tuple[date, Interval]]:
    wall_since, wall_until = since + offset, until + offset
    midnight = datetime(wall_since.year, wall_since.month, wall_since.day, tzinfo=UTC)
    while midnight < wall_until:
        for opens, closes in calendar.hours_on(midnight.date()):
            first = max(wall_since, midnight + timedelta(minutes=opens))
            last = min(wall_until, midnight + timedelta(minutes=closes))
            if first < last:
                yield midnight.date(), Interval(first - offset, last - offset)
        midnight += _DAY


def _steady(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Cut ``[start, end)``, at most some days, into stretches in which the zone keeps one offset.

    Two changes that undo each other inside one stretch asked for would be missed; no zone has ever done that in a day.
    """
    first, last = _offset(zone, start), _offset(zone, end - timedelta.resolution)
    if first == last:
        yield start, end, first
        return
    low, high = start, end
    while high - low > timedelta.resolution:
        middle = low + (high - low) // 2
        if _offset(zone, middle) == first:
            low = middle
        else:
            high = middle
    yield start, high, first
    yield from _steady(zone, high, end)


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def _day_reached(instant: datetime, zone: ZoneInfo) -> date:
    # A clock that is put back over midnight repeats a day; what has begun once has begun.
    ends = [until - timedelta.resolution + offset for _, until, offset in _steady(zone, instant - _DAY, instant)]
    return max((*ends, instant + _offset(zone, instant))).date()
