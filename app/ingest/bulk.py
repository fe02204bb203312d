"""Reads a bulk: bytes into items that need nothing but the database, or why not, one by one."""

from collections.abc import Callable
from typing import Any, TypeAlias

from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.ingest.prepared import MAX_BATCH, Ready, make_ready
from app.payloads.native import read_item

Bulk: TypeAlias = list[Ready | AppError]
"""One entry an item, in the order in which they were sent."""


def read_bulk(raw: bytes, *, lines: bool) -> Bulk:
    """Read a JSON array of items; or NDJSON, where a line that is none is that item's refusal.

    Raises:
        AppError: ``bad_json``, ``not_a_list``, or ``too_many_items``.
    """
    if lines:
        found: list[Any] = [line for line in raw.split(b"\n") if line.strip()]
        return _read_all(found, lambda line: read_item(decode_json(line)))
    decoded = decode_json(raw)
    if not isinstance(decoded, list):
        raise AppError(Kind.BAD_REQUEST, "not_a_list", "Send a JSON array of items, or one item per line as NDJSON.")
    return _read_all(decoded, read_item)


def _read_all(found: list[Any], read: Callable[[Any], Any]) -> Bulk:
    if len(found) > MAX_BATCH:
        message = f"Send at most {MAX_BATCH:,} items at once, not {len(found):,}."
        raise AppError(Kind.TOO_LARGE, "too_many_items", message)
    found.reverse()
    # What has been read goes at once: a thousand items, decoded, valid and ready, do not fit into a processor's cache.
    return [_attempt(found.pop(), read) for _ in range(len(found))]


def _attempt(value: object, read: Callable[[Any], Any]) -> Ready | AppError:
    try:
        return make_ready(read(value))
    except AppError as error:
        return error
