"""Reads of what a digest tells its owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.items import AWAITS_ANSWER, State
from app.store.act_tables import ActionItem, Digest, ItemEvent, Notice, Pause
from app.store.items import visible_to
from app.store.tables import Owner
from app.store.theme_tables import Theme
from app.store.trends import weekly_reach

NORM_WEEKS = 8
_FEWEST, _TIMES = 5, 1.5


def digests_made(session: Session, since: datetime) -> set[tuple[int, str]]:
    """Owner and day (ISO) of the digests that were made since an instant."""
    query = select(Digest.owner_id, Digest.day).where(Digest.composed_at >= since)
    return {(owner_id, day.isoformat()) for owner_id, day in session.execute(query)}


def last_digest_at(session: Session, owner_id: int) -> datetime | None:
    """When the last digest of an owner was made."""
    return session.scalar(select(func.max(Digest.composed_at)).where(Digest.owner_id == owner_id))


def items_to_answer(session: Session, owner_id: int) -> Sequence[ActionItem]:
    """Items that wait for an answer of this person and whose clock runs, the nearest deadline first."""
    stands = exists().where(Pause.item_id == ActionItem.id, Pause.ended_at.is_(None))
    query = (
        select(ActionItem)
        .where(visible_to(Actor(name="digest", owner_id=owner_id)), ActionItem.state.in_(sorted(AWAITS_ANSWER)))
        .where(~stands)
        .order_by(ActionItem.deadline_at, ActionItem.id)
    )
    return session.scalars(query).all()


def verdicts_since(session: Session, owner_id: int, since: datetime) -> list[tuple[ActionItem, dict[str, Any]]]:
    """Items of an owner that a verdict reached, newest first, each with the facts of its last one."""
    newest = (
        select(func.max(ItemEvent.id))
        .where(ItemEvent.kind == "verdict", ItemEvent.at > since)
        .group_by(ItemEvent.item_id)
    )
    query = (
        select(ActionItem, ItemEvent.facts)
        .join(ItemEvent, ItemEvent.item_id == ActionItem.id)
        .where(ItemEvent.id.in_(newest), ActionItem.owner_id == owner_id)
        .order_by(ItemEvent.id.desc())
    )
    return [(item, facts) for item, facts in session.execute(query)]


def rising_themes(session: Session, owner_id: int, now: datetime) -> list[tuple[str, int, float]]:
    """Themes of an owner's open items with more complaints than usual, the steepest first.

    Returns:
        Name, complaints in the last seven days, and their norm: the mean of the eight weeks before. Five complaints at
        least, and one and a half times the norm.
    """
    query = (
        select(Theme.id, Theme.name)
        .join(ActionItem, ActionItem.theme_id == Theme.id)
        .where(ActionItem.owner_id == owner_id, ActionItem.closed_at.is_(None))
    )
    names = {row.id: row.name for row in session.execute(query)}
    found = []
    for theme_id, weeks in weekly_reach(session, names, now, NORM_WEEKS + 1).items():
        norm = sum(weeks[:-1]) / NORM_WEEKS
        if weeks[-1] >= max(_FEWEST, _TIMES * norm):
            found.append((names[theme_id], weeks[-1], norm))
    return sorted(found, key=lambda one: (one[2] / one[1], one[0]))


def closed_by_others(session: Session, owner_id: int, since: datetime, limit: int) -> list[tuple[str, str]]:
    """Owner and title of what others brought to an improvement or put away, newest first."""
    ended = ItemEvent.to_state.in_((State.IMPROVED, State.CLOSED))
    newest = select(func.max(ItemEvent.id)).where(ended, ItemEvent.at > since).group_by(ItemEvent.item_id)
    query = (
        select(Owner.name, ActionItem.title)
        .join(ActionItem, ActionItem.owner_id == Owner.id)
        .join(ItemEvent, ItemEvent.item_id == ActionItem.id)
        .where(ItemEvent.id.in_(newest), ActionItem.owner_id != owner_id)
        .order_by(ItemEvent.id.desc())
        .limit(limit)
    )
    return [(name, title) for name, title in session.execute(query)]


def kept_for_digest(session: Session, owner_id: int) -> Sequence[Notice]:
    """What waits for the digest of a person, on every channel, oldest first."""
    query = select(Notice).where(Notice.owner_id == owner_id, Notice.state == "digest").order_by(Notice.id)
    return session.scalars(query).all()


def a_week_before(now: datetime) -> datetime:
    """From when on the first digest of a person tells."""
    return now - timedelta(weeks=1)
