"""The digest of an item's content: equal digests mean equal content, whatever version it came with.

It is SHA-256 of one JSON text: names in alphabetical order, no white space, ASCII only, and only what is known, so that
a field added in a later release does not change what was stored before. Every item is written so; an encoder that does
not know the parts takes twice as long.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quote
from types import NoneType
from typing import Any


def digest_of(
    columns: Mapping[str, Any],
    turns: Sequence[Mapping[str, Any]],
    scores: Sequence[Mapping[str, Any]],
    *,
    dated: bool = True,
) -> str:
    """SHA-256 of an item's content, in hexadecimal.

    Args:
        columns: Values of the feedback row that come from the item.
        turns: Rows of turns; the version that they came with is no part of the content.
        scores: Rows of scores.
        dated: Whether the time comes from the sender; one that we assumed is no part of the content.
    """
    known = columns if dated else {name: value for name, value in columns.items() if name != "occurred_at"}
    return sha256(write_content(known, turns, scores)).hexdigest()


def write_content(
    columns: Mapping[str, Any], turns: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]] = ()
) -> bytes:
    """The text of which the digest is made."""
    # An empty text is known; numbers stand only inside.
    parts = [f'"{name}":{_WRITERS[type(value)](value)}' for name, value in columns.items() if value or value == ""]
    if turns:
        parts.append(f'"turns":[{",".join(map(_write_turn, turns))}]')
    if scores:
        parts.append(f'"scores":[{",".join(map(_write_score, scores))}]')
    parts.sort()
    return f"{{{','.join(parts)}}}".encode()


def _write(value: object) -> str:
    return _WRITERS[type(value)](value)


def _write_object(value: Mapping[str, Any]) -> str:
    return f"{{{','.join([f'{quote(name)}:{_WRITERS[type(part)](part)}' for name, part in sorted(value.items())])}}}"


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    str: quote,
    int: repr,
    float: repr,
    bool: lambda value: "true" if value else "false",
    NoneType: lambda _: "null",
    datetime: lambda value: f'"{value.isoformat()}"',
    dict: _write_object,
}


def _write_turn(turn: Mapping[str, Any]) -> str:
    # The first release wrote `at` and `speaker` even where they were unknown.
    question = "" if turn["question"] is None else f'"question":{quote(turn["question"])},'
    ref = "" if turn["ref"] is None else f'"ref":{quote(turn["ref"])},'
    return (
        f'{{"at":{_write(turn["at"])},"position":{turn["position"]},{question}{ref}"role":"{turn["role"]}",'
        f'"speaker":{_write(turn["speaker"])},"text":{quote(turn["text"])}}}'
    )


def _write_score(score: Mapping[str, Any]) -> str:
    raw = "" if score["raw"] is None else f'"raw":{quote(score["raw"])},'
    return (
        f'{{"high":{score["high"]!r},"low":{score["low"]!r},"metric":"{score["metric"]}","position":{score["position"]},'
        f'{raw}"value":{score["value"]!r}}}'
    )
