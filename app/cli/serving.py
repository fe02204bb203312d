"""`closeloop serve` and `closeloop work`: the long-running processes."""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
import uvicorn

from app.cli.console import Exit, say
from app.cli.listening import PatientProtocol
from app.cli.setup import first_key, migrate_all, require_schema, say_key, take_lock
from app.engine.jobs import Enqueuer
from app.engine.lock import FileLock
from app.engine.running import Engine, Pace
from app.errors import AppError, Kind
from app.log import configure_logs
from app.main import create_app
from app.memory import share_arenas, spare_collector
from app.pipeline import STATIONS, Station
from app.runtime import Runtime, build_runtime
from app.settings import read_settings
from app.worker import STOP_S, build_engine, run_until_told, warm_up

REQUESTS_S = 5
"""Seconds that open requests get at a stop, before the worker's."""


class Embedded:
    """The worker inside the web process."""

    def __init__(self, runtime: Runtime, engine: Engine) -> None:
        """Starts with the application's lifespan."""
        self._runtime = runtime
        self._engine = engine
        self.clean = True

    def start(self) -> None:
        """Boot the engine, and load the model meanwhile."""
        warm_up(self._runtime)
        self._engine.start()

    def stop(self) -> None:
        """Let work under way end."""
        self.clean = self._engine.stop(seconds=STOP_S)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of CLOSELOOP_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, instead of CLOSELOOP_PORT.", min=1, max=65535)
    ] = None,
    *,
    worker: Annotated[bool, typer.Option(help="Run the stations in this process as well.")] = True,
) -> None:
    """Serve the API and the pages; with the embedded database it sets itself up and works in the same process."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = read_settings().model_copy(update=given)
    configure_logs(settings.log_level, settings.log_format)
    runtime = build_runtime(settings)
    if runtime.database.is_sqlite and not worker:
        message = "--no-worker needs PostgreSQL: nobody else can work on a SQLite file. Set CLOSELOOP_DATABASE_URL."
        raise AppError(Kind.INVALID, "worker_needed", message)
    leave(clean=serve_runtime(runtime, worker=worker))


def serve_runtime(
    runtime: Runtime, *, worker: bool = True, stations: Sequence[Station] = STATIONS, pace: Pace | None = None
) -> bool:
    """Set up what is missing, serve until told to stop, and stop in good order.

    Returns:
        Whether everything under way ended in time.
    """
    lock = _prepare(runtime)
    try:
        embedded = Embedded(runtime, build_engine(runtime, stations, pace)) if worker else None
        if embedded is None:
            runtime.database.enqueue = Enqueuer(runtime.database).enqueue
        _listen(runtime, embedded)
        runtime.database.dispose()
    finally:
        lock.release()
    return embedded is None or embedded.clean


def work() -> None:
    """Run the stations, without the API; as many of these as you like on one PostgreSQL."""
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    runtime = build_runtime(settings)
    if runtime.database.is_sqlite:
        message = "`closeloop work` needs PostgreSQL (CLOSELOOP_DATABASE_URL); on SQLite `closeloop serve` does it all."
        raise AppError(Kind.INVALID, "postgresql_needed", message)
    lock = _prepare(runtime)
    engine = build_engine(runtime)
    warm_up(runtime)
    clean = run_until_told(engine)
    lock.release()
    leave(clean=clean)


def _prepare(runtime: Runtime) -> FileLock:
    share_arenas()
    lock = take_lock(runtime)
    if runtime.database.is_sqlite:
        migrate_all(runtime)
        say_key(first_key(runtime))
    else:
        require_schema(runtime)
    return lock


def _listen(runtime: Runtime, embedded: Embedded | None) -> None:
    app = create_app(runtime, embedded)
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        host=runtime.settings.host,
        port=runtime.settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=REQUESTS_S,
    )
    spare_collector()
    server = uvicorn.Server(config)
    app.state.stopping = lambda: server.should_exit
    # The server raises the signal that stopped it once more when it is done: a stop that was asked for is a success.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    say(f"Closeloop on {runtime.settings.base_url}")
    server.run()
    if not server.started:
        raise typer.Exit(Exit.UNREACHABLE)


def leave(*, clean: bool) -> None:
    """End the process, even if work is under way that did not end in time."""
    if clean:
        return
    # A thread that would not end in time must not keep the process: its rows are leased, its job is taken up again.
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)
