"""A wake-up is part of the transaction that asks for it."""

import contextlib
from datetime import timedelta

from sqlalchemy import text

from app.engine.wake import wake


class RefusedError(Exception):
    pass


def jobs(database):
    table = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
    with database.reading() as session:
        return session.execute(text(f"SELECT workflow_uuid FROM {table} ORDER BY 1")).scalars().all()  # noqa: S608


def test_a_rolled_back_transaction_leaves_no_job(engine_database):
    with contextlib.suppress(RefusedError), engine_database.writing() as session:
        wake(session, "label", "7:1")
        raise RefusedError

    assert jobs(engine_database) == []


def ask(database, *keys):
    for key in keys:
        with database.writing() as session:
            wake(session, "label", key)
            wake(session, "label", key)


def test_a_committed_transaction_leaves_one_job_per_key_or_one_that_waits_where_writers_queue(engine_database):
    ask(engine_database, "7:1", "7:1", "7:2")

    assert jobs(engine_database) == (["label:7:1"] if engine_database.is_sqlite else ["label:7:1", "label:7:2"])


def test_a_job_that_has_begun_does_not_stand_for_what_is_committed_after(engine_database):
    ask(engine_database, "7:1")
    with engine_database.writing() as session:
        table = "workflow_status" if engine_database.is_sqlite else "dbos.workflow_status"
        session.execute(text(f"UPDATE {table} SET status = 'PENDING'"))  # noqa: S608

    ask(engine_database, "7:2")

    assert jobs(engine_database) == ["label:7:1", "label:7:2"]


def test_a_job_of_another_station_or_of_later_does_not_stand_for_one(engine_database):
    with engine_database.writing() as session:
        wake(session, "match", "7")
        wake(session, "label", "7:1", after=timedelta(hours=1))

    ask(engine_database, "7:2")

    assert jobs(engine_database) == ["label:7:1", "label:7:2", "match:7"]


def test_without_an_engine_a_wake_up_is_nothing(database):
    with database.writing() as session:
        wake(session, "label", "7:1")


def test_a_committed_wake_up_runs_its_station(start_engine, engine_database, ledger):
    start_engine(ledger.run)
    assert ledger.wait("label") == 1  # at start it looks whether anything is left

    with engine_database.writing() as session:
        wake(session, "label", "7:1")

    assert ledger.wait("label", times=2) == 2


def test_a_job_that_waited_while_no_worker_ran_is_done_by_the_next(start_engine, engine_database, ledger):
    with engine_database.writing() as session:
        wake(session, "label", "7:1")

    start_engine(ledger.run)

    # Besides, it looks at its start whether anything is left: where writers queue, the job that waits serves both.
    expected = 1 if engine_database.is_sqlite else 2
    assert ledger.wait("label", times=expected) == expected


def test_a_job_holds_json_only(engine_database):
    with engine_database.writing() as session:
        wake(session, "label", "7:1")

    table = "workflow_input" if engine_database.is_sqlite else "dbos.workflow_input"
    with engine_database.reading() as session:
        stored = session.execute(text(f"SELECT inputs FROM {table}")).scalar_one()  # noqa: S608
    assert stored == '{"args":["label"],"kwargs":{}}'
