"""Alembic's entry: runs the history on the connection it is given, else on the database of the settings."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection

from app.settings import read_settings
from app.store.alert_tables import Alert
from app.store.case_tables import CaseRouting
from app.store.copy_tables import TextPrint
from app.store.import_tables import Import
from app.store.session import make_engine
from app.store.subscription_tables import Subscription
from app.store.tables import AuditEvent
from app.store.types import Utc

_METADATA = AuditEvent.metadata
_TABLES = (
    AuditEvent,
    Alert,
    CaseRouting,
    Import,
    Subscription,
    TextPrint,
)  # one metadata: a row of each module makes it whole
_OURS = frozenset(name for row in _TABLES for name in row.metadata.tables)


def _include_name(name: str | None, kind: str, _parents: object) -> bool:
    # The engine keeps its own tables beside ours in the SQLite file: they are none of our business.
    return kind != "table" or name in _OURS


def _render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    # A migration must not import the code that it may outlive.
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Utc) else False


def _run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
        connection.exec_driver_sql("SET LOCAL statement_timeout = '600s'")
    context.configure(
        connection=connection,
        target_metadata=_METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        include_name=_include_name,
        render_item=_render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with make_engine(read_settings().url).begin() as opened:
        _run(opened)
