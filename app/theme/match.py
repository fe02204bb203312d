"""Station: every complaint mention gets a theme as it arrives.

The theme of the anchor that takes it, else the topic's own: nothing that the classifier gave a topic is ever without a
theme. A mention without topic is kept with that as its reason. What waits stands in a queue, which the database itself
fills: the cost grows with what is new, not with what is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.store.anchors import Anchor, hold_themes, live_anchors, newest_anchors, theme_ids_of
from app.store.copies import Written, load_written
from app.store.inserting import insert_rows
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Topic
from app.store.theme_tables import Theme, ThemeEvent, ThemeMention, WaitingMention
from app.store.themes import topic_level_themes
from app.theme.copies import Print, print_texts
from app.theme.prints import mark_copies
from app.theme.rule import choose_anchors, stack_vectors

AT_ONCE = 4096
"""Their vectors take 3 MB; the write transaction stays well below a second."""

NO_TOPIC = "no topic: the classifier abstained"
STATION = "station:match"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mention without a theme, or with one of another topic than its own."""

    mention_id: int
    topic_id: int | None
    model: str | None
    vector: bytes | None  # float16


@dataclass(frozen=True, slots=True)
class Batch:
    """Mentions that wait, and the anchors that may take them."""

    waiting: tuple[Waiting, ...]
    anchors: Mapping[int, Sequence[Anchor]]  # by topic
    texts: tuple[Written, ...]  # that they stand in


@dataclass(frozen=True, slots=True)
class Placed:
    """Which anchor takes a mention; without one it goes to its topic's own theme, without topic nowhere."""

    mention_id: int
    topic_id: int | None
    anchor_id: int | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch led to.

    Attributes:
        placed: Where each mention goes.
        newest: The newest anchor that each topic had when it was claimed.
        foreign: Topics with anchors, none of them of the encoder that read these mentions.
        prints: What copies of the texts are recognised by.
    """

    placed: tuple[Placed, ...]
    newest: Mapping[int, int]
    foreign: tuple[int, ...]
    prints: tuple[Print, ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """The mentions that wait longest; a human's correction of their topic lets them wait again."""
    del now
    query = (
        select(WaitingMention.mention_id, Mention.topic_id, MentionVector.model, MentionVector.vector)
        .join(Mention, Mention.id == WaitingMention.mention_id)
        .outerjoin(MentionVector, MentionVector.mention_id == WaitingMention.mention_id)
        .order_by(WaitingMention.mention_id)
        .limit(AT_ONCE)
    )
    waiting = tuple(Waiting(*row) for row in session.execute(query))
    if not waiting:
        return None
    anchors = live_anchors(session, {each.topic_id for each in waiting if each.topic_id is not None})
    return Batch(waiting, anchors, tuple(load_written(session, [each.mention_id for each in waiting])))


def work(batch: Batch, tools: object) -> Outcome:
    """Find the anchor of each mention, one matrix product per topic."""
    del tools
    groups: dict[tuple[int | None, str | None], list[Waiting]] = defaultdict(list)
    for each in batch.waiting:
        groups[each.topic_id, each.model if each.vector else None].append(each)
    placed: list[Placed] = []
    for (topic_id, model), members in groups.items():
        anchors = [anchor for anchor in batch.anchors.get(topic_id or 0, ()) if anchor.model == model]
        placed.extend(_place(members, anchors))
    newest = {topic_id: max(anchor.id for anchor in anchors) for topic_id, anchors in batch.anchors.items()}
    foreign = {
        topic_id
        for topic_id, model in groups
        if topic_id is not None and model is not None and topic_id in batch.anchors
        if all(anchor.model != model for anchor in batch.anchors[topic_id])
    }
    return Outcome(tuple(placed), newest, tuple(sorted(foreign)), print_texts(batch.texts))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Write down the themes; makes topics' own themes where they are missing.

    What a topic gained an anchor for meanwhile goes on waiting: it is asked of all anchors, or of none.
    """
    mark_copies(session, outcome.prints)
    topics = {each.topic_id for each in outcome.placed if each.topic_id is not None}
    own = _own_themes(session, now, topics)
    whose = _held(session, outcome, own.values())
    newest = newest_anchors(session, topics)
    moved = {topic_id for topic_id in topics if newest.get(topic_id) != outcome.newest.get(topic_id)}
    if outcome.foreign:
        lost = Theme.id.in_([own[topic_id] for topic_id in outcome.foreign])
        session.execute(update(Theme).where(lost).values(traced_at=None))  # `trace` gives them anchors of their encoder
    there = _still_waiting(session, outcome)
    done = [mention_id for mention_id, (topic_id, _) in there.items() if topic_id not in moved]
    placed = [
        each
        for each in outcome.placed
        if each.topic_id not in moved and there.get(each.mention_id) == (each.topic_id, True)
    ]
    known = {each.mention_id for each in placed}
    done = [mention_id for mention_id in done if mention_id in known or not there[mention_id][1]]
    session.execute(delete(WaitingMention).where(WaitingMention.mention_id.in_(done)))
    session.execute(delete(ThemeMention).where(ThemeMention.mention_id.in_(known)))
    insert_rows(ThemeMention, session, [_row(each, whose, own, now) for each in placed])


def _place(members: Sequence[Waiting], anchors: Sequence[Anchor]) -> list[Placed]:
    if not anchors:
        return [Placed(each.mention_id, each.topic_id) for each in members]
    best, similarity = choose_anchors(stack_vectors([each.vector or b"" for each in members]), anchors)
    return [
        Placed(each.mention_id, each.topic_id, anchors[at].id, float(near))
        if at >= 0
        else Placed(each.mention_id, each.topic_id)
        for each, at, near in zip(members, best, similarity, strict=True)
    ]


def _row(each: Placed, whose: Mapping[int, int], own: Mapping[int, int], now: datetime) -> dict[str, object]:
    near = whose.get(each.anchor_id or 0)
    theme_id = near or own.get(each.topic_id or 0)
    return {
        "mention_id": each.mention_id,
        "theme_id": theme_id,
        "similarity": each.similarity if near else None,
        "reason": None if theme_id is not None else NO_TOPIC,
        "assigned_at": now,
    }


def _held(session: Session, outcome: Outcome, own: Collection[int]) -> dict[int, int]:
    """Themes by anchor, as they are after a merge meanwhile; none is merged before this transaction ends."""
    wanted = {each.anchor_id for each in outcome.placed if each.anchor_id is not None}
    hold_themes(session, {*own, *theme_ids_of(session, wanted).values()})
    return theme_ids_of(session, wanted)


def _still_waiting(session: Session, outcome: Outcome) -> dict[int, tuple[int | None, bool]]:
    """Topic and whether it is a complaint, by mention, of those that nobody else has placed or is replacing.

    The mention is locked before its place in the queue, as whoever deletes it does; nothing here waits for them.
    """
    ids = [each.mention_id for each in outcome.placed]
    query = select(Mention.id, Mention.topic_id, Mention.complaint).where(Mention.id.in_(ids)).order_by(Mention.id)
    rows = session.execute(query.with_for_update(read=True, key_share=True, skip_locked=True)).all()
    waiting = select(WaitingMention.mention_id).where(WaitingMention.mention_id.in_([row.id for row in rows]))
    left = set(session.scalars(waiting.order_by(WaitingMention.mention_id).with_for_update(skip_locked=True)))
    return {mention_id: (topic_id, complaint) for mention_id, topic_id, complaint in rows if mention_id in left}


def _own_themes(session: Session, now: datetime, topic_ids: Collection[int]) -> dict[int, int]:
    own = topic_level_themes(session, topic_ids)
    missing = select(Topic).where(Topic.id.in_(sorted(set(topic_ids) - own.keys()))).order_by(Topic.id)
    for topic in session.scalars(missing).all():
        theme = Theme(topic_id=topic.id, kind="topic", name=topic.name, terms=[], created_at=now, updated_at=now)
        try:
            with session.begin_nested():
                session.add(theme)
        except IntegrityError:
            own |= topic_level_themes(session, {topic.id})  # another worker made it at the same moment
            continue
        session.add(ThemeEvent(theme_id=theme.id, kind="created", actor=STATION, facts={}, at=now))
        own[topic.id] = theme.id
    session.flush()
    return own
