"""Notices wait for the working time of their receiver and reach them as one message."""

from datetime import UTC, datetime, timedelta

import pytest

from app.act import escalate, gather
from app.act import open as opening
from app.store.act_tables import Notice
from app.store.tables import Owner

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SATURDAY = datetime(2026, 9, 19, 10, 0, tzinfo=UTC)
MONDAY_OPENING = datetime(2026, 9, 21, 7, 0, tzinfo=UTC)  # 09:00 in Berlin


@pytest.fixture
def outbox(session):
    """What may leave by mail: event, receiver and subject of each message, oldest first."""

    def now_pending():
        session.flush()
        names = {owner.id: owner.key for owner in session.query(Owner)}
        rows = session.query(Notice).filter(Notice.channel == "email", Notice.state == "pending").order_by(Notice.id)
        return [(row.event, names[row.owner_id], row.subject) for row in rows]

    return now_pending


@pytest.fixture
def open_many(add_routing, add_theme, run):
    """Opens an item for each of some new themes."""

    def opened(now, *names):
        for name in names:
            add_routing(now, theme_id=add_theme(name).id)
        run(opening, now)

    return opened


def test_a_notice_leaves_at_once_in_working_time(item, run, outbox, now):
    assert run(gather, now)
    assert [event for event, *_ in outbox()] == ["assigned"]
    assert not run(gather, now)


def test_a_notice_that_falls_due_on_saturday_leaves_on_monday_at_opening(session, open_item, run, outbox):
    open_item(SATURDAY)
    assert not run(gather, SATURDAY)
    assert not run(gather, MONDAY_OPENING - MINUTE)
    assert run(gather, MONDAY_OPENING)
    assert len(outbox()) == 1


def test_several_things_leave_as_one_message_per_channel(session, company, open_many, run, outbox, now):
    open_many(now, "wrong bill", "no answer", "box broken")
    run(gather, now)
    assert outbox() == [("several", "mira", "3 things for you: 3 assigned to you")]
    told = session.query(Notice).filter_by(event="assigned", channel="email").all()
    message = session.query(Notice).filter_by(event="several", channel="email").one()
    assert {(one.state, one.coalesced_into_id) for one in told} == {("merged", message.id)}
    assert [part["item_id"] for part in message.parts] == [one.item_id for one in told]
    assert "wrong bill" in message.body


def test_the_most_urgent_thing_comes_first(item, open_many, run, outbox, session):
    due = item.deadline_at
    run(escalate, due)
    open_many(due, "wrong bill")
    run(gather, due + 48 * HOUR)
    message = session.query(Notice).filter_by(event="several", channel="email").one()
    assert [part["section"] for part in message.parts] == ["Overdue", "Assigned to you", "Assigned to you"]


def test_a_person_gets_one_message_in_fifteen_minutes(item, open_many, run, outbox, now):
    run(gather, now)
    open_many(now + 5 * MINUTE, "wrong bill")
    open_many(now + 9 * MINUTE, "no answer")
    assert not run(gather, now + 14 * MINUTE)
    assert run(gather, now + 15 * MINUTE)
    assert [event for event, *_ in outbox()] == ["assigned", "several"]


def test_gathering_twice_changes_nothing(session, item, open_many, now):
    open_many(now, "wrong bill")
    outcome = gather.work(gather.claim(session, now), None)
    gather.record(session, now, outcome)
    before = session.query(Notice).count()
    gather.record(session, now, outcome)
    assert session.query(Notice).count() == before


def test_a_case_whose_deadline_comes_before_the_opening_goes_at_once(session, item, run, outbox):
    item.kind, item.deadline_at = "case", SATURDAY + HOUR
    run(escalate, SATURDAY + HOUR)
    assert run(gather, SATURDAY + HOUR)
    assert [event for event, *_ in outbox()][-1:] == ["several"]
