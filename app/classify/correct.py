"""Command: a human's label for a mention; it wins at once there and at every later reading, and it teaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.domain.feedback import Friction
from app.domain.learning import Drawn
from app.engine.wake import wake
from app.errors import AppError, Kind
from app.store.label_tables import Correction, Mention
from app.store.mentions import find_mention, latest_correction, mention_text, mentions_at
from app.store.reference import list_topics
from app.store.tables import Topic
from app.store.taxonomy import hold_labels

SENTIMENTS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
SIGNALS = ("urgent", "response_needed", "escalation_intent")
LABELS = ("topic", "sentiment_label", "complaint", "friction", *SIGNALS)


@dataclass(frozen=True)
class Review:
    """How a mention came to be reviewed, and whether its label is gold: it then measures and never teaches."""

    drawn: Drawn = Drawn.OWN
    gold: bool = False


def correct_mention(
    session: Session,
    now: datetime,
    actor: Actor,
    mention_id: int,
    labels: Mapping[str, Any],
    review: Review | None = None,
) -> Correction:
    """Store a correction and apply it to the mention.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who says so.
        mention_id: The mention.
        labels: What is right, any of `LABELS`: `topic` (key, or None for no topic), `friction` (or None for none) and
            the others; what is left out stays as the model judged. Saying what the model said confirms it.
        review: How it came to it; by default somebody came across it.

    Returns:
        The stored correction.

    Raises:
        AppError: `mention_not_found`, or `bad_correction` with what may be said instead.
    """
    hold_labels(session)
    mention = find_mention(session, mention_id)
    topics = {topic.key: topic.id for topic in list_topics(session)}
    _check(labels, topics)
    review = review or Review()
    correction = Correction(
        feedback_id=mention.feedback_id,
        turn=mention.turn,
        start=mention.start,
        end=mention.end,
        text=mention_text(session, mention),
        labels=dict(labels),
        judged=_judged(session, mention) | _stood(session, mention, topics),
        drawn=review.drawn,
        gold=review.gold,
        actor=actor.name,
        created_at=now,
    )
    session.add(correction)
    _apply(session, mention, labels, topics)
    session.flush()
    facts = {"labels": sorted(labels), "gold": review.gold}
    record_audit(session, now, actor, "mention_corrected", f"mention:{mention.id}", **facts)
    for station in ("learn", "match"):
        wake(session, station, f"correction-{correction.id}")
    return correction


def correct_again(session: Session, correction: Correction) -> None:
    """Apply a correction once more, to what has taken the place of its mention; nothing where nothing has.

    Of a span with several topics it is the mention of the topic that was named, else of the one that was judged.
    """
    topics = {topic.key: topic.id for topic in list_topics(session)}
    mentions = mentions_at(session, correction)
    if not mentions:
        return
    by_topic = {mention.topic_id: mention for mention in mentions}
    named = [correction.labels[name] for name in ("topic",) if name in correction.labels]
    wanted = [topics.get(key or "") for key in (*named, correction.judged.get("topic"))]
    mention = next((by_topic[topic_id] for topic_id in wanted if topic_id in by_topic), mentions[0])
    _apply(session, mention, correction.labels, topics)
    session.flush()


def _judged(session: Session, mention: Mention) -> dict[str, Any]:
    """What the model had said; where somebody has corrected this very mention before, what it had said then.

    Where a correction of the same words elsewhere decided, nobody knows what the model would have said: empty.
    """
    if mention.corrected:
        earlier = latest_correction(session, mention)
        return earlier.judged if earlier is not None else {}
    topic = session.get(Topic, mention.topic_id) if mention.topic_id else None
    named = [name for label in LABELS[1:] for name in (label, f"{label.removesuffix('_label')}_confidence")]
    said = {name: getattr(mention, name) for name in ("topic_confidence", *named, "fingerprint")}
    return {"topic": topic.key if topic else None, **said}


def _stood(session: Session, mention: Mention, topics: Mapping[str, int]) -> dict[str, Any]:
    """Which of the span's mentions is corrected, by the topic that it has now ("" for none), and what stands beside."""
    keys = {topic_id: key for key, topic_id in topics.items()}
    others = (other for other in mentions_at(session, mention) if other.id != mention.id)
    return {
        "about": keys.get(mention.topic_id or 0, ""),
        "beside": [keys[other.topic_id] for other in others if other.topic_id in keys],
    }


def _check(labels: Mapping[str, Any], topics: Mapping[str, int]) -> None:
    # Lists on the right: a value may be any JSON, and looking a list up in a mapping is an error.
    unknown = sorted(set(labels) - set(LABELS))
    if unknown or not labels:
        _refuse(f"A correction says at least one of {', '.join(LABELS)} and nothing else.")
    if labels.get("topic") is not None and labels["topic"] not in list(topics):
        _refuse("The topic is not one of the active topics: give its key, or null for no topic.")
    if "sentiment_label" in labels and labels["sentiment_label"] not in list(SENTIMENTS):
        _refuse(f"sentiment_label is one of {', '.join(SENTIMENTS)}.")
    if labels.get("friction") is not None and labels["friction"] not in list(Friction):
        _refuse(f"friction is null or one of {', '.join(Friction)}.")
    for name in ("complaint", *SIGNALS):
        if name in labels and not isinstance(labels[name], bool):
            _refuse(f"{name} is true or false.")


def _refuse(message: str) -> None:
    raise AppError(Kind.INVALID, "bad_correction", message)


def _apply(session: Session, mention: Mention, labels: Mapping[str, Any], topics: Mapping[str, int]) -> None:
    for name, value in labels.items():
        if name == "topic":
            _move(session, mention, None if value is None else topics.get(value))
        else:
            setattr(mention, name, value)
        setattr(mention, f"{name.removesuffix('_label')}_confidence", 1.0)
    if "sentiment_label" in labels:
        mention.sentiment = SENTIMENTS[mention.sentiment_label]
    mention.corrected = True


def _move(session: Session, mention: Mention, topic_id: int | None) -> None:
    """Give a mention its topic; a mention that its span has of that topic already makes room for the corrected one."""
    if mention.topic_id == topic_id:
        return
    for other in mentions_at(session, mention):
        if other.id != mention.id and other.topic_id == topic_id:
            session.delete(other)
    session.flush()
    mention.topic_id = topic_id
