"""The engine's own tables, beside ours in the SQLite file or in the schema `dbos` of PostgreSQL."""

from dbos import DBOS
from sqlalchemy import inspect

from app.engine.jobs import quiet_library
from app.store.session import Database


def migrate_engine(database: Database) -> None:
    """Make the engine's tables, or bring them to the newest version; needs the right to create tables."""
    quiet_library()
    DBOS.migrate(database.engine.url.render_as_string(hide_password=False))


def engine_is_migrated(database: Database) -> bool:
    """Whether the engine's tables are there at all."""
    schema = None if database.is_sqlite else "dbos"
    return inspect(database.engine).has_table("workflow_status", schema=schema)
