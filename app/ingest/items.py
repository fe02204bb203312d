"""Stores native items exactly once per (source, external id, version), whatever order and however often they come."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.ingest.fetches import close_fetches
from app.ingest.merging import merge_prepared
from app.ingest.prepared import Prepared, Ready, make_ready
from app.ingest.sources import NATIVE
from app.ingest.statements import Statements, Stored
from app.payloads.native import NativeItem
from app.store.tables import Source

CLOCK_TOLERANCE = timedelta(hours=24)
"""How far ahead of us a sender's clock may be; what is said so early counts from its arrival."""


class Status(StrEnum):
    """What became of an item."""

    CREATED = "created"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    STALE = "stale"
    CONFLICT = "conflict"
    REFUSED = "refused"


class Accepted(NamedTuple):
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
    ready = [make_ready(item, dated=dated) for item in items]
    return accept_ready(session, now, source, ready, delivery_id=delivery_id)


def accept_ready(
    session: Session, now: datetime, source: Source, ready: Sequence[Ready], *, delivery_id: int | None = None
) -> list[Accepted]:
    """Like `accept_items`, of items that are ready."""
    batch = Statements(session, now, source.id, delivery_id)
    told: list[Accepted] = []
    for merges, run in groupby(ready, key=attrgetter("merges")):
        told += (_add(batch, one) for one in run) if merges else _replace(batch, tuple(run))  # noqa: B031 - one of the two
    batch.wake_next()
    if source.connector != NATIVE:
        arrived = [item.prepared.external_id for item, one in zip(ready, told, strict=True) if one.is_stored]
        close_fetches(session, source.id, arrived)
    return told


def _replace(batch: Statements, ready: Sequence[Ready]) -> list[Accepted]:
    horizon = batch.now + CLOCK_TOLERANCE
    newest = _newest(item.prepared for item in ready if item.latest <= horizon)
    erased = batch.erased(newest)
    wanted = {key: one for key, one in newest.items() if key not in erased}
    stored = batch.store(wanted)
    told: list[Accepted] = []
    for one, _, latest in ready:
        if latest > horizon:
            told.append(_IN_FUTURE)
        elif one.external_id in erased:
            told.append(_ERASED)
        else:
            is_new = batch.changed.pop(one.external_id, None) if one is wanted[one.external_id] else None
            told.append(_told(one, stored.get(one.external_id), is_new))
    return told


def _add(batch: Statements, item: Ready) -> Accepted:
    """Add one message's item to what is stored of its conversation."""
    fresh = item.prepared
    if item.latest > batch.now + CLOCK_TOLERANCE:
        return _IN_FUTURE
    if batch.erased([fresh.external_id]):
        return _ERASED
    made = batch.create(fresh)
    if made is not None:
        del batch.changed[fresh.external_id]
        return Accepted(Status.CREATED, made.id)
    row = batch.lock([fresh.external_id]).get(fresh.external_id)
    if row is None:  # erased by another transaction in this very moment
        return _ERASED
    merged = merge_prepared(batch.load(row.id), fresh)
    if merged.digest == row.digest and merged.version == row.version:
        return Accepted(Status.DUPLICATE, row.id)
    batch.overwrite(row, merged)
    del batch.changed[fresh.external_id]
    return Accepted(Status.UPDATED, row.id)


def _newest(prepared: Iterable[Prepared]) -> dict[str, Prepared]:
    """The newest version of each utterance, the first of equals, in the order in which all transactions lock."""
    newest: dict[str, Prepared] = {}
    for one in prepared:
        known = newest.get(one.external_id)
        if known is None or one.version > known.version:
            newest[one.external_id] = one
    return dict(sorted(newest.items()))


def _told(one: Prepared, stored: Stored | None, is_new: bool | None) -> Accepted:  # noqa: FBT001 - None: not written
    if stored is None:  # erased by another transaction in this very moment
        return _ERASED
    if is_new is not None:
        return Accepted(Status.CREATED if is_new else Status.UPDATED, stored.id)
    if one.version < stored.version:
        return Accepted(Status.STALE, stored.id)
    if one.digest == stored.digest:
        return Accepted(Status.DUPLICATE, stored.id)
    return Accepted(Status.CONFLICT, stored.id, "version_conflict", _CONFLICT_MESSAGE)
