"""Leases that a dead process left behind."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.store.row import Leased, Row


def clear_leases(session: Session) -> int:
    """End every lease, so that work in progress at a crash is due again at once.

    Only for a process that is alone on its database (embedded, holding the file lock): nobody else can be working.
    The lease columns are the engine's, whatever room writes the rest of the row.

    Returns:
        How many rows were still leased.
    """
    leased = (mapper.class_ for mapper in Row.registry.mappers if issubclass(mapper.class_, Leased))
    ended = 0
    for table in leased:
        statement = update(table).where(table.leased_until.is_not(None)).values(leased_until=None)
        ended += session.connection().execute(statement).rowcount
    return ended
