"""Passing an event on: a row for each subscription that wants it, in the transaction in which it happens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.wake import wake
from app.store.act_tables import ActionItem
from app.store.event_tables import Event
from app.store.subscription_tables import Dispatch, Subscription

FAST, SLOW = "deliver", "deliver_slow"
"""The stations that send: one for endpoints that answer at once, one for all others."""


def offer_event(session: Session, now: datetime, event: Event) -> None:
    """Put an event on its way to everybody who wants it; those who were disabled are told again by a replay."""
    listening = select(Subscription).where(Subscription.disabled_at.is_(None)).order_by(Subscription.id)
    owner_id = owner_of(session, event)
    for subscription in session.scalars(listening).all():
        if wants(subscription, event.type, owner_id):
            put_dispatch(session, now, subscription, event)


def wants(subscription: Subscription, event_type: str, owner_id: int | None) -> bool:
    """Whether a subscription is told of events of this type about items of this owner."""
    of_type = not subscription.types or event_type in subscription.types
    return of_type and subscription.owner_id in {None, owner_id}


def put_dispatch(session: Session, now: datetime, subscription: Subscription, event: Event) -> Dispatch:
    """Put one event on its way to one subscription."""
    dispatch = Dispatch(subscription_id=subscription.id, event_id=event.id, state="pending", attempts=0, created_at=now)
    session.add(dispatch)
    session.flush()
    wake_for(session, subscription, f"dispatch-{dispatch.id}-{now.timestamp()}")
    return dispatch


def wake_for(session: Session, subscription: Subscription, key: str) -> None:
    """Have the station run that sends to this subscription."""
    wake(session, SLOW if subscription.slow else FAST, key)


def owner_of(session: Session, event: Event) -> int | None:
    """The owner of the item that an event is about, now."""
    item_id = event.facts.get("item_id")
    return None if item_id is None else session.scalar(select(ActionItem.owner_id).where(ActionItem.id == item_id))
