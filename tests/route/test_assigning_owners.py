"""Themes that enough people complain about get one owner and one deadline, and nothing is without an owner."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.processes.apply import apply_document
from app.processes.reader import read_document
from app.route import assign
from app.store import reference
from app.store.tables import Routing


@pytest.fixture
def route(session, now):
    def route(at=now):
        batch = assign.claim(session, at)
        if batch is None:
            return []
        assign.record(session, at, assign.work(batch, None))
        return session.scalars(select(Routing).order_by(Routing.id)).all()

    return route


def key_of(session, owner_id):
    return next(owner.key for owner in reference.list_owners(session, inactive=True) if owner.id == owner_id)


def test_before_a_document_is_applied_nothing_is_due(session, now):
    assert assign.claim(session, now) is None


def test_a_theme_over_the_threshold_gets_the_owner_of_its_step_and_explained_deadlines(
    session, now, theme_of, complain, route
):
    theme = theme_of("slow")
    complain(theme, 5)
    (routing,) = route()
    assert key_of(session, routing.owner_id) == "jonas"
    assert routing.rule == "money"
    assert (routing.complaints, routing.people) == (5, 5)
    assert (routing.trigger_from, routing.trigger_to) == (date(2026, 8, 20), date(2026, 9, 16))
    assert routing.step_id is not None
    assert routing.decided_at == now
    assert routing.deadline_at == datetime.fromisoformat("2026-09-21T17:00:00+02:00")
    assert routing.deadline_why["working"] == 3 * 8 * 60
    assert len(routing.deadline_why["counted"]) == 3
    assert routing.ladder == [
        {"at": "2026-09-22T15:00:00+00:00", "owner_id": reference.find_owner(session, "clara").id, "role": "manager"}
    ]
    assert any("Jonas owns the process" in reason for reason in routing.why)


def test_running_again_changes_nothing(session, now, theme_of, complain, route):
    complain(theme_of("slow"), 5)
    batch = assign.claim(session, now)
    outcome = assign.work(batch, None)
    assign.record(session, now, outcome)
    assign.record(session, now, outcome)
    assert assign.claim(session, now + timedelta(minutes=1)) is None
    assert len(session.scalars(select(Routing)).all()) == 1


@pytest.mark.parametrize(("complaints", "people", "routed"), [(4, 3, True), (3, 3, False), (9, 2, False), (4, 0, True)])
def test_both_thresholds_must_be_reached_and_unknown_people_count_each(
    theme_of, complain, route, complaints, people, routed
):
    complain(theme_of("slow"), complaints, people=people)
    assert bool(route()) is routed


def test_only_complaints_inside_the_window_count(now, theme_of, complain, route):
    theme = theme_of("slow")
    complain(theme, 3)
    complain(theme, 3, at=datetime.fromisoformat("2026-08-19T23:59:00+00:00"))
    complain(theme, 3, at=now + timedelta(days=1))
    assert route() == []
    complain(theme, 1, at=datetime.fromisoformat("2026-08-20T00:00:00+00:00"))
    (routing,) = route()
    assert routing.complaints == 4


def test_praise_and_muted_themes_and_retired_topics_are_not_routed(session, now, theme_of, complain, route):
    complain(theme_of("slow"), 9, complaint=False)
    complain(theme_of("money", state="muted"), 9)
    assert route() == []


def test_a_theme_of_a_topic_that_left_the_document_is_not_routed(session, now, company, theme_of, complain, route):
    complain(theme_of("lost"), 9)
    topic = next(topic for topic in reference.list_topics(session) if topic.key == "lost")
    topic.active = False
    session.flush()
    assert route() == []


def test_the_most_frequent_medium_decides(session, theme_of, complain, route):
    theme = theme_of("slow")
    complain(theme, 2, medium="survey")
    complain(theme, 3, medium="phone")
    (routing,) = route()
    assert routing.rule == "phones"
    assert key_of(session, routing.owner_id) == "mira"


def test_a_process_without_an_owner_goes_to_the_fallback_owner(session, theme_of, complain, route):
    complain(theme_of("lost"), 5)
    (routing,) = route()
    assert key_of(session, routing.owner_id) == "clara"
    assert any("nobody owns" in reason for reason in routing.why)


def test_an_open_item_is_not_routed_again(now, theme_of, complain, route, item_of):
    theme = theme_of("slow")
    complain(theme, 5)
    item_of(route()[0])
    complain(theme, 50, at=now + timedelta(days=40))
    assert len(route(now + timedelta(days=40))) == 0


def test_a_theme_with_an_item_opened_by_hand_is_not_routed(session, theme_of, complain, route, item_of):
    theme = theme_of("slow")
    returns = next(process for process in reference.list_processes(session) if process.key == "returns")
    jonas = reference.find_owner(session, "jonas")
    item_of(Routing(theme_id=theme.id, process_id=returns.id, owner_id=jonas.id))
    complain(theme, 5)
    assert route() == []


def test_a_theme_whose_item_is_finished_is_not_routed_again_however_many_complain(
    now, theme_of, complain, route, item_of
):
    theme = theme_of("slow")
    complain(theme, 5)
    item_of(route()[0], closed_at=now + timedelta(days=2))
    later = now + timedelta(days=90)
    complain(theme, 50, at=later)
    assert route(later) == []


def test_the_loudest_theme_comes_first(session, now, theme_of, complain):
    quiet, loud = theme_of("slow"), theme_of("lost")
    complain(quiet, 4)
    complain(loud, 6)
    batch = assign.claim(session, now)
    assert [facts.theme_id for facts in batch.due] == [loud.id, quiet.id]


def test_rules_are_looked_up_when_the_theme_is_routed(session, now, theme_of, complain, route, company):
    from_now_on = """
version: 1
calendars: [{key: office, zone: UTC, week: {mon-sun: ["00:00-24:00"]}}]
owners: [{key: zoe, name: Zoe, email: zoe@example.com, calendar: office}]
processes: [{key: returns, name: Returns, owner: zoe}]
topics: [{key: slow, name: Slow, process: returns}]
thresholds: {min_complaints: 1, min_people: 1, window_days: 7}
defaults: {goal: 1 hour, deadline: 2 hours}
fallback_owner: zoe
"""
    theme = theme_of("slow")
    apply_document(session, now, OPERATOR, read_document(from_now_on), dry_run=False)
    complain(theme, 1)
    (routing,) = route()
    assert key_of(session, routing.owner_id) == "zoe"
    assert routing.deadline_at == now + timedelta(hours=2)
    assert routing.rule is None


def test_an_item_that_opens_again_keeps_its_routing(session, now, theme_of, complain, route, item_of):
    theme = theme_of("slow")
    complain(theme, 5)
    item = item_of(route()[0], closed_at=now + timedelta(days=1))
    later = now + timedelta(days=60)
    complain(theme, 5, at=later)
    item.closed_at = None
    session.flush()
    assert route(later) == []
