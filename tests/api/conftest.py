"""The service as its clients see it: real HTTP semantics, a real database, no network."""

import uuid
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from app.access.keys import create_key
from app.api.router import include_routers, make_app
from app.clock import SteppedClock
from app.domain.actor import OPERATOR, Scope
from app.settings import Settings
from app.store.session import Database
from app.store.tables import Calendar, Owner, Source


@dataclass
class Process:
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
    return Process(settings, database, clock)


@pytest.fixture
def app(runtime):
    app = make_app(runtime)
    include_routers(app)
    return app


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
