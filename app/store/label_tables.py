"""The tables of the classify room: what was made of the customers' words, and what people said about it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false
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
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())
    urgent_confidence: Mapped[float] = mapped_column(default=0.0, server_default="0")
    response_needed: Mapped[bool] = mapped_column(default=False, server_default=false())
    response_needed_confidence: Mapped[float] = mapped_column(default=0.0, server_default="0")
    escalation_intent: Mapped[bool] = mapped_column(default=False, server_default=false())
    escalation_intent_confidence: Mapped[float] = mapped_column(default=0.0, server_default="0")
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
    __table_args__ = (Index(None, "feedback_id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = row_id()  # never given twice: versions of the model remember up to which one they were taught
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"))
    turn: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str]
    labels: Mapped[Document]  # any of topic (key or null), sentiment_label, complaint, friction, the yes/no signals
    judged: Mapped[Document] = mapped_column(server_default="{}")  # what the model had said; {}: not known
    drawn: Mapped[str] = mapped_column(String(16), default="own", server_default="own")  # queue, random, own
    gold: Mapped[bool] = mapped_column(default=False, server_default=false())  # measures, never teaches
    actor: Mapped[str]
    created_at: Mapped[datetime]


class ModelVersion(Row):
    """One step of what corrections have taught: those after the version before it, up to `corrections_to`."""

    __tablename__ = "model_versions"
    __writer__ = "classify"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    taxonomy_version_id: Mapped[int | None] = mapped_column(ForeignKey("taxonomy_versions.id"))
    corrections_to: Mapped[int]  # no foreign key: corrections go with the person who is erased
    fingerprint: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))  # domain.learning.VersionState
    before: Mapped[Document]  # {label: {"right", "texts"}} of the version before it on the gold texts
    after: Mapped[Document]  # the same for this version
    hits: Mapped[Document]  # which gold texts: {"after", "best"}, each as domain.learning.dump_figures gives it
    reason: Mapped[str]
    created_at: Mapped[datetime]


class DriftReading(Row):
    """One statistic of one week against the weeks before it, as seen at the end of `day`."""

    __tablename__ = "drift_readings"
    __writer__ = "classify"
    __table_args__ = (UniqueConstraint("day", "statistic"),)
    id: Mapped[int] = row_id()
    day: Mapped[date]  # the last day that was counted (UTC)
    statistic: Mapped[str] = mapped_column(String(16))  # domain.drift.Statistic
    value: Mapped[float]
    expected_low: Mapped[float]
    expected_high: Mapped[float]
    p_value: Mapped[float]
    alarm: Mapped[bool]  # it opened on an earlier day and is not closed yet, or opens on this day
    facts: Mapped[Document]  # weeks and mentions compared, labels that moved most
