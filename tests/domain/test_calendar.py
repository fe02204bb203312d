"""Deadlines in working time, on cases that were counted by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.calendar import (
    Calendar,
    CalendarError,
    ClosedDay,
    Interval,
    deadline_after,
    load_zone,
    open_between,
    working_between,
)
from app.domain.working import Working, WorkingError, parse_working

HOUR = 60
SPLIT_DAY = ((9 * HOUR, 12 * HOUR + 30), (13 * HOUR + 15, 17 * HOUR + 30))
WEEKDAYS = ((9 * HOUR, 17 * HOUR),)
ALWAYS = ((0, 24 * HOUR),)
BERLIN = ZoneInfo("Europe/Berlin")


def office(zone="Europe/Berlin", hours=WEEKDAYS, closed=None):
    return Calendar("office", zone, (*((hours,) * 5), (), ()), closed or {})


def local(*parts, zone=BERLIN, fold=0):
    return datetime(*parts, tzinfo=zone, fold=fold).astimezone(UTC)


def test_time_is_counted_over_the_lunch_break_and_the_night():
    deadline = deadline_after(local(2026, 3, 3, 12), timedelta(hours=6), office(hours=SPLIT_DAY))
    assert deadline.at == local(2026, 3, 4, 10, 15)
    assert deadline.counted == (
        Interval(local(2026, 3, 3, 12), local(2026, 3, 3, 12, 30)),
        Interval(local(2026, 3, 3, 13, 15), local(2026, 3, 3, 17, 30)),
        Interval(local(2026, 3, 4, 9), local(2026, 3, 4, 10, 15)),
    )


def test_time_that_ends_when_the_office_closes_is_due_then_and_not_next_morning():
    deadline = deadline_after(local(2026, 3, 3, 9), timedelta(hours=8), office())
    assert deadline.at == local(2026, 3, 3, 17)


def test_a_start_at_night_counts_from_the_next_opening():
    deadline = deadline_after(local(2026, 3, 6, 23), timedelta(hours=1), office())
    assert deadline.at == local(2026, 3, 9, 10)
    assert deadline.total == timedelta(hours=1)


def test_no_time_at_all_is_due_at_once():
    deadline = deadline_after(local(2026, 3, 7, 3), timedelta(0), office())
    assert deadline.at == local(2026, 3, 7, 3)
    assert deadline.counted == ()


def test_closed_days_are_stepped_over_and_named():
    easter = {date(2026, 4, 3): "Good Friday", date(2026, 4, 6): "Easter Monday", date(2026, 4, 5): "Easter Sunday"}
    deadline = deadline_after(local(2026, 4, 2, 16), timedelta(hours=2), office(closed=easter))
    assert deadline.at == local(2026, 4, 7, 10)
    assert deadline.closed == (
        ClosedDay(date(2026, 4, 3), "Good Friday"),
        ClosedDay(date(2026, 4, 6), "Easter Monday"),
    )


def test_an_hour_that_the_clock_skips_is_not_counted():
    # 29 March 2026: 02:00 becomes 03:00.
    night = Calendar("night", "Europe/Berlin", (ALWAYS,) * 7)
    deadline = deadline_after(local(2026, 3, 29, 1), timedelta(hours=2), night)
    assert deadline.at == local(2026, 3, 29, 4)


def test_opening_hours_that_begin_inside_the_gap_begin_when_the_gap_ends():
    shift = Calendar("shift", "Europe/Berlin", (((150, 5 * HOUR),),) * 7)  # 02:30-05:00
    opened = list(open_between(shift, local(2026, 3, 29, 0), local(2026, 3, 29, 12)))
    assert opened == [Interval(local(2026, 3, 29, 3), local(2026, 3, 29, 5))]


def test_hours_that_the_clock_repeats_are_worked_twice():
    # 25 October 2026: 03:00 becomes 02:00.
    shift = Calendar("shift", "Europe/Berlin", (((120, 150),),) * 7)  # 02:00-02:30
    opened = list(open_between(shift, local(2026, 10, 25, 0), local(2026, 10, 25, 12)))
    assert opened == [
        Interval(local(2026, 10, 25, 2), local(2026, 10, 25, 2, 30)),
        Interval(local(2026, 10, 25, 2, fold=1), local(2026, 10, 25, 2, 30, fold=1)),
    ]


def test_a_day_that_a_zone_left_out_is_no_working_day():
    # Samoa had no 30 December 2011 (a Friday).
    apia = ZoneInfo("Pacific/Apia")
    deadline = deadline_after(local(2011, 12, 29, 10, zone=apia), Working(days=1), office("Pacific/Apia"))
    assert deadline.at == local(2012, 1, 2, 17, zone=apia)


def test_a_clock_that_is_put_back_over_midnight_does_not_make_a_later_start_due_earlier():
    # Newfoundland, 7 November 2010: at 00:01 it became 23:01 of the day before.
    always = Calendar("always", "America/St_Johns", (ALWAYS,) * 7)
    after_midnight = datetime(2010, 11, 7, 2, 30, 30, tzinfo=UTC)
    same_evening_again = after_midnight + timedelta(minutes=40)
    one = deadline_after(after_midnight, Working(days=1), always)
    other = deadline_after(same_evening_again, Working(days=1), always)
    assert one.at == other.at == datetime(2010, 11, 9, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "days", "at"),
    [
        ((2026, 3, 3, 10), 1, (2026, 3, 4, 17)),
        ((2026, 3, 3, 23), 1, (2026, 3, 4, 17)),
        ((2026, 3, 6, 10), 1, (2026, 3, 9, 17)),
        ((2026, 3, 7, 10), 1, (2026, 3, 9, 17)),
        ((2026, 3, 2, 8), 5, (2026, 3, 9, 17)),
    ],
)
def test_working_days_begin_tomorrow_and_end_when_the_office_closes(start, days, at):
    assert deadline_after(local(*start), Working(days=days), office()).at == local(*at)


def test_working_days_count_whole_days_with_their_breaks():
    deadline = deadline_after(local(2026, 3, 5, 10), Working(days=2), office(hours=SPLIT_DAY))
    assert deadline.at == local(2026, 3, 9, 17, 30)
    assert len(deadline.counted) == 4
    assert deadline.total == timedelta(hours=15, minutes=30)


def test_a_deadline_explains_itself_in_json_values():
    holiday = {date(2026, 3, 4): "Office move"}
    told = deadline_after(local(2026, 3, 3, 16), timedelta(hours=2), office(closed=holiday)).explain()
    assert told == {
        "start": "2026-03-03T15:00:00+00:00",
        "at": "2026-03-05T09:00:00+00:00",
        "duration": "2 working hours",
        "working": 120,
        "calendar": "office",
        "zone": "Europe/Berlin",
        "week": [["09:00-17:00"]] * 5 + [[], []],
        "counted": [
            ["2026-03-03T15:00:00+00:00", "2026-03-03T16:00:00+00:00"],
            ["2026-03-05T08:00:00+00:00", "2026-03-05T09:00:00+00:00"],
        ],
        "closed": [{"date": "2026-03-04", "name": "Office move"}],
    }


def test_a_calendar_that_never_opens_is_refused_with_what_to_do():
    with pytest.raises(CalendarError, match="office is never open: give at least one day opening hours"):
        Calendar("office", "Europe/Berlin", ((),) * 7)


@pytest.mark.parametrize(
    ("week", "message"),
    [
        ((WEEKDAYS,) * 6, "seven days"),
        ((((540, 540),),) * 7, "end after they start"),
        ((((540, 1441),),) * 7, "between 00:00 and 24:00"),
        ((((540, 720), (700, 800)),) * 7, "do not overlap"),
        ((((800, 900), (540, 720)),) * 7, "in order"),
    ],
)
def test_broken_weeks_are_refused(week, message):
    with pytest.raises(CalendarError, match=message):
        Calendar("office", "UTC", week)


@pytest.mark.parametrize("name", ["Europe/Berln", "../etc/passwd", "", "Europe", "x\x00y", "/etc/localtime"])
def test_a_zone_that_does_not_exist_is_refused(name):
    with pytest.raises(CalendarError, match="no time zone of that name"):
        load_zone(name)


def test_a_misspelt_zone_gets_a_hint():
    with pytest.raises(CalendarError, match="did you mean Europe/Berlin"):
        load_zone("Europe/Berln")


def test_a_calendar_that_is_closed_for_good_ends_in_an_error_and_not_in_a_loop():
    shut = {date(2026, 1, 1) + timedelta(days=n): "shut" for n in range(4200)}
    for working in (timedelta(minutes=1), Working(days=1)):
        with pytest.raises(CalendarError, match="not open long enough in the next 10 years"):
            deadline_after(local(2026, 1, 1, 9), working, office(closed=shut))


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (datetime(2026, 3, 3, 9), "needs a zone"),  # noqa: DTZ001 - the refusal of naive times is what is tested
        (datetime(9999, 12, 31, tzinfo=UTC), "1970 to 8999"),
        (datetime(1, 1, 1, tzinfo=UTC), "1970 to 8999"),
    ],
)
def test_starts_that_cannot_be_counted_from_are_refused(start, message):
    with pytest.raises(CalendarError, match=message):
        deadline_after(start, timedelta(hours=1), office())


def test_negative_time_is_refused():
    with pytest.raises(WorkingError, match="negative"):
        deadline_after(local(2026, 3, 3, 9), timedelta(hours=-1), office())


def test_working_time_between_two_instants_is_zero_backwards():
    assert working_between(office(), local(2026, 3, 4, 9), local(2026, 3, 3, 9)) == timedelta(0)


@pytest.mark.parametrize(
    ("text", "working", "said"),
    [
        ("5 days", Working(days=5), "5 working days"),
        ("1d", Working(days=1), "1 working day"),
        ("3 working days", Working(days=3), "3 working days"),
        ("8h", Working(time=timedelta(hours=8)), "8 working hours"),
        ("1 hour", Working(time=timedelta(hours=1)), "1 working hour"),
        ("90 minutes", Working(time=timedelta(minutes=90)), "90 working minutes"),
    ],
)
def test_durations_are_read_and_said(text, working, said):
    assert parse_working(text) == working
    assert str(working) == said


@pytest.mark.parametrize("text", ["", "0d", "-1 day", "5", "1 week", "1d 4h", "367d", "4001h", "٣ days", "1e3 h"])
def test_durations_that_cannot_be_meant_are_refused(text):
    with pytest.raises(WorkingError, match="working duration"):
        parse_working(text)
