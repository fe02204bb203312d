"""Imports files: looks at all of a file first, says how it will be read, then stores it in chunks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.connectors.contract import Undated
from app.domain.actor import Actor
from app.domain.feedback import Medium
from app.errors import AppError
from app.ingest.chunks import Counts, Draft, OpenFile, Rejected, Stored, store_chunk
from app.ingest.dates import DateColumn, DateOrder, DateReader
from app.ingest.mapping import DATE_FIELDS, ColumnMap, map_columns
from app.ingest.reading import BadRow, Row, RowFile, open_rows, read_rows, shown
from app.ingest.rows import RowReader, RowRefusedError
from app.ingest.sources import ensure_native_source
from app.payloads.native import NativeItem, known_parts, read_item

_NATIVE_FIELDS = frozenset({"external_id", "medium", "occurred_at"})


@dataclass(frozen=True)
class ImportOptions:
    """What the person said.

    Attributes:
        mappings: `FIELD=COLUMN` each.
        zone: Counts for times without one.
        medium: Counts for rows without one.
        order: Of day and month; None has it seen from the column.
    """

    zone: ZoneInfo
    mappings: tuple[str, ...] = ()
    medium: Medium = Medium.SURVEY
    order: DateOrder | None = None


@dataclass(frozen=True)
class ImportPlan:
    """How a file will be read.

    Attributes:
        file: The file.
        reader: Makes items of rows; None: every line is a native item as it stands.
        rows: How many there are, for showing progress.
        samples: (field, column, first value) as it will be shown to the person.
        notes: What the person should hear before anything is stored.
    """

    file: RowFile
    reader: RowReader | None
    rows: int
    samples: Sequence[tuple[str, str, str]]
    notes: Sequence[str]


@dataclass(frozen=True)
class Target:
    """Where rows go.

    Attributes:
        source: Key of the source; made if there is none.
        actor: Who imports.
        writing: Begins one write transaction.
        now: Asks the time, once per transaction.
        dry_run: Undo every transaction: the counts are those of a real run, but for repeats inside the file.
    """

    source: str
    actor: Actor
    writing: Callable[[], AbstractContextManager[Session]]
    now: Callable[[], datetime]
    dry_run: bool = False


def plan_import(path: Path, options: ImportOptions, now: datetime) -> ImportPlan:
    """Look at the whole file and decide how to read it.

    Raises:
        AppError: It cannot be read, or no column holds the words (see `map_columns`).
    """
    file = open_rows(path)
    notes = _first_notes(file)
    if not options.mappings and _is_native(file):
        rows = sum(1 for _ in read_rows(file))
        return ImportPlan(file, None, rows, (), (*notes, "every line is a native feedback item"))
    columns = _columns(file, options)
    seen = _look(file, columns)
    dates = {}
    for name, column in seen.dates.items():
        order, told = (options.order, None) if options.order else column.order()
        dates[name] = DateReader(order, options.zone)
        if told:
            notes.append(f"{columns.columns[name]}: {told}")
    if "occurred_at" not in columns.columns:
        notes.append("no date column: every row counts as said now (--map occurred_at=COLUMN)")
    elif seen.zoneless:
        notes.append(f"times without a zone are read as {options.zone.key} (--zone)")
    if "external_id" not in columns.columns:
        notes.append("no id column: equal words of one customer at one time count as one (--map external_id=COLUMN)")
    reader = RowReader(columns, dates, options.medium, assumed_at=now)
    samples = [(name, column, shown(seen.first.get(name, ""))) for name, column in columns.columns.items()]
    return ImportPlan(file, reader, seen.rows, samples, notes)


def open_plan(plan: ImportPlan) -> OpenFile:
    """The rows of a planned file, from its begin."""
    columns = plan.file.columns if plan.file.delimiter else ("row",)
    return OpenFile((_piece(row, plan.reader) for row in read_rows(plan.file)), plan.rows, plan.notes, columns)


def run_import(
    file: OpenFile,
    target: Target,
    on_reject: Callable[[Rejected], None],
    on_progress: Callable[[Counts], None] = lambda _counts: None,
) -> Counts:
    """Store a file, chunk by chunk; what is known already is counted and left alone: it can be run again at any time.

    Args:
        file: What is in it.
        target: Where the rows go.
        on_reject: Is told every row that was not stored, in the order of the file within a chunk.
        on_progress: Is told the counts after each chunk.
    """
    counts = Counts()
    while chunk := file.take():
        stored = Stored(0, 0, ())
        with suppress(_UndoneError), target.writing() as session:
            now = target.now()
            source = ensure_native_source(session, now, target.actor, target.source)
            stored = store_chunk(session, now, source, chunk)
            if target.dry_run:
                raise _UndoneError
        counts.add(stored)
        for one in stored.rejected:
            on_reject(one)
        on_progress(counts)
    return counts


class _UndoneError(Exception):
    """Ends the transaction of a dry run."""


def _piece(row: Row | BadRow, reader: RowReader | None) -> Draft | Rejected:
    if isinstance(row, BadRow):
        return Rejected(row.line, row.reason, row.original)
    try:
        item = read_item(row.cells) if reader is None else reader.item(row.cells)
    except (RowRefusedError, AppError) as refusal:
        return Rejected(row.line, str(refusal), row.original)
    dated = reader is None or reader.dated
    return Draft(row.line, item if dated else Undated(item), row.original)


@dataclass
class _Seen:
    rows: int = 0
    zoneless: bool = False
    first: dict[str, object] = field(default_factory=dict)
    dates: dict[str, DateColumn] = field(default_factory=dict)


def _look(file: RowFile, columns: ColumnMap) -> _Seen:
    dated = {name: column for name, column in columns.columns.items() if name in DATE_FIELDS}
    seen = _Seen(dates={name: DateColumn() for name in dated})
    for row in read_rows(file):
        seen.rows += 1
        if isinstance(row, BadRow):
            continue
        for name, column in dated.items():
            seen.dates[name].observe(row.cells.get(column))
        if len(seen.first) < len(columns.columns):
            _note_first(seen, columns.columns, row.cells)
    return seen


def _note_first(seen: _Seen, columns: Mapping[str, str], cells: Mapping[str, object]) -> None:
    for name, column in columns.items():
        value = cells.get(column)
        if name not in seen.first and value not in (None, ""):
            seen.first[name] = value
            seen.zoneless |= name in DATE_FIELDS and isinstance(value, str) and not _has_zone(value)


def _has_zone(value: str) -> bool:
    tail = value.strip()[10:]
    return tail.endswith(("Z", "UTC", "GMT")) or "+" in tail or "-" in tail


def _columns(file: RowFile, options: ImportOptions) -> ColumnMap:
    """The map; a column that only by its name looks like medium or language is not taken for it."""
    first = next((row.cells for row in read_rows(file) if isinstance(row, Row)), {})
    guessed = map_columns(file.columns, options.mappings)
    told = {entry.partition("=")[0].strip() for entry in options.mappings}
    unfit = [name for name in ("medium", "language") if name not in told and not _fits(guessed, name, first)]
    return map_columns(file.columns, options.mappings, unguessed=unfit)


def _fits(columns: ColumnMap, name: str, first: Mapping[str, object]) -> bool:
    value = str(first.get(columns.columns.get(name, ""), "")).strip()
    if name == "medium":
        return value.lower() in set(Medium)
    return value.replace("-", "").isalpha() and len(value.partition("-")[0]) in (2, 3)


def _is_native(file: RowFile) -> bool:
    if not set(file.columns) >= _NATIVE_FIELDS or not set(file.columns) <= set(NativeItem.model_fields):
        return False
    first = next((row for row in read_rows(file) if isinstance(row, Row)), None)
    with suppress(AppError):
        return first is not None and bool(read_item(known_parts(dict(first.cells))))
    return False


def _first_notes(file: RowFile) -> list[str]:
    notes = []
    if file.encoding == "cp1252":
        notes.append("the file is not UTF-8: read as Windows-1252")
    elif file.encoding == "utf-16":
        notes.append("the file is UTF-16")
    if file.delimiter not in ("", ","):
        notes.append({";": "semicolons", "\t": "tabs", "|": "bars"}[file.delimiter] + " separate the columns")
    return notes


def unmapped(plan: ImportPlan) -> Iterable[str]:
    """Columns that are not imported."""
    used = set(plan.reader.columns.columns.values()) if plan.reader else set(plan.file.columns)
    return [column for column in plan.file.columns if column not in used]
