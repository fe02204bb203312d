from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingest.dates import DateColumn, DateOrder, DateReader

BERLIN = DateReader(DateOrder.DAY_FIRST, ZoneInfo("Europe/Berlin"))
MONTH_FIRST = DateReader(DateOrder.MONTH_FIRST, ZoneInfo("UTC"))
DAY_FIRST = DateReader(DateOrder.DAY_FIRST, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("24-02-2015 11.42", "2015-02-24T11:42:00"),
        ("30/09/2021", "2021-09-30T12:00:00"),
        ("1.2.2026", "2026-02-01T12:00:00"),
        ("01.02.26 23:59:59", "2026-02-01T23:59:59"),
        ("31/12/99", "1999-12-31T12:00:00"),
        ("2026-02-01", "2026-02-01T12:00:00"),
        ("2026/2/1 7:05", "2026-02-01T07:05:00"),
        ("2026-02-01T07:05:09.123456789Z", "2026-02-01T07:05:09.123456"),
        ("2026-02-01 07:05:09 UTC", "2026-02-01T07:05:09"),
        ("2026-02-01T07:05:09.5+0200", "2026-02-01T05:05:09.500000"),
        ("2026-02-01T07:05:09-0330", "2026-02-01T10:35:09"),
        ("2026-02-01T07:05+02", "2026-02-01T05:05:00"),
        ("1/2/2026 12:05 am", "2026-02-01T00:05:00"),
        ("1/2/2026 1:05 PM", "2026-02-01T13:05:00"),
        ("Tue, 15 Sep 2026 12:00:00 +0200", "2026-09-15T10:00:00"),
        ("15. Oktober 2026", "2026-10-15T12:00:00"),
        ("3. März 2026 08:00", "2026-03-03T08:00:00"),
        ("15-Sep-26", "2026-09-15T12:00:00"),
        ("September 15th, 2026", "2026-09-15T12:00:00"),
        ("Sep 15, 2026 3:04 PM", "2026-09-15T15:04:00"),
        ("1772373900", "2026-03-01T14:05:00"),
        (1772373900, "2026-03-01T14:05:00"),
        ("1772373900123", "2026-03-01T14:05:00.123000"),
    ],
)
def test_dates_are_read_as_people_and_tools_write_them(written, instant):
    assert DAY_FIRST.read(written) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["", "  ", "n/a", "2026", "32.01.2026", "30/02/2026", "13/13/2026", "15 Foo 2026", "1/2/2026 25:00", None, True,
     1.5, [], "1/2/2026 13:00 pm", "1.2-2026", "yesterday", "2026-02-01T07:05:60"],
)  # fmt: skip
def test_what_is_no_date_is_refused(written):
    with pytest.raises(ValueError, match=r".+"):
        DAY_FIRST.read(written)


@given(st.text() | st.from_regex(r"\d{1,4}[-/. ]\d{1,4}[-/. ]\d{1,4}[T ]?\d{0,2}:?\d{0,2}.{0,6}", fullmatch=True))
def test_any_text_is_a_date_or_refused(written):
    try:
        found = BERLIN.read(written)
    except (ValueError, OverflowError):
        return
    assert found.utcoffset() == timedelta(0)


def test_a_missing_zone_is_the_one_that_was_given_summer_and_winter():
    assert BERLIN.read("01.07.2026 12:00").hour == 10
    assert BERLIN.read("01.12.2026 12:00").hour == 11


def test_t89_hours_that_the_clock_change_skips_or_repeats_are_read_without_failing():
    assert BERLIN.read("29.03.2026 02:30") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert BERLIN.read("25.10.2026 02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def _order(*values):
    column = DateColumn()
    for value in values:
        column.observe(value)
    return column.order()


def test_one_day_above_twelve_decides_for_the_whole_column():
    assert _order("01/02/2026", "03/04/2026", "13/01/2026")[0] is DateOrder.DAY_FIRST
    assert _order("01/02/2026", "03/04/2026", "01/13/2026") == (DateOrder.MONTH_FIRST, "dates are read month first")


def test_a_column_that_does_not_say_is_read_day_first_and_the_person_is_told():
    order, told = _order("01/02/2026", "03/04/2026")
    assert order is DateOrder.DAY_FIRST
    assert "--date-order mdy" in told


def test_a_mixed_column_follows_most_of_its_dates_and_the_person_is_told():
    order, told = _order("13/01/2026", "14/01/2026", "01/15/2026")
    assert order is DateOrder.DAY_FIRST
    assert "1 of them only make sense the other way round" in told
    assert DAY_FIRST.read("01/15/2026") == DAY_FIRST.read("15/01/2026")
    assert MONTH_FIRST.read("15/01/2026") == MONTH_FIRST.read("01/15/2026")


def test_dates_with_the_year_first_say_nothing_about_the_order():
    assert _order("2026-01-02", None, 5) == (DateOrder.DAY_FIRST, None)
