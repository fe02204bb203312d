"""Stores native items exactly once per (source, external id, version), whatever order and however often they come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.feedback import FeedbackState
from app.engine.wake import wake
from app.ingest.fetches import close_fetches
from app.ingest.merging import merge_prepared
from app.ingest.prepared import ITEM_COLUMNS, Prepared, prepare_item, tombstone_id
from app.ingest.sources import NATIVE
from app.payloads.native import NativeItem
from app.store.row import Row
from app.store.tables import Feedback, Score, Source, Turn

CLOCK_TOLERANCE = timedelta(hours=24)
"""How far ahead of us a sender's clock may be; what is said so early counts from its arrival."""
CLOCK_AHEAD = "sender_clock_ahead"
"""The attribute that keeps the sender's own time then."""
MAX_BATCH = 1_000
"""Items of one call."""


class Status(StrEnum):
    """What became of an item."""

    CREATED = "created"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    STALE = "stale"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True)
class Accepted:
    """The outcome of one item.

    Attributes:
        status: `duplicate` is the very same again, `stale` an older version than the one stored: both change nothing.
            `conflict` (other content under a stored version) and `refused` are not stored: the sender must hear of it.
        feedback_id: The feedback; None for `refused` and for an erased utterance.
        code: For `conflict`, `refused` and an erased utterance: a stable name of the reason.
        message: For these: what to do.
    """

    status: Status
    feedback_id: int | None = None
    code: str | None = None
    message: str | None = None

    @property
    def is_stored(self) -> bool:
        """Whether this item's content, or something newer, is in the database (or was erased for good)."""
        return self.status not in (Status.CONFLICT, Status.REFUSED)


_CONFLICT_MESSAGE = (
    "This version of the item is already stored with other content. Send the new content with a higher version."
)
_FUTURE_MESSAGE = "The item's time lies more than 24 hours in the future. Check the sender's clock and time zone."
_ERASED = Accepted(Status.STALE, None, "item_erased", "This item was erased on request and is not stored again.")
_IN_FUTURE = Accepted(Status.REFUSED, None, "time_in_future", _FUTURE_MESSAGE)


@dataclass(frozen=True)
class _Stored:
    id: int
    version: int
    digest: str
    content_rev: int


def accept_items(
    session: Session,
    now: datetime,
    source: Source,
    items: Sequence[NativeItem],
    *,
    delivery_id: int | None = None,
    dated: bool = True,
) -> list[Accepted]:
    """Store new items and newer versions; the next room is woken once if anything changed.

    Safe against other transactions that store the same items: one of them creates, the others see a duplicate.

    Args:
        session: A write transaction.
        now: The arrival.
        source: Where the items come from.
        items: At most ``MAX_BATCH``; the same utterance may be among them more than once.
        delivery_id: The raw delivery that they were unpacked from.
        dated: False if the items' `occurred_at` is our assumption; then it is no part of their content.

    Returns:
        One outcome per item, in the order of `items`.
    """
    batch = _Batch(session, now, source.id, delivery_id)
    told: list[Accepted] = []
    for merges, run in groupby(items, key=lambda item: item.merge):
        told += (_add(batch, item) for item in run) if merges else _replace(batch, tuple(run), dated=dated)  # noqa: B031 - one of the two
    if source.connector != NATIVE:
        arrived = [item.external_id for item, one in zip(items, told, strict=True) if one.is_stored]
        close_fetches(session, source.id, arrived)
    return told


def _replace(batch: "_Batch", items: Sequence[NativeItem], *, dated: bool) -> list[Accepted]:
    now = batch.now
    prepared = [prepare_item(item, dated=dated) for item in items]
    in_time = [one for item, one in zip(items, prepared, strict=True) if not _is_ahead(item, now)]
    newest = _newest(in_time)
    erased = batch.erased(newest)
    wanted = {key: one for key, one in newest.items() if key not in erased}
    stored = batch.store(wanted)
    told: list[Accepted] = []
    for item, one in zip(items, prepared, strict=True):
        if _is_ahead(item, now):
            told.append(_IN_FUTURE)
        elif one.external_id in erased:
            told.append(_ERASED)
        else:
            status = batch.changed.pop(one.external_id, None) if one is wanted[one.external_id] else None
            told.append(_told(one, stored.get(one.external_id), status))
    return told


def _add(batch: "_Batch", item: NativeItem) -> Accepted:
    """Add one message's item to what is stored of its conversation."""
    if _is_ahead(item, batch.now):
        return _IN_FUTURE
    fresh = prepare_item(item)
    if batch.erased([fresh.external_id]):
        return _ERASED
    made = batch.store({fresh.external_id: fresh}, replace=False)
    if batch.changed.pop(fresh.external_id, None) is not None:
        return Accepted(Status.CREATED, made[fresh.external_id].id)
    row = made.get(fresh.external_id)
    if row is None:  # erased by another transaction in this very moment
        return _ERASED
    merged = merge_prepared(batch.load(row.id), fresh)
    if merged.digest == row.digest and merged.version == row.version:
        return Accepted(Status.DUPLICATE, row.id)
    batch.store({fresh.external_id: merged}, older={fresh.external_id: row})
    del batch.changed[fresh.external_id]
    return Accepted(Status.UPDATED, row.id)


def _table(row: type[Row]) -> Table:
    """The table itself: the statements of mapped classes look at each row once more."""
    return cast("Table", row.__table__)


def _is_ahead(item: NativeItem, now: datetime) -> bool:
    latest = max(item.occurred_at, item.updated_at or item.occurred_at)
    return latest > now + CLOCK_TOLERANCE


def _flagged(columns: Mapping[str, Any], said: datetime) -> dict[str, Any]:
    return {**columns["attributes"], CLOCK_AHEAD: said.isoformat()}


def _newest(prepared: Iterable[Prepared]) -> dict[str, Prepared]:
    """The newest version of each utterance, the first of equals, in the order in which all transactions lock."""
    newest: dict[str, Prepared] = {}
    for one in prepared:
        known = newest.get(one.external_id)
        if known is None or one.version > known.version:
            newest[one.external_id] = one
    return dict(sorted(newest.items()))


def _told(one: Prepared, stored: _Stored | None, status: Status | None) -> Accepted:
    if stored is None:  # erased by another transaction in this very moment
        return _ERASED
    if status is not None:
        return Accepted(status, stored.id)
    if one.version < stored.version:
        return Accepted(Status.STALE, stored.id)
    if one.digest == stored.digest:
        return Accepted(Status.DUPLICATE, stored.id)
    return Accepted(Status.CONFLICT, stored.id, "version_conflict", _CONFLICT_MESSAGE)


class _Batch:
    """The statements of one call."""

    def __init__(self, session: Session, now: datetime, source_id: int, delivery_id: int | None) -> None:
        self.session, self.now, self.source_id, self.delivery_id = session, now, source_id, delivery_id
        self.changed: dict[str, Status] = {}

    def erased(self, keys: Iterable[str]) -> set[str]:
        """Which of the utterances were erased."""
        by_tombstone = {tombstone_id(self.source_id, key): key for key in keys}
        statement = select(Feedback.external_id).where(
            Feedback.source_id == self.source_id, Feedback.external_id.in_(list(by_tombstone))
        )
        return {by_tombstone[found] for found in self.session.scalars(statement)}

    def store(
        self, wanted: Mapping[str, Prepared], *, replace: bool = True, older: Mapping[str, _Stored] | None = None
    ) -> dict[str, _Stored]:
        """Insert what is new, replace what is older; gives every utterance's state after that.

        Args:
            wanted: By external id.
            replace: Whether to replace what is older.
            older: Rows that are locked already and replaced in any case; then nothing is inserted.
        """
        stored = self._insert(wanted) if older is None else {}
        known = dict(older or self._lock([key for key in wanted if key not in stored]))
        newer = {key: row for key, row in known.items() if older or (replace and wanted[key].version > row.version)}
        stored |= known | self._replace(newer, wanted)
        if self.changed:
            self._write_parts({stored[key].id: wanted[key] for key in self.changed})
            last = stored[next(reversed(self.changed))]
            wake(self.session, "label", f"{last.id}.{last.content_rev}")
        return stored

    def load(self, feedback_id: int) -> Prepared:
        """The stored state of an utterance, in the form of an item that is ready to be stored."""
        row = self.session.execute(select(Feedback.__table__).where(Feedback.id == feedback_id)).mappings().one()
        parts = []
        for table in (Turn, Score):
            found = select(table.__table__).where(table.feedback_id == feedback_id).order_by(table.position)
            rows = self.session.execute(found).mappings()
            parts.append([{name: value for name, value in one.items() if name != "feedback_id"} for one in rows])
        columns = {name: row[name] for name in ITEM_COLUMNS}
        return Prepared(row["external_id"], row["version"], row["digest"], columns, *parts)

    def _insert(self, wanted: Mapping[str, Prepared]) -> dict[str, _Stored]:
        if not wanted:
            return {}
        rows = [self._columns(one) | {"source_id": self.source_id, "external_id": key} for key, one in wanted.items()]
        on_postgres = self.session.get_bind().dialect.name == "postgresql"
        begun = (postgresql.insert if on_postgres else sqlite.insert)(_table(Feedback))
        statement = begun.on_conflict_do_nothing(index_elements=["source_id", "external_id"]).returning(
            Feedback.external_id, Feedback.id
        )
        ids = {key: found for key, found in self.session.execute(statement, rows)}  # noqa: C416 - rows are no pairs to the type checker
        self.changed |= dict.fromkeys(ids, Status.CREATED)
        return {key: _Stored(found, wanted[key].version, wanted[key].digest, 1) for key, found in ids.items()}

    def _lock(self, keys: list[str]) -> dict[str, _Stored]:
        if not keys:
            return {}
        statement = (
            select(Feedback.external_id, Feedback.id, Feedback.version, Feedback.digest, Feedback.content_rev)
            .where(Feedback.source_id == self.source_id, Feedback.external_id.in_(keys))
            .order_by(Feedback.external_id)
            .with_for_update()
        )
        found = self.session.execute(statement)
        return {key: _Stored(at, version, digest, rev) for key, at, version, digest, rev in found}

    def _replace(self, older: Mapping[str, _Stored], wanted: Mapping[str, Prepared]) -> dict[str, _Stored]:
        if not older:
            return {}
        fresh = {"state": FeedbackState.PENDING, "attempts": 0, "leased_until": None, "last_error": None}
        rows = [
            self._columns(wanted[key]) | fresh | {"id": row.id, "content_rev": row.content_rev + 1}
            for key, row in older.items()
        ]
        self.session.execute(update(Feedback), rows)
        for table in (Turn, Score):
            self.session.execute(delete(table).where(table.feedback_id.in_([row.id for row in older.values()])))
        self.changed |= dict.fromkeys(older, Status.UPDATED)
        return {
            key: _Stored(row.id, wanted[key].version, wanted[key].digest, row.content_rev + 1)
            for key, row in older.items()
        }

    def _write_parts(self, items: Mapping[int, Prepared]) -> None:
        turns = [turn | {"feedback_id": found} for found, one in items.items() for turn in one.turns]
        scores = [score | {"feedback_id": found} for found, one in items.items() for score in one.scores]
        for table, rows in ((Turn, turns), (Score, scores)):
            if rows:
                self.session.execute(insert(_table(table)), rows)

    def _columns(self, one: Prepared) -> dict[str, Any]:
        said = one.columns["occurred_at"]
        # A clock that is ahead must not put words into days to come; what it said is kept beside.
        early = {} if said <= self.now else {"occurred_at": self.now, "attributes": _flagged(one.columns, said)}
        return (
            one.columns
            | early
            | {
                "version": one.version,
                "digest": one.digest,
                "delivery_id": self.delivery_id,
                "received_at": self.now,
            }
        )
