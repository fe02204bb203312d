"""Whether a notice may leave now: it has a point, and its receiver is there and at work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.act.notices import channels_of, pass_on, when_told
from app.act.wanted import still_wanted
from app.act.wording import Letter, stands_in
from app.store.act_tables import ActionItem, Notice
from app.store.tables import Owner


def may_leave(session: Session, now: datetime, notice: Notice) -> bool:
    """Whether a notice of the outbox is sent now; else it is withdrawn, or waits, also after a failed attempt.

    A digest has an hour of its own, which may lie before its reader's first.
    """
    return still_wanted(session, notice) and (notice.event == "digest" or reaches_now(session, now, notice))


def reaches_now(session: Session, now: datetime, notice: Notice) -> bool:
    """Whether its receiver is there and at work; else it waits on, or for whoever stands in for them."""
    told = [when_told(session, now, item, notice.owner_id) for item in _items(session, notice) or (None,)]
    receiver, not_before = min(told, key=_instant)
    if receiver.id == notice.owner_id:
        notice.not_before = max(notice.not_before, not_before)
        return not_before <= now
    if notice.channel not in channels_of(receiver):
        notice.state = "withdrawn"
        return False
    people, letter = (session.get_one(Owner, notice.owner_id), receiver), Letter(notice.subject, notice.body)
    for item in _items(session, notice):
        pass_on(session, now, item, people)
    notice.body = stands_in(letter, people[0].name).body
    notice.owner_id, notice.not_before = receiver.id, not_before
    return False


def _items(session: Session, notice: Notice) -> Sequence[ActionItem]:
    """The item that a notice is about, or those that it tells of together."""
    told = select(Notice.item_id).where(Notice.coalesced_into_id == notice.id, Notice.state == "merged")
    query = select(ActionItem).where(ActionItem.id.in_([notice.item_id] if notice.item_id is not None else told))
    return session.scalars(query.order_by(ActionItem.id)).all()


def _instant(told: tuple[Owner, datetime]) -> datetime:
    return told[1]
