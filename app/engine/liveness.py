"""Which workers are alive, and what becomes of the jobs of those that are not."""

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

from dbos import DBOSClient
from sqlalchemy import delete, func, insert, select, type_coerce, update
from sqlalchemy.exc import SQLAlchemyError

from app.engine.failure import describe_failure
from app.engine.leases import clear_leases
from app.log import get_logger
from app.store.session import Database
from app.store.tables import WorkerHeartbeat
from app.store.types import Utc

_log = get_logger("engine")

_FORGOTTEN_AFTER = timedelta(days=1)


class Heart:
    """Writes this worker's heartbeat, by the database's clock: the clocks of several machines differ.

    Args:
        database: Where the beats go.
        executor_id: Who is beating.
        every_s: Seconds between two beats.
    """

    def __init__(self, database: Database, executor_id: str, *, every_s: float) -> None:
        """Does not beat before `start`."""
        self._database = database
        self._executor_id = executor_id
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Beat once, then go on in a thread of its own."""
        self.beat()
        self._thread.start()

    def stop(self) -> None:
        """Stop beating and sign off, so that nobody waits for this worker."""
        self._stopped.set()
        self._thread.join(timeout=self._every_s + 1)
        try:
            with self._database.writing() as session:
                session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.executor_id == self._executor_id))
        except SQLAlchemyError as error:
            _log.warning("sign_off_failed", error=describe_failure(error))

    def beat(self) -> None:
        """Write one beat."""
        with self._database.writing() as session:
            mine = WorkerHeartbeat.executor_id == self._executor_id
            beaten = session.execute(update(WorkerHeartbeat).where(mine).values(beat_at=func.now()))
            if beaten.rowcount == 0:  # type: ignore[attr-defined]
                session.execute(insert(WorkerHeartbeat).values(executor_id=self._executor_id, beat_at=func.now()))

    def _beat_on(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self.beat()
            except SQLAlchemyError as error:
                _log.warning("heartbeat_failed", error=describe_failure(error))


def living_workers(database: Database, *, dead_after: timedelta) -> dict[str, float]:
    """Workers with a fresh heartbeat: executor id -> seconds since it."""
    with database.reading() as session:
        present = session.scalars(select(type_coerce(func.now(), Utc()))).one()
        rows = session.execute(select(WorkerHeartbeat.executor_id, WorkerHeartbeat.beat_at)).all()
    ages = {executor_id: (present - beat_at).total_seconds() for executor_id, beat_at in rows}
    return {executor_id: age for executor_id, age in ages.items() if age < dead_after.total_seconds()}


def take_over(database: Database, client: DBOSClient, *, dead_after: timedelta) -> int:
    """Put the jobs of dead workers back into their queues, and forget workers that died long ago.

    A worker that only seemed dead makes a job run twice: the guarded writes of the stations make that harmless.

    Returns:
        How many jobs were put back.
    """
    alive = living_workers(database, dead_after=dead_after)
    orphans: dict[str, list[str]] = defaultdict(list)
    for job in client.list_workflows(status="PENDING", load_input=False, load_output=False):
        if job.executor_id not in alive and job.queue_name is not None:
            orphans[job.queue_name].append(job.workflow_id)
    for queue, jobs in orphans.items():
        client.resume_workflows(jobs, queue_name=queue)
    taken = sum(map(len, orphans.values()))
    if taken:
        _log.warning("jobs_taken_over", jobs=taken)
    with database.writing() as session:
        long_ago = session.scalars(select(type_coerce(func.now(), Utc()))).one() - _FORGOTTEN_AFTER
        session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.beat_at < long_ago))
    return taken


def end_orphaned_leases(database: Database, me: str, *, dead_after: timedelta, idle: Callable[[], bool]) -> bool:
    """End the leases of dead workers, where it is certain that they are theirs.

    That is so when nobody but this worker lives and it has no batch in hand. With several living workers a lease does
    not say whose it is, so there it ends by time.

    Args:
        database: Where rows and heartbeats are.
        me: This worker's executor id.
        dead_after: Without a heartbeat for so long, a worker counts as dead.
        idle: Whether this worker has no batch in hand; asked while no other write can happen on SQLite.

    Returns:
        Whether there were dead workers and their leases are over now.
    """
    alive = living_workers(database, dead_after=dead_after)
    with database.writing() as session:
        known = set(session.scalars(select(WorkerHeartbeat.executor_id)))
        dead = known - set(alive)
        if not dead or set(alive) - {me} or not idle():
            return False
        ended = clear_leases(session)
        session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.executor_id.in_(dead)))
    _log.warning("leases_of_dead_workers_ended", workers=len(dead), rows=ended)
    return True
