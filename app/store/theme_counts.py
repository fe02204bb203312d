"""Reading themes for people: with their topic, and with how many complaints and people stand behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, distinct, func, select
from sqlalchemy.orm import Session

from app.errors import AppError, Kind
from app.store.keyset import After, keyset_page
from app.store.tables import Feedback, Mention, Theme, ThemeMention, Topic


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
class Coverage:
    """How many complaint mentions there are, in themes, in topics' own themes only, and without any."""

    complaints: int
    clustered: int
    topic_only: int
    unassigned: int


def list_themes(
    session: Session, after: After | None, limit: int, *, topic: str | None = None, state: str | None = None
) -> list[ThemeRow]:
    """Themes by complaints, most first; fetches one more than `limit` where more follow.

    Args:
        session: A session.
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
    )
    if topic is not None:
        query = query.where(Topic.key == topic)
    if state is not None:
        query = query.where(Theme.state == state)
    page = keyset_page(query, (func.coalesce(counts.c.complaints, 0), Theme.id), after, limit)
    return [ThemeRow(*row) for row in session.execute(page)]


def show_theme(session: Session, theme_id: int) -> ThemeRow:
    """One theme with its counts.

    Raises:
        AppError: `theme_not_found`.
    """
    theme = session.get(Theme, theme_id)
    if theme is None:
        raise AppError(Kind.NOT_FOUND, "theme_not_found", "There is no theme with this id. List them at /v1/themes.")
    topic = session.get_one(Topic, theme.topic_id)
    counts = session.execute(_counts().where(ThemeMention.theme_id == theme_id)).one_or_none()
    _, complaints, people, first_at, last_at = counts or (None, 0, 0, None, None)
    return ThemeRow(theme, topic.key, topic.name, complaints, people, first_at, last_at)


def measure_coverage(session: Session) -> Coverage:
    """How much of the complaints the themes explain."""
    query = (
        select(
            func.count(),
            func.count(case((Theme.kind == "cluster", 1))),
            func.count(case((Theme.kind == "topic", 1))),
        )
        .select_from(Mention)
        .outerjoin(ThemeMention, ThemeMention.mention_id == Mention.id)
        .outerjoin(Theme, Theme.id == ThemeMention.theme_id)
        .where(Mention.complaint)
    )
    complaints, clustered, topic_only = session.execute(query).one()
    return Coverage(complaints, clustered, topic_only, complaints - clustered - topic_only)


def _counts() -> Select[int | None, int, int, datetime, datetime]:
    nameless = case((Feedback.customer_ref.is_(None), Feedback.id))
    people = func.count(distinct(Feedback.customer_ref)) + func.count(distinct(nameless))
    return (
        select(
            ThemeMention.theme_id,
            func.count().label("complaints"),
            people.label("people"),
            func.min(Feedback.occurred_at).label("first_at"),
            func.max(Feedback.occurred_at).label("last_at"),
        )
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(Mention.complaint)
        .group_by(ThemeMention.theme_id)
    )
