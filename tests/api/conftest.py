"""The service as its clients see it: real HTTP semantics, a real database, no network."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from app.access.keys import create_key
from app.api.router import include_routers, make_app
from app.clock import SteppedClock
from app.domain.actor import OPERATOR, Scope
from app.settings import Settings
from app.store.act_tables import ActionItem, Change
from app.store.label_tables import Mention
from app.store.session import Database
from app.store.tables import Calendar, Feedback, Owner, Policy, Process, ProcessStep, Routing, Source, Topic, Turn
from app.store.theme_tables import Theme, ThemeMention


@dataclass
class Surroundings:
    """The process around the edge, as app/runtime.py has it."""

    settings: Settings
    database: Database
    clock: SteppedClock


@pytest.fixture
def clock(now):
    return SteppedClock(now)


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", secret_key="a secret for tests that is long enough")


@pytest.fixture
def runtime(settings, database, clock):
    return Surroundings(settings, database, clock)


@pytest.fixture(scope="session")
def built():
    """The application, built once: its routes are the same for every test."""
    settings = Settings(secret_key="a secret for tests that is long enough")
    app = make_app(Surroundings(settings, None, None))
    include_routers(app)
    return app


@pytest.fixture
def app(built, runtime):
    built.state.runtime = runtime
    return built


@pytest.fixture
def client(app):
    """A client without a key."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def key_for(database, now):
    """Makes a key and gives its token."""

    def make(*scopes, **order):
        with database.writing() as session:
            return create_key(session, now, OPERATOR, name=f"k{uuid.uuid4().hex[:6]}", scopes=scopes, **order)[1]

    return make


@pytest.fixture
def client_for(app, key_for):
    """Makes a client with a key of its own."""
    clients = []

    def make(*scopes, **order):
        client = TestClient(app, headers={"Authorization": f"Bearer {key_for(*scopes, **order)}"})
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def admin(client_for):
    return client_for(Scope.ADMIN)


@pytest.fixture
def owners(database):
    """Two owners in one calendar; ids by key."""
    with database.writing() as session:
        week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
        calendar = Calendar(key="office", zone="Europe/Berlin", week=week, closed=[])
        session.add(calendar)
        session.flush()
        rows = [
            Owner(key=key, name=name, email=f"{key}@example.com", calendar_id=calendar.id, absences=[])
            for key, name in (("jonas", "Jonas Weber"), ("mira", "Mira Kaya"))
        ]
        session.add_all(rows)
        session.flush()
        return {row.key: row.id for row in rows}


@pytest.fixture
def sources(database, now):
    """Two sources of native items; ids by key."""
    with database.writing() as session:
        rows = [Source(key=key, connector="native", config={}, created_at=now) for key in ("crm", "shop")]
        session.add_all(rows)
        session.flush()
        return {row.key: row.id for row in rows}


@pytest.fixture(scope="session")
def problem():
    """Asserts that an answer is a whole problem document, and gives it."""
    return _problem


def _problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["type"].endswith(f"#{code}")
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    return document


@pytest.fixture(scope="session")
def bulk():
    """Sends many items under a key of their own."""

    def send(client, *, headers=None, **body):
        return client.post("/v1/feedback/bulk", headers={"Idempotency-Key": uuid.uuid4().hex} | (headers or {}), **body)

    return send


@dataclass
class World:
    """Two owners with an item, a theme and a change each; ids of jonas's things first."""

    items: tuple[int, int]
    themes: tuple[int, int]
    changes: tuple[int, int]
    mentions: tuple[int, int]
    feedback: tuple[int, int]
    topic: int


@pytest.fixture
def world(database, owners, sources, now):
    """What owners work with, as the stations would have left it."""
    with database.writing() as session:
        process = Process(key="returns", name="Returns")
        session.add(process)
        session.flush()
        step = ProcessStep(process_id=process.id, key="refund", name="Refund", position=1)
        session.add(step)
        session.flush()
        topic = Topic(
            key="refunds", name="Refunds", description="", examples=[], process_id=process.id, step_id=step.id
        )
        session.add_all([topic, Policy(id=1, fallback_owner_id=owners["mira"], document={}, applied_at=now)])
        session.flush()
        made = [_line(session, now, topic, owners[key], sources["crm"], key) for key in ("jonas", "mira")]
        return World(*(tuple(column) for column in zip(*made, strict=True)), topic=topic.id)


def _line(session, now, topic, owner_id, source_id, name):
    theme = Theme(
        topic_id=topic.id, kind="cluster", name=f"{name} theme", terms=["refund"], created_at=now, updated_at=now
    )
    text = f"Hello. The refund that {name} promised is late. Bye."
    feedback = Feedback(
        source_id=source_id,
        external_id=f"x-{name}",
        digest="d",
        medium="survey",
        occurred_at=now - timedelta(days=3),
        received_at=now,
        customer_ref=f"C-{name}",
        attributes={},
        state="labelled",
    )
    session.add_all([theme, feedback])
    session.flush()
    session.add(Turn(feedback_id=feedback.id, position=0, role="customer", text=text))
    mention = Mention(
        feedback_id=feedback.id,
        content_rev=1,
        turn=0,
        start=7,
        end=len(text) - 5,
        topic_id=topic.id,
        topic_confidence=0.6,
        sentiment=-0.8,
        sentiment_label="negative",
        sentiment_confidence=0.9,
        complaint=True,
        complaint_confidence=0.9,
        friction_confidence=0.1,
        fingerprint="model-1",
    )
    session.add(mention)
    session.flush()
    theme.central_mention_id = mention.id
    session.add(ThemeMention(mention_id=mention.id, theme_id=theme.id, similarity=0.9, assigned_at=now))
    why = {"duration": "2 working days", "counted": [], "closed": []}
    routing = Routing(
        theme_id=theme.id,
        process_id=topic.process_id,
        owner_id=owner_id,
        why=["the owner of the step"],
        trigger_from=now.date() - timedelta(days=28),
        trigger_to=now.date(),
        complaints=7,
        people=5,
        goal_at=now + timedelta(days=2),
        deadline_at=now + timedelta(days=5),
        goal_why=why,
        deadline_why=why,
        ladder=[],
        decided_at=now,
    )
    session.add(routing)
    session.flush()
    item = ActionItem(
        kind="process",
        theme_id=theme.id,
        process_id=topic.process_id,
        owner_id=owner_id,
        routing_id=routing.id,
        title=f"Refunds: {name}",
        state="new",
        version=1,
        opened_at=now,
        goal_at=now + timedelta(days=2),
        deadline_at=now + timedelta(days=5),
        ladder=[],
        updated_at=now,
    )
    session.add(item)
    session.flush()
    change = Change(
        item_id=item.id,
        theme_id=theme.id,
        description="Second check dropped",
        target_reduction=0.3,
        planned_at=now,
        actor="cli",
        withdrawn_at=now,
    )
    session.add(change)
    session.flush()
    return item.id, theme.id, change.id, mention.id, feedback.id
