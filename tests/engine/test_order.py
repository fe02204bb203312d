"""How a station is run: claim, work, record, and what happens when one of them fails."""

import threading
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, or_, select, update

from app.clock import SteppedClock
from app.pipeline import STATIONS, Station, drain, run_station
from app.runtime import Runtime, Tools
from app.settings import Settings
from app.store.tables import AuditEvent, Delivery, Source


@pytest.fixture
def runtime(database, now):
    return Runtime(Settings(), database, SteppedClock(now), Tools(Settings()))


@pytest.fixture
def put(database, now):
    """Puts deliveries with these bodies into the database."""

    def put_deliveries(*bodies):
        with database.writing() as session:
            source = Source(key="shop", connector="native", config={}, created_at=now)
            session.add(source)
            session.flush()
            for body in bodies:
                common = {"digest": "", "content_type": "text/plain", "headers": {}, "received_at": now}
                session.add(Delivery(source_id=source.id, body=body, **common))

    return put_deliveries


@dataclass(frozen=True)
class Rows:
    ids: tuple[int, ...]
    bodies: tuple[bytes, ...]


class Unpack:
    """A small station that leases: it fails on poison and writes each body down once."""

    def __init__(self, size=10):
        self.size = size
        self.batches = []

    def claim(self, session, now):
        free = or_(Delivery.leased_until.is_(None), Delivery.leased_until <= now)
        session.execute(
            update(Delivery)
            .where(Delivery.state == "received", free, Delivery.attempts >= 5)
            .values(state="quarantined", reason="failed five times")
        )
        found = session.execute(
            select(Delivery.id, Delivery.body, Delivery.attempts)
            .where(Delivery.state == "received", free)
            .order_by(Delivery.attempts, Delivery.id)
            .limit(self.size)
            .with_for_update(skip_locked=True)
        ).all()
        rows = found[:1] if found and found[0].attempts >= 2 else [row for row in found if row.attempts < 2]
        if not rows:
            return None
        ids = tuple(row.id for row in rows)
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids))
            .values(attempts=Delivery.attempts + 1, leased_until=now + timedelta(minutes=5))
        )
        self.batches.append(ids)
        return Rows(ids, tuple(row.body for row in rows))

    def work(self, batch, _tools):
        if b"poison" in batch.bodies:
            raise ValueError("the text itself is in this message: poison")
        return batch

    def record(self, session, now, outcome):
        for number in outcome.ids:
            done = session.execute(
                update(Delivery).where(Delivery.id == number, Delivery.state == "received").values(state="unpacked")
            )
            if done.rowcount:
                session.add(
                    AuditEvent(at=now, actor="station:unpack", action="unpacked", subject=str(number), facts={})
                )

    def release(self, session, _now, batch, reason):
        session.execute(update(Delivery).where(Delivery.id.in_(batch.ids)).values(leased_until=None, last_error=reason))


class Count:
    """A small station that leases nothing: it counts what was unpacked since it last counted."""

    def claim(self, session, _now):
        counted = session.scalar(select(func.count()).where(AuditEvent.action == "counted"))
        unpacked = session.scalar(select(func.count()).where(AuditEvent.action == "unpacked"))
        return None if counted >= unpacked else unpacked - counted

    def work(self, batch, _tools):
        return batch

    def record(self, session, now, outcome):
        for number in range(outcome):
            session.add(AuditEvent(at=now, actor="station:count", action="counted", subject=str(number), facts={}))


def states(database):
    with database.reading() as session:
        return session.execute(select(Delivery.body, Delivery.state).order_by(Delivery.id)).all()


def actions(database):
    with database.reading() as session:
        counted = session.execute(select(AuditEvent.action, func.count()).group_by(AuditEvent.action)).all()
        return dict(map(tuple, counted))


def test_a_station_runs_until_nothing_is_due(runtime, database, put):
    put(*[f"{number}".encode() for number in range(25)])
    unpack = Unpack(size=10)

    assert run_station(runtime, Station("unpack", unpack, (), "* * * * *")) == 3
    assert [len(batch) for batch in unpack.batches] == [10, 10, 5]
    assert actions(database) == {"unpacked": 25}


def test_draining_runs_stations_in_order_until_none_has_work(runtime, database, put):
    put(b"one", b"two")
    seen = []
    stations = (Station("unpack", Unpack(), ("count",), "* * * * *"), Station("count", Count(), (), "* * * * *"))

    assert drain(runtime, stations, on_batch=lambda name, _batch: seen.append(name)) == 2
    assert seen == ["unpack", "count"]
    assert actions(database) == {"unpacked": 2, "counted": 2}
    assert drain(runtime, stations) == 0


def test_one_poisonous_row_is_parked_and_the_others_flow(runtime, database, put):
    put(b"good", b"poison", b"fine")

    run_station(runtime, Station("unpack", Unpack(), (), "* * * * *"))

    assert states(database) == [(b"good", "unpacked"), (b"poison", "quarantined"), (b"fine", "unpacked")]


def test_the_reason_of_a_failure_never_repeats_its_message(runtime, database, put, caplog):
    put(b"poison")

    run_station(runtime, Station("unpack", Unpack(), (), "* * * * *"))

    with database.reading() as session:
        reason = session.scalars(select(Delivery.last_error)).one()
    assert reason.startswith("ValueError at test_order.py:")
    assert "the text itself" not in reason + caplog.text


def test_a_station_without_leases_stops_at_a_failure(runtime, put):
    tries = []

    def work(batch, _tools):
        tries.append(batch)
        raise ValueError

    always = SimpleNamespace(claim=lambda _session, _now: 1, work=work, record=lambda *_: None)

    assert run_station(runtime, Station("broken", always, (), "* * * * *")) == 0
    assert drain(runtime, (Station("broken", always, (), "* * * * *"),)) == 0
    assert len(tries) == 2


def test_a_station_that_never_finds_an_end_is_stopped(runtime):
    endless = SimpleNamespace(claim=lambda _s, _n: 1, work=lambda batch, _tools: batch, record=lambda *_: None)

    assert drain(runtime, (Station("endless", endless, (), "* * * * *"),)) == 0


def test_a_station_told_to_stop_leaves_the_rest_for_later(runtime, database, put):
    put(*[f"{number}".encode() for number in range(25)])
    unpack = Unpack(size=10)
    station = Station("unpack", unpack, (), "* * * * *")

    assert run_station(runtime, station, stopping=lambda: bool(unpack.batches)) == 1
    assert actions(database) == {"unpacked": 10}


def test_a_batch_that_waits_holds_up_no_other_where_several_may_be_under_way(runtime, database, put):
    put(b"waits", b"one", b"two", b"poison")
    others_done, unpack = threading.Event(), Unpack(size=1)

    def work(batch, tools):
        if b"waits" in batch.bodies:
            assert others_done.wait(60)
        elif b"two" in batch.bodies:
            others_done.set()
        return unpack.work(batch, tools)

    module = SimpleNamespace(claim=unpack.claim, work=work, record=unpack.record, release=unpack.release)
    assert run_station(runtime, Station("unpack", module, (), "* * * * *", at_once=3)) == 3
    assert states(database)[:3] == [(body, "unpacked") for body in (b"waits", b"one", b"two")]
    assert states(database)[3] == (b"poison", "quarantined")
    assert actions(database) == {"unpacked": 3}


def test_a_record_wakes_the_next_stations_in_its_own_transaction(runtime, database, put):
    put(b"one")
    woken = []
    database.enqueue = lambda session, station, key: woken.append((station, session.in_transaction(), bool(key)))

    run_station(runtime, Station("unpack", Unpack(), ("label", "count"), "* * * * *"))

    assert woken == [("label", True, True), ("count", True, True)]


def test_recording_twice_changes_nothing(runtime, database, put, now):
    put(b"one", b"two")
    unpack = Unpack()
    with database.writing() as session:
        batch = unpack.claim(session, now)

    for _ in range(2):
        with database.writing() as session:
            unpack.record(session, now, unpack.work(batch, None))

    assert actions(database) == {"unpacked": 2}


def test_every_station_wakes_only_stations_after_it():
    names = [station.name for station in STATIONS]
    assert len(set(names)) == len(names)
    for place, station in enumerate(STATIONS):
        assert set(station.wakes) <= set(names[place + 1 :]), station.name
