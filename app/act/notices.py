"""Putting notices into the outbox: one row per owner and channel, each with a key that makes it unique."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.act.wording import About, Letter
from app.engine.wake import wake
from app.store.act_tables import ActionItem, Notice
from app.store.tables import Calendar, Owner, Policy

ALWAYS = "log"
"""The channel that every owner has."""


def channels_of(owner: Owner) -> tuple[str, ...]:
    """The channels that reach an owner; whether one is set up is seen when the notice is sent."""
    return (ALWAYS, "email") if owner.email else (ALWAYS,)


def about_item(session: Session, item: ActionItem, owner_id: int) -> About:
    """What a notice to `owner_id` says about `item`, in the zone of the owner's calendar."""
    zone = session.scalar(
        select(Calendar.zone).join(Owner, Owner.calendar_id == Calendar.id).where(Owner.id == owner_id)
    )
    return About(item.title, item.state, item.goal_at, item.deadline_at, zone or "UTC")


def put_notice(
    session: Session, now: datetime, item: ActionItem, owner_id: int, occasion: tuple[str, str], letter: Letter
) -> bool:
    """Tell an owner something once, however often it is asked for.

    Args:
        session: The caller's write transaction.
        now: When it is put into the outbox.
        item: What it is about.
        owner_id: To whom; a person who has left is replaced by their manager, else by the fallback owner.
        occasion: The event and what tells this occurrence of it from others, e.g. `("escalated", "rung1")`.
        letter: Subject and body.

    Returns:
        Whether anything new was put there.
    """
    event, occurrence = occasion
    owner = present_owner(session, owner_id)
    keys = {f"item:{item.id}:{event}:{occurrence}:{owner.key}:{channel}": channel for channel in channels_of(owner)}
    known = set(session.scalars(select(Notice.key).where(Notice.key.in_(keys))))
    for key, channel in keys.items():
        if key in known:
            continue
        session.add(
            Notice(
                key=key,
                item_id=item.id,
                owner_id=owner.id,
                channel=channel,
                event=event,
                subject=letter.subject,
                body=letter.body,
                state="pending",
                created_at=now,
            )
        )
        wake(session, "notify", key)
    session.flush()
    return len(known) < len(keys)


def present_owner(session: Session, owner_id: int) -> Owner:
    """The owner, or who is to be told instead when they have left: the next active manager, else the fallback owner."""
    seen: set[int] = set()
    asked: int | None = owner_id
    while asked is not None and asked not in seen:
        seen.add(asked)
        owner = session.get_one(Owner, asked)
        if owner.active:
            return owner
        asked = owner.manager_id
    policy = session.get(Policy, 1)
    return session.get_one(Owner, policy.fallback_owner_id if policy is not None else owner_id)
