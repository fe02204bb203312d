"""What else happened around a change, and what of it enters the case."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.access.audit import record_audit
from app.domain.actor import OPERATOR
from app.measure.design import current_design
from app.measure.frequency import build_case
from app.store.tables import Policy, Source, TaxonomyVersion

START = date(2026, 1, 5)
CHANGE, DAYS = 84, 120


def noon(day):
    return datetime.combine(START + timedelta(days=day + 1), time(6), tzinfo=UTC)


@pytest.fixture
def happened(session, world):
    """Runs the case of a change and gives its known events and what is told."""
    world.flow(lambda _topic, _day: 1.8, DAYS)
    change = world.change(rollout_from=CHANGE)

    def look():
        prepared = build_case(session, change, current_design(session, change), START + timedelta(days=DAYS - 1))
        events = {(event.day, event.kind) for event in prepared.case.known_events}
        return events, {one["words"]: one["day"] for one in prepared.facts["happened"]}

    look.change = change
    return look


def _another_source(session, world, days):
    source = Source(key="reviews", connector="native", config={}, created_at=noon(0))
    session.add(source)
    session.flush()
    world.write([(None, day, 4) for day in days], source=source)
    return source


def test_where_nothing_happened_nothing_is_told(happened):
    assert happened() == (set(), {})


def test_a_source_that_falls_silent_and_comes_back_changes_the_intake_twice(session, world, happened):
    _another_source(session, world, [*range(50), *range(65, DAYS)])
    events, told = happened()
    assert events == {(50, "intake_change"), (65, "intake_change")}
    assert told["the source reviews fell silent"] == (START + timedelta(days=50)).isoformat()
    assert "the source reviews sends again" in told


def test_a_source_that_sends_once_a_month_is_not_silent(session, world, happened):
    source = _another_source(session, world, [])
    world.write([(None, day, 60) for day in range(0, DAYS, 28)], source=source)
    assert happened()[0] == set()


def test_a_small_source_may_come_and_go(session, world, happened):
    source = _another_source(session, world, [])
    world.write([(None, day, 1) for day in range(40, 60, 3)], source=source)
    assert happened()[0] == set()


def test_another_change_to_the_same_step_is_a_known_event(session, world, happened):
    happened.change.step_id = world.change(rollout_from=100, topic=3).step_id
    assert happened()[0] == set()
    world.change(rollout_from=95, topic=0)
    events, told = happened()
    assert events == {(95, "process_change")}
    assert any("came into effect" in words for words in told)


def test_topics_that_are_published_anew_are_told_but_only_a_new_reading_counts(session, world, happened):
    before = {"topic-0": {"name": "Topic 0"}, "topic-9": {"name": "Nine"}}
    session.add(TaxonomyVersion(digest="a", document={"topics": before}, published_at=noon(0)))
    session.flush()
    session.add(TaxonomyVersion(digest="b", document={"topics": {"topic-0": {"name": "Other"}}}, published_at=noon(69)))
    session.flush()
    events, told = happened()
    assert events == set()
    assert told == {
        "the topics were published anew (2 topics differ, topic-0 among them)": (START + timedelta(days=70)).isoformat()
    }


def test_what_people_did_to_sources_is_told_from_the_audit(session, world, happened):
    record_audit(session, noon(59), OPERATOR, "source_configured", f"source:{world.source.id}")
    record_audit(session, noon(60), OPERATOR, "source_paused", f"source:{world.source.id}")
    record_audit(session, noon(500), OPERATOR, "source_resumed", f"source:{world.source.id}")
    events, told = happened()
    assert events == set()
    assert set(told) == {"the source survey was configured", "the source survey was paused"}


def test_the_cost_of_a_complaint_stands_with_the_evidence(session, world, happened):
    cost = {"amount": 12.5, "currency": "EUR"}
    session.add(
        Policy(id=1, fallback_owner_id=world.item.owner_id, document={"complaint_cost": cost}, applied_at=noon(0))
    )
    session.flush()
    day = START + timedelta(days=DAYS - 1)
    design = current_design(session, happened.change)
    assert build_case(session, happened.change, design, day).facts["complaint_cost"] == cost
