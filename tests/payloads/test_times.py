"""Times as senders write them, in the zone of the source where they name none."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.errors import AppError
from app.payloads.times import read_time

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Sun, 01 Mar 2026 09:00:00 +0100", "2026-03-01T08:00:00+00:00"),
        ("1 March 2026 09:00 GMT", "2026-03-01T09:00:00+00:00"),
        ("March 1, 2026", "2026-02-28T23:00:00+00:00"),
        ("Mar 1, 2026, 09:00", "2026-03-01T08:00:00+00:00"),
        ("March 1, 2026 at 9:05 PM", "2026-03-01T20:05:00+00:00"),
        ("Sun, 1 Mar, 2026 at 12:05 a.m.", "2026-02-28T23:05:00+00:00"),
        ("2026-03-01 09:00:00 +0100", "2026-03-01T08:00:00+00:00"),
    ],
)
def test_a_month_may_be_a_number_or_an_english_name(written, meant):
    assert read_time(written, BERLIN) == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    "written", ["Ma 1, 2026", "Marches 1, 2026", "Mar 99, 2026", "01/03/2026", "March 2026", "Mar 1, 2026 13:00 PM"]
)
def test_what_could_be_another_day_is_no_time(written):
    with pytest.raises(AppError) as refused:
        read_time(written, BERLIN)
    assert refused.value.code == "bad_time"
