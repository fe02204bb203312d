"""Whole tables for people who want their data elsewhere: plain values, no secrets, no vectors, no plumbing."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import LargeBinary, inspect, select
from sqlalchemy.orm import Session

from app.store.act_tables import ActionItem, Change, ItemEvent
from app.store.label_tables import Correction, Mention
from app.store.row import Leased, Row
from app.store.tables import Exposure, Feedback, Measurement, Routing, Score, Topic, Turn
from app.store.theme_tables import Theme, ThemeMention

TABLES: dict[str, type[Row]] = {
    table.__tablename__: table
    for table in (
        Feedback,
        Turn,
        Score,
        Topic,
        Mention,
        Correction,
        Theme,
        ThemeMention,
        Routing,
        ActionItem,
        ItemEvent,
        Change,
        Exposure,
        Measurement,
    )
}
"""What can be exported, by table name."""

_PLUMBING = frozenset(Leased.__annotations__)
_SLICE = 1_000


def columns_of(name: str) -> list[str]:
    """The exported columns of table `name`, in order."""
    mapper = inspect(TABLES[name])
    return [
        column.key
        for column in mapper.column_attrs
        if column.key not in _PLUMBING and not isinstance(column.columns[0].type, LargeBinary)
    ]


def rows_of(session: Session, name: str) -> Iterator[tuple[Any, ...]]:
    """All rows of table `name` in the order of its key, a slice in memory at a time."""
    table, mapper = TABLES[name], inspect(TABLES[name])
    columns = [getattr(table, column) for column in columns_of(name)]
    statement = select(*columns).order_by(*mapper.primary_key).execution_options(yield_per=_SLICE)
    for row in session.execute(statement):
        yield tuple(row)
