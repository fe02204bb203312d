"""The clock of an item stands while its owner waits for somebody outside."""

from datetime import UTC, datetime, timedelta

import pytest

from app.act import escalate, gather
from app.act.aside import decline_item, reopen_item, snooze_item
from app.act.handing import comment_item
from app.act.pausing import Waiting, continue_item, pause_item
from app.act.progress import acknowledge_item
from app.domain.calendar import deadline_after, working_between
from app.domain.items import PauseReason
from app.domain.recount import Marks, read_rungs, recount, recount_mark
from app.domain.working import Working
from app.errors import AppError
from app.processes.calendars import to_calendar
from app.store.act_tables import Notice, Pause
from app.store.items import history
from app.store.pauses import counting_of, pauses_since
from app.store.tables import Calendar

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CUSTOMER = Waiting(PauseReason.CUSTOMER, "Asked for the receipt")
SUPPLIER = Waiting(PauseReason.SUPPLIER)


@pytest.fixture
def berlin(session, company, now):
    return to_calendar(session.query(Calendar).one(), now)


@pytest.fixture
def case(open_item, company, berlin, now):
    """An item whose marks were counted as routing does: goal 2 days, deadline 5, rungs 4 hours and 1 day after that."""
    goal, deadline = (deadline_after(now, Working(days=days), berlin) for days in (2, 5))
    rungs = [deadline_after(deadline.at, after, berlin).at for after in (Working(time=4 * HOUR), Working(days=1))]
    people = ((company.jonas, "deputy"), (company.clara, "manager"))
    return open_item(
        now,
        goal_at=goal.at,
        deadline_at=deadline.at,
        goal_why=goal.explain(),
        deadline_why=deadline.explain(),
        ladder=[
            {"at": at.isoformat(), "owner_id": owner, "role": role}
            for at, (owner, role) in zip(rungs, people, strict=True)
        ],
    )


def marks_of(item):
    return Marks(item.goal_at, item.deadline_at, read_rungs(item.ladder))


def test_deadline_and_rungs_move_by_exactly_the_working_time_paused(session, case, mira, berlin, now):
    before, start, end = marks_of(case), now + 4 * DAY + HOUR, now + 6 * DAY + 3 * HOUR
    pause_item(session, start, mira, case.id, version=1, waiting=CUSTOMER)
    continue_item(session, end, mira, case.id, version=2)
    after, lost = marks_of(case), working_between(berlin, start, end)
    assert lost == timedelta(hours=13)  # Sunday, Monday and half of Tuesday
    assert after.goal == before.goal  # it had passed when the pause began
    moved = [working_between(berlin, old, new) for old, new in zip(before.all()[1:], after.all()[1:], strict=True)]
    assert moved == [lost, lost, lost]


def test_a_pause_over_the_weekend_moves_nothing(session, case, mira, now):
    before, friday_evening = marks_of(case), datetime(2026, 9, 18, 18, tzinfo=UTC)
    pause_item(session, friday_evening, mira, case.id, version=1, waiting=SUPPLIER)
    continue_item(session, friday_evening + 2 * DAY, mira, case.id, version=2)
    assert marks_of(case) == before


def test_nobody_is_chased_while_the_clock_stands(session, case, mira, now):
    pause_item(session, now, mira, case.id, version=1, waiting=CUSTOMER)
    assert escalate.claim(session, now + 13 * DAY) is None
    continue_item(session, now + 13 * DAY, mira, case.id, version=2)
    assert case.deadline_at > now + 13 * DAY
    assert escalate.claim(session, now + 13 * DAY) is None


def test_a_long_wait_is_told_to_the_manager_once(session, case, mira, run, now):
    pause_item(session, now, mira, case.id, version=1, waiting=SUPPLIER)
    limit = session.query(Pause).one().limit_at
    assert limit == datetime(2026, 9, 30, 15, tzinfo=UTC)  # ten working days, at closing
    assert not run(escalate, limit - HOUR)
    assert run(escalate, limit)
    assert not run(escalate, limit + 30 * DAY)
    told = session.query(Notice).filter_by(event="paused_long", channel="email").one()
    assert (told.owner_id, told.not_before) == (case.ladder[1]["owner_id"], datetime(2026, 10, 1, 7, tzinfo=UTC))
    assert "waiting for supplier" in told.body


def test_an_answer_ends_the_pause(session, case, mira, now):
    pause_item(session, now, mira, case.id, version=1, waiting=CUSTOMER)
    deadline = case.deadline_at
    decline_item(session, now + DAY, mira, case.id, version=2, reason="Answered")
    pause = session.query(Pause).one()
    assert (pause.ended_at, pause.ended_by) == (now + DAY, "key:mira")
    assert case.deadline_at == deadline + DAY


def test_a_snooze_stops_no_clock_and_ends_a_pause(session, case, mira, now):
    deadline = case.deadline_at
    snooze_item(session, now, mira, case.id, version=1, until=now + DAY)
    assert case.deadline_at == deadline
    with pytest.raises(AppError, match="Possible now") as refused:
        pause_item(session, now, mira, case.id, version=2, waiting=CUSTOMER)
    assert refused.value.code == "action_not_possible"


@pytest.mark.parametrize(("twice", "code"), [(True, "already_paused"), (False, "not_paused")])
def test_a_clock_stops_once_and_goes_on_once(session, case, mira, now, twice, code):
    with pytest.raises(AppError) as refused:
        if twice:
            pause_item(session, now, mira, case.id, version=1, waiting=CUSTOMER)
            pause_item(session, now, mira, case.id, version=2, waiting=CUSTOMER)
        else:
            continue_item(session, now, mira, case.id, version=1)
    assert refused.value.code == code


def test_anyone_comes_to_the_same_instants_from_what_was_stored(session, case, mira, now):
    at = now
    for number in range(3):
        at += DAY + (2 + number) * HOUR
        pause_item(session, at, mira, case.id, version=case.version, waiting=CUSTOMER)
        at += (number + 1) * DAY + HOUR
        continue_item(session, at, mira, case.id, version=case.version)
    assert recounted(session, case) == marks_of(case)
    decline_item(session, at, mira, case.id, version=case.version, reason="no")
    reopen_item(session, at + 40 * DAY, mira, case.id, version=case.version, reason="It grew")
    pause_item(session, at + 41 * DAY, mira, case.id, version=case.version, waiting=SUPPLIER)
    continue_item(session, at + 44 * DAY, mira, case.id, version=case.version)
    assert recounted(session, case) == marks_of(case)


def recounted(session, item):
    counting = counting_of(session, item)
    deadline = recount_mark(counting.deadline)
    base = Marks(min(recount_mark(counting.goal), deadline), deadline, read_rungs(counting.ladder))
    return recount(base, [pause.why for pause in pauses_since(session, item.id, counting.since)])


def test_a_pause_leaves_lines_in_the_history(session, case, mira, now):
    pause_item(session, now, mira, case.id, version=1, waiting=CUSTOMER)
    continue_item(session, now + DAY, mira, case.id, version=2)
    lines = [(line.kind, line.text) for line in history(session, case.id)][-2:]
    assert lines == [("paused", "Asked for the receipt"), ("continued", None)]


def test_an_acknowledged_item_that_lies_untouched_is_nudged_and_then_climbs(session, case, mira, run, now):
    case.deadline_at += 30 * DAY
    acknowledge_item(session, now, mira, case.id, version=1)
    third_day = datetime(2026, 9, 21, 15, tzinfo=UTC)
    assert not run(escalate, third_day - HOUR)
    assert run(escalate, third_day)
    assert not run(escalate, third_day + HOUR)
    sixth_day = datetime(2026, 9, 24, 15, tzinfo=UTC)
    assert not run(escalate, sixth_day - HOUR)
    assert run(escalate, sixth_day)
    assert not run(escalate, sixth_day + 5 * DAY)
    lines = [line.kind for line in history(session, case.id)]
    assert lines == ["opened", "acknowledged", "nudged", "escalated"]
    assert case.rung == 1


def test_a_comment_is_a_touch(session, case, mira, run, now):
    case.deadline_at += 30 * DAY
    acknowledge_item(session, now, mira, case.id, version=1)
    comment_item(session, now + 2 * DAY, mira, case.id, text="Asked the carrier")
    assert not run(escalate, datetime(2026, 9, 22, 15, tzinfo=UTC))
    assert run(escalate, datetime(2026, 9, 23, 15, tzinfo=UTC))


def test_what_was_to_chase_is_withdrawn_by_an_answer(session, case, mira, run):
    due = case.deadline_at  # 17:00 in Berlin: the notice waits for the morning
    run(escalate, due)
    decline_item(session, due + HOUR, mira, case.id, version=1, reason="no")
    assert {row.state for row in session.query(Notice).filter_by(event="overdue")} == {"withdrawn"}
    assert not run(gather, due + DAY)
