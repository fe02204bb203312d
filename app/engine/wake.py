"""How a command says that a station has work, inside its own transaction."""

from datetime import timedelta

from sqlalchemy.orm import Session


def wake(session: Session, station: str, key: str, after: timedelta | None = None) -> None:
    """Have `station` run soon after this transaction commits; nothing happens if it rolls back.

    Without an engine (tests, one-off commands) this does nothing: the rows themselves say what is left to do,
    and a sweep or an explicit drain finds them.

    Args:
        session: The caller's write transaction.
        station: Name of the station, as in app/pipeline.py.
        key: Makes the wake-up idempotent, e.g. the id and revision of the row.
        after: How long from now, for a pause that is shorter than the station's sweep.
    """
    enqueue = session.info.get("enqueue")
    if enqueue is None:
        return
    if after is None:
        enqueue(session, station, key)
    else:
        enqueue(session, station, key, after.total_seconds())
