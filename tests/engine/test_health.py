"""Probes say what an operator must know, and the database's outage is no crash."""

import pytest
from starlette.testclient import TestClient

from app.clock import SteppedClock
from app.domain.feedback import ImportState
from app.engine.liveness import Heart
from app.errors import AppError
from app.main import create_app
from app.runtime import Runtime, Tools
from app.settings import Settings
from app.store.import_tables import Import
from app.store.label_tables import DriftReading
from app.store.session import Database
from app.store.tables import Delivery, Source


@pytest.fixture
def client(database, now, tmp_path):
    settings = Settings(data_dir=tmp_path, secret_key="a secret for tests that is long enough")
    with TestClient(create_app(Runtime(settings, database, SteppedClock(now), Tools(settings)))) as client:
        yield client


def test_without_a_worker_it_is_ready_and_warns(client):
    told = client.get("/readyz")

    assert told.status_code == 200
    assert told.json()["ready"] is True
    assert "No worker is alive" in told.json()["warnings"][0]


def test_with_a_worker_there_is_nothing_to_warn_of(client, database):
    Heart(database, "here", every_s=60).beat()

    assert client.get("/readyz").json() == {"ready": True, "reasons": [], "warnings": []}


def test_a_model_that_cannot_be_loaded_is_a_warning(client, database, now, tmp_path):
    Heart(database, "here", every_s=60).beat()
    settings = Settings(data_dir=tmp_path, model=str(tmp_path / "no-model-here"))
    readers = client.app.state.readers = Tools(settings).readers
    with pytest.raises(AppError):
        readers.encoder()

    told = client.get("/readyz").json()
    assert told["ready"] is True
    assert "the model cannot be loaded" in told["warnings"][0]


def test_rows_by_state_and_their_age_are_measured(client, database, now):
    with database.writing() as session:
        source = Source(key="shop", connector="native", config={}, created_at=now)
        session.add(source)
        session.flush()
        common = {"source_id": source.id, "digest": "", "content_type": "", "headers": {}}
        session.add(Delivery(**common, received_at=now.replace(hour=8)))

    told = client.get("/metrics").text
    assert 'closeloop_rows{state="received",table="deliveries"} 1.0' in told
    assert 'closeloop_oldest_seconds{table="deliveries"} 3600.0' in told
    assert "has waited 3600 s" in client.get("/readyz").text


def test_a_database_without_schema_is_a_reason(now, tmp_path):
    settings = Settings(data_dir=tmp_path, secret_key="a secret for tests that is long enough")
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    runtime = Runtime(settings, empty, SteppedClock(now), Tools(settings))
    with TestClient(create_app(runtime)) as client:
        told = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
    empty.dispose()

    assert told.status_code == 503
    assert "closeloop migrate" in told.json()["reasons"][0]


def test_an_unreachable_database_is_a_reason_and_not_a_crash(now, tmp_path):
    settings = Settings(data_dir=tmp_path, secret_key="a secret for tests that is long enough")
    gone = Database("postgresql+psycopg://me:hidden@127.0.0.1:1/none")
    runtime = Runtime(settings, gone, SteppedClock(now), Tools(settings))
    with TestClient(create_app(runtime)) as client:
        told = client.get("/readyz")
        metrics = client.get("/metrics")
        assert client.get("/healthz").status_code == 200

    assert told.status_code == 503
    assert "does not answer" in told.json()["reasons"][0]
    assert "hidden" not in told.text
    assert "closeloop_database_up 0.0" in metrics.text


def test_requests_are_counted_by_template_not_by_address(client):
    client.get("/v1/feedback/12345")
    client.get("/somewhere/jane@example.com")

    told = client.get("/metrics").text
    assert "12345" not in told
    assert "jane" not in told
    assert 'route="unmatched"' in told


def test_a_drift_alarm_is_a_warning_and_a_number(client, database, now):
    Heart(database, "here", every_s=60).beat()
    with database.writing() as session:
        for statistic, alarm in (("topics", True), ("texts", False)):
            row = DriftReading(
                day=now.date(), statistic=statistic, value=0.4, expected_low=0.1, expected_high=0.2, p_value=0.0001,
                alarm=alarm, facts={},
            )  # fmt: skip
            session.add(row)

    told = client.get("/readyz")
    assert told.status_code == 200
    assert told.json()["warnings"] == ["Last week is not like the weeks before: topics. See GET /v1/model."]
    assert 'closeloop_drift_alarm{statistic="topics"} 1.0' in client.get("/metrics").text
    assert 'closeloop_drift_alarm{statistic="texts"} 0.0' in client.get("/metrics").text


def test_imports_are_measured_by_state_and_their_rows_by_what_became_of_them(client, database, now):
    with database.writing() as session:
        source = Source(key="shop", connector="native", config={}, created_at=now)
        session.add(source)
        session.flush()
        common = {"source_id": source.id, "size": 1, "digest": "", "options": {}, "actor": "ann", "created_at": now}
        common |= {"reasons": {}, "notes": [], "columns": []}
        session.add(
            Import(**common, name="a.csv", state=ImportState.RUNNING, rows=10, position=4, accepted=3, rejected=1)
        )
        session.add(Import(**common, name="b.csv", state=ImportState.CANCELLED, rows=9, position=2, duplicate=2))
        session.add(Import(**common, name="c.csv", state=ImportState.QUEUED, rows=None))

    told = client.get("/metrics").text
    jobs = {"queued": 1, "running": 1, "done": 0, "failed": 0, "cancelled": 1}
    rows = {"accepted": 3, "duplicate": 2, "rejected": 1, "waiting": 6}
    assert all(f'closeloop_imports{{state="{state}"}} {count}.0' in told for state, count in jobs.items())
    assert all(f'closeloop_import_rows{{outcome="{outcome}"}} {count}.0' in told for outcome, count in rows.items())
