"""Deadlines, with pauses, against somebody who looks at the clock on the wall once a minute and makes a stroke.

The oracle shares nothing with the counting: no intervals, no offsets, no changes of the clock, only the zone's wall.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar, Interval, deadline_after
from app.domain.recount import Marks, Stop, recount, recount_mark
from app.domain.working import Working

MINUTE = timedelta(minutes=1)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
)
CLOCK_CHANGES = (
    datetime(2026, 3, 27, tzinfo=UTC),
    datetime(2026, 10, 23, tzinfo=UTC),
    datetime(2026, 3, 7, tzinfo=UTC),
    datetime(2026, 4, 3, tzinfo=UTC),
    datetime(2026, 9, 4, tzinfo=UTC),
    datetime(2011, 12, 28, tzinfo=UTC),
)


@st.composite
def days(draw):
    marks = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return tuple(zip(marks[::2], marks[1::2], strict=False))


@st.composite
def cases(draw):
    """A calendar that opens often enough, a start, a duration, and up to three pauses after the start."""
    week = draw(st.lists(days(), min_size=7, max_size=7))
    week[draw(st.integers(0, 6))] = ((9 * 60, 12 * 60 + 30), (13 * 60 + 15, 17 * 60))
    week[draw(st.integers(0, 6))] = ((0, 600), (600, 1440))
    start = draw(st.sampled_from(CLOCK_CHANGES)) + draw(st.integers(0, 5 * 1440)) * MINUTE
    closed = draw(st.sets(st.integers(-1, 20), max_size=4))
    holidays = {start.date() + timedelta(days=day): "closed" for day in closed}
    calendar = Calendar("drawn", draw(st.sampled_from(ZONES)), tuple(week), holidays)
    time = st.builds(lambda minutes: Working(time=minutes * MINUTE), st.integers(1, 16 * 60))
    working = draw(time | st.builds(Working, days=st.integers(1, 3)))
    marks = sorted(draw(st.sets(st.integers(1, 6 * 1440), max_size=6)))
    pauses = [Interval(start + a * MINUTE, start + b * MINUTE) for a, b in zip(marks[::2], marks[1::2], strict=False)]
    return calendar, start, working, pauses


class Wall:
    """Somebody who looks at the wall once a minute."""

    def __init__(self, calendar):
        self.calendar, self.zone = calendar, ZoneInfo(calendar.zone)

    def look(self, minute):
        """The day that the wall shows, and whether somebody works."""
        wall = minute.astimezone(self.zone)
        day, at = wall.date(), wall.hour * 60 + wall.minute
        hours = () if day in self.calendar.closed else self.calendar.week[day.weekday()]
        return day, any(opens <= at < closes for opens, closes in hours)

    def after(self, start, strokes, pauses=()):
        """The end of the minute in which that many strokes are made; none while the clock stands."""
        minute = start
        while strokes:
            stands = any(pause.start <= minute < pause.end for pause in pauses)
            if not stands and self.look(minute)[1]:
                strokes -= 1
            minute += MINUTE
        return minute

    def strokes(self, start, end):
        """How many strokes are made between two instants."""
        return sum(self.look(start + n * MINUTE)[1] for n in range((end - start) // MINUTE))

    def days_after(self, start, count):
        """The end of the last open minute of so many open days after the one that is on the wall, or was."""
        reached = max(self.look(start - n * MINUTE)[0] for n in range(1440))
        last, minute = {}, start
        while len([day for day in last if day > reached]) <= count:  # until the day after the last one has begun
            day, opened = self.look(minute)
            if opened:
                last[day] = minute
            minute += MINUTE
        for n in range(2 * 1440):  # and on: a clock may be put back into a day
            day, opened = self.look(minute + n * MINUTE)
            if opened and day in last:
                last[day] = minute + n * MINUTE
        counted = sorted(day for day in last if day > reached)[:count]
        return max(last[day] for day in counted) + MINUTE


def what_the_wall_says(calendar, start, working, pauses):
    wall = Wall(calendar)
    if working.time:
        return wall.after(start, working.time // MINUTE, pauses)
    mark = wall.days_after(start, working.days)
    for pause in pauses:
        if pause.start < mark:
            mark = wall.after(mark, wall.strokes(pause.start, pause.end))
    return mark


def what_we_count(calendar, start, working, pauses):
    deadline = deadline_after(start, working, calendar)
    assert recount_mark(deadline.explain()) == deadline.at
    marks, stored = Marks(deadline.at, deadline.at), []
    for pause in pauses:
        stop = Stop(pause, calendar)
        stored.append(stop.explain(marks))
        marks = stop.moved(marks)
    assert recount(Marks(deadline.at, deadline.at), stored) == marks
    return marks.deadline


def agree(case):
    assert what_we_count(*case) == what_the_wall_says(*case)


@given(cases())
@settings(max_examples=120, deadline=None)
def test_a_deadline_is_what_the_wall_says(case):
    agree(case)


@pytest.mark.slow
@given(cases())
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_ten_thousand_deadlines_are_what_the_wall_says(case):
    agree(case)


def test_the_oracle_itself_agrees_with_a_case_counted_by_hand():
    berlin = Calendar("berlin", "Europe/Berlin", (*((((540, 1020),),) * 5), (), ()), {date(2026, 3, 30): "closed"})
    friday = datetime(2026, 3, 27, 14, tzinfo=UTC)  # 15:00 in Berlin; the clock changes on Sunday
    assert Wall(berlin).after(friday, 4 * 60) == datetime(2026, 3, 31, 9, tzinfo=UTC)  # Tuesday 11:00
    assert Wall(berlin).days_after(friday, 1) == datetime(2026, 3, 31, 15, tzinfo=UTC)
