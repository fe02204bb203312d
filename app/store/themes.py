"""Reading themes: lists with counts, one theme, and which goes on after merges."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.copies import is_counted, people_counted
from app.store.items import theme_visible_to
from app.store.keyset import After, keyset_page
from app.store.label_tables import Mention
from app.store.tables import Feedback, Topic
from app.store.theme_tables import Theme, ThemeMention


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


def merged_themes(session: Session) -> dict[int, int]:
    """The theme that goes on, by the id of each that was merged, however often since."""
    query = select(Theme.id, Theme.merged_into_id).where(Theme.merged_into_id.is_not(None))
    into = {theme_id: into_id for theme_id, into_id in session.execute(query) if into_id is not None}
    found = {}
    for theme_id in into:
        last, seen = theme_id, {theme_id}
        while (following := into.get(last)) is not None and following not in seen:
            seen.add(following)
            last = following
        found[theme_id] = last
    return found


def topic_level_themes(session: Session, topic_ids: Collection[int]) -> dict[int, int]:
    """Id of each topic's own theme, where it exists."""
    query = select(Theme.topic_id, Theme.id).where(Theme.kind == "topic", Theme.topic_id.in_(sorted(topic_ids)))
    return dict(session.execute(query).all())


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
