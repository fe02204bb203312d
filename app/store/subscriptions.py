"""Reads of subscriptions and of what is on its way to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from app.store.event_tables import Event
from app.store.keyset import After, keyset_page
from app.store.subscription_tables import Dispatch, Subscription


@dataclass(frozen=True, slots=True)
class Told:
    """One event on its way to one subscription."""

    dispatch: Dispatch
    event: Event


def list_subscriptions(session: Session, after: After | None, limit: int) -> list[Subscription]:
    """Newest first; one more than `limit` where more follow."""
    order = (Subscription.created_at, Subscription.id)
    return list(session.scalars(keyset_page(select(Subscription), order, after, limit)))


def count_dispatches(session: Session, subscription_id: int) -> dict[str, int]:
    """How many deliveries of a subscription there are by state."""
    mine = Dispatch.subscription_id == subscription_id
    query = select(Dispatch.state, func.count()).where(mine).group_by(Dispatch.state)
    return {state: count for state, count in session.execute(query)}  # noqa: C416 - rows are no pairs to the type checker


def list_dispatches(
    session: Session, subscription_id: int, after: After | None, limit: int, *, state: str | None
) -> list[Told]:
    """A subscription's deliveries, the newest event first; one more than `limit` where more follow."""
    query = (
        select(Dispatch, Event)
        .join(Event, Event.id == Dispatch.event_id)
        .where(Dispatch.subscription_id == subscription_id)
    )
    if state is not None:
        query = query.where(Dispatch.state == state)
    page = keyset_page(query, (Event.at, Dispatch.id), after, limit)
    return [Told(*row) for row in session.execute(page)]


def next_dispatch(session: Session, subscription_id: int) -> Told | None:
    """What a subscription is told next: the oldest event that waits."""
    query = (
        select(Dispatch, Event)
        .join(Event, Event.id == Dispatch.event_id)
        .where(Dispatch.subscription_id == subscription_id, is_waiting())
        .order_by(Dispatch.event_id)
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else Told(*row)


def troubled_subscriptions(session: Session) -> Sequence[Subscription]:
    """Those that failed since their last success, or were disabled."""
    trouble = or_(Subscription.disabled_at.is_not(None), Subscription.attempts > 0)
    return session.scalars(select(Subscription).where(trouble).order_by(Subscription.id)).all()


def count_subscriptions(session: Session) -> dict[str, int]:
    """How many subscriptions are in each state: `active`, `failing`, `paused`, `disabled`."""
    state = case(
        (Subscription.disabled_at.is_not(None), "disabled"),
        (Subscription.paused_at.is_not(None), "paused"),
        (Subscription.attempts > 0, "failing"),
        else_="active",
    )
    counted: dict[str, int] = dict(session.execute(select(state, func.count()).group_by(state)).all())
    return {name: counted.get(name, 0) for name in ("active", "failing", "paused", "disabled")}


def events_between(session: Session, since: datetime, until: datetime, limit: int) -> Sequence[Event]:
    """Events of a time range, half-open, oldest first."""
    query = select(Event).where(Event.at >= since, Event.at < until).order_by(Event.id).limit(limit)
    return session.scalars(query).all()


def is_waiting() -> ColumnElement[bool]:
    """Whether a dispatch still has to be sent."""
    return Dispatch.state == "pending"
