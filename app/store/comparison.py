"""Reading what tells two topics apart: feedback that complains about both, and the vectors of their complaints."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session, aliased

from app.store.copies import is_counted
from app.store.impact import Span, within
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Feedback

SAMPLE = 60
"""Newest complaints of a topic that stand for its words."""

Vector = npt.NDArray[np.float64]


def shared_feedback(session: Session, topic_id: int, span: Span) -> dict[int, int]:
    """Feedback items of a span that complain about `topic_id` and about another topic, per other topic."""
    own, other = aliased(Mention), aliased(Mention)
    query = (
        select(other.topic_id, func.count(distinct(other.feedback_id)))
        .select_from(own)
        .join(other, other.feedback_id == own.feedback_id)
        .join(Feedback, Feedback.id == own.feedback_id)
        .where(own.topic_id == topic_id, own.complaint, other.complaint)
        .where(other.topic_id.is_not(None), other.topic_id != topic_id, within(span))
        .group_by(other.topic_id)
    )
    return {topic: count for topic, count in session.execute(query) if topic is not None}


def topic_vectors(session: Session, topic_ids: Collection[int]) -> dict[int, Vector]:
    """Mean direction of a topic's newest complaints, unit length; topics without vectors are left out.

    Only vectors of the model that read the newest of them all are used: those of two models cannot be compared.
    """
    samples = {topic: _newest(session, topic) for topic in sorted(topic_ids)}
    newest = max((row[0] for rows in samples.values() for row in rows), default=0)
    model = next((row[1] for rows in samples.values() for row in rows if row[0] == newest), None)
    means = {}
    for topic, rows in samples.items():
        vectors = [np.frombuffer(raw, "<f2").astype(np.float64) for _, name, raw in rows if name == model]
        mean = np.mean(vectors, axis=0) if vectors else np.zeros(1)
        length = float(np.linalg.norm(mean))
        if length > 0:
            means[topic] = mean / length
    return means


def _newest(session: Session, topic_id: int) -> list[tuple[int, str, bytes]]:
    query = (
        select(Mention.id, MentionVector.model, MentionVector.vector)
        .join(MentionVector, MentionVector.mention_id == Mention.id)
        .where(Mention.topic_id == topic_id, Mention.complaint, is_counted())
        .order_by(Mention.id.desc())
        .limit(SAMPLE)
    )
    return [(mention, model, vector) for mention, model, vector in session.execute(query)]
