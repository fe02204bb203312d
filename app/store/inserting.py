"""Many rows at once, given to the driver as they are: SQLAlchemy looks at each value of each row once more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from app.store.row import Row


def insert_rows(table: type[Row], session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all name the same columns; a column that they do not name gets its default."""
    if rows:
        form = _form_of(table, session, rows)
        session.connection().exec_driver_sql(f"{form.begin} {form.places}", [tuple(one) for one in form.values(rows)])


def insert_new(
    table: type[Row], session: Session, rows: Sequence[Mapping[str, Any]], key: Sequence[str], *, told: Sequence[str]
) -> Sequence[tuple[Any, ...]]:
    """Insert those rows whose key is not there yet, also if another transaction is about to insert it.

    Args:
        table: Where to.
        session: A write transaction.
        rows: At least one and at most 1,000, as for `insert_rows`; in the order in which all transactions lock.
        key: Columns of a unique constraint.
        told: Columns of which to tell.

    Returns:
        The values of `told` in each row that was inserted.
    """
    form = _form_of(table, session, rows)
    places = ", ".join([form.places] * len(rows))
    statement = f"{form.begin} {places} ON CONFLICT ({', '.join(key)}) DO NOTHING RETURNING {', '.join(told)}"
    values = tuple(chain.from_iterable(form.values(rows)))
    return [tuple(found) for found in session.connection().exec_driver_sql(statement, values)]


@dataclass(frozen=True)
class _Form:
    """How rows that name certain columns are written, on one database.

    Attributes:
        begin: The statement up to its values.
        places: The place of one row's values.
        take: Gets the named values of a row.
        rest: The defaults of the other columns, as the driver takes them.
        converters: For the named columns whose values the driver does not take: their position, and what converts them.
    """

    begin: str
    places: str
    take: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    rest: tuple[Any, ...]
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """What the driver takes."""
        values = [[*self.take(row), *self.rest] for row in rows]
        for at, convert in self.converters:
            for one in values:
                one[at] = convert(one[at])
        return values


def _form_of(table: type[Row], session: Session, rows: Sequence[Mapping[str, Any]]) -> _Form:
    return _make_form(cast("Table", table.__table__), session.get_bind().dialect, tuple(rows[0]))


@lru_cache(maxsize=64)
def _make_form(table: Table, dialect: Dialect, names: tuple[str, ...]) -> _Form:
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in names and isinstance(column.default, ScalarElementColumnDefault)
    }
    columns = (*names, *defaults)
    place = "?" if dialect.paramstyle == "qmark" else "%s"
    named = [(at, _converter(table.columns[name], dialect)) for at, name in enumerate(names)]
    return _Form(
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES",
        f"({', '.join([place] * len(columns))})",
        itemgetter(*names),
        tuple(
            value if convert is None else convert(value)
            for name, value in defaults.items()
            for convert in (_converter(table.columns[name], dialect),)
        ),
        tuple((at, convert) for at, convert in named if convert is not None),
    )


def _converter(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return column.type.dialect_impl(dialect).bind_processor(dialect)
