"""What people's curation of themes reads: themes locked in one order, their last curation, members with vectors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.store.copies import is_counted
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Turn
from app.store.theme_tables import Theme, ThemeEvent, ThemeMention
from app.store.themes import find_theme

CURATED = ("renamed", "merged", "split", "muted", "unmuted")
"""What people do to themes and may take back; stations note splits and merges too, under their own name."""


@dataclass(frozen=True, slots=True)
class Members:
    """Complaints of a theme that one model has read, newest first; vectors are unit vectors, shape (n, dim)."""

    ids: tuple[int, ...]
    model: str
    vectors: npt.NDArray[np.float32]


def lock_themes(session: Session, theme_ids: Collection[int]) -> dict[int, Theme]:
    """Themes by id, locked in the order of their ids until the transaction ends.

    Raises:
        AppError: `theme_not_found`.
    """
    query = select(Theme).where(Theme.id.in_(sorted(set(theme_ids)))).order_by(Theme.id).with_for_update()
    session.scalars(query.execution_options(populate_existing=True)).all()
    return {theme_id: find_theme(session, theme_id) for theme_id in theme_ids}


def last_curation(session: Session, theme_id: int) -> ThemeEvent | None:
    """What a person last did to a theme, or to another one with this one, and did not take back."""
    query = (
        select(ThemeEvent)
        .where(or_(ThemeEvent.theme_id == theme_id, ThemeEvent.other_theme_id == theme_id))
        .where(ThemeEvent.kind.in_(CURATED), ~ThemeEvent.actor.startswith("station:"))
        .where(ThemeEvent.undone_by_id.is_(None))
        .order_by(ThemeEvent.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def members_of(session: Session, theme_id: int, most: int) -> Members:
    """The newest counted complaints of a theme, those that the newest one's model has read."""
    query = (
        select(Mention.id, MentionVector.model, MentionVector.vector)
        .join(ThemeMention, ThemeMention.mention_id == Mention.id)
        .join(MentionVector, MentionVector.mention_id == Mention.id)
        .where(ThemeMention.theme_id == theme_id, Mention.complaint, is_counted())
        .order_by(Mention.id.desc())
        .limit(most)
    )
    rows = session.execute(query).all()
    like = [row for row in rows if row.model == rows[0].model]
    vectors = [np.frombuffer(row.vector, np.float16).astype(np.float32) for row in like]
    model = rows[0].model if rows else ""
    return Members(tuple(row.id for row in like), model, np.stack(vectors) if vectors else np.zeros((0, 0), np.float32))


def held_by(session: Session, theme_id: int, mention_ids: Collection[int]) -> set[int]:
    """Those of these mentions that stand in a theme."""
    query = select(ThemeMention.mention_id).where(
        ThemeMention.theme_id == theme_id, ThemeMention.mention_id.in_(sorted(mention_ids))
    )
    return set(session.scalars(query))


def holds_others(session: Session, theme_id: int, mention_ids: Collection[int]) -> bool:
    """Whether a theme holds any mention besides these."""
    query = select(ThemeMention.mention_id).where(
        ThemeMention.theme_id == theme_id, ThemeMention.mention_id.not_in(sorted(mention_ids))
    )
    return session.scalar(query.limit(1)) is not None


def mention_words(session: Session, mention_ids: Collection[int]) -> dict[int, str]:
    """The customers' words of mentions, by id. Hostile text."""
    query = (
        select(Mention.id, Mention.start, Mention.end, Turn.text)
        .join(Turn, and_(Turn.feedback_id == Mention.feedback_id, Turn.position == Mention.turn))
        .where(Mention.id.in_(sorted(mention_ids)))
    )
    return {row.id: row.text[row.start : row.end] for row in session.execute(query)}


def lineage_of(session: Session, theme_id: int) -> Sequence[ThemeEvent]:
    """What happened to a theme, oldest first, also what became of others with it; searches are left out."""
    with_it = and_(ThemeEvent.other_theme_id == theme_id, ThemeEvent.kind.in_(("merged", "split", "undone")))
    query = select(ThemeEvent).where(or_(ThemeEvent.theme_id == theme_id, with_it), ThemeEvent.kind != "searched")
    return session.scalars(query.order_by(ThemeEvent.id)).all()
