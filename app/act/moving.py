"""The one way in which an item changes: found for whom it belongs to, guarded by its version, kept in its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.act.chasing import end_chase
from app.act.happenings import tell
from app.domain.actor import Actor
from app.domain.happenings import TOLD_BY
from app.domain.items import Action, ActionNotPossibleError, ItemKind, State, next_state
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem, ItemEvent
from app.store.items import last_event, snoozed_in, visible_item

MAX_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an item's history.

    Attributes:
        kind: What happened, snake_case in the past, at most 24 characters.
        text: A person's reason or comment.
        facts: JSON values that explain it.
    """

    kind: str
    text: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def take_item(session: Session, actor: Actor, item_id: int, version: int | None, action: Action) -> ActionItem:
    """The item that `actor` wants to change, at the version they saw and in a state that allows it.

    Args:
        session: The command's write transaction.
        actor: Who asks.
        item_id: The item.
        version: The version they saw; None: whatever it is now.
        action: What they want to do.

    Raises:
        AppError: `item_not_found` (also for other people's items), `stale_version` (says who was faster, and when),
            `action_not_possible` (says what is).
    """
    item = visible_item(session, actor, item_id)
    if item is None:
        raise not_found()
    session.refresh(item)
    if version is not None and version != item.version:
        raise _stale(session, item)
    _lead(session, item, action)
    return item


def apply_action(
    session: Session, now: datetime, actor: Actor, item: ActionItem, change: tuple[Action, Line, Mapping[str, Any]]
) -> ActionItem:
    """Move `item`, write its history and the audit.

    Args:
        session: The caller's write transaction.
        now: When it happens.
        actor: Who does it.
        item: As read in this transaction; its version guards the write.
        change: The action, its line in the history, and the other columns that change with it.

    Raises:
        AppError: `action_not_possible` (says what is), `stale_version`.
    """
    action, line, columns = change
    before, after = State(item.state), _lead(session, item, action)
    values: dict[str, Any] = {"state": after, "version": item.version + 1, "updated_at": now, **columns}
    if before is State.SNOOZED and after is not State.SNOOZED:
        values.setdefault("snoozed_until", None)
    guarded = update(ActionItem).where(ActionItem.id == item.id, ActionItem.version == item.version).values(values)
    written = session.execute(guarded, execution_options={"synchronize_session": False})
    if cast("CursorResult[Any]", written).rowcount == 0:
        raise _stale(session, item)
    add_line(session, now, actor, item.id, line, (before, after))
    end_chase(session, now, actor, item, (before, after))
    session.refresh(item)
    return item


def add_line(
    session: Session,
    now: datetime,
    actor: Actor,
    item_id: int,
    line: Line,
    states: tuple[State | None, State] | None = None,
) -> None:
    """Add one line to the history of an item, to the audit, and to what is told; texts stay in the history."""
    before, after = states or (None, None)
    session.add(
        ItemEvent(
            item_id=item_id,
            at=now,
            actor=actor.name,
            kind=line.kind,
            from_state=before,
            to_state=after,
            text=line.text,
            facts=dict(line.facts),
        )
    )
    subject = f"action_item:{item_id}"
    record_audit(session, now, actor, f"item_{line.kind}", subject, **line.facts)
    if line.kind in TOLD_BY:
        moved = {} if states is None else {"from_state": before, "state": after}
        tell(session, now, TOLD_BY[line.kind], subject, item_id=item_id, **moved, **line.facts)


def read_text(value: str, what: str) -> str:
    """A person's text, trimmed.

    Raises:
        AppError: `text_missing` or `text_unusable`, naming `what`.
    """
    text = value.strip()
    if not text:
        raise AppError(Kind.INVALID, "text_missing", f"Write {what}: at least one visible character.", field=what)
    if len(text) > MAX_TEXT or "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        message = f"Write {what} in at most {MAX_TEXT} characters, without control code 0 and broken characters."
        raise AppError(Kind.INVALID, "text_unusable", message, field=what)
    return text


def not_found() -> AppError:
    """The one answer for items that do not exist and for items of other people."""
    return AppError(Kind.NOT_FOUND, "item_not_found", "There is no such action item among those you can see.")


def _lead(session: Session, item: ActionItem, action: Action) -> State:
    before = snoozed_in(session, item.id) if action is Action.RESUME else None
    try:
        return next_state(action, State(item.state), kind=ItemKind(item.kind), before=before)
    except ActionNotPossibleError as error:
        raise AppError(Kind.CONFLICT, "action_not_possible", str(error), possible=list(error.possible)) from error


def _stale(session: Session, item: ActionItem) -> AppError:
    session.refresh(item)
    last = last_event(session, item.id)
    who = f"Changed by {last.actor} at {last.at:%Y-%m-%d %H:%M} UTC" if last else "Changed meanwhile"
    message = f"{who}: the item is now {item.state}. Read it again and repeat your action if it still makes sense."
    facts = {"version": item.version, "state": item.state}
    if last is not None:
        facts |= {"changed_by": last.actor, "changed_at": last.at.isoformat()}
    return AppError(Kind.CONFLICT, "stale_version", message, **facts)
