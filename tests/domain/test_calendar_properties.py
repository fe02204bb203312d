"""Properties that hold for every calendar, start and duration, changes of the clock included."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar, deadline_after, working_between
from app.domain.working import Working

# Whole and half hours of change, both hemispheres, changes at midnight, a left-out day, minus eleven to plus fourteen.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "UTC",
)
MINUTE = timedelta(minutes=1)


@st.composite
def hours(draw):
    marks = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    return tuple((start * 15, end * 15) for start, end in pairs)


def _is_open_an_hour(week):
    return sum(end - start for day in week for start, end in day) >= 60


@st.composite
def calendars(draw):
    # An hour a week at least: with less, no ten years are long enough for the longest times drawn.
    week = draw(st.lists(hours(), min_size=7, max_size=7).filter(_is_open_an_hour))
    closed = draw(st.dictionaries(st.dates(date(2009, 1, 1), date(2028, 1, 1)), st.just("closed"), max_size=5))
    return Calendar("drawn", draw(st.sampled_from(ZONES)), tuple(week), closed)


def moments():
    anywhere = st.datetimes(datetime(2009, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis asks for naive bounds
    # Days on which one of the zones changes its clock: drawn at random they would hardly ever come.
    changes = [
        datetime(2026, 3, 28, tzinfo=UTC),
        datetime(2026, 10, 24, tzinfo=UTC),
        datetime(2010, 11, 6, tzinfo=UTC),
        datetime(2010, 3, 13, tzinfo=UTC),
        datetime(2011, 12, 28, tzinfo=UTC),
        datetime(2026, 4, 4, tzinfo=UTC),
        datetime(2026, 9, 5, tzinfo=UTC),
    ]
    near = st.builds(
        lambda base, seconds: base + timedelta(seconds=seconds), st.sampled_from(changes), st.integers(0, 3 * 86400)
    )
    return anywhere | near


times = st.timedeltas(timedelta(0), timedelta(hours=200))
durations = st.builds(lambda time: Working(time=time), times) | st.builds(Working, days=st.integers(1, 12))


@given(calendars(), moments(), times)
def test_the_counted_intervals_sum_to_the_working_time_exactly(calendar, start, time):
    deadline = deadline_after(start, time, calendar)
    assert deadline.total == time
    assert deadline.at == (deadline.counted[-1].end if time else start)
    assert working_between(calendar, start, deadline.at) == time


@given(calendars(), moments(), durations)
def test_counted_intervals_are_in_order_and_lie_between_start_and_deadline(calendar, start, working):
    deadline = deadline_after(start, working, calendar)
    assert all(interval.start < interval.end for interval in deadline.counted)
    assert all(first.end < second.start for first, second in pairwise(deadline.counted))
    assert all(start <= interval.start and interval.end <= deadline.at for interval in deadline.counted)


@given(calendars(), moments(), st.timedeltas(timedelta(0), timedelta(days=3)), durations)
def test_a_later_start_is_never_due_earlier(calendar, start, later, working):
    assert deadline_after(start, working, calendar).at <= deadline_after(start + later, working, calendar).at


@given(calendars(), moments(), times, times)
def test_more_time_is_never_due_earlier(calendar, start, one, other):
    less, more = sorted((one, other))
    assert deadline_after(start, less, calendar).at <= deadline_after(start, more, calendar).at


@given(calendars(), moments(), st.integers(1, 10))
def test_one_more_working_day_is_always_due_later(calendar, start, days):
    earlier = deadline_after(start, Working(days=days), calendar).at
    assert earlier < deadline_after(start, Working(days=days + 1), calendar).at


@given(calendars(), moments().filter(lambda start: start.year > 2011), st.integers(1, 10))
def test_working_days_are_counted_whole(calendar, start, days):
    zone = ZoneInfo(calendar.zone)
    tomorrow = start.astimezone(zone).date() + timedelta(days=1)
    begins = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).astimezone(UTC)
    deadline = deadline_after(start, Working(days=days), calendar)
    assert deadline.total == working_between(calendar, begins, deadline.at)


@given(calendars(), moments(), times, times)
def test_counting_in_two_legs_comes_to_the_same_deadline(calendar, start, one, other):
    halfway = deadline_after(start, one, calendar).at
    whole = deadline_after(start, one + other, calendar).at
    assert deadline_after(halfway, other, calendar).at == whole or not other


@given(calendars(), moments())
@settings(max_examples=60)
def test_open_time_is_what_a_clock_on_the_wall_would_count(calendar, start):
    # The oracle reads the wall clock once a minute and knows nothing of intervals or offsets.
    start = start.replace(second=0, microsecond=0)
    zone = ZoneInfo(calendar.zone)
    seen = 0
    for minute in range(36 * 60):
        wall = (start + minute * MINUTE).astimezone(zone)
        at = wall.hour * 60 + wall.minute
        opened = calendar.week[wall.weekday()] if wall.date() not in calendar.closed else ()
        seen += any(first <= at < last for first, last in opened)
    assert working_between(calendar, start, start + timedelta(hours=36)) == seen * MINUTE
