"""Station: what waits for a person goes to the outbox in their working time, several things as one message.

A person gets at most one message per channel in fifteen minutes. What falls due in between, or while they do not work,
is told together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.act.notices import channels_of, pass_on, when_told
from app.act.wanted import write_several
from app.act.wording import Letter
from app.store.act_tables import ActionItem, Mailbox, Notice
from app.store.tables import Owner

PAUSE = timedelta(minutes=15)
"""Between two messages to one person by one channel."""

BATCH = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs of owner and channel for whom something waits."""

    pairs: tuple[tuple[int, str], ...]


Outcome = Batch


def claim(session: Session, now: datetime) -> Batch | None:
    """Whose mailbox is free and who has something waiting that may reach them now; None when nobody has."""
    mine = and_(Mailbox.owner_id == Notice.owner_id, Mailbox.channel == Notice.channel)
    query = (
        select(Notice.owner_id, Notice.channel)
        .outerjoin(Mailbox, mine)
        .where(Notice.state == "waiting", Notice.not_before <= now)
        .where(or_(Mailbox.id.is_(None), Mailbox.free_at <= now))
        .distinct()
        .order_by(Notice.owner_id, Notice.channel)
        .limit(BATCH)
    )
    pairs = tuple((owner_id, channel) for owner_id, channel in session.execute(query))
    return Batch(pairs) if pairs else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Nothing to compute: what waits is looked at again under the lock of each mailbox."""
    return batch


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """One message for each person and channel; whoever comes second finds the mailbox taken."""
    for owner_id, channel in outcome.pairs:
        mailbox = _lock_mailbox(session, now, owner_id, channel)
        found = _waiting(session, now, mailbox) if mailbox.free_at <= now else ()
        waiting = [one for one in found if _reaches_now(session, now, one)]
        if waiting:
            _send(session, now, waiting)
            mailbox.free_at = now + PAUSE
            session.flush()


def _lock_mailbox(session: Session, now: datetime, owner_id: int, channel: str) -> Mailbox:
    try:
        known = select(Mailbox.id).where(Mailbox.owner_id == owner_id, Mailbox.channel == channel)
        if session.scalar(known) is None:
            with session.begin_nested():
                session.add(Mailbox(owner_id=owner_id, channel=channel, free_at=now))
    except IntegrityError:
        pass  # another worker made it at the same moment
    locked = select(Mailbox).where(Mailbox.owner_id == owner_id, Mailbox.channel == channel).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def _waiting(session: Session, now: datetime, mailbox: Mailbox) -> Sequence[Notice]:
    query = (
        select(Notice)
        .where(Notice.owner_id == mailbox.owner_id, Notice.channel == mailbox.channel)
        .where(Notice.state == "waiting", Notice.not_before <= now)
        .order_by(Notice.id)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _reaches_now(session: Session, now: datetime, notice: Notice) -> bool:
    """Whether its receiver is there; else it waits on, or for whoever stands in for them."""
    item = session.get(ActionItem, notice.item_id) if notice.item_id is not None else None
    receiver, not_before = when_told(session, now, item, notice.owner_id)
    if receiver.id == notice.owner_id:
        notice.not_before = max(notice.not_before, not_before)
        return not_before <= now
    if notice.channel in channels_of(receiver):
        people = session.get_one(Owner, notice.owner_id), receiver
        letter = pass_on(session, now, item, people, Letter(notice.subject, notice.body))
        notice.owner_id, notice.not_before, notice.body = receiver.id, not_before, letter.body
    else:
        notice.state = "withdrawn"
    return False


def _send(session: Session, now: datetime, waiting: Sequence[Notice]) -> None:
    if len(waiting) == 1:
        waiting[0].state = "pending"
        return
    first = waiting[0]
    message = Notice(
        key=f"several:{first.id}",
        owner_id=first.owner_id,
        channel=first.channel,
        event="several",
        state="pending",
        not_before=now,
        created_at=now,
    )
    write_several(message, waiting)
    session.add(message)
    session.flush()
    for one in waiting:
        one.state, one.coalesced_into_id = "merged", message.id
