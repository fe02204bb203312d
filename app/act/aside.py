"""Leaving the main road and coming back: decline, snooze and resume, duplicate, reopen."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.act.deadlines import renew_deadlines
from app.act.locking import lock_items
from app.act.moving import Line, apply_action, not_found, read_text, take_item
from app.act.notices import about_item, put_notice
from app.act.progress import withdraw_plan
from app.act.wording import reopened, repeated
from app.domain.actor import Actor
from app.domain.items import Action
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem
from app.store.items import find_open, visible_item
from app.store.tables import Owner

MAX_SNOOZE = timedelta(days=92)


def decline_item(
    session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, reason: str
) -> ActionItem:
    """Answer that nothing will be changed, and why; a planned change is withdrawn.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.
        reason: Why not; kept on the item.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`, `text_missing`, `text_unusable`.
    """
    item = take_item(session, actor, item_id, version, Action.DECLINE)
    why = read_text(reason, "the reason")
    withdraw_plan(session, now, item)
    change = (Action.DECLINE, Line("declined", why), {"reason": why, "closed_at": now})
    return apply_action(session, now, actor, item, change)


def snooze_item(
    session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, until: datetime
) -> ActionItem:
    """Put an item aside until an instant at most three months ahead; reminders and escalation pause, deadlines stay.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.
        until: Aware instant at which it comes back by itself.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`, `bad_snooze`.
    """
    item = take_item(session, actor, item_id, version, Action.SNOOZE)
    if until.tzinfo is None or not now < until <= now + MAX_SNOOZE:
        message = f"Snooze until a time with a zone that lies ahead, {MAX_SNOOZE.days} days at most."
        raise AppError(Kind.INVALID, "bad_snooze", message)
    line = Line("snoozed", None, {"until": until.isoformat()})
    return apply_action(session, now, actor, item, (Action.SNOOZE, line, {"snoozed_until": until}))


def resume_item(session: Session, now: datetime, actor: Actor, item_id: int, *, version: int) -> ActionItem:
    """End a snooze early; the item goes back to the state in which it was put aside.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`.
    """
    item = take_item(session, actor, item_id, version, Action.RESUME)
    return apply_action(session, now, actor, item, (Action.RESUME, Line("resumed"), {}))


def mark_duplicate(
    session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, of_id: int
) -> ActionItem:
    """Answer that another item, which the actor can see, already deals with this; whoever else owns either is told.

    An item can only be a duplicate of an open one that is none itself, so that duplicates never go in a circle.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.
        of_id: The item that stays.

    Raises:
        AppError: `item_not_found` (either item), `stale_version`, `action_not_possible`, `bad_duplicate`.
    """
    # Two items that are called duplicates of each other at the same moment must not both be.
    lock_items(session, item_id, of_id)
    item = take_item(session, actor, item_id, version, Action.MARK_DUPLICATE)
    original = visible_item(session, actor, of_id)
    if original is None:
        raise not_found()
    if original.id == item.id or original.kind != item.kind or original.closed_at is not None:
        message = "Name the item that stays: another one of the same kind that is open."
        raise AppError(Kind.INVALID, "bad_duplicate", message)
    columns = {"duplicate_of_id": original.id, "closed_at": now}
    line = Line("marked_duplicate", None, {"of": original.id})
    item = apply_action(session, now, actor, item, (Action.MARK_DUPLICATE, line, columns))
    if actor.owner_id != item.owner_id:
        by = session.get(Owner, actor.owner_id) if actor.owner_id is not None else None
        letter = repeated(about_item(session, item, item.owner_id), by.name if by is not None else "Somebody")
        put_notice(session, now, item, item.owner_id, ("duplicate", f"v{item.version}"), letter)
    if original.owner_id not in {actor.owner_id, item.owner_id}:
        letter = repeated(about_item(session, original, original.owner_id), None)
        put_notice(session, now, original, original.owner_id, ("duplicate", f"of{item.id}v{item.version}"), letter)
    return item


def reopen_item(
    session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, reason: str
) -> ActionItem:
    """Open a finished or improved item again, with as much working time as it had at first.

    Args:
        session: The caller's write transaction.
        now: When; the new deadlines count from here.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.
        reason: Why; told to the owner.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`, `text_missing`, `text_unusable`,
            `already_open` (another item for the same theme and process is open).
    """
    item = take_item(session, actor, item_id, version, Action.REOPEN)
    return open_again(session, now, actor, item, (Action.REOPEN, Line("reopened", read_text(reason, "the reason"))))


def open_again(session: Session, now: datetime, actor: Actor, item: ActionItem, why: tuple[Action, Line]) -> ActionItem:
    """Open an item again by a person's wish or by a relapse: new deadlines, a new ladder, a notice to the owner.

    Raises:
        AppError: `already_open`, `stale_version`, `action_not_possible`.
    """
    action, line = why
    other = find_open(session, item.theme_id, item.process_id)
    if item.kind == "process" and other is not None and other.id != item.id:
        raise _already_open(other.id)
    columns = {"closed_at": None, "reason": None, "duplicate_of_id": None, "rung": 0}
    try:
        with session.begin_nested():
            item = apply_action(
                session, now, actor, item, (action, line, columns | renew_deadlines(session, now, item))
            )
    except IntegrityError as error:
        raise _already_open(None) from error
    letter = reopened(about_item(session, item, item.owner_id), line.text or "The problem is back.")
    put_notice(session, now, item, item.owner_id, ("reopened", f"v{item.version}"), letter)
    return item


def _already_open(other_id: int | None) -> AppError:
    message = "Another item for the same theme and process is open: work there, or finish it first."
    return AppError(Kind.CONFLICT, "already_open", message, item_id=other_id)
