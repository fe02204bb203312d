"""Reading the themes of one topic with their newest mentions, to be compared with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.store.act_tables import ActionItem
from app.store.copies import is_counted
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Feedback, Turn
from app.store.theme_tables import Theme, ThemeMention


@dataclass(frozen=True, slots=True)
class Said:
    """One of a theme's newest mentions; `vector` is float16, by the encoder `model`."""

    mention_id: int
    said_at: datetime
    text: str
    model: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """A theme with its newest mentions, newest first."""

    theme: Theme
    at_work: bool
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A topic's own theme and its clusters, without merged ones; `model` is the encoder of the newest mention."""

    own: Theme
    model: str
    members: tuple[Member, ...]


def next_family(session: Session, before: datetime, newest: int) -> Family | None:
    """The topic whose themes were compared longest ago, before `before`; None where there is none.

    Args:
        session: A session.
        before: Topics compared since are left alone.
        newest: Mentions read of each theme.
    """
    cluster = aliased(Theme)
    has_any = exists().where(cluster.topic_id == Theme.topic_id, cluster.kind == "cluster")
    query = select(Theme).where(
        Theme.kind == "topic", or_(Theme.traced_at.is_(None), Theme.traced_at <= before), has_any
    )
    own = session.scalar(query.order_by(func.coalesce(Theme.traced_at, Theme.created_at), Theme.id).limit(1))
    if own is None:
        return None
    clusters = session.scalars(
        select(Theme)
        .where(Theme.topic_id == own.topic_id, Theme.kind == "cluster", Theme.merged_into_id.is_(None))
        .order_by(Theme.id)
    ).all()
    working = themes_at_work(session, [theme.id for theme in clusters])
    said = _newest(session, clusters, newest)
    members = tuple(Member(theme, theme.id in working, tuple(said[theme.id])) for theme in clusters)
    return Family(own, _newest_model(session, own, members), members)


def themes_at_work(session: Session, theme_ids: Collection[int]) -> set[int]:
    """Of these themes those that somebody has an open item about."""
    query = select(ActionItem.theme_id).where(
        ActionItem.theme_id.in_(sorted(theme_ids)), ActionItem.closed_at.is_(None)
    )
    return {theme_id for theme_id in session.scalars(query) if theme_id is not None}


def _newest_model(session: Session, own: Theme, members: Sequence[Member]) -> str:
    query = (
        select(MentionVector.mention_id, MentionVector.model)
        .join(ThemeMention, ThemeMention.mention_id == MentionVector.mention_id)
        .where(ThemeMention.theme_id == own.id)
        .order_by(ThemeMention.mention_id.desc())
        .limit(1)
    )
    newest = [(member.said[0].mention_id, member.said[0].model) for member in members if member.said]
    newest.extend((mention_id, model) for mention_id, model in session.execute(query))
    return max(newest)[1] if newest else ""


def _newest(session: Session, themes: Sequence[Theme], newest: int) -> dict[int, list[Said]]:
    found: dict[int, list[Said]] = defaultdict(list)
    for theme in themes:
        ids = (
            select(ThemeMention.mention_id)
            .where(ThemeMention.theme_id == theme.id)
            .order_by(ThemeMention.mention_id.desc())
            .limit(newest)
        )
        for row in session.execute(_said().where(Mention.id.in_(ids.scalar_subquery()))):
            text = row.text[row.start : row.end]
            found[theme.id].append(Said(row.id, row.occurred_at, text, row.model, row.vector))
    return found


def _said() -> Select[int, int, int, datetime, str, str, bytes]:
    # No whole rows: a week reads hundreds of mentions of every theme.
    return (
        select(
            Mention.id,
            Mention.start,
            Mention.end,
            Feedback.occurred_at,
            Turn.text,
            MentionVector.model,
            MentionVector.vector,
        )
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .join(MentionVector, MentionVector.mention_id == Mention.id)
        .join(Turn, and_(Turn.feedback_id == Mention.feedback_id, Turn.position == Mention.turn))
        .where(Mention.complaint, is_counted())
        .order_by(Mention.id.desc())
    )
