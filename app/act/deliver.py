"""Stations: tell subscriptions of events. One delivery per endpoint is in flight, and each endpoint keeps its order.

A batch is one delivery, and several are under way at once. Endpoints that answer at once share a lane; one that is new,
failed or dawdled is in another station's lane until it answers at once, so that nobody waits for it. A delivery is
tried by the schedule of `domain.retrying`, then given up; if the next one does not get through either, it is not the
delivery that is at fault: the endpoint is disabled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.access.sealing import OF_SUBSCRIPTIONS, unseal_secrets
from app.act.offer import SLOW, wake_for
from app.act.wording import tell_event
from app.channels.contract import ChannelError, Endpoint, Message, Sender
from app.domain.quoting import MOST_FULL, Verbatims
from app.domain.retrying import MAX_ATTEMPTS, draw_of, wait_after
from app.engine.wake import wake
from app.errors import AppError
from app.log import get_logger
from app.outbound.guard import Guard
from app.store.act_tables import ActionItem
from app.store.quotes import quotations_of_item
from app.store.subscription_tables import Dispatch, Subscription
from app.store.subscriptions import Told, is_waiting, next_dispatch

LEASE = timedelta(minutes=2)
"""Longer than any one delivery takes."""

DAWDLES_S = 2.0
_SWEEP = timedelta(minutes=1)

_log = get_logger("act")


class Tools(Protocol):
    """What the runtime gives to these stations."""

    @property
    def secret_key(self) -> str:
        """The installation's key that seals addresses and secrets."""
        ...

    @property
    def guard(self) -> Guard:
        """What addresses may lead to."""
        ...

    @property
    def open_endpoint(self) -> Callable[[str, Endpoint], Sender]:
        """Gives the sender of a channel for an endpoint."""
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery that is sent now; `attempts` counts this one."""

    subscription_id: int
    dispatch_id: int
    attempts: int
    kind: str
    url: bytes = field(repr=False)
    secrets: bytes | None = field(repr=False)
    verbatims: Verbatims
    message: Message


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one delivery; without a reason it arrived."""

    subscription_id: int
    dispatch_id: int
    attempts: int
    reason: str | None = None
    status: int | None = None
    retry_after: timedelta | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Lane:
    """A station over some of the endpoints.

    Attributes:
        slow: Whether over those that are new, or failed or dawdled last time, or over the others.
    """

    slow: bool

    def claim(self, session: Session, now: datetime) -> Parcel | None:
        """Lease the endpoint of the lane for which something waits and that was told longest ago."""
        waits = exists().where(Dispatch.subscription_id == Subscription.id, is_waiting())
        free = or_(Subscription.leased_until.is_(None), Subscription.leased_until <= now)
        due = or_(Subscription.retry_at.is_(None), Subscription.retry_at <= now)
        query = (
            select(Subscription)
            .where(Subscription.slow == self.slow, Subscription.paused_at.is_(None), Subscription.disabled_at.is_(None))
            .where(free, due, waits)
            .order_by(Subscription.tried_at.is_not(None), Subscription.tried_at, Subscription.id)
            .limit(1)
            .with_for_update(skip_locked=True, key_share=True)
        )
        while (subscription := session.scalars(query).one_or_none()) is not None:
            parcel = _lease(session, now, subscription)
            if parcel is not None:
                return parcel
        return None

    def work(self, batch: Parcel, tools: Tools) -> Attempt:
        """Send it."""
        begun, failure = time.monotonic(), _send(batch, tools)
        return Attempt(
            batch.subscription_id,
            batch.dispatch_id,
            batch.attempts,
            reason=None if failure is None else str(failure),
            status=None if failure is None else failure.status,
            retry_after=None if failure is None else failure.retry_after,
            seconds=time.monotonic() - begun,
        )

    def record(self, session: Session, now: datetime, outcome: Attempt) -> None:
        """Keep what became of it, unless another worker has taken it over meanwhile."""
        lock = {"key_share": True}
        subscription = session.get(Subscription, outcome.subscription_id, with_for_update=lock, populate_existing=True)
        dispatch = session.get(Dispatch, outcome.dispatch_id, populate_existing=True)
        if subscription is None or dispatch is None or not _is_ours(dispatch, outcome):
            return
        subscription.leased_until = None
        dispatch.status, dispatch.last_error = outcome.status, outcome.reason
        if outcome.reason is None:
            _arrived(subscription, dispatch, now, outcome)
            if subscription.slow != self.slow:
                wake_for(session, subscription, f"after-{dispatch.id}-{outcome.attempts}-{now.timestamp()}")
        else:
            _failed(session, subscription, dispatch, now, outcome)
        session.flush()

    def release(self, session: Session, now: datetime, batch: Parcel, reason: str) -> None:
        """Sending broke down: it counts as failed."""
        self.record(session, now, Attempt(batch.subscription_id, batch.dispatch_id, batch.attempts, reason))


FAST_LANE, SLOW_LANE = Lane(slow=False), Lane(slow=True)


def _lease(session: Session, now: datetime, subscription: Subscription) -> Parcel | None:
    told = next_dispatch(session, subscription.id)
    if told is None:
        return None
    if told.dispatch.attempts >= MAX_ATTEMPTS:  # its last attempt was never recorded
        told.dispatch.state, told.dispatch.last_error = "dead", "the worker died while sending it"
        session.flush()
        return None
    subscription.leased_until, subscription.tried_at = now + LEASE, now
    told.dispatch.attempts += 1
    told.dispatch.tried_at = now
    return Parcel(
        subscription_id=subscription.id,
        dispatch_id=told.dispatch.id,
        attempts=told.dispatch.attempts,
        kind=subscription.kind,
        url=subscription.url,
        secrets=subscription.secrets,
        verbatims=Verbatims(subscription.verbatims),
        message=_message(session, told, Verbatims(subscription.verbatims)),
    )


def _message(session: Session, told: Told, verbatims: Verbatims) -> Message:
    item_id = told.event.facts.get("item_id")
    item = session.get(ActionItem, item_id) if item_id is not None else None
    letter = tell_event(told.event.type, item.title if item is not None else None)
    words = item is not None and verbatims is not Verbatims.NONE
    return Message(
        key=webhook_id(told),
        event=told.event.type,
        subject=letter.subject,
        body=letter.body,
        owner="",
        name="",
        address=None,
        item_id=item_id,
        created_at=told.event.at,
        about=told.event.subject,
        facts=told.event.facts,
        quotes=quotations_of_item(session, item.id, MOST_FULL) if words and item is not None else (),
    )


def webhook_id(told: Told) -> str:
    """The id of an event for receivers: the same at every attempt, and another one after a database was made anew."""
    return f"evt_{told.event.id}_{int(told.event.at.timestamp() * 1_000_000):x}"


def _send(parcel: Parcel, tools: Tools) -> ChannelError | None:
    try:
        (url,) = unseal_secrets(parcel.url, tools.secret_key, OF_SUBSCRIPTIONS)
        secrets = unseal_secrets(parcel.secrets, tools.secret_key, OF_SUBSCRIPTIONS)
        endpoint = Endpoint(url, tuple(secrets), parcel.verbatims, tools.guard)
        tools.open_endpoint(parcel.kind, endpoint)(parcel.message)
    except ChannelError as error:
        return error
    except AppError as error:
        return ChannelError(error.message)
    return None


def _is_ours(dispatch: Dispatch, attempt: Attempt) -> bool:
    return dispatch.state == "pending" and dispatch.attempts == attempt.attempts


def _arrived(subscription: Subscription, dispatch: Dispatch, now: datetime, attempt: Attempt) -> None:
    dispatch.state, dispatch.sent_at = "sent", now
    subscription.attempts, subscription.last_error, subscription.retry_at = 0, None, None
    subscription.broken, subscription.sent_at = False, now
    subscription.slow = attempt.seconds > DAWDLES_S


def _failed(session: Session, subscription: Subscription, dispatch: Dispatch, now: datetime, attempt: Attempt) -> None:
    subscription.attempts += 1
    subscription.last_error, subscription.slow = attempt.reason, True
    wait = wait_after(attempt.attempts, attempt.retry_after, draw_of(dispatch.id, attempt.attempts))
    if attempt.status == HTTPStatus.GONE:
        _disable(subscription, now, "the receiver answered 410: it is gone")
    elif subscription.broken:
        _disable(subscription, now, "after one delivery was given up, the next one did not get through either")
    elif wait is None:
        dispatch.state, subscription.broken, subscription.retry_at = "dead", True, None
        _log.warning("dispatch_dead", dispatch=dispatch.id, subscription=subscription.id, reason=attempt.reason)
        wake_for(session, subscription, f"dead-{dispatch.id}-{now.timestamp()}")
    else:
        subscription.retry_at = now + wait
        if wait < _SWEEP:
            wake(session, SLOW, f"retry-{dispatch.id}-{attempt.attempts}-{now.timestamp()}", wait)


def _disable(subscription: Subscription, now: datetime, why: str) -> None:
    subscription.disabled_at, subscription.disabled_why, subscription.retry_at = now, why, None
    _log.warning("subscription_disabled", subscription=subscription.id, reason=why)
