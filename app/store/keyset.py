"""Pages by position instead of by offset: stable while rows are added, and as quick on page 1,000 as on page 1."""

from typing import Any, TypeVar, Unpack

from sqlalchemy import ColumnElement, Select, and_, or_

After = tuple[Any, int]
"""Sort value and id of the last row that the reader has seen."""

Statement = TypeVar("Statement", bound=Select[Unpack[tuple[Any, ...]]])


def keyset_page(
    statement: Statement, order: tuple[Any, Any], after: After | None, limit: int, *, newest_first: bool = True
) -> Statement:
    """Add order, position and limit to `statement`; it fetches one row more than `limit`, which says that more follow.

    Args:
        statement: What to page through, already filtered.
        order: The sort column and the id column; sort values may repeat, ids may not. Neither may be null.
        after: Where the last page ended; None begins.
        limit: Rows of a page.
        newest_first: Falling order instead of rising.
    """
    column, key = order
    if after is not None:
        statement = statement.where(_beyond(column, key, after, falling=newest_first))
    if newest_first:
        return statement.order_by(column.desc(), key.desc()).limit(limit + 1)
    return statement.order_by(column, key).limit(limit + 1)


def _beyond(column: Any, key: Any, after: After, *, falling: bool) -> ColumnElement[bool]:  # noqa: ANN401 - any column
    value, last = after
    if falling:
        return or_(column < value, and_(column == value, key < last))
    return or_(column > value, and_(column == value, key > last))
