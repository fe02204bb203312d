import threading
import time

import psycopg
import pytest
from sqlalchemy import make_url

from app.engine.jobs import Enqueuer, Plan
from app.engine.running import Engine, Pace
from app.engine.schema import migrate_engine
from app.store.session import Database

HURRY = Pace(poll_s=0.05, beat_s=0.5, dead_after_s=3.0, take_over="*/2 * * * * *")
LABEL = Plan("label", every="0 0 1 1 *", alone=False)


class Ledger:
    """A station that only writes down that it ran; a test waits for what it expects."""

    def __init__(self):
        self.runs = []
        self._changed = threading.Condition()

    def run(self, station, _stopping):
        with self._changed:
            self.runs.append(station)
            self._changed.notify_all()
        return 1

    def wait(self, station, times=1, seconds=20):
        deadline = time.monotonic() + seconds
        with self._changed:
            while self.runs.count(station) < times and time.monotonic() < deadline:
                self._changed.wait(deadline - time.monotonic())
            return self.runs.count(station)


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture(scope="session")
def postgres_template(postgres_template, postgres_server, copying):
    """The common template with the engine's tables, made once: that takes a second on PostgreSQL."""
    name = f"{postgres_template}_engine"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template} {copying}")
    url = make_url(postgres_server).set(drivername="postgresql+psycopg", database=name)
    database = Database(url.render_as_string(hide_password=False))
    migrate_engine(database)
    database.dispose()
    yield name
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def engine_database(database):
    """A database that has the engine's tables beside ours."""
    migrate_engine(database)
    enqueuer = Enqueuer(database)
    database.enqueue = enqueuer.enqueue
    yield database
    enqueuer.close()


@pytest.fixture
def start_engine(engine_database):
    """Starts an engine on the test's database and stops it at the end."""
    started = []

    def start(run, plans=(LABEL,), **more):
        engine = Engine(engine_database, plans, run, pace=HURRY, **more)
        engine.start()
        started.append(engine)
        return engine

    yield start
    for engine in started:
        engine.stop(seconds=5)
