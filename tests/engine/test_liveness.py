"""Dead workers' jobs are taken over, and leases of a dead process end when the next one starts."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from app.engine.jobs import Enqueuer
from app.engine.leases import clear_leases
from app.engine.liveness import Heart, end_orphaned_leases, living_workers, take_over
from app.engine.lock import FileLock
from app.engine.wake import wake
from app.errors import AppError
from app.store.tables import Delivery, Source, WorkerHeartbeat

MINUTE = timedelta(minutes=1)


@pytest.fixture
def claimed_job(engine_database):
    """A job that the executor `dead` is working on."""
    with engine_database.writing() as session:
        wake(session, "label", "7:1")
    table = "workflow_status" if engine_database.is_sqlite else "dbos.workflow_status"
    with engine_database.writing() as session:
        session.execute(text(f"UPDATE {table} SET status = 'PENDING', executor_id = 'dead'"))  # noqa: S608


def test_a_job_of_a_worker_without_heartbeat_is_done_by_another(claimed_job, start_engine, engine_database, ledger):
    client = Enqueuer(engine_database).client
    start_engine(ledger.run)
    ledger.wait("label")

    assert take_over(engine_database, client, dead_after=MINUTE) in {0, 1}  # on PostgreSQL the engine looks as well
    assert ledger.wait("label", times=2) == 2


def test_a_job_of_a_living_worker_is_left_alone(claimed_job, engine_database):
    Heart(engine_database, "dead", every_s=60).beat()

    assert take_over(engine_database, Enqueuer(engine_database).client, dead_after=MINUTE) == 0


def test_an_old_heartbeat_is_no_life(engine_database):
    Heart(engine_database, "here", every_s=60).beat()
    Heart(engine_database, "gone", every_s=60).beat()
    with engine_database.writing() as session:
        gone = select(WorkerHeartbeat.beat_at).where(WorkerHeartbeat.executor_id == "gone")
        past = session.scalars(gone).one() - 2 * MINUTE
        session.execute(update(WorkerHeartbeat).where(WorkerHeartbeat.executor_id == "gone").values(beat_at=past))

    assert set(living_workers(engine_database, dead_after=MINUTE)) == {"here"}


def test_a_worker_that_stops_signs_off(engine_database):
    heart = Heart(engine_database, "here", every_s=0.05)
    heart.start()
    assert set(living_workers(engine_database, dead_after=MINUTE)) == {"here"}

    heart.stop()

    assert living_workers(engine_database, dead_after=MINUTE) == {}


def test_clearing_leases_makes_rows_due_at_once(database, now):
    with database.writing() as session:
        source = Source(key="shop", connector="native", config={}, created_at=now)
        session.add(source)
        session.flush()
        common = {"source_id": source.id, "digest": "", "content_type": "", "headers": {}, "received_at": now}
        session.add(Delivery(id=1, **common, leased_until=now + MINUTE, attempts=1))
        session.add(Delivery(id=2, **common))

    with database.writing() as session:
        assert clear_leases(session) == 1

    with database.reading() as session:
        rows = session.execute(select(Delivery.leased_until, Delivery.attempts).order_by(Delivery.id)).all()
    assert rows == [(None, 1), (None, 0)]


@pytest.fixture
def leased(database, now):
    """A delivery that somebody has leased; says until when."""
    with database.writing() as session:
        source = Source(key="shop", connector="native", config={}, created_at=now)
        session.add(source)
        session.flush()
        common = {"source_id": source.id, "digest": "", "content_type": "", "headers": {}, "received_at": now}
        session.add(Delivery(**common, leased_until=now + MINUTE))

    def until():
        with database.reading() as session:
            return session.scalars(select(Delivery.leased_until)).one()

    return until


@pytest.fixture
def end(database):
    """The worker `me` looks for orphaned leases an hour after `gone` died, with `others` alive beside it."""

    def look(*others, idle=True):
        for name in ("me", "gone", *others):
            Heart(database, name, every_s=60).beat()
        with database.writing() as session:
            row = session.get(WorkerHeartbeat, "gone")
            row.beat_at -= 60 * MINUTE
        return end_orphaned_leases(database, "me", dead_after=MINUTE, idle=lambda: idle)

    return look


def test_the_only_living_worker_ends_the_leases_of_the_dead_once(leased, end, database):
    assert end()

    assert leased() is None
    assert not end_orphaned_leases(database, "me", dead_after=MINUTE, idle=lambda: True)


def test_leases_end_by_time_while_others_live(leased, end):
    assert not end("neighbour")
    assert leased() is not None


def test_a_worker_with_a_batch_in_hand_ends_no_leases(leased, end):
    assert not end(idle=False)
    assert leased() is not None


def test_a_second_process_is_refused_with_a_clear_message(tmp_path):
    first, second = FileLock(tmp_path / "closeloop.db"), FileLock(tmp_path / "closeloop.db")
    first.acquire()

    with pytest.raises(AppError, match="Another Closeloop process"):
        second.acquire()

    first.release()
    second.acquire()
    second.release()
