"""What was applied is what routing counts with."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.actor import OPERATOR
from app.domain.calendar import deadline_after
from app.errors import AppError
from app.processes.apply import apply_document
from app.processes.owners import load_calendars, load_ownerships
from app.store import reference


@pytest.fixture
def applied(session, now, example):
    apply_document(session, now, OPERATOR, example, dry_run=False)


def test_without_a_document_the_error_says_how_to_apply_one(session):
    with pytest.raises(AppError, match="closeloop apply") as caught:
        load_ownerships(session)
    assert caught.value.code == "no_policy"


def test_owners_are_read_with_their_periods_absences_and_managers(session, applied, now):
    known = load_ownerships(session)
    steps = {step.key: step for step in reference.list_steps(session)}
    process = steps["refund"].process_id
    january = datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert known.owner_at(process, steps["refund"].id, january).person.key == "mira"
    assert known.owner_at(process, steps["refund"].id, now).person.key == "jonas"
    assert known.owner_at(process, steps["label"].id, now).person.key == "jonas"
    august = known.owner_at(process, None, datetime(2026, 8, 10, 12, tzinfo=UTC))
    assert known.stand_in(august, datetime(2026, 8, 10, 12, tzinfo=UTC)).person.key == "mira"
    assert known.manager_of(august.person, now).key == "clara"


def test_public_holidays_and_extra_closed_days_are_not_worked(session, applied):
    calendar = next(iter(load_calendars(session, datetime(2026, 12, 1, tzinfo=UTC)).values()))
    # Wednesday 23 December 2026, 16:30 in Berlin; the 24th is closed by the company, 25th and 26th by the country.
    deadline = deadline_after(datetime(2026, 12, 23, 15, 30, tzinfo=UTC), timedelta(hours=2), calendar)
    assert deadline.at == datetime(2026, 12, 28, 9, 0, tzinfo=UTC)
    assert [closed.day for closed in deadline.closed] == [date(2026, 12, 24), date(2026, 12, 25)]
    assert deadline.closed[0].name == "Christmas Eve"


def test_holidays_differ_by_subdivision(session, applied):
    calendar = next(iter(load_calendars(session, datetime(2026, 3, 1, tzinfo=UTC)).values()))
    assert date(2027, 3, 8) in calendar.closed  # Women's Day is a holiday in Berlin
    assert date(2027, 1, 6) not in calendar.closed  # Epiphany is not
