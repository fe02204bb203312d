"""The tables of imports as jobs: which file is read how, how far that is, and what was not stored."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Document, Leased, Row, row_id


class Import(Row, Leased):
    """A file that is read in the background; `position` counts what of it is stored or refused for good."""

    __tablename__ = "imports"
    __writer__ = "ingest"
    __table_args__ = (Index(None, "state", "id"), Index(None, "created_at", "id"))
    id: Mapped[int] = row_id()
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    name: Mapped[str]  # the file's, as it was sent
    path: Mapped[str | None]  # where the file is kept; None once it is deleted
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the file
    connector: Mapped[str | None]  # None: a table of rows
    options: Mapped[Document]  # mappings, zone, medium, order
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))  # domain.feedback.ImportState
    rows: Mapped[int | None]  # in the file; None until it was looked at
    position: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    reasons: Mapped[Document]  # reason -> how many rows
    notes: Mapped[list[Any]]
    columns: Mapped[list[Any]]  # of the file, for the head of its rejects
    reason: Mapped[str | None]  # why it failed
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ImportReject(Row):
    """A row of a file that was not stored: as it stood there, and why."""

    __tablename__ = "import_rejects"
    __writer__ = "ingest"
    id: Mapped[int] = row_id()
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    line: Mapped[int]
    reason: Mapped[str]
    original: Mapped[list[Any]]
