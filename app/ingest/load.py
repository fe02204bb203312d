"""Station: reads imported files, chunk by chunk; how far it is, is stored with the rows of each chunk.

A file that is being read stays open between chunks, because reading on is cheap and finding one's place again is not;
after a crash, or in another process, its place is found by reading past what is stored.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from app.domain.feedback import ImportState, Medium
from app.errors import AppError
from app.ingest.chunks import Draft, OpenFile, Rejected, store_chunk
from app.ingest.conversations import open_conversations
from app.ingest.dates import DateOrder
from app.ingest.importing import ImportOptions, open_plan, plan_import
from app.ingest.imports import OPEN
from app.store.import_tables import Import, ImportReject
from app.store.tables import Source

LEASE = timedelta(minutes=5)
GIVE_UP_AT = 5
MAX_REJECTS = 10_000
"""Rejected rows of one import that are kept; all are counted."""

LARGE = 4 * 1024 * 1024
"""Bytes above which a file waits until all smaller ones are read."""

_MOST_REASONS, _OTHER = 30, "other reasons"
_MOST_OPEN = 4
_RETRY = timedelta(seconds=30)

_open: dict[int, OpenFile] = {}
_lock = Lock()


@dataclass(frozen=True)
class Batch:
    """One leased import; `ended` has its file deleted."""

    id: int
    path: Path
    name: str
    connector: str | None
    config: Mapping[str, Any]
    options: Mapping[str, Any]
    position: int
    created_at: datetime
    ended: bool


@dataclass(frozen=True)
class Outcome:
    """The next pieces of a file, and what is known of it; or why it cannot be read."""

    id: int
    position: int
    chunk: Sequence[Draft | Rejected] = ()
    file: OpenFile | None = None
    failed: str | None = None
    deleted: bool = False


def claim(session: Session, now: datetime) -> Batch | None:
    """Lease the oldest import that is to be read on, or whose file is to be deleted; small files before large ones."""
    free = or_(Import.leased_until.is_(None), Import.leased_until <= now)
    given_up = (Import.attempts >= GIVE_UP_AT) & Import.state.in_(OPEN)
    values = {"state": ImportState.FAILED, "ended_at": now, "reason": "gave_up: the file could not be read on"}
    session.execute(update(Import).where(free, given_up).values(values))
    found = session.execute(
        select(Import, Source)
        .join(Source)
        .where(free, or_(Import.state.in_(OPEN), Import.path.is_not(None)), Import.attempts < 2 * GIVE_UP_AT)
        .order_by(Import.attempts, Import.size > LARGE, Import.id)
        .limit(1)
        .with_for_update(of=Import, skip_locked=True)
    ).first()
    if found is None:
        return None
    row, source = found
    ended = row.state not in OPEN
    row.attempts, row.leased_until = row.attempts + 1, now + LEASE
    config = source.config if row.connector == source.connector else {}
    path = Path(row.path or "")
    return Batch(row.id, path, row.name, row.connector, config, row.options, row.position, row.created_at, ended)


def work(batch: Batch, _tools: object) -> Outcome:
    """Read the next chunk, or delete the file."""
    if batch.ended:
        with _lock:
            _open.pop(batch.id, None)
        batch.path.unlink(missing_ok=True)
        return Outcome(batch.id, batch.position, deleted=True)
    try:
        file = _opened(batch)
        chunk = file.take()
    except AppError as error:
        return Outcome(batch.id, batch.position, failed=f"{error.code}: {error.message}")
    with _lock:
        if len(_open) < _MOST_OPEN:
            _open[batch.id] = file
    return Outcome(batch.id, batch.position, chunk, file)


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Store a chunk together with how far the import is; one that was cancelled or read on meanwhile is left alone."""
    found = session.execute(
        select(Import, Source).join(Source).where(Import.id == outcome.id).with_for_update(of=Import)
    ).one()
    row, source = found
    row.attempts, row.leased_until, row.last_error = 0, None, None
    if outcome.deleted:
        row.path = None
    elif row.state in OPEN and row.position == outcome.position:
        if outcome.failed is not None:
            row.state, row.ended_at, row.reason = ImportState.FAILED, now, outcome.failed
        elif outcome.file is not None:
            _store(session, now, row, source, outcome.chunk, outcome.file)


def release(session: Session, now: datetime, batch: Batch, reason: str) -> None:
    """Give the lease back; it is tried again in a while, maybe where the file can be reached."""
    with _lock:
        _open.pop(batch.id, None)
    values = {"leased_until": now + _RETRY, "last_error": reason}
    session.execute(update(Import).where(Import.id == batch.id).values(values))


def _opened(batch: Batch) -> OpenFile:
    with _lock:
        file = _open.pop(batch.id, None)
    if file is None or file.position != batch.position:
        file = _fresh(batch)
        file.skip_to(batch.position)
    return file


def _fresh(batch: Batch) -> OpenFile:
    if not batch.path.exists():
        raise FileNotFoundError("the file is not in the data directory of this machine")
    if batch.connector is not None:
        return open_conversations(batch.path, batch.name, batch.connector, batch.config, batch.created_at)
    told = batch.options
    order = told.get("order")
    options = ImportOptions(
        ZoneInfo(told.get("zone", "UTC")),
        tuple(told.get("mappings", ())),
        Medium(told.get("medium", Medium.SURVEY)),
        None if order is None else DateOrder(order),
    )
    return open_plan(plan_import(batch.path, options, batch.created_at))


def _store(
    session: Session, now: datetime, row: Import, source: Source, chunk: Sequence[Draft | Rejected], file: OpenFile
) -> None:
    stored = store_chunk(session, now, source, chunk)
    room = max(0, MAX_REJECTS - row.rejected)
    if row.position == 0:
        row.state, row.rows = ImportState.RUNNING, file.rows
        row.notes, row.columns = list(file.notes), list(file.columns)
    kept = [
        {"import_id": row.id, "line": one.line, "reason": one.reason, "original": list(one.original)}
        for one in stored.rejected[:room]
    ]
    if kept:
        session.execute(insert(ImportReject), kept)
    row.position += len(chunk)
    row.accepted += stored.accepted
    row.duplicate += stored.duplicate
    row.rejected += len(stored.rejected)
    row.reasons = _counted(row.reasons, [one.reason for one in stored.rejected])
    if len(chunk) < file.chunk:
        row.state, row.ended_at = ImportState.DONE, now
        if row.rejected > MAX_REJECTS:
            row.notes = [*row.notes, f"only the first {MAX_REJECTS:,} rejected rows are kept"]


def _counted(before: Mapping[str, int], reasons: Sequence[str]) -> dict[str, int]:
    counts: Counter[str] = Counter(before)
    for reason in reasons:
        counts[reason if reason in counts or len(counts) < _MOST_REASONS else _OTHER] += 1
    return dict(counts.most_common())
