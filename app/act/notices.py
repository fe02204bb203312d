"""What owners are told: one row per person and channel, each with a key that makes it unique.

A row waits for the working time of its receiver; the station `gather` hands it to the outbox.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.act.moving import Line, add_line
from app.act.present import present_owner, who_is_told
from app.act.wording import About, Letter, stands_in
from app.channels.contract import LOG
from app.domain.actor import Actor
from app.domain.telling import When
from app.engine.wake import wake
from app.store.act_tables import ActionItem, Notice
from app.store.preferences import preferences_of
from app.store.subscription_tables import ContactChoice
from app.store.tables import Calendar, Owner

PASSED_ON = "passed_on"
"""The line of an item's history that says who was told in somebody's place."""

STATION = Actor(name="station:gather")


def channels_of(owner: Owner) -> tuple[str, ...]:
    """The log, and the channels by which an owner wants to be told: mail, if nothing was chosen.

    Whether one is set up is seen when the notice is sent.
    """
    session = object_session(owner)
    choice = session.get(ContactChoice, owner.id) if session is not None else None
    chosen = ["email"] if choice is None or choice.channels is None else choice.channels
    return (LOG, *(name for name in chosen if name != "email" or owner.email))


def about_item(session: Session, item: ActionItem, owner_id: int) -> About:
    """What a notice to `owner_id` says about `item`, in the zone of the owner's calendar."""
    zone = session.scalar(
        select(Calendar.zone).join(Owner, Owner.calendar_id == Calendar.id).where(Owner.id == owner_id)
    )
    return About(item.title, item.state, item.goal_at, item.deadline_at, zone or "UTC")


def put_notice(
    session: Session, now: datetime, item: ActionItem | None, owner_id: int, occasion: tuple[str, str], letter: Letter
) -> bool:
    """Tell an owner something once, however often it is asked for, in working time, and as they chose.

    Args:
        session: The caller's write transaction.
        now: When it falls due.
        item: What it is about, if it is about an item.
        owner_id: For whom it is meant; whoever is away or has left is stood in for.
        occasion: The event and what tells this occurrence of it from others, e.g. `("escalated", "rung1")`.
        letter: Subject and body.

    Returns:
        Whether anything new was put there.
    """
    event, occurrence = occasion
    receiver, not_before = when_told(session, now, item, owner_id)
    chosen = preferences_of(session, receiver.id).when(event)
    if chosen is When.NONE:
        return False
    meant_for = session.get_one(Owner, owner_id)
    subject = f"item:{item.id}:" if item is not None else ""
    occasion_key = f"{subject}{event}:{occurrence}:{meant_for.key}"
    keys = {f"{occasion_key}:{channel}": channel for channel in channels_of(receiver)}
    known = set(session.scalars(select(Notice.key).where(Notice.key.in_(keys))))
    if receiver.id != meant_for.id and len(known) < len(keys):
        pass_on(session, now, item, (meant_for, receiver))
        letter = stands_in(letter, meant_for.name)
    for key, channel in keys.items():
        if key in known:
            continue
        session.add(
            Notice(
                key=key,
                item_id=item.id if item is not None else None,
                owner_id=receiver.id,
                channel=channel,
                event=event,
                subject=letter.subject,
                body=letter.body,
                state="waiting" if chosen is When.IMMEDIATE else "digest",
                not_before=not_before,
                created_at=now,
            )
        )
        wake(session, "gather", key)
    session.flush()
    return len(known) < len(keys)


def when_told(session: Session, now: datetime, item: ActionItem | None, owner_id: int) -> tuple[Owner, datetime]:
    """Who is told what is meant for an owner, and not before when.

    A case whose deadline comes before its receiver works again cannot wait for them: it goes to them at once.
    """
    receiver, opens = who_is_told(session, owner_id, now)
    if item is not None and item.kind == "case" and item.deadline_at <= opens:
        return present_owner(session, owner_id, now), now
    return receiver, opens


def pass_on(session: Session, now: datetime, item: ActionItem | None, people: tuple[Owner, Owner]) -> None:
    """Let somebody who is told in another's place see the item.

    Args:
        session: The caller's write transaction.
        now: When.
        item: What they are told of; None: nothing that they could see.
        people: For whom it was meant, and who is told.
    """
    meant_for, receiver = people
    if item is not None:
        facts = {"from": meant_for.key, "owner_id": receiver.id, "owner": receiver.key}
        add_line(session, now, STATION, item.id, Line(PASSED_ON, facts=facts))
