"""Station: reads raw deliveries into items; what cannot be read is quarantined with its reason, never dropped."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app.connectors.contract import Ignored, Parsed, Wanted
from app.domain.feedback import DeliveryState
from app.engine.wake import wake
from app.ingest.fetches import close_fetch, is_answer, open_fetches
from app.ingest.items import Accepted
from app.ingest.parsing import Refused, parse_delivery
from app.ingest.taking import take_found
from app.payloads.delivery import RawDelivery
from app.store.tables import Delivery, Source

BATCH = 20
BATCH_BYTES = 4 * 1024 * 1024
LEASE = timedelta(minutes=5)
ALONE_FROM = 2
"""From this attempt on a delivery is unpacked alone: it may be what brought its batch down."""
GIVE_UP_AT = 5


@dataclass(frozen=True)
class Raw:
    """One leased delivery with what its connector needs."""

    id: int
    connector: str
    config: Mapping[str, Any]
    delivery: RawDelivery


@dataclass(frozen=True)
class Batch:
    """Deliveries leased together."""

    rows: tuple[Raw, ...]


@dataclass(frozen=True)
class Quarantined:
    """Why a delivery could not be read."""

    reason: str


@dataclass(frozen=True)
class Outcome:
    """What each delivery holds."""

    found: Mapping[int, Parsed | Quarantined]


def claim(session: Session, now: datetime) -> Batch | None:
    """Lease up to ``BATCH`` deliveries, about ``BATCH_BYTES`` of them."""
    due = (Delivery.state == DeliveryState.RECEIVED) & or_(
        Delivery.leased_until.is_(None), Delivery.leased_until <= now
    )
    _give_up(session, now, due)
    size = func.length(Delivery.body)
    found = session.execute(
        select(Delivery.id, Delivery.attempts, size)
        .where(due, Delivery.body.is_not(None))
        .order_by(Delivery.attempts >= ALONE_FROM, Delivery.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    chosen: list[int] = []
    total = 0
    for delivery_id, attempts, length in found:
        if chosen and (attempts >= ALONE_FROM or total + length > BATCH_BYTES):
            break
        chosen.append(delivery_id)
        total += length
        if attempts >= ALONE_FROM:
            break
    if not chosen:
        return None
    lease = {"attempts": Delivery.attempts + 1, "leased_until": now + LEASE}
    session.execute(update(Delivery).where(Delivery.id.in_(chosen)).values(lease))
    rows = session.execute(
        select(Delivery, Source).join(Source).where(Delivery.id.in_(chosen)).order_by(Delivery.id)
    ).all()
    return Batch(tuple(_raw(delivery, source) for delivery, source in rows))


def work(batch: Batch, _tools: object) -> Outcome:
    """Parse; a connector's own mistake quarantines its delivery and no other."""
    return Outcome({raw.id: _parse(raw) for raw in batch.rows})


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Store what was found and where each delivery stands; deliveries that are done already are left alone."""
    statement = (
        select(Delivery, Source)
        .join(Source)
        .where(Delivery.id.in_(list(outcome.found)), Delivery.state == DeliveryState.RECEIVED)
        .order_by(Delivery.id)
        .with_for_update(of=Delivery)
    )
    for delivery, source in session.execute(statement).all():
        state, reason = _stored(session, now, source, delivery.id, outcome.found[delivery.id])
        delivery.state, delivery.reason = state, reason
        delivery.unpacked_at, delivery.leased_until = now, None
        if state is DeliveryState.UNPACKED and delivery.sender_ref and is_answer(delivery.sender_ref):
            close_fetch(session, source.id, delivery.sender_ref)


def release(session: Session, now: datetime, batch: Batch, reason: str) -> None:
    """Give the leases of a batch back that could not be worked on or recorded; at the fifth time quarantine."""
    ids = [raw.id for raw in batch.rows]
    still = (Delivery.state == DeliveryState.RECEIVED) & Delivery.id.in_(ids)
    session.execute(update(Delivery).where(still).values(leased_until=None, last_error=reason))
    _give_up(session, now, still)


def _give_up(session: Session, now: datetime, which: Any) -> None:  # noqa: ANN401 - a condition on deliveries
    last = func.coalesce(Delivery.last_error, "the process ended while it was being unpacked")
    values = {"state": DeliveryState.QUARANTINED, "unpacked_at": now, "reason": "gave_up: " + last}
    session.execute(update(Delivery).where(which, Delivery.attempts >= GIVE_UP_AT).values(values))


def _raw(delivery: Delivery, source: Source) -> Raw:
    raw = RawDelivery(delivery.body or b"", delivery.headers, delivery.content_type, arrived_at=delivery.received_at)
    return Raw(delivery.id, source.connector, source.config, raw)


def _parse(raw: Raw) -> Parsed | Quarantined:
    found = parse_delivery(raw.connector, raw.config, raw.delivery)
    return Quarantined(f"{found.code}: {found.message}") if isinstance(found, Refused) else found


def _stored(
    session: Session,
    now: datetime,
    source: Source,
    delivery_id: int,
    found: Parsed | Quarantined,
) -> tuple[DeliveryState, str | None]:
    if isinstance(found, Quarantined):
        return DeliveryState.QUARANTINED, found.reason
    if isinstance(found, Ignored):
        return DeliveryState.IGNORED, found.reason
    told = take_found(session, now, source, found, delivery_id)
    wanted = [one for one in found if isinstance(one, Wanted)]
    open_fetches(session, now, source.id, delivery_id, wanted)
    if wanted and source.pull_token is not None:
        wake(session, "fetch", f"delivery-{delivery_id}")
    refused = [one for one in told if not one.is_stored]
    if refused:
        return DeliveryState.QUARANTINED, _reason(refused, len(told))
    return (DeliveryState.FETCH_REQUIRED, _waiting(wanted)) if wanted else (DeliveryState.UNPACKED, None)


def _waiting(wanted: Sequence[Wanted]) -> str:
    return f"the words of {len(wanted)} items have to be fetched or sent"


def _reason(refused: Sequence[Accepted], total: int) -> str:
    counts = Counter((one.code, one.message) for one in refused)
    told = "; ".join(f"{code} ({count} of {total} items): {message}" for (code, message), count in counts.items())
    return told or "refused"
