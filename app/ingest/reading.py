"""Reads rows of CSV and JSON Lines files as they are found in the wild, one at a time, naming what cannot be read."""

import codecs
import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from app.domain.strict_json import decode_json
from app.errors import AppError, Kind

MAX_ROW = 16 * 1024 * 1024
"""Characters of one cell or line."""

_SAMPLE = 64 * 1024
_LOOKED_AT = 100
_DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1024 * 1024
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})
_TABLES = frozenset({".csv", ".tsv", ".txt"})


class Form(StrEnum):
    """How a file is laid out."""

    CSV = "CSV"
    JSONL = "JSON Lines"


@dataclass(frozen=True)
class RowFile:
    """A file of rows, understood well enough to be read.

    Attributes:
        path: Where it is.
        form: How it is laid out.
        encoding: A codec's name.
        delimiter: Between cells of a CSV file.
        columns: In the order of the file; of JSON Lines, all keys of the first hundred lines.
    """

    path: Path
    form: Form
    encoding: str
    delimiter: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One row: the line it ends on, its cells by column, and the row as it stands in the file."""

    line: int
    cells: Mapping[str, object]
    original: tuple[str, ...]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read, and why."""

    line: int
    reason: str
    original: tuple[str, ...]


def open_rows(path: Path) -> RowFile:
    """Find out how a file is written; reads it once through for its encoding.

    Raises:
        AppError: It cannot be read, is empty, or is no table.
    """
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            sample = file.read(_SAMPLE)
    except OSError as error:
        message = f"The file cannot be read ({error.strerror}). Check its path and permissions."
        raise AppError(Kind.INVALID, "unreadable_file", message) from None
    if not sample.strip():
        raise AppError(Kind.INVALID, "empty_file", "The file is empty.")
    if _is_json(path, sample):
        if sample.lstrip().startswith("["):
            message = "The file is one JSON array. Write JSON Lines: one object per line (jq -c '.[]' does it)."
            raise AppError(Kind.INVALID, "not_json_lines", message)
        found = RowFile(path, Form.JSONL, encoding, "", ())
        columns = _keys(found)
    else:
        found = RowFile(path, Form.CSV, encoding, _delimiter(sample), ())
        columns = _header(found)
    return RowFile(path, found.form, encoding, found.delimiter, columns)


def read_rows(file: RowFile) -> Iterator[Row | BadRow]:
    """Every row in the order of the file; memory does not grow with its length."""
    with file.path.open(encoding=file.encoding, errors="replace", newline="") as stream:
        yield from _lines(stream) if file.form is Form.JSONL else _records(stream, file)


def _encoding(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        start = file.read(4)
        for bom, encoding in _BOMS:
            if start.startswith(bom):
                return encoding
        file.seek(0)
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _is_json(path: Path, sample: str) -> bool:
    ending = path.suffix.lower()
    return ending in _JSON_LINES or (ending not in _TABLES and sample.lstrip().startswith("{"))


def _delimiter(sample: str) -> str:
    """The delimiter that cuts the sample's rows into the same number of cells most often, the most cells winning."""
    whole_lines = sample[: sample.rfind("\n") + 1] or sample

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = Counter(
            len(row) for row in csv.reader(whole_lines.splitlines(keepends=True), delimiter=delimiter) if row
        )
        width, rows = widths.most_common(1)[0] if widths else (1, 0)
        return (rows / max(1, widths.total()) if width > 1 else 0.0, width)

    csv.field_size_limit(MAX_ROW)
    return max(_DELIMITERS, key=fitness)


def _header(file: RowFile) -> tuple[str, ...]:
    with file.path.open(encoding=file.encoding, errors="replace", newline="") as stream:
        names = next((row for row in csv.reader(stream, delimiter=file.delimiter) if any(row)), [])
    seen: Counter[str] = Counter()
    columns = []
    for place, name in enumerate(names, 1):
        plain = name.strip() or f"column {place}"
        seen[plain] += 1
        columns.append(plain if seen[plain] == 1 else f"{plain} ({seen[plain]})")
    return tuple(columns)


def _keys(file: RowFile) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for looked_at, row in enumerate(read_rows(file)):
        if isinstance(row, Row):
            found |= dict.fromkeys(row.cells)
        if looked_at >= _LOOKED_AT:
            break
    return tuple(found)


def _records(stream: IO[str], file: RowFile) -> Iterator[Row | BadRow]:
    csv.field_size_limit(MAX_ROW)
    taken: list[str] = []
    reader = csv.reader(_noted(stream, taken), delimiter=file.delimiter)
    header_seen = False
    last: Row | BadRow | None = None
    while True:
        taken_before = len(taken)
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield BadRow(reader.line_num, f"the row cannot be read: {error}", ())
            continue
        if last is not None:
            yield last
            last = None
        del taken[:taken_before]
        if any(cells) and header_seen:
            last = _record(reader.line_num, cells, file.columns)
        header_seen = header_seen or any(cells)
    if last is not None:
        yield _unclosed(last, taken) or last


def _noted(stream: IO[str], taken: list[str]) -> Iterator[str]:
    for line in stream:
        taken.append(line)
        yield line


def _unclosed(last: Row | BadRow, taken: list[str]) -> BadRow | None:
    """The last row as a bad one if a quote in it was never closed: then it swallowed the rows after it."""
    if len(taken) < 2 or "".join(taken).count('"') % 2 == 0:  # noqa: PLR2004 - one line swallowed nothing
        return None
    first = last.line - len(taken) + 1
    reason = f"a quote that opens in line {first} is never closed: lines {first} to {last.line} were read as one row"
    return BadRow(first, reason, last.original)


def _record(line: int, cells: list[str], columns: tuple[str, ...]) -> Row | BadRow:
    if len(cells) < len(columns) or any(cells[len(columns) :]):
        return BadRow(line, f"the row has {len(cells)} cells, the header has {len(columns)}", tuple(cells))
    return Row(line, dict(zip(columns, cells, strict=False)), tuple(cells))


def _lines(stream: IO[str]) -> Iterator[Row | BadRow]:
    number = 0
    while text := stream.readline(MAX_ROW):
        number += 1
        if not text.endswith("\n") and len(text) >= MAX_ROW:
            while (rest := stream.readline(MAX_ROW)) and not rest.endswith("\n"):
                pass
            yield BadRow(number, f"the line has more than {MAX_ROW:,} characters", ())
        elif text.strip():
            yield _line(number, text)


def _line(number: int, text: str) -> Row | BadRow:
    original = (text.rstrip("\r\n"),)
    try:
        value = decode_json(text.strip().encode("utf-8", "replace"))
    except AppError as error:
        return BadRow(number, error.message.replace("The body", "the line").replace("the body", "the line"), original)
    if not isinstance(value, dict):
        return BadRow(number, "the line is not a JSON object", original)
    return Row(number, value, original)


def shown(value: object) -> str:
    """A cell as a person can read it in one short line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 - what fits beside two columns
