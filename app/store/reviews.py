"""Reading what people have reviewed, and what they should look at next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.domain.learning import Drawn
from app.domain.quality import Reviewed
from app.store.label_tables import Correction, Mention, MentionVector
from app.store.tables import Feedback, Topic, Turn

MOST_DOUBTFUL = 2000
"""Of so many of the most doubtful mentions those are chosen that teach most."""

RANDOM_DAYS = 28
"""A random sample is drawn from what was said in so many days."""

DOUBTFUL_DAYS = 91
_PRIME = 2_147_483_647


def topic_reviews(session: Session, fingerprint: str | None = None) -> list[Reviewed]:
    """Mentions whose topic somebody has reviewed and of which it is known what the model had said.

    Args:
        session: A session.
        fingerprint: Only those that this model had read; None: all.

    Returns:
        The last review of each mention.
    """
    columns = (Correction.feedback_id, Correction.turn, Correction.start, Correction.end)
    query = select(*columns, Correction.labels, Correction.judged, Correction.drawn).order_by(Correction.id)
    last = {
        (feedback, turn, start, end): Reviewed(judged["topic"], labels["topic"], drawn == Drawn.RANDOM)
        for feedback, turn, start, end, labels, judged, drawn in session.execute(query)
        if "topic" in labels and "topic" in judged and fingerprint in {None, judged["fingerprint"]}
    }
    return list(last.values())


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A mention that might be looked at; its embedding is float16, little-endian."""

    id: int
    confidence: float
    model: str | None
    vector: bytes | None


def doubtful_mentions(session: Session, now: datetime, below: float) -> list[Doubtful]:
    """The least sure complaints of the last months that nobody has reviewed, with their vectors."""
    doubtful = or_(Mention.topic_id.is_(None), Mention.topic_confidence < below)
    query = (
        select(Mention.id, Mention.topic_confidence, MentionVector.model, MentionVector.vector)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .outerjoin(MentionVector, MentionVector.mention_id == Mention.id)
        .where(Mention.complaint, ~Mention.corrected, doubtful)
        .where(Feedback.occurred_at >= now - timedelta(days=DOUBTFUL_DAYS))
        .order_by(Mention.topic_confidence, Mention.id)
        .limit(MOST_DOUBTFUL)
    )
    return [Doubtful(*row) for row in session.execute(query)]


def random_mentions(session: Session, now: datetime, limit: int) -> Sequence[int]:
    """Ids of mentions drawn at random from those of the last weeks that nobody has reviewed; the same all day (UTC).

    Every mention is as likely as any other, whatever the model made of it. Drawn by a random linear map modulo a
    prime: one pass over ids, and the same on both databases.
    """
    factor, shift = _seed(now.date())
    place = (Mention.id % _PRIME * factor + shift) % _PRIME
    query = (
        select(Mention.id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(~Mention.corrected, Feedback.occurred_at >= now - timedelta(days=RANDOM_DAYS))
        .order_by(place, Mention.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def mentions_with_words(session: Session, ids: Sequence[int]) -> dict[int, tuple[Mention, str, str | None]]:
    """Mentions by id with the customers' words and the topic's key."""
    turn = and_(Turn.feedback_id == Mention.feedback_id, Turn.position == Mention.turn)
    query = select(Mention, Turn.text, Topic.key).join(Turn, turn).outerjoin(Topic, Topic.id == Mention.topic_id)
    return {
        mention.id: (mention, text[mention.start : mention.end], topic)
        for mention, text, topic in session.execute(query.where(Mention.id.in_(ids)))
    }


def _seed(day: date) -> tuple[int, int]:
    # Two numbers below the prime, far apart from one day to the next (Knuth's multiplicative hash).
    return day.toordinal() * 2_654_435_761 % (_PRIME - 1) + 1, day.toordinal() * 40_503 % _PRIME
