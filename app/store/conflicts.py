"""Inserting what another transaction may have inserted: the statement of either database."""

from collections.abc import Callable

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_of(session: Session) -> Callable[..., postgresql.Insert | sqlite.Insert]:
    """The `insert` that knows `ON CONFLICT`, of the database that the session is on."""
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
