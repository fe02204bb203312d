"""What ends when an item no longer waits for an answer: the pause of its clock, and what would still chase somebody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.act.deadlines import restart_clock
from app.act.wanted import withdraw_notices
from app.domain.actor import Actor
from app.domain.items import AWAITS_ANSWER, State
from app.store.act_tables import ActionItem


def end_chase(session: Session, now: datetime, actor: Actor, item: ActionItem, states: tuple[State, State]) -> None:
    """After a move from one state to another: stop asking for an answer that was given.

    Args:
        session: The transaction that moved the item and holds its lock.
        now: When.
        actor: Who moved it.
        item: The item.
        states: Where it stood, and where it stands.
    """
    before, after = states
    if before not in AWAITS_ANSWER or after in AWAITS_ANSWER:
        return
    moved = restart_clock(session, now, actor, item)
    if moved:
        changed = update(ActionItem).where(ActionItem.id == item.id).values(**moved)
        session.execute(changed, execution_options={"synchronize_session": False})
    withdraw_notices(session, item.id)
