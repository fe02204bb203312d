"""Command: a human's label for a mention; it wins at once there and at every later reading, and it teaches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.domain.feedback import Friction
from app.engine.wake import wake
from app.errors import AppError, Kind
from app.store.label_tables import Correction, Mention
from app.store.mentions import find_mention, mention_text
from app.store.reference import list_topics

SENTIMENTS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
LABELS = ("topic", "sentiment_label", "complaint", "friction")


def correct_mention(
    session: Session, now: datetime, actor: Actor, mention_id: int, labels: Mapping[str, Any]
) -> Correction:
    """Store a correction and apply it to the mention.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who says so.
        mention_id: The mention.
        labels: What is right, any of `topic` (key, or None for no topic), `sentiment_label`, `complaint`, `friction`
            (or None for none); what is left out stays as the model judged.

    Returns:
        The stored correction.

    Raises:
        AppError: `mention_not_found`, or `bad_correction` with what may be said instead.
    """
    mention = find_mention(session, mention_id)
    if mention is None:
        message = "There is no such mention. A text that was read anew has new mentions: read the feedback again."
        raise AppError(Kind.NOT_FOUND, "mention_not_found", message)
    topics = {topic.key: topic.id for topic in list_topics(session)}
    _check(labels, topics)
    correction = Correction(
        feedback_id=mention.feedback_id,
        turn=mention.turn,
        start=mention.start,
        end=mention.end,
        text=mention_text(session, mention),
        labels=dict(labels),
        actor=actor.name,
        created_at=now,
    )
    session.add(correction)
    _apply(mention, labels, topics)
    session.flush()
    record_audit(session, now, actor, "mention_corrected", f"mention:{mention.id}", labels=sorted(labels))
    wake(session, "match", f"correction-{correction.id}")
    return correction


def _check(labels: Mapping[str, Any], topics: Mapping[str, int]) -> None:
    # Lists on the right: a value may be any JSON, and looking a list up in a mapping is an error.
    unknown = sorted(set(labels) - set(LABELS))
    if unknown or not labels:
        _refuse(f"A correction says at least one of {', '.join(LABELS)} and nothing else.")
    if labels.get("topic") is not None and labels["topic"] not in list(topics):
        _refuse("The topic is not one of the active topics: give its key, or null for no topic.")
    if "sentiment_label" in labels and labels["sentiment_label"] not in list(SENTIMENTS):
        _refuse(f"sentiment_label is one of {', '.join(SENTIMENTS)}.")
    if "complaint" in labels and not isinstance(labels["complaint"], bool):
        _refuse("complaint is true or false.")
    if labels.get("friction") is not None and labels["friction"] not in list(Friction):
        _refuse(f"friction is null or one of {', '.join(Friction)}.")


def _refuse(message: str) -> None:
    raise AppError(Kind.INVALID, "bad_correction", message)


def _apply(mention: Mention, labels: Mapping[str, Any], topics: Mapping[str, int]) -> None:
    if "topic" in labels:
        mention.topic_id = topics[labels["topic"]] if labels["topic"] is not None else None
        mention.topic_confidence = 1.0
    if "sentiment_label" in labels:
        mention.sentiment_label = labels["sentiment_label"]
        mention.sentiment, mention.sentiment_confidence = SENTIMENTS[mention.sentiment_label], 1.0
    if "complaint" in labels:
        mention.complaint, mention.complaint_confidence = labels["complaint"], 1.0
    if "friction" in labels:
        mention.friction, mention.friction_confidence = labels["friction"], 1.0
    mention.corrected = True
