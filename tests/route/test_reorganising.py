"""A reorganisation that was entered before its day routes open items anew at its instant, and only then."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.processes.apply import apply_document
from app.processes.reader import read_document
from app.route import assign, reorganise
from app.store import reference
from app.store.tables import Routing

DAY = timedelta(days=1)
BEFORE = """
version: 1
calendars: [{key: always, zone: UTC, week: {mon-sun: ["00:00-24:00"]}}]
owners:
  - {key: boss, name: Boss, email: boss@example.com, calendar: always}
  - {key: ada, name: Ada, email: ada@example.com, calendar: always}
  - {key: ben, name: Ben, email: ben@example.com, calendar: always}
teams: [{key: desk, name: Desk, members: [{owner: ada, until: 2026-09-24}, {owner: ben}]}]
processes:
  - {key: p, name: P, owners: [{owner: ada, until: 2026-09-21}, {owner: ben, from: 2026-09-21}]}
  - {key: q, name: Q, owner: boss}
topics: [{key: slow, name: Slow, process: p}, {key: dear, name: Dear, process: q}]
rules:
  - {key: later, from: 2026-09-22, until: 2026-09-23, when: {topic: [dear]}, then: {owner: ada}}
  - {key: desk, from: 2026-09-23, when: {topic: [dear]}, then: {team: desk}}
thresholds: {min_complaints: 1, min_people: 1, window_days: 28}
fallback_owner: boss
"""


@pytest.fixture
def company_yaml():
    return BEFORE


def apply(session, at, text):
    apply_document(session, at, OPERATOR, read_document(text), dry_run=False)


@pytest.fixture
def opened(session, now, theme_of, complain, item_of):
    """A routed theme with its open item, for each topic asked for."""

    def opened(topic, **more):
        complain(theme_of(topic), 2)
        at = now + timedelta(hours=1)
        assign.record(session, at, assign.work(assign.claim(session, at), None))
        routing = session.scalars(select(Routing).order_by(Routing.id.desc())).first()
        return item_of(routing, opened_at=at, **more)

    return opened


@pytest.fixture
def review(session):
    def review(at):
        batch = reorganise.claim(session, at)
        if batch is None:
            return False
        reorganise.record(session, at, reorganise.work(batch, None))
        return True

    return review


def current(session, item):
    query = select(Routing).where(Routing.theme_id == item.theme_id, Routing.superseded_at.is_(None))
    routing = session.scalars(query).one()
    return reference.list_owners(session)[[o.id for o in reference.list_owners(session)].index(routing.owner_id)].key


def test_until_its_day_nothing_is_looked_at(session, now, opened, review):
    item = opened("slow")
    assert not review(now + 4 * DAY)
    assert current(session, item) == "ada"


def test_on_its_day_the_new_owner_is_named_with_the_old_clock_and_why(session, now, opened, review):
    item = opened("slow")
    old = session.get(Routing, item.routing_id)
    monday = now.replace(day=21, hour=0)
    assert review(monday)
    assert not review(monday + DAY - timedelta(seconds=1))
    new = session.scalars(select(Routing).where(Routing.superseded_at.is_(None))).one()
    assert current(session, item) == "ben"
    assert (new.deadline_at, new.ladder, new.deadline_why) == (old.deadline_at, old.ladder, old.deadline_why)
    assert new.why[0] == "a reorganisation: this was ada's, it is ben's now"
    assert "Ben owns the process" in new.why
    assert new.facts == old.facts


def test_rules_begin_and_end_on_their_day(session, now, opened, review):
    item = opened("dear")
    assert current(session, item) == "boss"
    assert review(now.replace(day=22, hour=0))
    assert current(session, item) == "ada"


def test_a_member_who_leaves_the_team_is_followed_by_another(session, now, opened, review):
    item = opened("dear")
    assert review(now.replace(day=23, hour=0))
    assert current(session, item) == "ada"
    item.routing_id = session.scalars(select(Routing.id).where(Routing.superseded_at.is_(None))).one()
    item.owner_id = reference.find_owner(session, "ada").id
    session.flush()
    assert review(now.replace(day=24, hour=0))
    assert current(session, item) == "ben"


@pytest.mark.parametrize("state", ["acknowledged", "change_planned", "measuring"])
def test_answered_items_are_looked_at_and_stay(session, now, opened, review, state):
    item = opened("slow", state=state, acknowledged_at=now)
    assert review(now + 5 * DAY)
    assert not review(now + 5 * DAY)
    assert current(session, item) == "ada"


def test_a_document_without_dates_is_a_reorganisation_when_it_is_applied(session, now, opened, review):
    item = opened("slow")
    owners = "owners: [{owner: ada, until: 2026-09-21}, {owner: ben, from: 2026-09-21}]"
    apply(session, now + DAY, BEFORE.replace(owners, "owner: boss"))
    assert review(now + DAY)
    assert current(session, item) == "boss"


def test_an_absence_is_no_reorganisation(session, now, opened, review):
    item = opened("slow")
    reference.find_owner(session, "ada").own_absences = [{"from": "2026-09-17", "to": "2026-09-30", "note": ""}]
    apply(session, now + DAY, BEFORE.replace("name: Slow", "name: Slower"))
    assert review(now + DAY)
    assert current(session, item) == "ada"


def test_recording_twice_changes_nothing(session, now, opened):
    opened("slow")
    monday = now.replace(day=21, hour=0)
    outcome = reorganise.work(reorganise.claim(session, monday), None)
    reorganise.record(session, monday, outcome)
    reorganise.record(session, monday, outcome)
    assert len(session.scalars(select(Routing)).all()) == 2
