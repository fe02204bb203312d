"""Station: what waits for a person goes to the outbox in their working time, several things as one message.

A person gets at most one message per channel in fifteen minutes. What falls due in between, or while they do not work,
is told together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.act.mailboxes import BETWEEN_MESSAGES, lock_mailbox
from app.act.readiness import reaches_now
from app.act.wanted import write_several
from app.store.act_tables import Mailbox, Notice

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
        mailbox = lock_mailbox(session, now, owner_id, channel)
        found = _waiting(session, now, mailbox) if mailbox.free_at <= now else ()
        waiting = [one for one in found if reaches_now(session, now, one)]
        if waiting:
            _send(session, now, waiting)
            mailbox.free_at = now + BETWEEN_MESSAGES
            session.flush()


def _waiting(session: Session, now: datetime, mailbox: Mailbox) -> Sequence[Notice]:
    query = (
        select(Notice)
        .where(Notice.owner_id == mailbox.owner_id, Notice.channel == mailbox.channel)
        .where(Notice.state == "waiting", Notice.not_before <= now)
        .order_by(Notice.id)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query.execution_options(populate_existing=True)).all()


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
