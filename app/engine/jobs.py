"""What a job is: the name of a station and nothing else. The rows say what is left to do."""

import logging
from dataclasses import dataclass

from dbos import DBOSClient, EnqueueOptions
from sqlalchemy.orm import Session

from app.engine.serializer import JsonSerializer
from app.store.session import Database

APPLICATION = "closeloop"
PROTOCOL = "1"
"""Version of what is in a job. A constant, and never set on a job: a job of an older release must still run."""

RUN_STATION = "run_station"
MAINTENANCE = "maintenance"

_QUEUE_PREFIX = "closeloop-"
_WAITING = (
    "SELECT 1 FROM workflow_status WHERE queue_name = ? AND status = 'ENQUEUED'"
    " AND status IN ('ENQUEUED', 'PENDING') LIMIT 1"  # in the words of the library's index, or SQLite does not use it
)


@dataclass(frozen=True)
class Plan:
    """When one station runs.

    Attributes:
        station: Its name, which is also its queue's.
        every: A cron expression at which it looks for work that nobody announced.
        alone: Whether at most one run may be under way in the whole installation (stations that lease no rows).
        awaited: Whether a client waits for it: its wake-ups are looked for more often.
    """

    station: str
    every: str
    alone: bool
    awaited: bool = False


def queue_name(station: str) -> str:
    """The queue that wake-ups of `station` wait in."""
    return f"{_QUEUE_PREFIX}{station}"


class Enqueuer:
    """Puts wake-ups into the caller's own transaction; give its `enqueue` to `Database.enqueue`."""

    def __init__(self, database: Database) -> None:
        """Connects to nothing before the first use."""
        quiet_library()
        self._writers_queue = database.is_sqlite
        self.client = DBOSClient(
            system_database_engine=database.engine,
            serializer=JsonSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    def enqueue(self, session: Session, station: str, key: str, delay_s: float = 0.0) -> None:
        """Add the wake-up `station:key`, once however often it is asked for; gone if the transaction rolls back.

        Where writers queue, a job of the station that still waits is as good: it starts after this commit.
        """
        if self._writers_queue and not delay_s and _is_awaited(session, station):
            return
        options = EnqueueOptions(
            workflow_name=RUN_STATION, queue_name=queue_name(station), workflow_id=f"{station}:{key}"
        )
        if delay_s:
            options["delay_seconds"] = delay_s
        self.client.enqueue_in_transaction(session, options, station)

    def close(self) -> None:
        """Forget the client; the database's own connections stay."""
        self.client.destroy()


def _is_awaited(session: Session, station: str) -> bool:
    # To enqueue takes a third of the transaction that stores an item; this takes a fiftieth.
    found = session.connection().exec_driver_sql(_WAITING, (queue_name(station),))
    return found.first() is not None


def quiet_library() -> None:
    """Have the library's log lines go through ours (it would open a handler of its own), warnings and worse only."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = True
    logger.setLevel(logging.WARNING)
