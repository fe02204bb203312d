"""Commands on subscriptions: make, pause, resume, rotate the secret, end, try out, send again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.access.sealing import OF_SUBSCRIPTIONS, seal_secrets, unseal_secrets
from app.act.offer import owner_of, put_dispatch, wake_for, wants
from app.channels.contract import subscribable
from app.domain.actor import Actor
from app.domain.happenings import Happening
from app.domain.quoting import Verbatims
from app.errors import AppError, Kind
from app.payloads.keys import new_secret
from app.payloads.presets import STANDARD_WEBHOOKS
from app.store.event_tables import Event
from app.store.subscription_tables import Dispatch, Subscription
from app.store.subscriptions import events_between
from app.store.tables import Owner

SIGNED = "webhook"
"""The kind whose deliveries carry a signature; the others' addresses are secrets themselves."""

REPLAYED_AT_ONCE = 10_000
_LIVE_SECRETS = 2


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription to be made.

    Attributes:
        name: What people call it.
        kind: Name of a channel that can be subscribed.
        url: Where to, as it was typed in and checked.
        types: Of events; empty: all.
        owner_id: Only events about this owner's items.
        verbatims: How much of customers' words it gets.
    """

    name: str
    kind: str
    url: str = field(repr=False)
    types: Sequence[Happening] = ()
    owner_id: int | None = None
    verbatims: Verbatims = Verbatims.NONE


def create_subscription(
    session: Session, now: datetime, actor: Actor, new: NewSubscription, secret_key: str
) -> tuple[Subscription, str | None]:
    """Make a subscription; it is told of what happens from now on.

    Returns:
        It and its secret, which is shown this once; None for a kind that signs nothing.

    Raises:
        AppError: ``unknown_channel`` or ``unknown_owner``.
    """
    if new.kind not in subscribable():
        message = f"No channel of this name can be subscribed. Known: {', '.join(subscribable())}."
        raise AppError(Kind.INVALID, "unknown_channel", message)
    if new.owner_id is not None and session.get(Owner, new.owner_id) is None:
        raise AppError(Kind.INVALID, "unknown_owner", "There is no owner with this id. List them at /v1/owners.")
    secret = new_secret(STANDARD_WEBHOOKS) if new.kind == SIGNED else None
    row = Subscription(
        name=new.name,
        kind=new.kind,
        host=urlsplit(new.url).netloc,
        url=seal_secrets([new.url], secret_key, OF_SUBSCRIPTIONS),
        secrets=None if secret is None else seal_secrets([secret], secret_key, OF_SUBSCRIPTIONS),
        types=sorted(set(new.types)),
        owner_id=new.owner_id,
        verbatims=new.verbatims,
        created_at=now,
        slow=True,  # until it has answered at once
    )
    session.add(row)
    session.flush()
    facts = {"kind": row.kind, "host": row.host, "verbatims": row.verbatims}
    record_audit(session, now, actor, "subscription_created", _subject(row), **facts)
    return row, secret


def pause_subscription(session: Session, now: datetime, actor: Actor, subscription_id: int) -> Subscription:
    """Send nothing until it is resumed; what happens meanwhile waits."""
    row = _locked(session, subscription_id)
    if row.paused_at is None:
        row.paused_at = now
        record_audit(session, now, actor, "subscription_paused", _subject(row))
    return row


def resume_subscription(session: Session, now: datetime, actor: Actor, subscription_id: int) -> Subscription:
    """Send again, at once: after a pause, and after the endpoint was disabled."""
    row = _locked(session, subscription_id)
    if row.paused_at is not None or row.disabled_at is not None or row.retry_at is not None:
        row.paused_at, row.disabled_at, row.disabled_why = None, None, None
        row.retry_at, row.broken, row.attempts = None, False, 0
        record_audit(session, now, actor, "subscription_resumed", _subject(row))
        wake_for(session, row, f"resume-{row.id}-{now.timestamp()}")
    return row


def rotate_subscription_secret(
    session: Session, now: datetime, actor: Actor, subscription_id: int, secret_key: str
) -> tuple[Subscription, str]:
    """Give it a new secret; deliveries are signed by the one before as well, until it is retired or the next rotation.

    Returns:
        It and the new secret, which is shown this once.

    Raises:
        AppError: ``not_signed``: deliveries of its kind carry no signature.
    """
    row = _signed(session, subscription_id)
    fresh = new_secret(STANDARD_WEBHOOKS)
    live = [fresh, *unseal_secrets(row.secrets, secret_key, OF_SUBSCRIPTIONS)][:_LIVE_SECRETS]
    row.secrets = seal_secrets(live, secret_key, OF_SUBSCRIPTIONS)
    record_audit(session, now, actor, "subscription_secret_rotated", _subject(row))
    return row, fresh


def retire_subscription_secret(
    session: Session, now: datetime, actor: Actor, subscription_id: int, secret_key: str
) -> Subscription:
    """End the older of two live secrets.

    Raises:
        AppError: ``not_signed``.
    """
    row = _signed(session, subscription_id)
    live = unseal_secrets(row.secrets, secret_key, OF_SUBSCRIPTIONS)[:1]
    row.secrets = seal_secrets(live, secret_key, OF_SUBSCRIPTIONS)
    record_audit(session, now, actor, "subscription_secret_retired", _subject(row))
    return row


def delete_subscription(session: Session, now: datetime, actor: Actor, subscription_id: int) -> None:
    """End it, with what is on its way to it."""
    row = _locked(session, subscription_id)
    session.execute(delete(Dispatch).where(Dispatch.subscription_id == row.id))
    session.execute(delete(Subscription).where(Subscription.id == row.id))
    record_audit(session, now, actor, "subscription_deleted", _subject(row), host=row.host)


def try_subscription(session: Session, now: datetime, actor: Actor, subscription_id: int) -> Dispatch:
    """Tell it, and nobody else, of an event that means nothing."""
    row = _locked(session, subscription_id)
    event = Event(type=Happening.TEST, subject=_subject(row), facts={"subscription_id": row.id}, at=now)
    session.add(event)
    session.flush()
    record_audit(session, now, actor, "subscription_tried", _subject(row))
    return put_dispatch(session, now, row, event)


def replay_dispatch(
    session: Session, now: datetime, actor: Actor, subscription_id: int, dispatch_id: int
) -> Dispatch | None:
    """Send one delivery again, whatever became of it; None where the subscription has none of this id."""
    row = _locked(session, subscription_id)
    mine = (Dispatch.id == dispatch_id, Dispatch.subscription_id == row.id)
    dispatch = session.scalars(select(Dispatch).where(*mine).execution_options(populate_existing=True)).one_or_none()
    if dispatch is not None:
        dispatch.state, dispatch.attempts = "pending", 0
        session.flush()
        record_audit(session, now, actor, "dispatch_replayed", _subject(row), dispatch_id=dispatch.id)
        wake_for(session, row, f"replay-{dispatch.id}-{now.timestamp()}")
    return dispatch


def replay_range(
    session: Session, now: datetime, actor: Actor, subscription_id: int, span: tuple[datetime, datetime]
) -> int:
    """Send again what did not arrive of a time range: what was given up, and what it was never offered.

    Args:
        session: A write transaction.
        now: When it is asked for.
        actor: Who asks.
        subscription_id: To whom.
        span: From when on and until when events happened, half-open.

    Returns:
        How many are on their way now, `REPLAYED_AT_ONCE` at most.
    """
    row = _locked(session, subscription_id)
    events = events_between(session, *span, REPLAYED_AT_ONCE)
    known = select(Dispatch.event_id, Dispatch.state).where(Dispatch.subscription_id == row.id)
    states = dict(session.execute(known).all())
    wanted = [one for one in events if wants(row, one.type, owner_of(session, one)) and one.type != Happening.TEST]
    missed = [one for one in wanted if one.id not in states]
    dead = [one.id for one in events if states.get(one.id) == "dead"]
    for event in missed:
        put_dispatch(session, now, row, event)
    again = update(Dispatch).where(Dispatch.subscription_id == row.id, Dispatch.event_id.in_(dead))
    session.execute(again.values(state="pending", attempts=0))
    count = len(missed) + len(dead)
    since, until = (one.isoformat() for one in span)
    record_audit(session, now, actor, "dispatches_replayed", _subject(row), since=since, until=until, count=count)
    wake_for(session, row, f"replay-{row.id}-{now.timestamp()}")
    return count


def purge_dispatches(session: Session, now: datetime, days: int) -> int:
    """Delete what arrived more than so many days ago; what did not arrive waits for a person.

    Returns:
        How many were deleted.
    """
    old = (Dispatch.state == "sent", Dispatch.created_at < now - timedelta(days=days))
    return cast("CursorResult[Any]", session.execute(delete(Dispatch).where(*old))).rowcount


def _locked(session: Session, subscription_id: int) -> Subscription:
    lock = {"key_share": True}
    found = session.get(Subscription, subscription_id, with_for_update=lock, populate_existing=True)
    if found is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no subscription with this id.")
    return found


def _signed(session: Session, subscription_id: int) -> Subscription:
    row = _locked(session, subscription_id)
    if row.secrets is None:
        message = "Deliveries of this kind are not signed. Make a new subscription where its address became known."
        raise AppError(Kind.INVALID, "not_signed", message)
    return row


def _subject(row: Subscription) -> str:
    return f"subscription:{row.id}"
