"""Reading what piles up in topics' own themes, to be searched for recurring problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.store.copies import is_counted
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Turn
from app.store.theme_tables import Theme, ThemeMention


@dataclass(frozen=True, slots=True)
class Piled:
    """A complaint mention in a topic's own theme."""

    mention_id: int
    text: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class Pile:
    """What of a topic's own theme is searched, all read by `model`; `newest` is its largest mention id."""

    theme_id: int
    topic_id: int
    newest: int
    model: str
    members: tuple[Piled, ...]


def topic_themes(session: Session) -> Sequence[Theme]:
    """The topics' own themes, in the order of their ids."""
    return session.scalars(select(Theme).where(Theme.kind == "topic").order_by(Theme.id)).all()


def count_gained(session: Session, theme: Theme, most: int) -> int:
    """Mentions that a topic's own theme gained since it was last searched, counted up to `most`."""
    new = select(ThemeMention.mention_id).where(
        ThemeMention.theme_id == theme.id, ThemeMention.mention_id > theme.searched_to
    )
    return session.scalar(select(func.count()).select_from(new.limit(most).subquery())) or 0


def read_pile(session: Session, theme: Theme, most: int) -> Pile:
    """The newest complaints in a topic's own theme, as many as `most`, oldest first.

    Vectors of different models cannot be compared: those of the newest mention's model are.
    """
    newest = (
        select(ThemeMention.mention_id)
        .where(ThemeMention.theme_id == theme.id)
        .order_by(ThemeMention.mention_id.desc())
        .limit(most)
    )
    rows = session.execute(
        _piled().where(Mention.id.in_(newest.scalar_subquery()), Mention.complaint, is_counted())
    ).all()
    model = rows[-1].model if rows else ""
    members = tuple(Piled(row.id, row.text[row.start : row.end], row.vector) for row in rows if row.model == model)
    return Pile(theme.id, theme.topic_id, rows[-1].id if rows else theme.searched_to, model, members)


def _piled() -> Select[int, int, int, str, str, bytes]:
    return (
        select(Mention.id, Mention.start, Mention.end, Turn.text, MentionVector.model, MentionVector.vector)
        .join(ThemeMention, ThemeMention.mention_id == Mention.id)
        .join(MentionVector, MentionVector.mention_id == Mention.id)
        .join(Turn, and_(Turn.feedback_id == Mention.feedback_id, Turn.position == Mention.turn))
        .order_by(Mention.id)
    )
