"""Reads of imports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.domain.feedback import ImportState
from app.store.import_tables import Import, ImportReject
from app.store.keyset import After, keyset_page
from app.store.tables import Source

_OPEN = (ImportState.QUEUED, ImportState.RUNNING)


def find_import(session: Session, import_id: int) -> tuple[Import, str] | None:
    """The import of this id, and the key of its source."""
    found = session.execute(select(Import, Source.key).join(Source).where(Import.id == import_id)).first()
    return None if found is None else (found[0], found[1])


def list_imports(session: Session, source_id: int | None, after: After | None, limit: int) -> list[tuple[Import, str]]:
    """Imports with the keys of their sources, newest first; one more than `limit` where more follow.

    Args:
        session: A transaction.
        source_id: Of this source only.
        after: Where the page before ended.
        limit: Rows at most.
    """
    statement = select(Import).join(Source)
    if source_id is not None:
        statement = statement.where(Import.source_id == source_id)
    rows = list(session.scalars(keyset_page(statement, (Import.created_at, Import.id), after, limit)))
    keys = dict(
        session.execute(select(Source.id, Source.key).where(Source.id.in_({row.source_id for row in rows}))).all()
    )
    return [(row, keys[row.source_id]) for row in rows]


@dataclass(frozen=True)
class CountedImports:
    """Imports that are kept.

    Attributes:
        jobs: How many are in each state.
        rows: How many of their rows were `accepted`, `duplicate` or `rejected`, and are `waiting` in a file that is
            still read.
    """

    jobs: Mapping[str, int]
    rows: Mapping[str, int]


def count_imports(session: Session) -> CountedImports:
    """How many imports, and rows of them, there are."""
    left = case((Import.state.in_(_OPEN), Import.rows - Import.position), else_=0)
    parts = {"accepted": Import.accepted, "duplicate": Import.duplicate, "rejected": Import.rejected, "waiting": left}
    sums = [func.coalesce(func.sum(part), 0) for part in parts.values()]
    found = session.execute(select(Import.state, func.count(), *sums).group_by(Import.state)).all()
    jobs = {state.value: 0 for state in ImportState} | {row[0]: row[1] for row in found}
    return CountedImports(jobs, {name: int(sum(row[at] for row in found)) for at, name in enumerate(parts, 2)})


def iterate_rejects(session: Session, import_id: int) -> Iterator[ImportReject]:
    """The rejected rows of an import that are kept, in the order of the file."""
    statement = select(ImportReject).where(ImportReject.import_id == import_id).order_by(ImportReject.id)
    yield from session.scalars(statement.execution_options(yield_per=500))
