"""THE ORDER: the stations, what each wakes, how often each looks by itself, and how a station is run."""

import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.act import alarms, clear, come_back, digest, escalate, gather, leaving, notify, open_case, settle, standing
from app.act import open as opening
from app.act.deliver import FAST_LANE, SLOW_LANE
from app.classify import label, learn, relabel, watch
from app.engine.failure import describe_failure
from app.engine.wake import wake
from app.ingest import fetch, load, unpack
from app.log import get_logger
from app.measure import effect
from app.route import assign, cases, reorganise
from app.runtime import Runtime
from app.theme import adopt, alerts, extract, match, trace

_log = get_logger("pipeline")

_GLANCE_S = 0.1
"""Between two looks for more work while batches are under way."""

_ENDLESS = 1_000
"""Batches after which a station that leases no rows is stopped: it would find the same work for ever."""


class StationModule(Protocol):
    """What a station's module has; one that leases rows also has `release(session, now, batch, reason)`."""

    def claim(self, session: Session, now: datetime, /) -> Any:  # noqa: ANN401 - each station has its own Batch
        """Find, and lease, what is due; None if nothing is."""

    def work(self, batch: Any, tools: Any, /) -> Any:  # noqa: ANN401 - as above
        """Do it, outside any transaction."""

    def record(self, session: Session, now: datetime, outcome: Any, /) -> None:  # noqa: ANN401 - as above
        """Write it down; writing it twice changes nothing."""


@dataclass(frozen=True)
class Station:
    """One unit of the pipeline.

    Attributes:
        name: What its wake-ups and log lines call it.
        module: Its functions.
        wakes: Stations that may have work once it has recorded something.
        every: Cron expression (UTC) at which it looks for work that nobody announced, e.g. because time has passed.
        at_once: Batches that one run has under way at the same time: for stations that mostly wait for somebody else.
        awaited: Whether a client waits at the door for what it does.
    """

    name: str
    module: StationModule
    wakes: tuple[str, ...]
    every: str
    at_once: int = 1
    awaited: bool = False

    @property
    def leases(self) -> bool:
        """Whether it leases its rows, so that several workers can run it side by side."""
        return hasattr(self.module, "release")


STATIONS: tuple[Station, ...] = (
    Station("fetch", fetch, ("unpack",), "*/5 * * * *"),
    Station("unpack", unpack, ("label",), "* * * * *", awaited=True),
    Station("load", load, ("label",), "* * * * *"),
    Station("learn", learn, (), "*/10 * * * *"),
    Station("label", label, ("relabel", "match", "cases"), "* * * * *", awaited=True),
    Station("relabel", relabel, (), "* * * * *"),
    Station("watch", watch, (), "20 4 * * *"),
    Station("match", match, ("assign",), "* * * * *"),
    Station("extract", extract, ("adopt",), "40 * * * *"),
    Station("trace", trace, ("adopt", "assign"), "50 * * * *"),
    Station("adopt", adopt, ("assign",), "*/5 * * * *"),
    Station("alert", alerts, ("alarm",), "*/15 * * * *"),
    Station("assign", assign, ("open",), "*/5 * * * *"),
    Station("cases", cases, ("open_case",), "* * * * *"),
    Station("reorganise", reorganise, ("hand_over",), "*/5 * * * *"),
    Station("open", opening, ("gather",), "*/5 * * * *"),
    Station("open_case", open_case, ("gather",), "*/5 * * * *"),
    Station("clear", clear, (), "* * * * *"),
    Station("hand_over", leaving, ("gather",), "* * * * *"),
    Station("stand_in", standing, ("gather",), "*/5 * * * *"),
    Station("alarm", alarms, ("gather",), "*/5 * * * *"),
    Station("escalate", escalate, ("gather",), "* * * * *"),
    Station("effect", effect, ("settle",), "*/10 * * * *"),
    Station("settle", settle, ("gather",), "*/15 * * * *"),
    Station("come_back", come_back, ("gather",), "50 3 * * *"),
    Station("deliver", FAST_LANE, (), "* * * * *", at_once=8),
    Station("deliver_slow", SLOW_LANE, (), "* * * * *", at_once=8),
    Station("digest", digest, ("notify",), "*/5 * * * *"),
    Station("gather", gather, ("notify",), "* * * * *"),
    Station("notify", notify, (), "* * * * *"),
)
"""In the order in which a complaint goes through them. What is due is the rows' business: looking often is cheap."""


def run_station(
    runtime: Runtime,
    station: Station,
    *,
    stopping: Callable[[], bool] = lambda: False,
    on_batch: Callable[[str, Any], None] = lambda _name, _batch: None,
) -> int:
    """Claim, work and record until nothing is due, or until `stopping()`.

    A batch whose work or record raises is released (the rows count the attempt and are tried again, alone) and the
    others go on; a station that leases no rows stops until its next wake-up or sweep.

    Returns:
        How many batches were recorded.

    Raises:
        SQLAlchemyError: The database does not answer; the engine tries the job again.
    """
    if station.at_once > 1:
        return _run_together(runtime, station, stopping, on_batch)
    batches = 0
    while not stopping():
        batch = _claim(runtime, station)
        if batch is None:
            break
        if _process(runtime, station, batch):
            batches += 1
            on_batch(station.name, batch)
        elif not station.leases:
            break
        if batches >= _ENDLESS and not station.leases:
            _log.error("station_never_ends", station=station.name, batches=batches)
            return 0
    return batches


def _run_together(
    runtime: Runtime, station: Station, stopping: Callable[[], bool], on_batch: Callable[[str, Any], None]
) -> int:
    """The same with several batches under way: one that waits for its answer holds up no other."""
    batches = 0
    under_way: dict[Future[bool], Any] = {}
    with ThreadPoolExecutor(station.at_once, station.name) as pool:
        while not stopping():
            batch = _claim(runtime, station) if len(under_way) < station.at_once else None
            if batch is not None:
                under_way[pool.submit(_process, runtime, station, batch)] = batch
            elif not under_way:
                break
            # While one waits, rows may fall due whose wake-up this very run has taken over.
            ended, _ = wait(under_way, timeout=0 if batch is not None else _GLANCE_S, return_when=FIRST_COMPLETED)
            for one in ended:
                done = under_way.pop(one)
                if one.result():
                    batches += 1
                    on_batch(station.name, done)
        return batches + sum(one.result() for one in under_way)


def drain(
    runtime: Runtime,
    stations: Iterable[Station] = STATIONS,
    *,
    on_batch: Callable[[str, Any], None] = lambda _name, _batch: None,
) -> int:
    """Run stations in their order, again and again, until nothing is due at this instant: no engine needed.

    Returns:
        How many batches were recorded.
    """
    stations = tuple(stations)
    batches = 0
    while found := sum(run_station(runtime, station, on_batch=on_batch) for station in stations):
        batches += found
    return batches


def _claim(runtime: Runtime, station: Station) -> Any | None:  # noqa: ANN401 - each station has its own Batch
    with runtime.database.writing() as session:
        return station.module.claim(session, runtime.clock.now())


def _process(runtime: Runtime, station: Station, batch: object) -> bool:
    try:
        outcome = station.module.work(batch, runtime.tools)
        with runtime.database.writing() as session:
            station.module.record(session, runtime.clock.now(), outcome)
            for following in station.wakes:
                wake(session, following, secrets.token_hex(8))
    except Exception as error:  # noqa: BLE001 - whatever a text or a model provokes, the other rows must flow
        reason = describe_failure(error)
        _log.warning("batch_failed", station=station.name, error=reason)
        release = getattr(station.module, "release", None)
        if release is not None:
            with runtime.database.writing() as session:
                release(session, runtime.clock.now(), batch, reason)
        return False
    return True
