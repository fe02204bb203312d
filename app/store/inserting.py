"""Many rows at once, given to the driver as they are: SQLAlchemy looks at each value of each row once more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, TypeAlias, cast

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from app.store.row import Row

# A statement for each row lets another thread in after each; SQLite takes 32,766 values in one.
_AT_ONCE = 1_000

Values: TypeAlias = Mapping[str, Any]
"""Values by the names of their columns."""


def insert_rows(table: type[Row], session: Session, rows: Sequence[Values]) -> None:
    """Insert rows, which all name the same columns; a column that they do not name gets its default."""
    connection = session.connection()
    for first in range(0, len(rows), _AT_ONCE):
        part = rows[first : first + _AT_ONCE]
        connection.exec_driver_sql(*_form_of(table, session, part[0], {}).insert(part, {}))


def insert_new(
    table: type[Row], session: Session, rows: Sequence[Values], same: Values, *, key: Sequence[str], told: Sequence[str]
) -> Sequence[tuple[Any, ...]]:
    """Insert those rows whose key is not there yet, also if another transaction is about to insert it.

    Args:
        table: Where to.
        session: A write transaction.
        rows: At least one and at most 1,000, as for `insert_rows`; in the order in which all transactions lock.
        same: What is the same in all of them.
        key: Columns of a unique constraint.
        told: Columns of which to tell.

    Returns:
        The values of `told` in each row that was inserted.
    """
    form = _form_of(table, session, rows[0], same)
    insert, values = form.insert(rows, same)
    statement = f"{insert} ON CONFLICT ({', '.join(key)}) DO NOTHING RETURNING {', '.join(told)}"
    return [tuple(found) for found in session.connection().exec_driver_sql(statement, values)]


Convert: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class _Form:
    """How rows that name certain columns are written, on one database.

    Attributes:
        begin: The statement up to its values.
        places: The place of one row's values.
        take: Gets the values that a row names.
        converters: For those of them that the driver does not take as they are: their position, and what converts them.
        defaults: Of the columns that nobody names.
        rest: What converts the values that are the same in all rows, then the defaults.
    """

    begin: str
    places: str
    take: Callable[[Values], tuple[Any, ...]]
    converters: tuple[tuple[int, Convert], ...]
    defaults: tuple[Any, ...]
    rest: tuple[Convert, ...]

    def insert(self, rows: Sequence[Values], same: Values) -> tuple[str, tuple[Any, ...]]:
        """One statement for all rows, and its values as the driver takes them."""
        columns: list[Iterable[Any]] = list(zip(*map(self.take, rows), strict=True))
        for at, convert in self.converters:
            columns[at] = map(convert, columns[at])
        rest = zip(self.rest, (*same.values(), *self.defaults), strict=True)
        columns += [repeat(convert(value), len(rows)) for convert, value in rest]
        values = chain.from_iterable(zip(*columns, strict=True))
        return f"{self.begin} {', '.join([self.places] * len(rows))}", tuple(values)


def _form_of(table: type[Row], session: Session, row: Values, same: Values) -> _Form:
    return _make_form(cast("Table", table.__table__), session.get_bind().dialect, tuple(row), tuple(same))


@lru_cache(maxsize=64)
def _make_form(table: Table, dialect: Dialect, names: tuple[str, ...], same: tuple[str, ...]) -> _Form:
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in {*names, *same} and isinstance(column.default, ScalarElementColumnDefault)
    }
    columns = (*names, *same, *defaults)
    converters = [_converter(table.columns[name], dialect) for name in columns]
    place = "?" if dialect.paramstyle == "qmark" else "%s"
    quoted = ", ".join(map(dialect.identifier_preparer.quote, columns))
    return _Form(
        f"INSERT INTO {table.name} ({quoted}) VALUES",
        f"({', '.join([place] * len(columns))})",
        itemgetter(*names),
        tuple((at, convert) for at, convert in enumerate(converters[: len(names)]) if convert is not _as_it_is),
        tuple(defaults.values()),
        tuple(converters[len(names) :]),
    )


def _converter(column: Column[Any], dialect: Dialect) -> Convert:
    return column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _as_it_is(value: object) -> object:
    return value
