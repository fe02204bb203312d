"""A real database for every test: a copy of a migrated template, SQLite always, PostgreSQL where one answers."""

import os
import shutil
import socket
import uuid
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import make_url

from app.store.migrate import upgrade_schema
from app.store.session import Database

# `CLOSELOOP_TEST_POSTGRES` names a server on which the tests may make databases; without it they run on SQLite only.
POSTGRES = os.environ.get("CLOSELOOP_TEST_POSTGRES")
BACKENDS = ["sqlite", "postgresql"] if POSTGRES else ["sqlite"]


@pytest.fixture(autouse=True, scope="session")
def _only_loopback():
    """The suite must never reach out: any connection but to this machine is an error."""
    real = socket.socket.connect

    def connect(self, address):
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "localhost", "::1"}:
            raise AssertionError(f"a test tried to reach {address[0]}")
        return real(self, address)

    socket.socket.connect = connect
    yield
    socket.socket.connect = real


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside():
    for name in [name for name in os.environ if name.startswith("CLOSELOOP_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}", synchronous="NORMAL")
    upgrade_schema(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server():
    """The server on which tests may make databases; None where there is none."""
    return POSTGRES


@pytest.fixture(scope="session")
def postgres_template():
    name = f"closeloop_template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    database = Database(_postgres_url(name))
    upgrade_schema(database.engine)
    database.dispose()
    yield name
    _drop(name)


@pytest.fixture(params=BACKENDS)
def database_url(request, tmp_path):
    """The URL of a fresh, migrated database of this test's own."""
    if request.param == "sqlite":
        path = tmp_path / "closeloop.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("postgres_template")
    name = f"closeloop_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _postgres_url(name)
    _drop(name)


@pytest.fixture
def database(database_url):
    database = Database(database_url, synchronous="NORMAL")
    yield database
    database.dispose()


@pytest.fixture
def session(database):
    """One write transaction that the test may flush and query in; rolled back at the end."""
    with database.writing() as session:
        yield session
        session.rollback()


@pytest.fixture
def now():
    """A Wednesday morning: the instant at which tests happen unless they say otherwise."""
    return datetime(2026, 9, 16, 9, 0, tzinfo=UTC)


def _postgres_url(name):
    return make_url(POSTGRES).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


def _drop(name):
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
