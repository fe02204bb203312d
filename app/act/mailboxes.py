"""Mailboxes of people: one message per channel in fifteen minutes, whatever workers do at the same time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.store.act_tables import Mailbox

BETWEEN_MESSAGES = timedelta(minutes=15)


def lock_mailbox(session: Session, now: datetime, owner_id: int, channel: str) -> Mailbox:
    """The mailbox of a person, made if there is none; whoever locks several does so by owner and channel."""
    mine = (Mailbox.owner_id == owner_id, Mailbox.channel == channel)
    if session.scalar(select(Mailbox.id).where(*mine)) is None:
        try:
            with session.begin_nested():
                session.add(Mailbox(owner_id=owner_id, channel=channel, free_at=now))
        except IntegrityError:
            pass  # another worker made it at the same moment
    locked = select(Mailbox).where(*mine).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()
