"""Station: every complaint mention gets a theme as it arrives.

The nearest cluster of its topic takes it if it is near enough, else the topic's own theme does: nothing that the
classifier gave a topic is ever without a theme. A mention without topic is kept with that as its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.store.copies import Written, load_written
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Topic
from app.store.theme_tables import Theme, ThemeEvent, ThemeMention
from app.store.themes import Centroid, active_centroids, topic_level_themes
from app.theme.copies import Print, print_texts
from app.theme.prints import mark_copies
from app.theme.rule import NEAR

AT_ONCE = 512
NO_TOPIC = "no topic: the classifier abstained"
STATION = "station:match"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mention without a theme, or with one of another topic than its own."""

    mention_id: int
    topic_id: int | None
    vector: bytes | None  # float16


@dataclass(frozen=True, slots=True)
class Batch:
    """Mentions that wait, and the clusters that may take them."""

    waiting: tuple[Waiting, ...]
    centroids: Mapping[int, Sequence[Centroid]]  # by topic
    texts: tuple[Written, ...]  # that they stand in


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a mention goes; without theme it goes to its topic's own one, without topic nowhere."""

    mention_id: int
    topic_id: int | None
    theme_id: int | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch led to."""

    placed: tuple[Placed, ...]
    prints: tuple[Print, ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """Complaint mentions that stand in no theme, or in a theme of another topic because a human corrected theirs."""
    del now
    query = (
        select(Mention.id, Mention.topic_id, MentionVector.vector)
        .outerjoin(MentionVector, MentionVector.mention_id == Mention.id)
        .outerjoin(ThemeMention, ThemeMention.mention_id == Mention.id)
        .outerjoin(Theme, Theme.id == ThemeMention.theme_id)
        .where(
            Mention.complaint,
            or_(ThemeMention.mention_id.is_(None), Theme.topic_id.is_distinct_from(Mention.topic_id)),
        )
        .order_by(Mention.id)
        .limit(AT_ONCE)
    )
    waiting = tuple(Waiting(*row) for row in session.execute(query))
    if not waiting:
        return None
    topics = {each.topic_id for each in waiting if each.topic_id is not None}
    texts = tuple(load_written(session, [each.mention_id for each in waiting]))
    return Batch(waiting, active_centroids(session, topics), texts)


def work(batch: Batch, tools: object) -> Outcome:
    """Find the nearest cluster of each mention, and what its copies can be recognised by."""
    del tools
    placed = tuple(_place(each, batch.centroids.get(each.topic_id or 0, ())) for each in batch.waiting)
    return Outcome(placed, print_texts(batch.texts))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Write down the themes; makes topics' own themes where they are missing."""
    mark_copies(session, outcome.prints)
    there = _still_there(session, outcome)
    placed = [each for each in outcome.placed if there.get(each.mention_id, 0) == each.topic_id]
    session.execute(delete(ThemeMention).where(ThemeMention.mention_id.in_([each.mention_id for each in placed])))
    own = _own_themes(session, now, {each.topic_id for each in placed if each.topic_id is not None})
    live = _still_live(session, outcome)
    for each in placed:
        near = each.theme_id in live
        theme_id = each.theme_id if near else own.get(each.topic_id or 0)
        session.add(
            ThemeMention(
                mention_id=each.mention_id,
                theme_id=theme_id,
                similarity=each.similarity if near else None,
                reason=None if theme_id is not None else NO_TOPIC,
                assigned_at=now,
            )
        )
    session.flush()


def _place(each: Waiting, centroids: Sequence[Centroid]) -> Placed:
    if each.vector is None or not centroids:
        return Placed(each.mention_id, each.topic_id, None, None)
    vector = np.frombuffer(each.vector, np.float16).astype(np.float32)
    usable = [centroid for centroid in centroids if len(centroid.vector) == len(vector)]
    near = [float(vector @ centroid.vector) for centroid in usable]
    best = int(np.argmax(near)) if near else -1
    if best < 0 or near[best] < NEAR:
        return Placed(each.mention_id, each.topic_id, None, None)
    return Placed(each.mention_id, each.topic_id, usable[best].theme_id, near[best])


def _still_there(session: Session, outcome: Outcome) -> dict[int, int | None]:
    """Topic by mention, of those that were not replaced meanwhile."""
    ids = [each.mention_id for each in outcome.placed]
    query = select(Mention.id, Mention.topic_id).where(Mention.id.in_(ids), Mention.complaint)
    return dict(session.execute(query).all())


def _still_live(session: Session, outcome: Outcome) -> set[int]:
    """Themes that were not merged into others meanwhile; they cannot be before this transaction ends."""
    wanted = sorted({each.theme_id for each in outcome.placed if each.theme_id is not None})
    query = select(Theme.id).where(Theme.id.in_(wanted), Theme.state != "retired").order_by(Theme.id)
    return set(session.scalars(query.with_for_update(read=True)))


def _own_themes(session: Session, now: datetime, topic_ids: set[int]) -> dict[int, int]:
    own = topic_level_themes(session, topic_ids)
    for topic in session.scalars(select(Topic).where(Topic.id.in_(sorted(topic_ids - own.keys())))):
        theme = Theme(topic_id=topic.id, kind="topic", name=topic.name, terms=[], created_at=now, updated_at=now)
        session.add(theme)
        session.flush()
        session.add(ThemeEvent(theme_id=theme.id, kind="created", actor=STATION, facts={}, at=now))
        own[topic.id] = theme.id
    return own
