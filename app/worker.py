"""The process that runs stations: boots the engine over the pipeline, and stops it in good order."""

import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType

from app.access.answers import purge_answers
from app.act.subscribe import purge_dispatches
from app.engine.jobs import Plan
from app.engine.running import Engine, Pace
from app.errors import AppError
from app.ingest.fetches import expire_fetches
from app.ingest.forget import purge_deliveries
from app.ingest.imports import FOLDER, delete_orphans, purge_imports
from app.log import get_logger
from app.pipeline import STATIONS, Station, run_station
from app.runtime import Runtime

_log = get_logger("worker")

STOP_S = 15
"""Seconds that work under way gets at a stop: with open requests before it, less than the 25 s that hosts give."""


def build_engine(runtime: Runtime, stations: Sequence[Station] = STATIONS, pace: Pace | None = None) -> Engine:
    """The engine that runs `stations` in this process; not started."""
    named = {station.name: station for station in stations}

    def run(name: str, stopping: Callable[[], bool]) -> int:
        return run_station(runtime, named[name], stopping=stopping)

    plans = [
        Plan(station.name, every=station.every, alone=not station.leases, awaited=station.awaited)
        for station in stations
    ]
    chores = {"retention": _retention(runtime), "answers": _answers(runtime)}
    return Engine(runtime.database, plans, run, chores=chores, pace=pace)


def _retention(runtime: Runtime) -> tuple[str, Callable[[], object]]:
    def end_retention() -> None:
        with runtime.database.writing() as session:
            purge_deliveries(session, runtime.clock.now(), runtime.settings.raw_retention_days)
            expire_fetches(session, runtime.clock.now())
            purge_imports(session, runtime.clock.now(), runtime.settings.raw_retention_days)
            purge_dispatches(session, runtime.clock.now(), runtime.settings.raw_retention_days)
            delete_orphans(session, runtime.clock.now(), runtime.settings.data_dir / FOLDER)

    return "35 3 * * *", end_retention


def _answers(runtime: Runtime) -> tuple[str, Callable[[], object]]:
    def forget_answers() -> None:
        with runtime.database.writing() as session:
            purge_answers(session, runtime.clock.now())

    return "25 * * * *", forget_answers


def warm_up(runtime: Runtime) -> None:
    """Load the model in a thread, so that the first text does not wait for it and a broken one is told at the start."""

    def load() -> None:
        try:
            runtime.tools.readers.encoder()
        except AppError as error:
            _log.error("model_unavailable", reason=error.message)

    threading.Thread(target=load, name="warm-up", daemon=True).start()


def run_until_told(engine: Engine) -> bool:
    """Start, wait for SIGTERM or SIGINT, stop.

    Returns:
        Whether everything under way ended in time.
    """
    told = threading.Event()

    def tell(number: int, _frame: FrameType | None) -> None:
        _log.info("stop_asked", signal=signal.Signals(number).name)
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    engine.start()
    told.wait()
    return engine.stop(seconds=STOP_S)
