"""The clock of an item stands while its owner waits for a customer or a supplier, and goes on.

A pause stops the clock and names for whom everybody waits; a snooze only puts the item out of sight: its deadline
stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.act.deadlines import count_on, restart_clock
from app.act.locking import lock_item
from app.act.moving import Line, apply_action, read_text, take_item
from app.act.patience import read_patience
from app.act.wanted import withdraw_notices
from app.domain.actor import Actor
from app.domain.items import Action, PauseReason
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem, Pause
from app.store.pauses import open_pause


@dataclass(frozen=True, slots=True)
class Waiting:
    """For whom an item waits, and what for."""

    reason: PauseReason
    note: str = ""


def pause_item(
    session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, waiting: Waiting
) -> ActionItem:
    """Stop the clock of an item: nobody is reminded or escalated to until it goes on.

    Args:
        session: The caller's write transaction.
        now: When the clock stops.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.
        waiting: For whom, and what for; kept with the item.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible` (only an item that waits for an answer can be
            paused), `already_paused`, `text_unusable`.
    """
    item = _take(session, actor, item_id, version, Action.PAUSE)
    if open_pause(session, item.id) is not None:
        raise _already_paused()
    note = read_text(waiting.note, "the note") if waiting.note.strip() else None
    limit_at = count_on(session, item, now, read_patience(session).pause)
    pause = Pause(
        item_id=item.id, reason=waiting.reason, note=note, started_at=now, actor=actor.name, limit_at=limit_at
    )
    try:
        with session.begin_nested():
            session.add(pause)
    except IntegrityError as error:
        raise _already_paused() from error
    withdraw_notices(session, item.id, ("due_soon", "nudged"))
    facts = {"reason": waiting.reason, "limit_at": limit_at.isoformat()}
    return apply_action(session, now, actor, item, (Action.PAUSE, Line("paused", note, facts), {}))


def continue_item(session: Session, now: datetime, actor: Actor, item_id: int, *, version: int) -> ActionItem:
    """Let the clock of a paused item go on: what lay ahead comes later by the working time that passed meanwhile.

    Args:
        session: The caller's write transaction.
        now: When the clock goes on.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`, `not_paused`.
    """
    item = _take(session, actor, item_id, version, Action.CONTINUE)
    columns = restart_clock(session, now, actor, item)
    if not columns:
        raise AppError(Kind.CONFLICT, "not_paused", "The clock of this item is not stopped: there is nothing to go on.")
    facts: dict[str, Any] = {"deadline_at": columns["deadline_at"].isoformat()}
    return apply_action(session, now, actor, item, (Action.CONTINUE, Line("continued", facts=facts), columns))


def _take(session: Session, actor: Actor, item_id: int, version: int, action: Action) -> ActionItem:
    lock_item(session, item_id)  # before its pause
    return take_item(session, actor, item_id, version, action)


def _already_paused() -> AppError:
    return AppError(Kind.CONFLICT, "already_paused", "The clock of this item stands already: let it go on first.")
