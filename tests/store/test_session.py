import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from app.store.tables import AuditEvent, Exposure


def _event(at, actor="test"):
    return AuditEvent(at=at, actor=actor, action="tried", subject="session", facts={"n": 1})


def test_a_block_that_raises_leaves_nothing_behind(database, now):
    with pytest.raises(RuntimeError), database.writing() as session:
        session.add(_event(now))
        session.flush()
        raise RuntimeError
    with database.reading() as session:
        assert session.scalars(select(AuditEvent)).all() == []


def test_times_come_back_in_utc_whatever_zone_they_had(database):
    at = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=5)))
    with database.writing() as session:
        session.add(_event(at))
    with database.reading() as session:
        found = session.scalars(select(AuditEvent)).one()
    assert found.at == at
    assert found.at.tzinfo is UTC


def test_a_time_without_zone_is_refused(database):
    with pytest.raises(Exception, match="zone"), database.writing() as session:
        session.add(_event(datetime(2026, 3, 1, 12, 0)))  # noqa: DTZ001 - the point of the test


def test_eight_threads_that_read_then_write_lose_no_update(database):
    day = datetime(2026, 1, 1, tzinfo=UTC).date()
    with database.writing() as session:
        session.add(Exposure(series="orders", day=day, count=0))
    failures = []

    def add_ten():
        try:
            for _ in range(10):
                with database.writing() as session:
                    row = session.scalars(select(Exposure).with_for_update()).one()
                    row.count += 1
        except Exception as error:  # noqa: BLE001 - collected and shown by the assertion
            failures.append(error)

    threads = [threading.Thread(target=add_ten) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.reading() as session:
        assert session.scalars(select(Exposure.count)).one() == 80


def test_a_reader_does_not_wait_for_a_writer(database, now):
    with database.writing() as writer:
        writer.add(_event(now))
        writer.flush()
        with database.reading() as reader:
            assert reader.scalars(select(AuditEvent)).all() == []


def test_readers_do_not_wait_for_writers_that_wait_for_each_other(database, now):
    """More writers than the pool has connections queue behind one; reading must go on."""
    may_end = threading.Event()
    begun = threading.Event()

    def hold():
        with database.writing() as session:
            session.add(_event(now))
            session.flush()
            begun.set()
            may_end.wait(20)

    def queue():
        with database.writing() as session:
            session.add(_event(now))

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait(10)
    waiting = [threading.Thread(target=queue) for _ in range(20)] if database.is_sqlite else []
    for thread in waiting:
        thread.start()
    try:
        with database.reading() as session:
            assert session.scalars(select(AuditEvent)).all() == []
    finally:
        may_end.set()
        for thread in [holder, *waiting]:
            thread.join()
    with database.reading() as session:
        assert len(session.scalars(select(AuditEvent)).all()) == 1 + len(waiting)
