"""Reading process changes: those of the items that somebody may see."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem, Change
from app.store.items import visible_to
from app.store.keyset import After, keyset_page


def list_changes(session: Session, actor: Actor, after: After | None, limit: int) -> list[Change]:
    """Changes newest first; one more than `limit` where more follow. Sort key: when the change was planned."""
    query = select(Change).join(ActionItem, ActionItem.id == Change.item_id).where(visible_to(actor))
    return list(session.scalars(keyset_page(query, (Change.planned_at, Change.id), after, limit)))


def get_change(session: Session, actor: Actor, change_id: int) -> Change:
    """One change.

    Raises:
        AppError: `change_not_found`, also for changes of other people's items.
    """
    query = select(Change).join(ActionItem, ActionItem.id == Change.item_id).where(visible_to(actor))
    change = session.scalar(query.where(Change.id == change_id))
    if change is None:
        message = "There is no such change among those you can see."
        raise AppError(Kind.NOT_FOUND, "change_not_found", message)
    return change
