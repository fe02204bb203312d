"""What the engine promises about failures, schedules and stopping."""

import threading

from sqlalchemy import text

from app.clock import SystemClock
from app.engine.jobs import Enqueuer, Plan
from app.engine.purge import purge_jobs
from app.engine.serializer import JobFailed, JsonSerializer
from app.engine.wake import wake


def outcomes(database):
    table = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
    with database.reading() as session:
        rows = session.execute(text(f"SELECT workflow_uuid, status, error FROM {table}"))  # noqa: S608
        return {name: (status, error) for name, status, error in rows}


def test_a_job_whose_database_failed_is_tried_again(start_engine, ledger):
    def run(station, stopping):
        if ledger.run(station, stopping) and len(ledger.runs) == 1:
            raise ConnectionError("with a secret in it")
        return 1

    start_engine(run)

    assert ledger.wait("label", times=2) == 2


def test_a_failure_is_stored_without_its_message(start_engine, engine_database, ledger):
    engine = start_engine(ledger.run)
    ledger.wait("label")
    failing = threading.Event()

    def fail(_station, _stopping):
        failing.set()
        raise ValueError("what the customer said")

    engine._run = fail
    with engine_database.writing() as session:
        wake(session, "label", "7:1")
    assert failing.wait(20)
    engine.stop(seconds=5)  # it is not tried again once the engine stops

    status, error = outcomes(engine_database)["label:7:1"]
    assert "what the customer said" not in str(error)
    assert status in {"ERROR", "PENDING"}


def test_a_schedule_runs_its_station(start_engine, ledger):
    start_engine(ledger.run, plans=(Plan("escalate", every="* * * * * *", alone=True),))

    assert ledger.wait("escalate", times=2) >= 2


def test_a_chore_runs_on_its_schedule(start_engine, ledger):
    done = threading.Event()

    start_engine(ledger.run, chores={"sweep_up": ("* * * * * *", done.set)})

    assert done.wait(20)


def test_a_stop_waits_for_work_under_way_and_hands_the_rest_on(start_engine, engine_database, ledger):
    begun, go_on = threading.Event(), threading.Event()

    def run(station, stopping):
        begun.set()
        go_on.wait(20)
        assert stopping()
        return ledger.run(station, stopping)

    engine = start_engine(run)
    assert begun.wait(20)
    stopper = threading.Thread(target=lambda: stopped.append(engine.stop(seconds=10)))
    stopped = []
    stopper.start()
    assert engine._stopping.wait(20)
    go_on.set()
    stopper.join()

    assert stopped == [True]
    assert ledger.runs == ["label"]
    left = [name for name, (status, _) in outcomes(engine_database).items() if status == "ENQUEUED"]
    # The sweep of a new minute may wait as well: it is nobody's work in particular.
    assert [name.split("-")[0] for name in left if not name.startswith("sched-")] == ["label:rest"]


def test_finished_jobs_are_cleared_away_and_waiting_ones_are_not(start_engine, engine_database, ledger):
    engine = start_engine(ledger.run)
    ledger.wait("label")
    engine.stop(seconds=5)
    enqueuer = Enqueuer(engine_database)
    with engine_database.writing() as session:
        enqueuer.enqueue(session, "label", "7:1")
        table = "workflow_status" if engine_database.is_sqlite else "dbos.workflow_status"
        session.execute(text(f"UPDATE {table} SET completed_at = 1 WHERE completed_at IS NOT NULL"))  # noqa: S608

    assert purge_jobs(enqueuer.client, SystemClock().now()) >= 1
    left = outcomes(engine_database)
    assert "label:7:1" in left
    assert {status for status, _ in left.values()} == {"ENQUEUED"}


def test_jobs_are_written_as_json_and_read_back(now):
    serializer = JsonSerializer()
    value = {"args": ["label", now], "kwargs": {"n": 1}}

    assert serializer.deserialize(serializer.serialize(value)) == value
    failed = serializer.deserialize(serializer.serialize(ValueError("a secret")))
    assert isinstance(failed, JobFailed)
    assert str(failed) == "ValueError"
