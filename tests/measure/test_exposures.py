from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.domain.actor import OPERATOR
from app.errors import AppError
from app.measure.exposures import put_exposures
from app.store.tables import Exposure

DAY = date(2026, 9, 1)


def test_the_same_days_again_change_nothing(session, now):
    counts = {DAY + timedelta(days=n): float(n) for n in range(10)}
    assert put_exposures(session, now, OPERATOR, "orders", counts) == 10
    assert put_exposures(session, now, OPERATOR, "orders", counts) == 0
    assert session.scalar(select(func.count()).select_from(Exposure)) == 10


def test_a_corrected_day_replaces_the_old_count(session, now):
    put_exposures(session, now, OPERATOR, "orders", {DAY: 5.0})
    assert put_exposures(session, now, OPERATOR, "orders", {DAY: 7.0}) == 1
    assert session.scalar(select(Exposure.count)) == 7.0


def test_series_do_not_touch_each_other(session, now):
    put_exposures(session, now, OPERATOR, "orders", {DAY: 5.0})
    put_exposures(session, now, OPERATOR, "contacts", {DAY: 9.0})
    assert sorted(session.scalars(select(Exposure.count))) == [5.0, 9.0]


def test_a_thousand_days_go_in_at_once(session, now):
    counts = {DAY - timedelta(days=n): 1.0 for n in range(1000)}
    assert put_exposures(session, now, OPERATOR, "orders", counts) == 1000


@pytest.mark.parametrize(
    ("series", "day", "count", "code"),
    [
        ("", DAY, 1.0, "bad_exposure_series"),
        (" orders", DAY, 1.0, "bad_exposure_series"),
        ("x" * 65, DAY, 1.0, "bad_exposure_series"),
        ("orders", DAY, -1.0, "bad_exposure_count"),
        ("orders", DAY, float("nan"), "bad_exposure_count"),
        ("orders", DAY, float("inf"), "bad_exposure_count"),
        ("orders", date(2027, 1, 1), 1.0, "exposure_in_future"),
    ],
)
def test_what_cannot_be_a_denominator_is_refused(session, now, series, day, count, code):
    with pytest.raises(AppError) as refusal:
        put_exposures(session, now, OPERATOR, series, {day: count})
    assert refusal.value.code == code
    assert session.scalar(select(func.count()).select_from(Exposure)) == 0
