"""Applying a document makes what is stored what it says: once, and with its history kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.processes.apply import apply_document
from app.processes.reader import read_document
from app.store import reference
from app.store.tables import Ownership, TaxonomyVersion

LATER = timedelta(days=30)


@pytest.fixture
def put(session, now):
    def put(text, at=now, *, dry_run=False):
        return apply_document(session, at, OPERATOR, read_document(text), dry_run=dry_run)

    return put


def periods(session, process, step=None):
    keys = {owner.id: owner.key for owner in reference.list_owners(session, inactive=True)}
    teams = {team.id: f"team {team.key}" for team in reference.list_teams(session, inactive=True)}
    ids = {row.key: row.id for row in reference.list_processes(session, inactive=True)}
    steps = {row.key: row.id for row in reference.list_steps(session, inactive=True) if row.process_id == ids[process]}
    return [
        (keys.get(row.owner_id) or teams[row.team_id], row.valid_from, row.valid_to)
        for row in reference.list_ownerships(session)
        if row.process_id == ids[process] and row.step_id == (steps[step] if step else None)
    ]


def test_a_new_document_creates_everything_it_names(session, now, put, example_yaml):
    difference = put(example_yaml)
    assert difference.counts() == {"create": 19}
    owners = {owner.key: owner for owner in reference.list_owners(session)}
    assert owners["jonas"].manager_id == owners["clara"].id
    assert owners["jonas"].deputy_id == owners["mira"].id
    assert owners["jonas"].absences == [
        {"from": "2026-08-03", "to": "2026-08-21", "note": "holiday"},
        {"from": "2026-10-07", "to": "2026-10-07", "note": "", "minutes": [780, 1440]},
    ]
    assert (owners["tomas"].valid_from, owners["tomas"].valid_to) == (date(2026, 2, 1), date(2027, 4, 1))
    calendar = reference.list_calendars(session)[0]
    assert calendar.week["mon"] == [["09:00", "12:30"], ["13:15", "17:30"]]
    assert calendar.week["fri"] == [["09:00", "15:00"]]
    assert (calendar.country, calendar.subdivision) == ("DE", "BE")
    assert [step.key for step in reference.list_steps(session)] == ["label", "refund"]
    topics = {topic.key: topic for topic in reference.list_topics(session)}
    assert topics["refund_amount"].parent_id == topics["refund_speed"].id
    assert topics["refund_speed"].step_id == reference.list_steps(session)[1].id
    assert [rule.key for rule in reference.list_rules(session)] == ["opaque_refunds", "storm", "fast_refunds"]
    policy = reference.find_policy(session)
    assert policy.fallback_owner_id == owners["clara"].id
    assert policy.document["thresholds"] == {"min_complaints": 5, "min_people": 3, "window_days": 28}
    assert policy.applied_at == now


def test_the_second_time_there_is_no_difference(session, now, put, example_yaml):
    put(example_yaml)
    again = put(example_yaml, at=now + LATER)
    assert not again
    assert again.lines() == []
    assert reference.find_policy(session).applied_at == now
    assert len(session.scalars(select(TaxonomyVersion)).all()) == 1


def test_a_dry_run_tells_the_difference_and_writes_nothing(session, put, example_yaml):
    assert put(example_yaml, dry_run=True).counts() == {"create": 19}
    assert reference.list_owners(session) == []
    assert reference.find_policy(session) is None


def test_a_change_is_told_with_before_and_after(session, put, example_yaml):
    put(example_yaml)
    changed = example_yaml.replace("jonas@example.com", "jw@example.com").replace("min_people: 3", "min_people: 4")
    difference = put(changed)
    assert difference.lines() == ["change owner jonas: email", "change policy policy: thresholds"]
    assert difference.as_json()[0] == {
        "action": "change",
        "kind": "owner",
        "key": "jonas",
        "fields": {"email": {"before": "jonas@example.com", "after": "jw@example.com"}},
    }
    assert reference.find_owner(session, "jonas").email == "jw@example.com"
    assert not put(changed)


def test_what_left_the_document_is_deactivated_and_comes_back(session, put, example_yaml):
    put(example_yaml)
    ids = {topic.key: topic.id for topic in reference.list_topics(session)}
    start = example_yaml.index("  - {key: refund_amount")
    shorter = example_yaml[:start] + example_yaml[example_yaml.index("rules:") :]
    assert put(shorter).lines() == ["deactivate topic refund_amount"]
    assert [topic.key for topic in reference.list_topics(session)] == ["refund_speed"]
    assert not put(shorter)
    assert put(example_yaml).lines() == ["reactivate topic refund_amount"]
    assert {topic.key: topic.id for topic in reference.list_topics(session)} == ids


def test_the_taxonomy_is_published_anew_only_when_topics_change(session, now, put, example_yaml):
    put(example_yaml)
    put(example_yaml.replace("min_people: 3", "min_people: 4"))
    assert len(session.scalars(select(TaxonomyVersion)).all()) == 1
    put(example_yaml.replace("Refund is too low", "Refund is short"), at=now + LATER)
    latest = reference.latest_taxonomy(session)
    assert latest.published_at == now + LATER
    assert latest.document["topics"]["refund_amount"]["name"] == "Refund is short"
    assert latest.document["topics"]["refund_amount"]["step"] == "returns/refund"


def test_dated_ownership_is_stored_as_written(session, put, example_yaml):
    put(example_yaml)
    assert periods(session, "returns", "refund") == [
        ("mira", None, date(2026, 3, 1)),
        ("jonas", date(2026, 3, 1), date(2027, 1, 4)),
        ("team desk", date(2027, 1, 4), None),
    ]
    assert periods(session, "returns") == [("jonas", None, None)]


def test_a_new_undated_owner_begins_today_and_the_old_one_keeps_the_history(session, now, put, example_yaml):
    put(example_yaml)
    handed = example_yaml.replace("    owner: jonas ", "    owner: mira ")
    assert put(handed, at=now + LATER).lines() == ["change ownership returns: periods"]
    day = (now + LATER).date()
    assert periods(session, "returns") == [("jonas", None, day), ("mira", day, None)]
    assert not put(handed, at=now + 2 * LATER)


def test_two_owners_on_one_day_leave_no_empty_period(session, now, put, example_yaml):
    put(example_yaml)
    put(example_yaml.replace("    owner: jonas ", "    owner: mira "), at=now + LATER)
    put(example_yaml.replace("    owner: jonas ", "    owner: clara "), at=now + LATER)
    day = (now + LATER).date()
    assert periods(session, "returns") == [("jonas", None, day), ("clara", day, None)]


def test_ownership_that_left_the_document_ends_today(session, now, put, example_yaml):
    put(example_yaml)
    orphaned = "\n".join(line for line in example_yaml.splitlines() if not line.startswith("    owner: jonas "))
    put(orphaned, at=now + LATER)
    assert periods(session, "returns") == [("jonas", None, (now + LATER).date())]
    assert not put(orphaned, at=now + 2 * LATER)


def test_a_topic_can_move_to_a_step_of_the_same_name_in_another_process(session, put, example_yaml):
    two = example_yaml.replace(
        "topics:", "  - {key: billing, name: Billing, steps: [{key: refund, name: Credit}]}\ntopics:", 1
    )
    put(two)
    put(two.replace("process: returns\n    step: refund", "process: billing\n    step: refund"))
    topic = next(topic for topic in reference.list_topics(session) if topic.key == "refund_speed")
    step = next(step for step in reference.list_steps(session) if step.id == topic.step_id)
    assert step.name == "Credit"
    assert step.process_id == topic.process_id


def test_the_day_of_an_undated_handover_is_the_utc_day(session, put, example_yaml):
    put(example_yaml, at=datetime(2026, 9, 16, 9, tzinfo=UTC))
    put(
        example_yaml.replace("    owner: jonas ", "    owner: mira "),
        at=datetime(2026, 9, 17, 23, 30, tzinfo=UTC),
    )
    assert [row.valid_to for row in session.scalars(select(Ownership)).all() if row.step_id is None] == [
        date(2026, 9, 17),
        None,
    ]
