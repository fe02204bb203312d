"""`closeloop import`: a file of comments through the same door as everything else."""

import csv
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from sqlalchemy import exists, select

from app.cli.console import AsJson, Exit, opened, print_json, say
from app.cli.conversations import Told, find_conversations
from app.cli.progress import shown_progress
from app.cli.setup import migrate_all, require_schema, take_lock
from app.domain.actor import OPERATOR
from app.domain.cells import harmless_cell
from app.domain.feedback import FeedbackState, Medium
from app.engine.jobs import Enqueuer
from app.errors import AppError, Kind
from app.ingest.chunks import Counts, Rejected
from app.ingest.dates import DateOrder
from app.ingest.importing import ImportOptions, ImportPlan, Target, open_plan, plan_import, run_import, unmapped
from app.pipeline import drain
from app.runtime import Runtime
from app.store.feedback import count_feedback
from app.store.tables import WorkerHeartbeat

_ALIVE = timedelta(seconds=90)
_REASONS_SHOWN = 3


def import_file(  # noqa: PLR0913 - the options of a command
    file: Annotated[str, typer.Argument(help="CSV, JSON Lines, transcripts, a vendor's file, a folder; - is stdin.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN, repeatable: text, occurred_at, external_id, score:nps ..."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Key of the source; by default made of the file's name.")] = None,
    *,
    connector: Annotated[
        str | None, typer.Option(help="Who reads it, if its ending does not say: gong, vcon ...")
    ] = None,
    config: Annotated[str | None, typer.Option(help="The connector's settings, a JSON object.")] = None,
    medium: Annotated[Medium, typer.Option(help="How these customers spoke, where no column says it.")] = Medium.SURVEY,
    zone: Annotated[str | None, typer.Option(help="Zone of times without one, e.g. Europe/Berlin.")] = None,
    date_order: Annotated[
        DateOrder | None, typer.Option(help="Day or month first in 01/02/2026; else recognised.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="CSV file for rows that were not stored, with reasons.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Store nothing; say what would be stored.")] = False,
    classify: Annotated[bool, typer.Option(help="Run the stations afterwards if no service does it.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import customer comments or transcripts from a file or a folder; running it again adds nothing twice."""
    with opened() as runtime, _local(file) as path, _alone(runtime, classify=classify and not dry_run) as drains:
        key = source or _source_key(file)
        name = "" if file == "-" else path.name
        found = find_conversations(runtime, path, name, Told(key, connector, config, zone))
        if found is None:
            options = ImportOptions(_zone(zone or runtime.settings.zone), tuple(mapping or ()), medium, date_order)
            plan = plan_import(path, options, runtime.clock.now())
            open_file, told = open_plan(plan), list(_explained(plan))
        else:
            open_file, told = found.file, [found.explanation]
        for line in () if quiet else told:
            say(line)
        target = Target(key, OPERATOR, runtime.database.writing, runtime.clock.now, dry_run)
        shown = shown_progress("Importing", open_file.rows, quiet=quiet)
        with _RejectsFile(rejects, open_file.columns) as rejected, shown as report:
            counts = run_import(open_file, target, rejected.add, lambda counts: report(counts.rows))
        if not quiet:
            _sum_up(counts, key, rejected.written, dry_run=dry_run)
        if drains:
            _run_stations(runtime, quiet=quiet)
    if as_json:
        result = {"accepted": counts.accepted, "duplicate": counts.duplicate, "rejected": counts.rejected}
        print_json(result | {"rejects_file": rejected.written})
    if counts.rejected:
        raise typer.Exit(Exit.REJECTED)


@contextmanager
def _local(file: str) -> Iterator[Path]:
    """The file's path; what comes from stdin is kept in a temporary file, because it is read more than once."""
    if file != "-":
        yield Path(file)
        return
    with tempfile.NamedTemporaryFile(prefix="closeloop-import-") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield Path(kept.name)


@contextmanager
def _alone(runtime: Runtime, *, classify: bool) -> Iterator[bool]:
    """Whether this process is to run the stations itself: nobody else works on this database, and it was asked for."""
    try:
        lock = take_lock(runtime)
    except AppError as error:
        if error.code != "data_dir_in_use":
            raise
        lock = None
    if lock is not None and runtime.database.is_sqlite:
        migrate_all(runtime)
    try:
        require_schema(runtime)
        served = lock is None or _workers_live(runtime)
        if served:
            runtime.database.enqueue = Enqueuer(runtime.database).enqueue
        yield classify and not served
    finally:
        if lock is not None:
            lock.release()


def _workers_live(runtime: Runtime) -> bool:
    if runtime.database.is_sqlite:
        return False
    since = runtime.clock.now() - _ALIVE
    with runtime.database.reading() as session:
        return bool(session.scalar(select(exists().where(WorkerHeartbeat.beat_at > since))))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "There is no time zone of that name. Write it as Europe/Berlin or UTC."
        raise AppError(Kind.INVALID, "unknown_zone", message) from None


def _source_key(file: str) -> str:
    stem = re.sub(r"[^a-z0-9_-]+", "-", Path(file).stem.lower()).strip("-_")[:48]
    return stem if stem[:1].isalpha() else f"import-{stem}".rstrip("-")


def _explained(plan: ImportPlan) -> Iterator[str]:
    """What will be read as what, before anything is stored."""
    yield f"{plan.file.form}, {plan.rows:,} rows"
    wide = max((len(name) for name, _, _ in plan.samples), default=0)
    broad = max((len(column) for _, column, _ in plan.samples), default=0)
    for name, column, value in plan.samples:
        yield f"  {name:<{wide}}  <-  {column:<{broad}}  {value}"
    left = list(unmapped(plan))
    if left:
        yield f"  not imported: {', '.join(left)}  (--map attributes.NAME=COLUMN keeps one)"
    for note in plan.notes:
        yield f"  {note}"
    scales = plan.reader.columns.scales if plan.reader else {}
    for metric, (low, high) in scales.items():
        yield f"  score:{metric} lies between {low:g} and {high:g}; other answers count as none"


def _sum_up(counts: Counts, source: str, rejects_file: str | None, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    say(
        f"{counts.accepted:,} {would}accepted, {counts.duplicate:,} duplicate, {counts.rejected:,} rejected"
        f" (source {source})"
    )
    for reason, count in counts.reasons.most_common(_REASONS_SHOWN):
        say(f"  {count:,} x {reason}")
    if rejects_file:
        say(f"  rejected rows with their reasons: {rejects_file}")
    elif counts.rejected:
        say("  --rejects FILE keeps the rejected rows")


def _run_stations(runtime: Runtime, *, quiet: bool) -> None:
    with runtime.database.reading() as session:
        pending = count_feedback(session).get(FeedbackState.PENDING, 0)

    def labelled() -> int:
        with runtime.database.reading() as session:
            return pending - count_feedback(session).get(FeedbackState.PENDING, 0)

    with shown_progress("Classifying", pending, quiet=quiet) as report:
        drain(runtime, on_batch=lambda _name, _batch: report(labelled()))
    if not quiet:
        say(f"{labelled():,} classified. Next: `closeloop serve`, then open {runtime.settings.base_url}")


class _RejectsFile:
    """Rows that were not stored, as CSV: line, reason, and the row as it was; made when there is one."""

    def __init__(self, path: Path | None, header: Sequence[str]) -> None:
        self._path = path
        self._header = header
        self._file: IO[str] | None = None

    @property
    def written(self) -> str | None:
        """Where the file is; None if it was not needed."""
        return str(self._path) if self._file is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejected: Rejected) -> None:
        """Write one row."""
        if self._path is None:
            return
        if self._file is None:
            self._file = self._opened(self._path)
            csv.writer(self._file).writerow(["line", "reason", *map(harmless_cell, self._header)])
        cells = (rejected.reason, *rejected.original)
        csv.writer(self._file).writerow([rejected.line, *map(harmless_cell, cells)])

    @staticmethod
    def _opened(path: Path) -> IO[str]:
        try:
            return path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            message = f"The rejects file cannot be written ({error.strerror}). Check its path and permissions."
            raise AppError(Kind.INVALID, "unwritable_file", message) from None
