"""Whether what waits in the outbox still has a point: nobody is asked for an answer that was given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.act.wording import Letter, several
from app.domain.items import AWAITS_ANSWER
from app.store.act_tables import ActionItem, Notice

CHASES = frozenset({"due_soon", "overdue", "escalated", "nudged"})
"""Events that only make sense while their item waits for an answer."""

ASKS = CHASES | {"assigned", "reopened", "resumed", "paused_long"}
"""Events that lose their point when an item is answered; a verdict does not."""


def withdraw_notices(
    session: Session, item_id: int, events: Iterable[str] = ASKS, *, owner_id: int | None = None
) -> None:
    """Take back what was to be told about an item and has not left the house.

    Args:
        session: The transaction that holds the item's lock.
        item_id: The item.
        events: Only these.
        owner_id: Only what would go to this person.
    """
    message = aliased(Notice)
    fresh = (message.state == "pending", message.attempts == 0)
    in_outbox = exists().where(message.id == Notice.coalesced_into_id, *fresh)
    still_here = or_(
        Notice.state == "waiting",
        and_(Notice.state == "pending", Notice.attempts == 0),
        and_(Notice.state == "merged", in_outbox),
    )
    mine = [Notice.item_id == item_id, Notice.event.in_(sorted(events))]
    mine += [Notice.owner_id == owner_id] if owner_id is not None else []
    session.execute(
        update(Notice).where(*mine, still_here).values(state="withdrawn"),
        execution_options={"synchronize_session": False},
    )


def still_wanted(session: Session, notice: Notice) -> bool:
    """Whether a notice that is about to be sent has a point; what of it has none is withdrawn.

    Args:
        session: The transaction that holds the notice's lock.
        notice: One in the outbox; of several things those that are left make up its text.
    """
    if notice.event == "several":
        told = [one for one in _parts_of(session, notice) if _in_time(session, one)]
        if told:
            write_several(notice, told)
            return True
    elif _in_time(session, notice):
        return True
    notice.state = "withdrawn"
    return False


def write_several(message: Notice, told: Sequence[Notice]) -> None:
    """Make the text of a message out of the notices that it stands for."""
    letter, parts = several([(one.event, Letter(one.subject, one.body), one.item_id) for one in told])
    message.subject, message.body, message.parts = letter.subject, letter.body, [asdict(part) for part in parts]


def _parts_of(session: Session, message: Notice) -> Sequence[Notice]:
    query = select(Notice).where(Notice.coalesced_into_id == message.id, Notice.state == "merged").order_by(Notice.id)
    return session.scalars(query).all()


def _in_time(session: Session, notice: Notice) -> bool:
    if notice.event not in CHASES or notice.item_id is None:
        return True
    state = session.scalar(select(ActionItem.state).where(ActionItem.id == notice.item_id))
    if state in AWAITS_ANSWER:
        return True
    notice.state = "withdrawn"
    return False
