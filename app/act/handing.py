"""Between people: hand an item over, comment on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.act.moving import Line, add_line, apply_action, read_text, take_item
from app.act.notices import about_item, put_notice
from app.act.wanted import withdraw_notices
from app.act.wording import assigned
from app.domain.actor import Actor
from app.domain.items import Action
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem
from app.store.reference import is_here
from app.store.tables import Owner


@dataclass(frozen=True, slots=True)
class Handover:
    """To whom an item goes, and why; ``why`` are sentences for the new owner where nobody handed it over."""

    owner_id: int
    reason: str
    why: tuple[str, ...] = ()


def reassign_item(
    session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, to: Handover
) -> ActionItem:
    """Give an item to another owner; its clock, ladder and state stay, and the new owner is told.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who; afterwards they may not see the item any more.
        item_id: The item.
        version: The version that the actor saw.
        to: The new owner and the reason.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`, `owner_not_found`, `same_owner`,
            `text_missing`, `text_unusable`.
    """
    item = take_item(session, actor, item_id, version, Action.REASSIGN)
    reason = read_text(to.reason, "the reason")
    owner = session.get(Owner, to.owner_id)
    if owner is None or not is_here(owner, now):
        raise AppError(Kind.INVALID, "owner_not_found", "There is no active owner of that name to hand the item to.")
    if owner.id == item.owner_id:
        raise AppError(Kind.INVALID, "same_owner", "The item is already theirs: name another owner.")
    before = session.get_one(Owner, item.owner_id)
    line = Line("reassigned", reason, {"from": before.key, "to": owner.key})
    item = apply_action(session, now, actor, item, (Action.REASSIGN, line, {"owner_id": owner.id}))
    withdraw_notices(session, item.id, owner_id=before.id)
    about = about_item(session, item, owner.id)
    letter = assigned(about, list(to.why)) if to.why else assigned(about, [], by=before.name)
    put_notice(session, now, item, owner.id, ("assigned", f"v{item.version}"), letter)
    return item


def comment_item(
    session: Session, now: datetime, actor: Actor, item_id: int, *, text: str, version: int | None = None
) -> ActionItem:
    """Add a comment to the history.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who.
        item_id: The item.
        text: The comment.
        version: Checked when given; a comment overwrites nothing and leaves the version as it is.

    Raises:
        AppError: `item_not_found`, `stale_version`, `text_missing`, `text_unusable`.
    """
    item = take_item(session, actor, item_id, version, Action.COMMENT)
    add_line(session, now, actor, item.id, Line("commented", read_text(text, "the comment")))
    item.updated_at = now
    session.flush()
    return item
