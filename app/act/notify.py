"""Station: the outbox. Notices are leased, sent outside any transaction, tried again, and parked with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from app.access.links import NO_DIGESTS, sign_link
from app.act.readiness import may_leave
from app.channels.contract import LOG, ChannelError, Message, Part, Sender
from app.domain.quoting import MOST_FULL
from app.domain.retrying import LONGEST_WAIT
from app.log import get_logger
from app.store.act_tables import Notice
from app.store.quotes import quotations_of_item
from app.store.subscription_tables import ContactChoice
from app.store.tables import Owner

BATCH = 10
LEASE = timedelta(minutes=10)
"""Longer than a batch takes when every answer of a mail server comes just before the time-out."""

ALONE_AFTER = 2
"""A notice that was tried this often is taken alone: one that kills its worker must not take others with it."""

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720))
"""How long to wait after each failed attempt; after the last the notice is parked."""

MAX_ATTEMPTS = len(RETRY_AFTER) + 1

DIGEST = "digest"
QUOTED = frozenset({"assigned", "escalated", "reopened"})
"""Events whose notices show what customers said, as far as the channel's setting lets them."""

_log = get_logger("act")


class Tools(Protocol):
    """What the runtime gives to this station."""

    @property
    def senders(self) -> Mapping[str, Sender]:
        """A sender for each channel that is set up."""
        ...

    @property
    def secret_key(self) -> str:
        """The installation's key, which signs the links of digests."""
        ...


@dataclass(frozen=True, slots=True)
class Leased:
    """A notice that is to be sent; `attempts` counts this one."""

    id: int
    attempts: int
    channel: str
    message: Message


@dataclass(frozen=True, slots=True)
class Batch:
    """Leased notices."""

    notices: tuple[Leased, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one notice; without a reason it is out."""

    id: int
    attempts: int
    reason: str | None = None
    state: str = "sent"
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each notice of a batch."""

    notices: tuple[Sent, ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """Lease notices that are due; None when nothing is."""
    _park_worn_out(session, now)
    _withdraw_digests(session, now)
    due = (
        select(Notice, Owner)
        .join(Owner, Owner.id == Notice.owner_id)
        .where(_due(now))
        .order_by(Notice.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=Notice)
    )
    rows = _leasable(session, now, due)
    for notice, _ in rows:
        notice.attempts += 1
        notice.leased_until = now + LEASE
    session.flush()
    return Batch(tuple(_leased(session, notice, owner) for notice, owner in rows)) if rows else None


def _leasable(session: Session, now: datetime, due: Select[Notice, Owner]) -> Sequence[Row[Notice, Owner]]:
    while rows := session.execute(due).all():
        if rows[0][0].attempts >= ALONE_AFTER:
            rows = rows[:1]
        elif len(rows) > 1:
            rows = [row for row in rows if row[0].attempts < ALONE_AFTER]
        leaving = [row for row in rows if may_leave(session, now, row[0])]
        session.flush()
        if leaving:
            return leaving
    return ()


def work(batch: Batch, tools: Tools) -> Outcome:
    """Send each notice by its channel."""
    return Outcome(tuple(_send(_with_way_out(notice, tools), tools) for notice in batch.notices))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Keep what became of them; a notice that somebody else leased meanwhile is left alone."""
    for done in outcome.notices:
        failed = done.reason is not None and done.state == "pending"
        parked = failed and done.attempts >= MAX_ATTEMPTS
        again = now + _wait(done) if failed and not parked else None
        state = "parked" if parked else done.state
        mine = (Notice.id == done.id, Notice.state == "pending", Notice.attempts == done.attempts)
        session.execute(
            update(Notice)
            .where(*mine)
            .values(
                state=state,
                leased_until=again,
                last_error=done.reason,
                sent_at=now if state == "sent" else None,
            )
        )
        if state == "parked":
            _log.warning("notice_parked", notice=done.id, attempts=done.attempts, reason=done.reason)


def release(session: Session, now: datetime, batch: Batch, reason: str) -> None:
    """Sending broke down: try again later, or park what broke down too often."""
    record(session, now, Outcome(tuple(Sent(one.id, one.attempts, reason, "pending") for one in batch.notices)))


def _wait(done: Sent) -> timedelta:
    planned = RETRY_AFTER[done.attempts - 1]
    return planned if done.retry_after is None else max(planned, min(done.retry_after, LONGEST_WAIT))


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(Notice.leased_until.is_(None), Notice.leased_until <= now)
    return and_(Notice.state == "pending", Notice.not_before <= now, free)


def _park_worn_out(session: Session, now: datetime) -> None:
    # Their last attempt neither ended well nor was reported: the worker died over it.
    worn_out = update(Notice).where(_due(now), Notice.attempts >= MAX_ATTEMPTS)
    session.execute(worn_out.values(state="parked", leased_until=None, last_error="the worker died while sending it"))


def _withdraw_digests(session: Session, now: datetime) -> None:
    unwanted = select(ContactChoice.owner_id).where(ContactChoice.digests.is_(False))
    digests = update(Notice).where(_due(now), Notice.event == DIGEST, Notice.owner_id.in_(unwanted))
    session.execute(digests.values(state="withdrawn", leased_until=None))


def _with_way_out(notice: Leased, tools: Tools) -> Leased:
    if notice.message.event != DIGEST:
        return notice
    path = f"/a/{sign_link(tools.secret_key, NO_DIGESTS, notice.message.owner)}"
    return replace(notice, message=replace(notice.message, unsubscribe=path))


def _send(notice: Leased, tools: Tools) -> Sent:
    send = tools.senders.get(notice.channel)
    if send is None:
        return Sent(notice.id, notice.attempts, "this channel is not set up", "skipped")
    try:
        send(notice.message)
    except ChannelError as error:
        state = "parked" if error.permanent else "pending"
        return Sent(notice.id, notice.attempts, str(error), state, error.retry_after)
    return Sent(notice.id, notice.attempts)


def _leased(session: Session, notice: Notice, owner: Owner) -> Leased:
    quoted = notice.item_id is not None and notice.channel != LOG and notice.event in QUOTED
    message = Message(
        key=notice.key,
        event=notice.event,
        subject=notice.subject,
        body=notice.body,
        owner=owner.key,
        name=owner.name,
        address=owner.email,
        item_id=notice.item_id,
        created_at=notice.created_at,
        parts=tuple(Part(**part) for part in notice.parts or ()),
        quotes=quotations_of_item(session, notice.item_id or 0, MOST_FULL) if quoted else (),
    )
    return Leased(notice.id, notice.attempts, notice.channel, message)
