"""The main road of an action item: acknowledge, plan a change, record its deployment, close after the verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from app.act.moving import Line, apply_action, read_text, take_item
from app.domain.actor import Actor
from app.domain.changes import ChangeError, Plan, Rollout
from app.domain.items import Action
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem, Change
from app.store.items import current_change
from app.store.tables import Routing


def acknowledge_item(session: Session, now: datetime, actor: Actor, item_id: int, *, version: int) -> ActionItem:
    """Say "seen"; the deadline for an answer runs on.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who; the owner, somebody it was escalated to, or an analyst.
        item_id: The item.
        version: The version that the actor saw.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`.
    """
    item = take_item(session, actor, item_id, version, Action.ACKNOWLEDGE)
    change = (Action.ACKNOWLEDGE, Line("acknowledged"), {"acknowledged_at": item.acknowledged_at or now})
    return apply_action(session, now, actor, item, change)


def plan_change(session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, plan: Plan) -> ActionItem:
    """Answer with a change, written down before its outcome is known; an earlier plan not yet deployed is withdrawn.

    Args:
        session: The caller's write transaction.
        now: When; a roll-out cannot start before this day.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.
        plan: What, from when, and by how much the complaint rate shall fall.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`, `bad_target`, `bad_margin`,
            `bad_planned_date`, `text_missing`, `text_unusable`, `no_theme` (an item about one customer has no rate).
    """
    item = take_item(session, actor, item_id, version, Action.PLAN)
    description = read_text(plan.description, "what is going to change")
    _check(lambda: plan.check(now.date()))
    if item.theme_id is None:
        message = (
            "This item is about one customer, not about a theme: there is no rate that a change could be judged by."
        )
        raise AppError(Kind.CONFLICT, "no_theme", message)
    withdraw_plan(session, now, item)
    routing = session.get(Routing, item.routing_id) if item.routing_id is not None else None
    change = Change(
        item_id=item.id,
        theme_id=item.theme_id,
        process_id=item.process_id,
        step_id=item.step_id,
        description=description,
        planned_for=plan.planned_for,
        target_reduction=plan.target_reduction,
        margin=plan.margin,
        trigger_from=routing.trigger_from if routing is not None else None,
        trigger_to=routing.trigger_to if routing is not None else None,
        planned_at=now,
        actor=actor.name,
    )
    session.add(change)
    session.flush()
    facts = {
        "change_id": change.id,
        "planned_for": plan.planned_for.isoformat() if plan.planned_for else None,
        "target_reduction": plan.target_reduction,
        "margin": plan.margin,
    }
    columns = {"acknowledged_at": item.acknowledged_at or now}
    return apply_action(session, now, actor, item, (Action.PLAN, Line("change_planned", description, facts), columns))


def mark_deployed(
    session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, rollout: Rollout
) -> ActionItem:
    """Record from when the planned change is in effect; from here only a verdict moves the item.

    Args:
        session: The caller's write transaction.
        now: When it is recorded.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.
        rollout: First day in effect, and the last day of a gradual roll-out.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible`, `bad_rollout`, `rollout_before_plan`,
            `rollout_in_future`, `recorded_late` (each says which dates are possible).
    """
    item = take_item(session, actor, item_id, version, Action.DEPLOY)
    change = current_change(session, item.id)
    if change is None:
        raise AppError(Kind.CONFLICT, "no_change_planned", "Plan the change first: a verdict needs its target.")
    _check(lambda: rollout.check(change.planned_at.date(), now.date()))
    until = rollout.end.isoformat() if rollout.end else None
    facts = {"change_id": change.id, "rollout_from": rollout.start.isoformat(), "rollout_to": until}
    item = apply_action(session, now, actor, item, (Action.DEPLOY, Line("deployed", None, facts), {}))
    change.rollout_from, change.rollout_to, change.deployed_at = rollout.start, rollout.end, now
    session.flush()
    return item


def answer_item(session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, text: str) -> ActionItem:
    """Close a case: the customer was answered.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who.
        item_id: The case.
        version: The version that the actor saw.
        text: What the customer was answered, or what was done for them; goes with the customer when they are erased.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible` (also for an item that is no case),
            `text_missing`, `text_unusable`.
    """
    item = take_item(session, actor, item_id, version, Action.ANSWER)
    said = read_text(text, "what the customer was answered")
    columns = {"reason": said, "closed_at": now, "acknowledged_at": item.acknowledged_at or now}
    return apply_action(session, now, actor, item, (Action.ANSWER, Line("answered", said), columns))


def close_item(
    session: Session, now: datetime, actor: Actor, item_id: int, *, version: int, note: str = ""
) -> ActionItem:
    """Put a judged item away; a relapse of a verified improvement opens it again.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who.
        item_id: The item.
        version: The version that the actor saw.
        note: What was learned, if anything.

    Raises:
        AppError: `item_not_found`, `stale_version`, `action_not_possible` (before a verdict), `text_unusable`.
    """
    item = take_item(session, actor, item_id, version, Action.CLOSE)
    line = Line("closed", read_text(note, "the note") if note.strip() else None)
    return apply_action(session, now, actor, item, (Action.CLOSE, line, {"closed_at": now}))


def withdraw_plan(session: Session, now: datetime, item: ActionItem) -> None:
    """Withdraw the planned change of an item if it was not deployed; a deployed one is never taken back."""
    change = current_change(session, item.id)
    if change is not None and change.rollout_from is None:
        change.withdrawn_at = now


def _check(refuse: Callable[[], None]) -> None:
    try:
        refuse()
    except ChangeError as error:
        raise AppError(Kind.INVALID, error.code, str(error)) from error
