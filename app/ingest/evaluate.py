"""Reads a folder of sample payloads with the connectors and says what they found, missed and got wrong.

The same connectors, verifier and decoder serve the doors; nothing is stored and nobody is asked.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from app.connectors.contract import Ignored
from app.errors import AppError, Kind
from app.ingest.facts import Known, Tally, compare_facts
from app.ingest.parsing import Refused, parse_delivery, reference_of
from app.ingest.recognise import find_connector, name_of, recognise
from app.ingest.sources import checked_config
from app.payloads.delivery import RawDelivery

MANIFEST = "MANIFEST.json"


@dataclass
class Evaluation:
    """What came of the files so far."""

    totals: Counter[str] = field(default_factory=Counter)

    def summary(self) -> dict[str, int]:
        """Counts: files, facts, and what became of them."""
        names = ("files", "facts", "facts_found", "facts_missed", "facts_wrong", "errors")
        return {name: self.totals[name] for name in names}

    def count(self, line: Mapping[str, Any]) -> None:
        """Add the outcome of one file."""
        told = {f"facts_{name}": len(line[name]) for name in ("found", "missed", "wrong")}
        self.totals.update(told | {"files": 1, "facts": sum(told.values()), "errors": line["error"] is not None})


@dataclass(frozen=True)
class Circumstances:
    """What holds for all files.

    Attributes:
        now: Counts as the arrival.
        configs: Configuration of sources, by file, vendor or connector.
        language_of: Finds the language of a text.
    """

    now: datetime
    configs: Mapping[str, Any] = field(default_factory=dict)
    language_of: Callable[[str], str | None] = lambda _text: None


@dataclass(frozen=True)
class _Sample:
    entry: Mapping[str, Any]
    delivery: RawDelivery
    around: Circumstances

    def config(self, connector: str) -> Mapping[str, Any]:
        configs = self.around.configs
        names = (str(self.entry["file"]), str(self.entry.get("vendor", "")), connector)
        return next((configs[name] or {} for name in names if name in configs), {})


def evaluate_folder(folder: Path, around: Circumstances) -> Iterator[dict[str, Any]]:
    """Read every file that the folder's manifest names.

    Args:
        folder: With MANIFEST.json: entries with file, vendor, content_type and, where they are known, facts.
        around: What holds for all of them.

    Yields:
        One line per file: file, vendor, connector, outcome (read, ignored, error), facts found, missed and wrong, and
        the error.

    Raises:
        AppError: ``bad_manifest``: there is none, or it has another form.
    """
    for entry in read_manifest(folder):
        path = folder / entry["file"]
        if not path.resolve().is_relative_to(folder.resolve()):
            raise _bad_manifest("a file lies outside the folder")
        if not path.is_file():
            yield _line(entry, None) | _failed(entry, "file_missing", "The file is not there.")
            continue
        kind = str(entry.get("content_type", ""))
        delivery = RawDelivery(path.read_bytes(), _headers(entry), kind, name=path.name, arrived_at=around.now)
        yield _evaluate(_Sample(entry, delivery, around))


def read_manifest(folder: Path) -> Sequence[Mapping[str, Any]]:
    """The entries of a folder's manifest.

    Raises:
        AppError: ``bad_manifest``.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise _bad_manifest("it is not there")
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        raise _bad_manifest("it is not JSON") from None
    entries = found.get("files") if isinstance(found, dict) else found
    if not isinstance(entries, list) or not all(
        isinstance(one, dict) and isinstance(one.get("file"), str) for one in entries
    ):
        raise _bad_manifest("it is no list of objects with a file each")
    return entries


def _evaluate(sample: _Sample) -> dict[str, Any]:
    entry = sample.entry
    connector = find_connector(str(entry.get("vendor", "")))
    connector = connector or recognise(sample.delivery, sample.config(""))
    if connector is None:
        return _line(entry, None) | _failed(entry, "unknown_vendor", "No connector reads this.")
    return _line(entry, connector) | _compared(connector, sample)


def _compared(connector: ModuleType, sample: _Sample) -> dict[str, Any]:
    name = name_of(connector)
    try:
        settings = checked_config(name, sample.config(name))
    except AppError as error:
        return _failed(sample.entry, error.code, error.message)
    parsed = parse_delivery(name, settings, sample.delivery)
    if isinstance(parsed, Refused):
        return _failed(sample.entry, parsed.code, parsed.message)
    facts = sample.entry.get("facts") or {}
    zone = connector.Config.model_validate(settings).zone_info
    known = Known(reference_of(name, sample.delivery), zone, sample.around.language_of)
    try:
        tally = compare_facts(facts, parsed, known)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _bad_manifest(f"the facts of {sample.entry['file']} have another form") from None
    outcome = "ignored" if isinstance(parsed, Ignored) else "read"
    return {"outcome": outcome, "found": tally.found, "missed": tally.missed, "wrong": tally.wrong, "error": None}


def _failed(entry: Mapping[str, Any], code: str, message: str) -> dict[str, Any]:
    """Every fact of a file that cannot be read is missed."""
    tally: Tally = compare_facts(entry.get("facts") or {}, [], Known())
    missed = [*tally.missed, *({"fact": one["fact"], "wanted": one["wanted"]} for one in tally.wrong)]
    missed += [{"fact": name} for name in tally.found]  # that something must be absent, and it is: nothing was read
    return {"outcome": "error", "found": [], "missed": missed, "wrong": [], "error": f"{code}: {message}"}


def _line(entry: Mapping[str, Any], connector: ModuleType | None) -> dict[str, Any]:
    name = None if connector is None else name_of(connector)
    return {"file": entry["file"], "vendor": entry.get("vendor"), "connector": name}


def _headers(entry: Mapping[str, Any]) -> dict[str, str]:
    headers = entry.get("headers")
    return {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}


def _bad_manifest(why: str) -> AppError:
    message = f"The folder's {MANIFEST} cannot be used: {why}. docs/connectors.md describes its form."
    return AppError(Kind.INVALID, "bad_manifest", message)
