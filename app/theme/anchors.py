"""Anchors come and change hands here alone: planted for a theme, handed on when it is merged, back if that is undone.

Whoever moves mentions between themes moves anchors with them, or the next mentions go elsewhere: a merge hands them
over, undoing it hands them back, and a part that is split off gets an anchor of the rank of
its whole, which asks the whole's mentions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.store.theme_tables import Theme, ThemeAnchor

EVERYTHING = 1 << 62
"""No mention has a larger id: a new anchor asks all that are there."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an anchor is planted: a unit vector (float32, as bytes) of one encoder."""

    model: str
    vector: bytes


def plant_anchor(
    session: Session, now: datetime, theme: Theme, spot: Spot, *, rank: int, asks: int | None = None
) -> None:
    """Give a theme an anchor; mentions of its topic's own theme, and of theme `asks`, are asked one after the other."""
    session.add(
        ThemeAnchor(
            theme_id=theme.id,
            founder_id=theme.id,
            topic_id=theme.topic_id,
            model=spot.model,
            vector=spot.vector,
            rank=rank,
            asks_below=EVERYTHING,
            asks_theme_id=asks,
            created_at=now,
        )
    )


def next_rank(session: Session, topic_id: int) -> int:
    """The rank of anchors that are planted together now: behind all that are there."""
    newest = session.scalar(select(func.max(ThemeAnchor.rank)).where(ThemeAnchor.topic_id == topic_id))
    return 0 if newest is None else newest + 1


def lowest_rank(session: Session, theme_id: int) -> int:
    """The rank of a theme's oldest anchors: parts of it stand in its place."""
    return session.scalar(select(func.min(ThemeAnchor.rank)).where(ThemeAnchor.theme_id == theme_id)) or 0


def hand_over_anchors(session: Session, theme: Theme, into: Theme) -> list[int]:
    """What was near to `theme` belongs to `into` from now on; the ids of the anchors."""
    ids = session.scalars(select(ThemeAnchor.id).where(ThemeAnchor.theme_id == theme.id).order_by(ThemeAnchor.id)).all()
    session.execute(update(ThemeAnchor).where(ThemeAnchor.id.in_(ids)).values(theme_id=into.id))
    return list(ids)


def hand_back_anchors(session: Session, theme: Theme, into: Theme, anchor_ids: Sequence[int]) -> None:
    """The anchors that were handed over are `theme`'s again, those that `into` still has."""
    theirs = update(ThemeAnchor).where(ThemeAnchor.id.in_(anchor_ids), ThemeAnchor.theme_id == into.id)
    session.execute(theirs.values(theme_id=theme.id))
