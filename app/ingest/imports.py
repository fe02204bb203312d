"""Commands on imports: begin one with a file that is here, cancel one, end their retention."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.domain.feedback import ImportState
from app.engine.wake import wake
from app.errors import AppError, Kind
from app.ingest.conversations import connector_of
from app.store.import_tables import Import, ImportReject
from app.store.tables import Source

STATION = "load"
FOLDER = "imports"
"""Where files are kept, in the data directory."""
OPEN = frozenset({ImportState.QUEUED, ImportState.RUNNING})


@dataclass(frozen=True)
class NewImport:
    """A file that is here.

    Attributes:
        name: As it was sent.
        path: Where it is; from now on the import's.
        size: In bytes.
        digest: SHA-256 of it.
        connector: Who shall read it; None: seen from the source and the name.
        options: `mappings`, `zone`, `medium`, `order`, as JSON.
    """

    name: str
    path: Path
    size: int
    digest: str
    connector: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def start_import(session: Session, now: datetime, actor: Actor, source: Source, new: NewImport) -> Import:
    """Have a file read in the background.

    Raises:
        AppError: ``unknown_connector``.
    """
    row = Import(
        source_id=source.id,
        name=new.name,
        path=str(new.path),
        size=new.size,
        digest=new.digest,
        connector=connector_of(new.name, new.connector, source.connector),
        options=dict(new.options),
        actor=actor.name,
        state=ImportState.QUEUED,
        rows=None,
        position=0,
        reasons={},
        notes=[],
        columns=[],
        created_at=now,
        ended_at=None,
    )
    session.add(row)
    session.flush()
    record_audit(session, now, actor, "import_started", f"import:{row.id}", source=source.key, digest=new.digest)
    wake(session, STATION, str(row.id))
    return row


def cancel_import(session: Session, now: datetime, actor: Actor, row: Import) -> None:
    """Read no further; what is stored stays.

    Raises:
        AppError: ``import_ended``.
    """
    session.refresh(row, with_for_update=True)
    if row.state not in OPEN:
        message = f"This import has ended: {row.state}. There is nothing to cancel."
        raise AppError(Kind.CONFLICT, "import_ended", message)
    row.state, row.ended_at, row.leased_until = ImportState.CANCELLED, now, None
    row.notes = [*row.notes, f"cancelled after {row.position:,} rows: what was stored before stays"]
    record_audit(session, now, actor, "import_cancelled", f"import:{row.id}", rows=row.position)
    wake(session, STATION, f"{row.id}.cancelled")


def purge_imports(session: Session, now: datetime, retention_days: int) -> int:
    """Delete rejected rows of imports that ended longer ago: they hold customers' words as they were sent.

    Returns:
        How many rows were deleted.
    """
    old = select(Import.id).where(Import.ended_at < now - timedelta(days=retention_days))
    gone = session.execute(delete(ImportReject).where(ImportReject.import_id.in_(old)))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a delete has one


def delete_orphans(session: Session, now: datetime, folder: Path) -> int:
    """Delete uploads that no import knows: their requests ended before it was made, with their process.

    Args:
        session: A transaction.
        now: The time; files younger than a day are left alone.
        folder: Where uploads are.

    Returns:
        How many were deleted.
    """
    known = set(session.scalars(select(Import.path).where(Import.path.is_not(None))))
    before = (now - timedelta(days=1)).timestamp()
    gone = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):
            if str(path) not in known and path.is_file() and path.stat().st_mtime < before:
                path.unlink()
                gone += 1
    return gone
