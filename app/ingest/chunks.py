"""What is in a file, piece by piece, and how a chunk of it is stored: rows of a table or conversations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy.orm import Session

from app.connectors.contract import Deleted, Found, Wanted
from app.ingest.items import Status
from app.ingest.taking import take_found
from app.store.tables import Source

CHUNK = 500
"""Pieces of one transaction."""

_ADDED = frozenset({Status.CREATED, Status.UPDATED})
_KNOWN = frozenset({Status.DUPLICATE, Status.STALE})
_ONLY_NAMED = "the file only names this item: its words have to be fetched from the sender"


@dataclass(frozen=True)
class Draft:
    """A piece of a file that can be stored: where it ends, what it is, and how it stands in the file."""

    line: int
    found: Found
    original: tuple[str, ...]


@dataclass(frozen=True)
class Rejected:
    """A piece that was not stored, and why."""

    line: int
    reason: str
    original: tuple[str, ...]


@dataclass(frozen=True)
class Stored:
    """What became of one chunk."""

    accepted: int
    duplicate: int
    rejected: Sequence[Rejected]


@dataclass
class Counts:
    """What became of the pieces so far."""

    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """All of them."""
        return self.accepted + self.duplicate + self.rejected

    def add(self, stored: Stored) -> None:
        """Count one chunk."""
        self.accepted += stored.accepted
        self.duplicate += stored.duplicate
        self.rejected += len(stored.rejected)
        self.reasons.update(one.reason for one in stored.rejected)


@dataclass
class OpenFile:
    """A file that is being read.

    Attributes:
        pieces: What is left of it.
        rows: How many pieces it has.
        notes: What a person should hear of how it is read.
        columns: Names of what `original` of a piece holds.
        position: How many pieces were taken.
        chunk: How many are stored in one transaction.
    """

    pieces: Iterator[Draft | Rejected]
    rows: int
    notes: Sequence[str]
    columns: Sequence[str]
    position: int = 0
    chunk: int = CHUNK

    def take(self) -> list[Draft | Rejected]:
        """The next chunk of pieces; fewer, or none, at the end."""
        taken = list(islice(self.pieces, self.chunk))
        self.position += len(taken)
        return taken

    def skip_to(self, position: int) -> None:
        """Pass over what was stored before."""
        for _ in islice(self.pieces, position - self.position):
            self.position += 1


def store_chunk(session: Session, now: datetime, source: Source, chunk: Sequence[Draft | Rejected]) -> Stored:
    """Store what can be stored.

    Args:
        session: A write transaction.
        now: The arrival.
        source: Where it comes from.
        chunk: At most ``CHUNK`` pieces.

    Returns:
        The counts, and every piece that was not stored, in the order of the file.
    """
    rejected = [one for one in chunk if isinstance(one, Rejected)]
    drafts = [one for one in chunk if isinstance(one, Draft)]
    told = take_found(session, now, source, [one.found for one in drafts])
    items = [one for one in drafts if not isinstance(one.found, Deleted | Wanted)]
    for draft, one in zip(items, told, strict=True):
        if not one.is_stored:
            rejected.append(Rejected(draft.line, one.message or one.status, draft.original))
    rejected += [Rejected(one.line, _ONLY_NAMED, one.original) for one in drafts if isinstance(one.found, Wanted)]
    statuses = [one.status for one in told]
    deleted = sum(isinstance(one.found, Deleted) for one in drafts)
    return Stored(
        sum(status in _ADDED for status in statuses) + deleted,
        sum(status in _KNOWN for status in statuses),
        sorted(rejected, key=lambda one: one.line),
    )
