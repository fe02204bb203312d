"""Reading anchors: which take mentions, and which still have older mentions to ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.store.label_tables import Mention, MentionVector
from app.store.theme_tables import Theme, ThemeAnchor, ThemeMention
from app.store.themes import topic_level_themes


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place around which a theme's mentions lie; `vector` has unit length."""

    id: int
    theme_id: int
    model: str
    rank: int
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mention that may move to a new anchor: from `theme_id`."""

    mention_id: int
    theme_id: int | None
    model: str
    vector: bytes  # float16


@dataclass(frozen=True, slots=True)
class Asking:
    """One topic's new anchors, and the next of the older mentions that they are to be asked about.

    Attributes:
        topic_id: The topic.
        below: Mentions with smaller ids were looked for.
        anchors: The new ones, and those of themes that they split.
        asking: Ids of the new ones.
        candidates: The mentions, newest first.
        last: Whether no more follow.
    """

    topic_id: int
    below: int
    anchors: tuple[Anchor, ...]
    asking: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    last: bool


def live_anchors(session: Session, topic_ids: Collection[int]) -> Mapping[int, Sequence[Anchor]]:
    """The anchors that take mentions, by topic; also those of muted themes and of such as have fallen silent."""
    query = select(ThemeAnchor).where(ThemeAnchor.topic_id.in_(sorted(topic_ids))).order_by(ThemeAnchor.id)
    found: dict[int, list[Anchor]] = {}
    for row in session.scalars(query):
        found.setdefault(row.topic_id, []).append(_anchor(row))
    return found


def newest_anchors(session: Session, topic_ids: Collection[int]) -> dict[int, int]:
    """The id of each topic's newest anchor, where it has any."""
    query = select(ThemeAnchor.topic_id, func.max(ThemeAnchor.id)).where(ThemeAnchor.topic_id.in_(sorted(topic_ids)))
    return dict(session.execute(query.group_by(ThemeAnchor.topic_id)).all())


def next_asking(session: Session, limit: int) -> Asking | None:
    """The next older mentions that new anchors have not been asked about; None where there are no such anchors."""
    asks = ThemeAnchor.asks_below.is_not(None)
    first = select(func.min(ThemeAnchor.topic_id)).where(asks).scalar_subquery()
    # In one statement: between two, another worker may end what the first one saw.
    new = session.scalars(select(ThemeAnchor).where(asks, ThemeAnchor.topic_id == first).order_by(ThemeAnchor.id)).all()
    if not new:
        return None
    topic_id = new[0].topic_id
    of_topic = select(ThemeAnchor).where(ThemeAnchor.topic_id == topic_id).order_by(ThemeAnchor.id)
    below = max(row.asks_below or 0 for row in new)
    split = {row.asks_theme_id for row in new if row.asks_theme_id is not None}
    asked = of_topic.where(or_(asks, ThemeAnchor.theme_id.in_(split)))
    own = topic_level_themes(session, [topic_id])
    candidates = (
        select(ThemeMention.mention_id, ThemeMention.theme_id, MentionVector.model, MentionVector.vector)
        .join(MentionVector, MentionVector.mention_id == ThemeMention.mention_id)
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .where(ThemeMention.theme_id.in_([*own.values(), *sorted(split)]), ThemeMention.mention_id < below)
        .where(Mention.complaint)
        .order_by(ThemeMention.mention_id.desc())
        .limit(limit)
    )
    found = tuple(Candidate(*row) for row in session.execute(candidates))
    return Asking(
        topic_id=topic_id,
        below=below,
        anchors=tuple(_anchor(row) for row in session.scalars(asked)),
        asking=tuple(row.id for row in new),
        candidates=found,
        last=len(found) < limit,
    )


def theme_ids_of(session: Session, anchor_ids: Collection[int]) -> dict[int, int]:
    """Whose an anchor is now, by its id; after a merge it is the theme's that goes on."""
    query = select(ThemeAnchor.id, ThemeAnchor.theme_id).where(ThemeAnchor.id.in_(sorted(anchor_ids)))
    return dict(session.execute(query).all())


def hold_themes(session: Session, theme_ids: Collection[int], *, changing: bool = False) -> None:
    """Let nobody merge, split or search these themes before this transaction ends; lowest id first."""
    query = select(Theme.id).where(Theme.id.in_(sorted(theme_ids))).order_by(Theme.id)
    session.execute(query.with_for_update(read=not changing)).all()


def _anchor(row: ThemeAnchor) -> Anchor:
    return Anchor(row.id, row.theme_id, row.model, row.rank, np.frombuffer(row.vector, np.float32))
