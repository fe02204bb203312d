"""Files of vendors and of transcripts: which connector reads a file, and the conversations in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from app.connectors.contract import Found, Ignored, Parsed, Undated
from app.errors import AppError, Kind
from app.ingest.chunks import Draft, OpenFile, Rejected
from app.ingest.sources import CONNECTORS, NATIVE, checked_config
from app.payloads.delivery import RawDelivery
from app.payloads.native import NativeItem
from app.plugins import load_plugin, plugin_names

MAX_FILE = 64 * 1024 * 1024
"""Bytes of a file that a connector reads: it is read as one."""

_ANYBODYS = frozenset({".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".xml"})
"""Endings that do not say whose file it is."""


def connector_of(name: str, told: str | None = None, source_connector: str = NATIVE) -> str | None:
    """Which connector reads a file; None: it is a table of rows, or of native items.

    Args:
        name: The file's.
        told: What the person said.
        source_connector: The connector of the source that the file goes to.

    Raises:
        AppError: ``unknown_connector``.
    """
    if told is not None:
        known = _names()
        if told.lower() not in known:
            message = f"There is no connector of that name. Known: {', '.join(sorted(set(known.values())))}."
            raise AppError(Kind.INVALID, "unknown_connector", message)
        return known[told.lower()]
    if source_connector != NATIVE:
        return source_connector
    ending = next((ending for ending in _suffixes() if name.lower().endswith(ending)), None)
    return None if ending is None else _suffixes()[ending]


def open_conversations(path: Path, name: str, connector: str, config: Mapping[str, Any], now: datetime) -> OpenFile:
    """The conversations of a file.

    Args:
        path: Where it is.
        name: What it is called, which is its id where it has no other.
        connector: Who reads it.
        config: As the source has it.
        now: The arrival: the time of conversations whose file gives none.

    Raises:
        AppError: It is too large, or cannot be read.
    """
    module = load_plugin(CONNECTORS, connector)
    checked = module.Config.model_validate(checked_config(connector, config))
    try:
        if path.stat().st_size > MAX_FILE:
            message = f"A file of conversations may have {MAX_FILE // 1024 // 1024} MiB. Split it."
            raise AppError(Kind.TOO_LARGE, "conversations_too_large", message)
        body = path.read_bytes()
    except OSError as error:
        message = f"The file cannot be read ({error.strerror}). Check its path and permissions."
        raise AppError(Kind.INVALID, "unreadable_file", message) from None
    delivery = RawDelivery(body, content_type="", name=name, arrived_at=now)
    found: Parsed = module.parse(delivery, checked)
    if isinstance(found, Ignored):
        return OpenFile(iter(()), 0, (f"nothing to import: {found.reason}",), ("external_id",))
    notes = _notes(found)
    return OpenFile(_pieces(list(found)), len(found), notes, ("external_id",))


def open_folder(
    files: Sequence[tuple[Path, str, str]], configs: Mapping[str, Mapping[str, Any]], now: datetime
) -> OpenFile:
    """The conversations of many files, each opened when its turn comes; one that cannot be read is a rejected row.

    Args:
        files: (path, name, connector) each.
        configs: Connector -> its configuration.
        now: The arrival.
    """
    return OpenFile(_pieces_of(files, configs, now), len(files), (), ("file",), chunk=1)


def _pieces_of(
    files: Sequence[tuple[Path, str, str]], configs: Mapping[str, Mapping[str, Any]], now: datetime
) -> Iterator[Draft | Rejected]:
    for number, (path, name, connector) in enumerate(files, 1):
        try:
            opened = open_conversations(path, name, connector, configs.get(connector, {}), now)
        except AppError as error:
            yield Rejected(number, error.message, (name,))
            continue
        if not opened.rows:
            yield Rejected(number, next(iter(opened.notes), "nothing to import"), (name,))
        for piece in opened.pieces:
            yield replace(piece, line=number, original=(name,))


def _pieces(found: list[Found]) -> Iterator[Draft | Rejected]:
    for number, one in enumerate(found, 1):
        item = one.item if isinstance(one, Undated) else one
        yield Draft(number, one, (item.external_id,))


def _notes(found: Parsed) -> list[str]:
    if isinstance(found, Ignored):
        return []
    items = [one.item if isinstance(one, Undated) else one for one in found]
    silent = sum(
        isinstance(one, NativeItem) and bool(one.turns) and all(turn.role != "customer" for turn in one.turns or ())
        for one in items
    )
    notes = []
    if any(isinstance(one, Undated) for one in found):
        notes.append("no time in the file: conversations count as held when they arrived")
    if silent:
        notes.append(f"nothing says who is the customer in {silent:,}: `agents`, `agent_first` or `alone` says it")
    return notes


@cache
def _suffixes() -> Mapping[str, str]:
    """Endings that say whose file it is, and the connectors that read them, the longest first."""
    found = {
        suffix: name
        for name in plugin_names(CONNECTORS)
        for suffix in load_plugin(CONNECTORS, name).SPEC.suffixes
        if suffix not in _ANYBODYS
    }
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


@cache
def _names() -> Mapping[str, str]:
    """Names and other names, and the connectors that they stand for."""
    names = plugin_names(CONNECTORS)
    others = {also: name for name in names for also in load_plugin(CONNECTORS, name).SPEC.also}
    return others | {name: name for name in names}
