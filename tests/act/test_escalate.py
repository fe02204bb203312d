"""Owners are reminded and overdue items climb their ladder, whatever happens to the clock."""

from datetime import datetime, timedelta

import pytest

from app.act import escalate
from app.act.aside import decline_item, reopen_item, snooze_item
from app.act.progress import acknowledge_item, plan_change
from app.domain.changes import Plan
from app.store.act_tables import Notice
from app.store.items import history
from app.store.tables import Owner

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def told(session):
    """Who was told what since the item was assigned, by log."""

    def since():
        notices = session.query(Notice).filter(Notice.channel == "log", Notice.event != "assigned")
        names = {owner.id: owner.key for owner in session.query(Owner)}
        return [(notice.event, names[notice.owner_id]) for notice in notices.order_by(Notice.id)]

    return since


def test_nothing_is_due_for_a_fresh_item(session, item, now):
    assert escalate.claim(session, now + 2 * DAY) is None


def test_the_owner_is_reminded_two_days_ahead_and_at_the_deadline(item, run, told):
    assert run(escalate, item.deadline_at - 2 * DAY)
    assert not run(escalate, item.deadline_at - HOUR)
    assert told() == [("due_soon", "mira")]
    assert run(escalate, item.deadline_at)
    assert not run(escalate, item.deadline_at + HOUR)
    assert told() == [("due_soon", "mira"), ("overdue", "mira")]


def test_the_overdue_notice_says_who_is_next(session, item, run):
    run(escalate, item.deadline_at)
    body = session.query(Notice).filter_by(event="overdue", channel="log").one().body
    assert "Escalates to Jonas Weber on Mon 21 Sep 2026, 15:00 (Europe/Berlin)" in body


def test_overdue_item_climbs_one_rung_at_a_time(session, item, run, told):
    due = item.deadline_at
    run(escalate, due)
    run(escalate, due + 4 * HOUR)
    assert (item.rung, told()[-1]) == (1, ("escalated", "jonas"))
    assert not run(escalate, due + 5 * HOUR)
    run(escalate, due + DAY)
    assert (item.rung, told()[-1]) == (2, ("escalated", "clara"))
    assert not run(escalate, due + 30 * DAY)
    lines = [line for line in history(session, item.id) if line.kind == "escalated"]
    assert [(line.facts["role"], line.facts["owner"]) for line in lines] == [("deputy", "jonas"), ("manager", "clara")]


def test_a_clock_that_jumps_weeks_sends_no_storm(item, run, told):
    back = item.deadline_at + 21 * DAY
    run(escalate, back)
    assert told() == [("overdue", "mira"), ("escalated", "jonas")]
    for minutes in (0, 1, 5, 60):
        run(escalate, back + timedelta(minutes=minutes))
    assert item.rung == 1
    run(escalate, back + 10 * HOUR)  # half of the 20 hours that the ladder put between its rungs
    assert item.rung == 2


def test_recording_twice_changes_nothing(session, item, told):
    at = item.deadline_at + 5 * HOUR
    outcome = escalate.work(escalate.claim(session, at), None)
    escalate.record(session, at, outcome)
    before = (told(), len(history(session, item.id)))
    escalate.record(session, at, outcome)
    assert (told(), len(history(session, item.id))) == before


def test_acknowledging_stops_no_clock(session, item, mira, run, now):
    acknowledge_item(session, now, mira, item.id, version=1)
    assert run(escalate, item.deadline_at + DAY)
    assert item.rung == 1


def test_nobody_is_chased_after_an_answer(session, item, mira, now):
    plan_change(session, now, mira, item.id, version=1, plan=Plan("Pay at once", None, 0.3))
    assert escalate.claim(session, item.deadline_at + 30 * DAY) is None


def test_an_answer_between_claim_and_record_wins(session, item, mira, told):
    at = item.deadline_at + DAY
    outcome = escalate.work(escalate.claim(session, at), None)
    decline_item(session, at, mira, item.id, version=1, reason="no")
    escalate.record(session, at, outcome)
    assert told() == []


def test_a_person_keeps_their_version_when_the_item_escalates(session, item, mira, run):
    run(escalate, item.deadline_at + DAY)
    acknowledge_item(session, item.deadline_at + DAY, mira, item.id, version=1)


def test_who_it_was_escalated_to_may_answer(session, item, jonas, run):
    run(escalate, item.deadline_at + 5 * HOUR)
    decline_item(session, item.deadline_at + 6 * HOUR, jonas, item.id, version=1, reason="Mira is ill")
    assert item.state == "declined"


def test_a_snoozed_item_pauses_and_comes_back_by_itself(session, item, mira, run, told, now):
    until = item.deadline_at + 10 * DAY
    snooze_item(session, now, mira, item.id, version=1, until=until)
    assert escalate.claim(session, until - HOUR) is None
    run(escalate, until)
    assert (item.state, item.snoozed_until) == ("new", None)
    assert told() == [("resumed", "mira")]
    run(escalate, until)
    assert told()[1:] == [("overdue", "mira"), ("escalated", "jonas")]
    assert not run(escalate, until)


def test_a_rung_whose_owner_has_left_reaches_their_manager(session, item, company, run, told):
    session.get(Owner, company.jonas).active = False
    run(escalate, item.deadline_at + 5 * HOUR)
    assert told()[-1] == ("escalated", "clara")


def test_the_ladder_starts_again_when_an_item_is_reopened(session, item, mira, run, told):
    run(escalate, item.deadline_at + 5 * HOUR)
    closed = item.deadline_at + 6 * HOUR
    decline_item(session, closed, mira, item.id, version=1, reason="no")
    reopen_item(session, closed + 30 * DAY, mira, item.id, version=2, reason="It grew")
    assert item.rung == 0
    assert not run(escalate, closed + 31 * DAY)
    run(escalate, datetime.fromisoformat(item.ladder[0]["at"]))
    assert told()[-3:] == [("reopened", "mira"), ("overdue", "mira"), ("escalated", "jonas")]


def test_an_item_with_less_than_two_days_gets_no_second_notice_at_once(open_item, add_theme, run, now):
    item = open_item(now, theme_id=add_theme("wrong bill").id, deadline_at=now + 5 * HOUR)
    assert not run(escalate, now)
    assert run(escalate, item.deadline_at)
