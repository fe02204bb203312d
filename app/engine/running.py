"""Boots the engine in a worker process, runs stations when they are woken or due, and stops in good order."""

import secrets
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dbos import DBOS, DBOSConfig, ScheduleInput

from app.clock import SystemClock
from app.engine.failure import describe_failure
from app.engine.jobs import APPLICATION, MAINTENANCE, PROTOCOL, RUN_STATION, Enqueuer, Plan, queue_name, quiet_library
from app.engine.leases import clear_leases
from app.engine.liveness import Heart, end_orphaned_leases, take_over
from app.engine.purge import purge_jobs
from app.engine.serializer import JobFailed, JsonSerializer
from app.engine.turns import Turns
from app.log import get_logger
from app.store.session import Database

_log = get_logger("engine")

_JOBS_AT_ONCE = 256
_THREADS = 24
_RECOVERIES = 10
_OFTEN, _SELDOM = 4, 10


@dataclass(frozen=True)
class Pace:
    """How fast the engine looks around, in seconds; the defaults are for production, tests are in a hurry.

    Attributes:
        poll_s: Between two looks into the queue of a station that somebody waits for.
        beat_s: Between two heartbeats.
        dead_after_s: Without a heartbeat for so long, a worker counts as dead.
        take_over: Cron expression (seconds first) of the search for dead workers' jobs.
    """

    poll_s: float = 0.4
    beat_s: float = 5.0
    dead_after_s: float = 60.0
    take_over: str = "*/15 * * * * *"

    def between_looks(self, plan: Plan) -> float:
        """Seconds between two looks into a station's queue, at which it starts as many jobs as it may at once.

        A look costs three small queries, by each of thirty stations: where nobody waits, they are rare.
        """
        if plan.awaited:
            return self.poll_s
        return self.poll_s * (_OFTEN if plan.every.startswith("* ") else _SELDOM)


class Engine:
    """The one engine of this process.

    Args:
        database: Rows and jobs live side by side in it.
        plans: One per station.
        run: Runs a station until nothing is due or until `stopping()`; returns how many batches it did.
        chores: Housekeeping besides the engine's own: name -> (cron expression, what to do).
        pace: How fast it looks around.
    """

    def __init__(
        self,
        database: Database,
        plans: Sequence[Plan],
        run: Callable[[str, Callable[[], bool]], int],
        *,
        chores: Mapping[str, tuple[str, Callable[[], object]]] | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Starts nothing yet, but from now on the database's transactions can wake stations."""
        self._database = database
        self._plans = tuple(plans)
        self._run = run
        self._pace = pace or Pace()
        # One process at a time holds a SQLite file: a constant name has it take up its own unfinished jobs at once.
        self.executor_id = "embedded" if database.is_sqlite else f"{socket.gethostname()}-{secrets.token_hex(8)}"
        self._heart = Heart(database, self.executor_id, every_s=self._pace.beat_s)
        self._enqueuer = Enqueuer(database)
        database.enqueue = self._enqueuer.enqueue
        self._turns = Turns()
        self._stopping = threading.Event()
        self._under_way = 0
        self._mutex = threading.Lock()
        self._chores: dict[str, tuple[str, Callable[[], object]]] = {"purge": ("17 * * * *", self._purge)}
        if not database.is_sqlite:
            self._chores["take_over"] = (self._pace.take_over, self._take_over)
        self._chores.update(chores or {})

    def start(self) -> None:
        """Take up what an earlier process left unfinished, then listen. Not for an event loop's thread: it blocks.

        The schema must be there (`migrate_engine`), and on SQLite the caller must hold the file lock.
        """
        quiet_library()
        if self._database.is_sqlite:
            with self._database.writing() as session:
                ended = clear_leases(session)
            if ended:
                _log.info("leases_cleared", rows=ended)
        self._heart.start()
        try:
            DBOS(config=self._config())
            schedules = self._register()
            DBOS.launch()
            self._declare_queues()
            self._apply(schedules)
            self._wake_all()
        except BaseException:
            self.stop(seconds=0)
            raise
        _log.info("engine_started", executor=self.executor_id, stations=len(self._plans))

    def stop(self, *, seconds: int) -> bool:
        """Take no new jobs, let those under way finish their batch, sign off.

        Returns:
            Whether everything under way ended in time. What did not is taken up by the next worker.
        """
        self._stopping.set()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=seconds)
        self._heart.stop()
        self._database.enqueue = None
        self._enqueuer.close()
        with self._mutex:
            left = self._under_way
        _log.info("engine_stopped", executor=self.executor_id, left=left)
        return left == 0

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_engine=self._database.engine,
            run_migrations=False,
            application_version=PROTOCOL,
            executor_id=self.executor_id,
            serializer=JsonSerializer(),
            max_executor_threads=_THREADS,
            log_level="WARNING",
            # Nobody waits for the library's notifications, but a stop waits for one round of its listener.
            notification_listener_polling_interval_sec=self._pace.poll_s * 2,
        )

    def _register(self) -> list[ScheduleInput]:
        # The library finds functions by name in a registry of its own, which `stop` empties again.
        @DBOS.step(name="attempt", retries_allowed=True, max_attempts=7, should_retry=self._may_retry)
        def attempt(kind: str, name: str) -> int:
            return self._attempt(kind, name)

        @DBOS.workflow(name=RUN_STATION, max_recovery_attempts=_RECOVERIES)
        def run_station(station: str) -> int:
            return attempt("station", station)

        @DBOS.workflow(name="sweep_station", max_recovery_attempts=_RECOVERIES)
        def sweep_station(_at: datetime, station: str) -> None:
            attempt("station", station)

        @DBOS.workflow(name="do_chore", max_recovery_attempts=_RECOVERIES)
        def do_chore(_at: datetime, chore: str) -> None:
            attempt("chore", chore)

        sweeps = [
            ScheduleInput(
                schedule_name=f"sweep-{plan.station}",
                workflow_fn=sweep_station,
                schedule=plan.every,
                context=plan.station,
                queue_name=queue_name(plan.station),
            )
            for plan in self._plans
        ]
        chores = [
            ScheduleInput(
                schedule_name=f"chore-{name}",
                workflow_fn=do_chore,
                schedule=every,
                context=name,
                queue_name=queue_name(MAINTENANCE),
            )
            for name, (every, _) in self._chores.items()
        ]
        return sweeps + chores

    def _declare_queues(self) -> None:
        for plan in self._plans:
            DBOS.register_queue(
                queue_name(plan.station),
                global_concurrency=1 if plan.alone else None,
                worker_concurrency=1 if plan.alone else _JOBS_AT_ONCE,
                polling_interval_sec=self._pace.between_looks(plan),
                on_conflict="always_update",
            )
        DBOS.register_queue(
            queue_name(MAINTENANCE),
            worker_concurrency=len(self._chores),
            polling_interval_sec=max(1.0, self._pace.poll_s),
            on_conflict="always_update",
        )

    def _apply(self, schedules: list[ScheduleInput]) -> None:
        wanted = {schedule["schedule_name"] for schedule in schedules}
        for known in DBOS.list_schedules():
            if known["schedule_name"] not in wanted:
                DBOS.delete_schedule(known["schedule_name"])
        DBOS.apply_schedules(schedules)

    def _wake_all(self) -> None:
        # Whatever became of their jobs, rows that are due now need not wait for a sweep.
        with self._database.writing() as session:
            for plan in self._plans:
                if not plan.alone:
                    self._enqueuer.enqueue(session, plan.station, f"boot-{secrets.token_hex(8)}")

    def _may_retry(self, _error: BaseException) -> bool:
        return not self._stopping.is_set()

    def _attempt(self, kind: str, name: str) -> int:
        with self._mutex:
            self._under_way += 1
        try:
            return self._do_chore(name) if kind == "chore" else self._take_turn(name)
        except Exception as error:  # noqa: BLE001 - the library stores and logs what it catches: never the original
            what = describe_failure(error)
            _log.warning("job_failed", kind=kind, job=name, error=what)
            raise JobFailed(what) from None
        finally:
            with self._mutex:
                self._under_way -= 1

    def _do_chore(self, name: str) -> int:
        self._chores[name][1]()
        return 1

    def _take_turn(self, station: str) -> int:
        done = self._turns.take(station, lambda: self._run(station, self._stopping.is_set))
        if self._stopping.is_set():
            self._hand_over(station)
        return done

    def _hand_over(self, station: str) -> None:
        # It was told to stop early: what it left is the next worker's, not the next sweep's.
        with self._database.writing() as session:
            self._enqueuer.enqueue(session, station, f"rest-{secrets.token_hex(8)}")

    def _purge(self) -> int:
        return purge_jobs(self._enqueuer.client, SystemClock().now())

    def _take_over(self) -> int:
        dead_after = timedelta(seconds=self._pace.dead_after_s)
        taken = take_over(self._database, self._enqueuer.client, dead_after=dead_after)
        if end_orphaned_leases(self._database, self.executor_id, dead_after=dead_after, idle=self._turns.idle):
            self._wake_all()
        return taken
