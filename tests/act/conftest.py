"""A small company with one theme that has been routed, and actors who look at it."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from app.act import open as opening
from app.domain.actor import Actor, Scope
from app.store.act_tables import ActionItem
from app.store.tables import Calendar, Owner, Policy, Process, ProcessStep, Routing, Topic
from app.store.theme_tables import Theme

WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@dataclass
class Company:
    """Ids of the rows that the tests name."""

    mira: int
    jonas: int
    clara: int
    process: int
    step: int
    topic: int
    theme: int


@pytest.fixture
def company(session, now):
    return _found(session, now)


@pytest.fixture
def committed(database, now):
    """The company and one routing, committed, for tests with several transactions."""
    with database.writing() as session:
        company = _found(session, now)
        _route(session, company, now, {})
    return company


def _found(session, now):
    calendar = Calendar(key="berlin", zone="Europe/Berlin", week=WEEK, closed=[])
    session.add(calendar)
    session.flush()
    clara = Owner(key="clara", name="Clara Otto", email="clara@mail.example", calendar_id=calendar.id, absences=[])
    session.add(clara)
    session.flush()
    jonas = Owner(key="jonas", name="Jonas Weber", calendar_id=calendar.id, absences=[], manager_id=clara.id)
    session.add(jonas)
    session.flush()
    mira = Owner(
        key="mira",
        name="Mira Kaya",
        email="mira@mail.example",
        calendar_id=calendar.id,
        absences=[],
        manager_id=clara.id,
        deputy_id=jonas.id,
    )
    process = Process(key="returns", name="Returns")
    session.add_all([mira, process])
    session.flush()
    step = ProcessStep(process_id=process.id, key="refund", name="Refund", position=1)
    session.add(step)
    session.flush()
    topic = Topic(key="refunds", name="Refunds", description="", examples=[], process_id=process.id, step_id=step.id)
    session.add_all([topic, Policy(id=1, fallback_owner_id=clara.id, document={}, applied_at=now)])
    session.flush()
    theme = _theme(session, now, topic.id, "refund takes weeks")
    return Company(mira.id, jonas.id, clara.id, process.id, step.id, topic.id, theme.id)


def _theme(session, now, topic_id, name):
    theme = Theme(
        topic_id=topic_id, kind="cluster", name=name, terms=[], state="active", created_at=now, updated_at=now
    )
    session.add(theme)
    session.flush()
    return theme


@pytest.fixture
def add_theme(session, company, now):
    """Adds a theme of the company's topic."""
    return lambda name: _theme(session, now, company.topic, name)


@pytest.fixture
def add_routing(session, company):
    """Adds a routing decided at an instant: goal after 2 days, deadline after 5, rungs 4 h and 1 day after that."""
    return lambda now, **values: _route(session, company, now, values)


def _route(session, company, now, values):
    deadline = now + timedelta(days=5)
    rungs = ((timedelta(hours=4), company.jonas, "deputy"), (timedelta(days=1), company.clara, "manager"))
    columns = {
        "theme_id": company.theme,
        "process_id": company.process,
        "step_id": company.step,
        "owner_id": company.mira,
        "why": ["Mira Kaya owns the step"],
        "trigger_from": date(2026, 8, 20),
        "trigger_to": date(2026, 9, 16),
        "complaints": 9,
        "people": 8,
        "goal_at": now + timedelta(days=2),
        "deadline_at": deadline,
        "goal_why": {"duration": "2 working days"},
        "deadline_why": {"duration": "5 working days"},
        "ladder": [
            {"at": (deadline + after).isoformat(), "owner_id": owner, "role": role} for after, owner, role in rungs
        ],
        "decided_at": now,
    }
    routing = Routing(**columns | values)
    session.add(routing)
    session.flush()
    return routing


@pytest.fixture
def run(session):
    """Runs a station once inside the test's transaction; says whether there was anything to do."""

    def once(station, now, tools=None):
        batch = station.claim(session, now)
        if batch is None:
            return False
        station.record(session, now, station.work(batch, tools))
        session.flush()
        return True

    return once


@pytest.fixture
def open_item(session, add_routing, run):
    """Routes a theme and opens its item."""

    def routed(now, **values):
        routing = add_routing(now, **values)
        assert run(opening, now)
        return session.query(ActionItem).filter_by(routing_id=routing.id).one()

    return routed


@pytest.fixture
def item(open_item, now):
    """The item of the routed theme: Mira's, new."""
    return open_item(now)


@pytest.fixture
def mira(company):
    return Actor("key:mira", frozenset({Scope.ITEMS_READ, Scope.ITEMS_WRITE}), owner_id=company.mira)


@pytest.fixture
def jonas(company):
    return Actor("key:jonas", frozenset({Scope.ITEMS_READ, Scope.ITEMS_WRITE}), owner_id=company.jonas)


@pytest.fixture
def analyst():
    return Actor("key:analyst", frozenset({Scope.ANALYST}))
