"""Reading themes: lists with counts, one theme with its lineage, centroids, and piles that wait to be searched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.copies import is_counted, people_counted
from app.store.items import theme_visible_to
from app.store.keyset import After, keyset_page
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Feedback, Topic, Turn
from app.store.theme_tables import Theme, ThemeEvent, ThemeMention


@dataclass(frozen=True, slots=True)
class ThemeRow:
    """A theme with its topic and counts of complaint mentions and of the people behind them."""

    theme: Theme
    topic: str
    topic_name: str
    complaints: int
    people: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Centroid:
    """A cluster's unit vector."""

    theme_id: int
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Piled:
    """A complaint mention in a topic's own theme."""

    mention_id: int
    text: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class Pile:
    """What a topic's own theme holds and one model has read; `newest` is its largest mention id."""

    theme_id: int
    topic_id: int
    newest: int
    members: tuple[Piled, ...]


def find_theme(session: Session, theme_id: int) -> Theme:
    """One theme.

    Raises:
        AppError: `theme_not_found`.
    """
    theme = session.get(Theme, theme_id)
    if theme is None:
        raise _theme_not_found()
    return theme


def _theme_not_found() -> AppError:
    message = "There is no theme with this id among those you can see. List them at /v1/themes."
    return AppError(Kind.NOT_FOUND, "theme_not_found", message)


def list_themes(
    session: Session,
    actor: Actor,
    after: After | None,
    limit: int,
    *,
    topic: str | None = None,
    state: str | None = None,
) -> list[ThemeRow]:
    """Themes by complaints, most first; fetches one more than `limit` where more follow.

    Args:
        session: A session.
        actor: Who reads; they get the themes that they may see.
        after: Complaints and id of the last row of the page before.
        limit: Rows of a page.
        topic: Key of the only topic wanted.
        state: The only state wanted.
    """
    counts = _counts().subquery()
    query = (
        select(
            Theme,
            Topic.key,
            Topic.name,
            func.coalesce(counts.c.complaints, 0),
            func.coalesce(counts.c.people, 0),
            counts.c.first_at,
            counts.c.last_at,
        )
        .join(Topic, Topic.id == Theme.topic_id)
        .outerjoin(counts, counts.c.theme_id == Theme.id)
        .where(theme_visible_to(actor))
    )
    if topic is not None:
        query = query.where(Topic.key == topic)
    if state is not None:
        query = query.where(Theme.state == state)
    page = keyset_page(query, (func.coalesce(counts.c.complaints, 0), Theme.id), after, limit)
    return [ThemeRow(*row) for row in session.execute(page)]


def show_theme(session: Session, actor: Actor, theme_id: int) -> ThemeRow:
    """One theme with its counts.

    Raises:
        AppError: `theme_not_found`, also for themes that `actor` may not see.
    """
    theme = session.scalar(select(Theme).where(Theme.id == theme_id, theme_visible_to(actor)))
    if theme is None:
        raise _theme_not_found()
    topic = session.get_one(Topic, theme.topic_id)
    counts = session.execute(_counts().where(ThemeMention.theme_id == theme_id)).one_or_none()
    _, complaints, people, first_at, last_at = counts or (None, 0, 0, None, None)
    return ThemeRow(theme, topic.key, topic.name, complaints, people, first_at, last_at)


def topic_level_themes(session: Session, topic_ids: Collection[int]) -> dict[int, int]:
    """Id of each topic's own theme, where it exists."""
    query = select(Theme.topic_id, Theme.id).where(Theme.kind == "topic", Theme.topic_id.in_(sorted(topic_ids)))
    return dict(session.execute(query).all())


def active_centroids(session: Session, topic_ids: Collection[int]) -> Mapping[int, Sequence[Centroid]]:
    """Clusters that take new mentions, by topic."""
    query = (
        select(Theme)
        .where(Theme.kind == "cluster", Theme.state != "retired", Theme.topic_id.in_(sorted(topic_ids)))
        .order_by(Theme.id)
    )
    found: dict[int, list[Centroid]] = {}
    for theme in session.scalars(query):
        vector = np.frombuffer(theme.centroid or b"", np.float32)
        found.setdefault(theme.topic_id, []).append(Centroid(theme.id, vector))
    return found


def find_piles(session: Session, fewest: int, limit: int) -> list[Pile]:
    """Topics' own themes with at least `fewest` complaints, and a quarter of all, newer than their last search."""
    piles: list[Pile] = []
    for theme in session.scalars(select(Theme).where(Theme.kind == "topic").order_by(Theme.id)):
        if len(piles) == limit:
            break
        searched = _last_search(session, theme.id)
        in_pile = and_(ThemeMention.theme_id == theme.id, Mention.complaint, is_counted())
        size, fresh = session.execute(
            select(func.count(), func.count(case((Mention.id > searched, 1))))
            .select_from(ThemeMention)
            .join(Mention, Mention.id == ThemeMention.mention_id)
            .where(in_pile)
        ).one()
        if fresh < max(fewest, size // 4):
            continue
        rows = session.execute(_piled().where(in_pile)).all()
        if rows:
            # Vectors of different models cannot be compared: those of the newest mention's model are.
            like = [row for row in rows if row.model == rows[-1].model]
            members = tuple(Piled(row.id, row.text[row.start : row.end], row.vector) for row in like)
            piles.append(Pile(theme.id, theme.topic_id, rows[-1].id, members))
    return piles


def _last_search(session: Session, theme_id: int) -> int:
    query = select(ThemeEvent.facts).where(ThemeEvent.theme_id == theme_id, ThemeEvent.kind == "searched")
    facts = session.scalar(query.order_by(ThemeEvent.id.desc()).limit(1))
    return int(facts["newest"]) if facts else 0


def _piled() -> Select[int, int, int, str, str, bytes]:
    return (
        select(Mention.id, Mention.start, Mention.end, Turn.text, MentionVector.model, MentionVector.vector)
        .join(ThemeMention, ThemeMention.mention_id == Mention.id)
        .join(MentionVector, MentionVector.mention_id == Mention.id)
        .join(Turn, and_(Turn.feedback_id == Mention.feedback_id, Turn.position == Mention.turn))
        .order_by(Mention.id)
    )


def _counts() -> Select[int | None, int, int, datetime, datetime]:
    return (
        select(
            ThemeMention.theme_id,
            func.count().label("complaints"),
            people_counted().label("people"),
            func.min(Feedback.occurred_at).label("first_at"),
            func.max(Feedback.occurred_at).label("last_at"),
        )
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(Mention.complaint, is_counted())
        .group_by(ThemeMention.theme_id)
    )
