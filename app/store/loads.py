"""How much every owner has open, and the lock under which work is drawn by it."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.store.act_tables import ActionItem
from app.store.tables import Policy, Routing


def lock_draws(session: Session) -> None:
    """Wait until nobody else decides who gets what, until the end of the transaction.

    Whoever draws from a team by open items takes this first, and before any other row: two workers then never count
    the same items. SQLite has one writer at a time by itself.
    """
    session.execute(select(Policy.id).where(Policy.id == 1).with_for_update())


def open_loads(session: Session) -> Counter[int]:
    """Open items by owner id, and routings whose item is about to open."""
    items = select(ActionItem.owner_id, func.count()).where(ActionItem.closed_at.is_(None))
    loads = Counter({row[0]: row[1] for row in session.execute(items.group_by(ActionItem.owner_id))})
    used = exists().where(
        ActionItem.kind == "process",
        ActionItem.theme_id == Routing.theme_id,
        ActionItem.process_id.is_not_distinct_from(Routing.process_id),
        or_(ActionItem.closed_at.is_(None), ActionItem.closed_at >= Routing.decided_at),
    )
    about = select(Routing.owner_id, func.count()).where(Routing.superseded_at.is_(None), ~used)
    for owner_id, count in session.execute(about.group_by(Routing.owner_id)):
        loads[owner_id] += count
    return loads
