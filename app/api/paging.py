"""Cursors: where a reader stands in a list, signed, and worth nothing to another caller or another filter."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.deps import actor_from
from app.errors import AppError, Kind
from app.store.keyset import After

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200
_SEAL = 16  # bytes of the signature
_POSITION = frozenset({"cursor", "limit"})

Row = TypeVar("Row")
Shown = TypeVar("Shown")


class Listing(BaseModel, Generic[Shown]):
    """One page of a list."""

    items: list[Shown]
    next: str | None = Field(
        description="Address of the next page, also in the `Link` header; null at the end. Do not build it yourself.",
        examples=["/v1/themes?cursor=WyJpIiwxMiw0XQ.c2VhbA"],
    )


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for.

    Attributes:
        limit: Rows at most.
        after: Sort value and id of the last row seen; None begins.
    """

    limit: int
    after: After | None
    _request: Request
    _response: Response

    def cut(self, rows: Sequence[Row], position: Callable[[Row], After]) -> tuple[list[Row], str | None]:
        """Split what a query gave (one row more than `limit` if more follow) into the page and the next address.

        Args:
            rows: Rows in the order of the list.
            position: Sort value (an instant, a number or a text) and id of a row.
        """
        if len(rows) <= self.limit:
            return list(rows), None
        shown = list(rows[: self.limit])
        cursor = _seal(self._request, position(shown[-1]))
        filters = [pair for pair in self._request.query_params.multi_items() if pair[0] != "cursor"]
        address = f"{self._request.url.path}?{urlencode([*filters, ('cursor', cursor)])}"
        self._response.headers["Link"] = f'<{address}>; rel="next"'
        return shown, address


async def _page(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=600, description="From `next` of the page before.")] = None,
) -> Page:
    return Page(limit, None if cursor is None else _open(request, cursor), request, response)


Paged = Annotated[Page, Depends(_page)]


def _seal(request: Request, position: After) -> str:
    value, last = position
    kind, plain = ("t", value.isoformat()) if isinstance(value, datetime) else ("v", value)
    payload = json.dumps([kind, plain, last], separators=(",", ":")).encode()
    return f"{_encode(payload)}.{_encode(_signature(request, payload))}"


def _open(request: Request, cursor: str) -> After:
    payload, _, seal = cursor.partition(".")
    try:
        content, given = _decode(payload), _decode(seal)
        if not hmac.compare_digest(given, _signature(request, content)):
            raise _bad_cursor()
        kind, value, last = json.loads(content)
    except ValueError:
        raise _bad_cursor() from None
    return (datetime.fromisoformat(value) if kind == "t" else value), last


def _signature(request: Request, payload: bytes) -> bytes:
    filters = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _POSITION)
    bound = json.dumps([actor_from(request).name, request.url.path, filters]).encode()
    key: bytes = request.app.state.cursor_key
    return hmac.digest(key, hashlib.sha256(bound).digest() + payload, "sha256")[:_SEAL]


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _bad_cursor() -> AppError:
    message = "This cursor does not belong to this list, this filter and this key. Begin again without `cursor`."
    return AppError(Kind.BAD_REQUEST, "bad_cursor", message)


def position_of(row: Any, column: str) -> After:  # noqa: ANN401 - any table row
    """The position of a row that has an id, in a list sorted by `column`."""
    return getattr(row, column), row.id
