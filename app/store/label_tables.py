"""The tables of the classify room: what was made of the customers' words, and what people said about it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Document, Row, row_id


class Mention(Row):
    """One span of a customer turn with one topic and one sentiment; offsets are characters of the turn's text."""

    __tablename__ = "mentions"
    __writer__ = "classify"
    __table_args__ = (Index(None, "feedback_id"), Index(None, "topic_id", "complaint"))
    id: Mapped[int] = row_id()
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"))
    content_rev: Mapped[int]
    turn: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))  # None: abstained
    topic_confidence: Mapped[float]
    sentiment: Mapped[float]  # -1..1
    sentiment_label: Mapped[str] = mapped_column(String(16))
    sentiment_confidence: Mapped[float]
    complaint: Mapped[bool]
    complaint_confidence: Mapped[float]
    friction: Mapped[str | None] = mapped_column(String(32))  # domain.feedback.Friction
    friction_confidence: Mapped[float]
    fingerprint: Mapped[str]
    corrected: Mapped[bool] = mapped_column(default=False)


class MentionVector(Row):
    """A mention's embedding: float16, little-endian; apart from the mention to keep that narrow."""

    __tablename__ = "mention_vectors"
    __writer__ = "classify"
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str]
    vector: Mapped[bytes]


class Correction(Row):
    """A human's label for a span; wins over the model at every later reading. None = not corrected in that respect."""

    __tablename__ = "corrections"
    __writer__ = "classify"
    __table_args__ = (Index(None, "feedback_id"),)
    id: Mapped[int] = row_id()
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"))
    turn: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str]
    labels: Mapped[Document]  # any of topic (key or null), sentiment_label, complaint, friction
    actor: Mapped[str]
    created_at: Mapped[datetime]
