"""Holding items: the one lock under which they and what hangs on them change."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.act_tables import ActionItem


def lock_item(session: Session, item_id: int) -> ActionItem | None:
    """An item as it stands now, held until the end of the transaction; None if there is none."""
    return next(iter(lock_items(session, item_id)), None)


def lock_items(session: Session, *item_ids: int) -> Sequence[ActionItem]:
    """Items as they stand now, held until the end of the transaction.

    They are held before anything that hangs on them, and several in the order of their ids: in another order two
    transactions could wait for each other. Rows that only refer to an item (notices, history) can still be written by
    others meanwhile (`FOR NO KEY UPDATE`).
    """
    query = select(ActionItem).where(ActionItem.id.in_(item_ids)).order_by(ActionItem.id)
    return session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
