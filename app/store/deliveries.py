"""Reads of sources and raw deliveries."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, defer

from app.domain.feedback import DeliveryState
from app.store.keyset import After, keyset_page
from app.store.tables import Delivery, Source

REPLAYED_AT_ONCE = 10_000


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries are wanted; a part that is None or empty wants all.

    Attributes:
        ids: These only.
        source_id: Of this source.
        state: In this state.
        since: Received at or after this instant.
        until: Received before this instant.
    """

    ids: tuple[int, ...] = ()
    source_id: int | None = None
    state: DeliveryState | None = None
    since: datetime | None = None
    until: datetime | None = None


# Built once: every item and every delivery asks.
_BY_KEY = select(Source).where(Source.key == bindparam("key"))


def find_source(session: Session, key: str) -> Source | None:
    """The source of this key."""
    return session.scalar(_BY_KEY, {"key": key})


def list_sources(session: Session) -> list[Source]:
    """Every source, by key."""
    return list(session.scalars(select(Source).order_by(Source.key)))


def find_delivery(session: Session, delivery_id: int) -> Delivery | None:
    """The delivery of this id."""
    return session.get(Delivery, delivery_id)


def list_deliveries(session: Session, wanted: DeliveryFilter, after: After | None, limit: int) -> list[Delivery]:
    """Deliveries without their bodies, newest first; one more than `limit` where more follow."""
    statement = _filtered(select(Delivery).options(defer(Delivery.body, raiseload=True)), wanted)
    return list(session.scalars(keyset_page(statement, (Delivery.received_at, Delivery.id), after, limit)))


def count_deliveries(session: Session) -> dict[tuple[int, str], int]:
    """How many deliveries there are per (source id, state)."""
    statement = select(Delivery.source_id, Delivery.state, func.count()).group_by(Delivery.source_id, Delivery.state)
    return {(source_id, state): count for source_id, state, count in session.execute(statement)}


def find_repeat(session: Session, source_id: int, sender_ref: str, digest: str) -> int | None:
    """The id of the delivery with the same sender's id and the same bytes."""
    return session.scalar(
        select(Delivery.id)
        .where(Delivery.source_id == source_id, Delivery.sender_ref == sender_ref, Delivery.digest == digest)
        .limit(1)
    )


def select_replayable(wanted: DeliveryFilter) -> Select[Delivery]:
    """The deliveries that can be unpacked again, oldest first, locked; without ids and state: the quarantined ones."""
    statement = _filtered(select(Delivery).options(defer(Delivery.body)), wanted)
    if not wanted.ids and wanted.state is None:
        statement = statement.where(Delivery.state == DeliveryState.QUARANTINED)
    return (
        statement.where(Delivery.body.is_not(None), Delivery.state != DeliveryState.RECEIVED)
        .order_by(Delivery.id)
        .limit(REPLAYED_AT_ONCE)
        .with_for_update()
    )


def _filtered(statement: Select[Delivery], wanted: DeliveryFilter) -> Select[Delivery]:
    if wanted.ids:
        statement = statement.where(Delivery.id.in_(wanted.ids))
    if wanted.source_id is not None:
        statement = statement.where(Delivery.source_id == wanted.source_id)
    if wanted.state is not None:
        statement = statement.where(Delivery.state == wanted.state)
    if wanted.since is not None:
        statement = statement.where(Delivery.received_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Delivery.received_at < wanted.until)
    return statement
