"""Which topics a change can be compared with: not touched by it, often complained about, and no second target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.measure.days import starts_on
from app.store import impact
from app.store.act_tables import Change
from app.store.comparison import shared_feedback, topic_vectors
from app.store.impact import CountByDay, Span
from app.store.tables import Topic

FEWEST_PER_WEEK = 0.7
MAX_CONTROLS = 30
FEWEST_ELSEWHERE = 3  # with two nobody knows which one is odd
TOUCHED_BEFORE = 90  # days: a topic that was itself changed so shortly before is no calm comparison
SHARED = 0.5  # share of the rarer one's feedback that complains about both: one problem under two names
ALIKE = 0.85  # cosine of mean vectors: halves of one topic have .93 and more, topics of one shop .65 at most


@dataclass(frozen=True, slots=True)
class Candidate:
    """A topic beside the target.

    Attributes:
        topic_id, key, name: the topic.
        per_week: feedback items with a complaint about it per week, before the change.
        fits: whether it is taken where nobody chooses.
        barred: whether it can never be taken: it is the target, or the target under another name.
        why: the reason for both, in words.
    """

    topic_id: int
    key: str
    name: str
    per_week: float
    fits: bool
    barred: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the reasons are read from; complaints are feedback items per topic and day."""

    change: Change
    target: Topic
    counts: Mapping[int, CountByDay]
    changed: frozenset[int]
    shared: Mapping[int, int]
    alike: Mapping[int, float]
    weeks: float

    def total(self, topic_id: int) -> int:
        return sum(self.counts.get(topic_id, {}).values())

    def elsewhere(self, topic: Topic) -> bool:
        process = self.change.process_id or self.target.process_id
        return process is None or topic.process_id != process


def list_candidates(session: Session, change: Change, topic_id: int, span: Span) -> list[Candidate]:
    """Every active topic but the target, with the reason why it is a control or none; most complaints first.

    Args:
        session: A session; nothing is written.
        change: The change.
        topic_id: Topic of the target.
        span: Days before the change.
    """
    topics = impact.topics_by_id(session)
    others = [topic for topic in topics.values() if topic.active and topic.id != topic_id]
    around = _Surroundings(
        change=change,
        target=topics[topic_id],
        counts=impact.complaints_by_topic(session, span),
        changed=_changed_topics(session, change),
        shared=shared_feedback(session, topic_id, span),
        alike=_alike(session, topic_id, [topic.id for topic in others]),
        weeks=span.days / 7,
    )
    others.sort(key=lambda topic: (-around.total(topic.id), topic.id))
    bars = {topic.id: _bar(topic, around) for topic in others}
    doubts = {topic.id: _doubt(topic, around) for topic in others if not bars[topic.id]}
    sound = [topic for topic in others if topic.id in doubts and not doubts[topic.id]]
    elsewhere = [topic for topic in sound if around.elsewhere(topic)]
    taken = {topic.id for topic in (elsewhere if len(elsewhere) >= FEWEST_ELSEWHERE else sound)[:MAX_CONTROLS]}
    return [
        Candidate(
            topic_id=topic.id,
            key=topic.key,
            name=topic.name,
            per_week=around.total(topic.id) / around.weeks,
            fits=topic.id in taken,
            barred=bool(bars[topic.id]),
            why=bars[topic.id] or doubts[topic.id] or _choice(topic, around, taken),
        )
        for topic in others
    ]


def _choice(topic: Topic, around: _Surroundings, taken: set[int]) -> str:
    if topic.id in taken:
        return "the change does not touch it"
    if not around.elsewhere(topic):
        return "part of the same process, and there are enough others"
    return f"there are {MAX_CONTROLS} with more complaints"


def _bar(topic: Topic, around: _Surroundings) -> str:
    target = around.target
    if target.id == topic.parent_id or topic.id == target.parent_id:
        return "the target is part of it, or it of the target"
    both = around.shared.get(topic.id, 0)
    rarer = min(around.total(topic.id), around.total(target.id))
    if rarer and both / rarer >= SHARED:
        return f"nearly the same complaints: {both / rarer:.0%} of the rarer one's feedback is about both"
    if around.alike.get(topic.id, 0.0) >= ALIKE:
        return "nearly the same words as the target"
    return ""


def _doubt(topic: Topic, around: _Surroundings) -> str:
    step = around.change.step_id or around.target.step_id
    if topic.id in around.changed:
        return "another change is meant for it"
    if topic.parent_id is not None and topic.parent_id == around.target.parent_id:
        return "the same branch of the topics"
    if step is not None and topic.step_id == step:
        return "part of the step that is changed"
    if around.total(topic.id) < FEWEST_PER_WEEK * around.weeks:
        return "too few complaints to compare with"
    return ""


def _changed_topics(session: Session, change: Change) -> frozenset[int]:
    """Topics that another change is meant for, in effect from shortly before this one on."""
    since = starts_on(change) - timedelta(days=TOUCHED_BEFORE)
    return frozenset(
        topic
        for other, topic in impact.other_changes(session, change)
        if topic is not None and starts_on(other) >= since
    )


def _alike(session: Session, topic_id: int, others: list[int]) -> dict[int, float]:
    vectors = topic_vectors(session, [topic_id, *others])
    own = vectors.pop(topic_id, None)
    return {} if own is None else {topic: float(own @ vector) for topic, vector in vectors.items()}
