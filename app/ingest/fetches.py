"""Thin events: what they only name is remembered until it is here, by whatever way it comes, or is given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.connectors.contract import Wanted
from app.domain.feedback import DeliveryState, FetchState
from app.store.tables import Delivery, Fetch

PATIENCE = timedelta(days=7)
"""How long the words of a thin event are waited for."""

_ANSWER = "answer to fetch "


def open_fetches(session: Session, now: datetime, source_id: int, delivery_id: int, wanted: Sequence[Wanted]) -> None:
    """Remember what a delivery named; the same thing named twice in it is one, and what had expired waits again."""
    again = (Fetch.delivery_id == delivery_id) & (Fetch.state == FetchState.EXPIRED)
    session.execute(update(Fetch).where(again).values(state=FetchState.OPEN, asked_at=now, attempts=0))
    known = set(session.scalars(select(Fetch.external_id).where(Fetch.delivery_id == delivery_id)))
    for one in {each.external_id: each for each in wanted if each.external_id not in known}.values():
        row = Fetch(
            delivery_id=delivery_id,
            source_id=source_id,
            external_id=one.external_id,
            path=one.path,
            occurred_at=one.occurred_at,
            asked_at=now,
            state=FetchState.OPEN,
        )
        session.add(row)
    session.flush()


def close_fetches(session: Session, source_id: int, external_ids: Sequence[str]) -> None:
    """The words of these are here; a delivery that waits for nothing else is unpacked."""
    _close(session, (Fetch.source_id == source_id) & Fetch.external_id.in_(external_ids))


def close_fetch(session: Session, source_id: int, sender_ref: str) -> None:
    """What a sender's API answered was read: nothing more is to come, even where it names no single item.

    Args:
        session: A write transaction.
        source_id: Whose it was.
        sender_ref: From `answer_ref`.
    """
    fetch_id = sender_ref.removeprefix(_ANSWER).partition(".")[0]
    if fetch_id.isdecimal():
        _close(session, (Fetch.source_id == source_id) & (Fetch.id == int(fetch_id)))


def answer_ref(fetch_id: int, attempt: int) -> str:
    """What the delivery is called that holds the answer to one try of a fetch."""
    return f"{_ANSWER}{fetch_id}.{attempt}"


def is_answer(sender_ref: str | None) -> bool:
    """Whether a delivery of this name is such an answer."""
    return sender_ref is not None and sender_ref.startswith(_ANSWER)


def _close(session: Session, which: ColumnElement[bool]) -> None:
    found = session.execute(select(Fetch.id, Fetch.delivery_id).where(Fetch.state == FetchState.OPEN, which)).all()
    if not found:
        return
    session.execute(update(Fetch).where(Fetch.id.in_([one.id for one in found])).values(state=FetchState.DONE))
    still = select(Fetch.delivery_id).where(Fetch.state == FetchState.OPEN)
    done = (
        Delivery.id.in_({one.delivery_id for one in found}),
        Delivery.state == DeliveryState.FETCH_REQUIRED,
        Delivery.id.not_in(still),
    )
    session.execute(update(Delivery).where(*done).values(state=DeliveryState.UNPACKED, reason=None))


def expire_fetches(session: Session, now: datetime) -> int:
    """Give up what did not come in time: its delivery is quarantined, where somebody sees it and can replay it.

    Returns:
        How many were given up.
    """
    late = select(Fetch).where(Fetch.state == FetchState.OPEN, Fetch.asked_at < now - PATIENCE).with_for_update()
    rows = session.scalars(late).all()
    for row in rows:
        row.state, row.leased_until = FetchState.EXPIRED, None
    told = f"fetch_expired: nothing came for what it names within {PATIENCE.days} days"
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_({row.delivery_id for row in rows}), Delivery.state == DeliveryState.FETCH_REQUIRED)
        .values(state=DeliveryState.QUARANTINED, reason=told)
    )
    return len(rows)
