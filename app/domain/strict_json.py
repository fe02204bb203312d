"""Strict JSON: one reading for every door, so that no two parts of the service see two things in the same bytes."""

import json
import re
from collections.abc import Iterable
from typing import NoReturn, TypeAlias

from app.errors import AppError, Kind

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 64
"""How many arrays and objects may lie inside each other."""

_LOW, _HIGH = -(2**63), 2**63 - 1
_LONGEST_INTEGER = 20
# A NUL or half a surrogate pair gets into a text only by an escape: without one there is nothing to look for.
_RISKY = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_BAD_TEXT = re.compile(r"[\x00\ud800-\udfff]")


def decode_json(body: bytes) -> Json:
    """Read one JSON document, refusing everything that two parsers could read differently.

    Refused besides bad grammar: other encodings than UTF-8 and a byte order mark; a key written twice in one object;
    NaN, Infinity and numbers too large for a float; integers beyond 64 bits; NUL and lone surrogates in texts or
    keys; more than ``MAX_DEPTH`` levels.

    Raises:
        AppError: ``bad_json`` (kind bad request). The message says what and where; it never repeats the input.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"The body is not UTF-8 text (byte {error.start}). Send UTF-8.")
    if text.startswith("\ufeff"):
        _refuse("The body begins with a byte order mark. Send UTF-8 without one.")
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse(f"The body is not JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}.")
    except RecursionError:
        _too_deep()
    _check_containers(value, texts=bool(_RISKY.search(text)))
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("An object in the body has the same key twice. Keep one of them.")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER or not _LOW <= (number := int(digits)) <= _HIGH:
        _refuse("The body has an integer beyond 64 bits. Send long ids as strings.")
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        _refuse("The body has a number too large for a double. Send finite numbers.")
    return number


def _constant(_name: str) -> NoReturn:
    _refuse("The body has NaN or Infinity, which JSON does not know. Send finite numbers or null.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _check_containers(value: Json, *, texts: bool) -> None:
    if texts and isinstance(value, str):
        _check_texts([value])
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        if texts:
            _check_texts(text for node in level for text in _texts(node))
        # The decoder makes no other kinds of these; to ask for a type is twice as fast as to ask for an instance.
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
    if level:
        _too_deep()


def _texts(node: list[Json] | dict[str, Json]) -> Iterable[str]:
    if isinstance(node, dict):
        yield from node
    yield from (one for one in (node.values() if isinstance(node, dict) else node) if isinstance(one, str))


def _check_texts(texts: Iterable[str]) -> None:
    if any(_BAD_TEXT.search(text) for text in texts):
        _refuse("A text in the body has a NUL or half of a surrogate pair. Remove it.")


def _too_deep() -> NoReturn:
    _refuse(f"The body is nested more than {MAX_DEPTH} levels deep. Flatten it.")


def _refuse(message: str) -> NoReturn:
    raise AppError(Kind.BAD_REQUEST, "bad_json", message) from None
