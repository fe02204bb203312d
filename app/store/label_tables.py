"""The tables of the classify room: what was made of the customers' words, and what people said about it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Document, Leased, Row, row_id, unique_where


class SpanLabels:
    """A span of a customer turn and what the heads said about it; offsets are characters of the turn's text."""

    content_rev: Mapped[int]
    turn: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
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


LABEL_COLUMNS: tuple[str, ...] = tuple(SpanLabels.__annotations__)


class Mention(Row, SpanLabels):
    """One span with one topic and one sentiment; a span with several topics has a mention for each."""

    __tablename__ = "mentions"
    __writer__ = "classify"
    __table_args__ = (
        Index("uq_mentions_topic", "feedback_id", "turn", "start", "end", "topic_id", unique=True),
        unique_where("uq_mentions_no_topic", "feedback_id", "turn", "start", "end", where="topic_id IS NULL"),
        Index(None, "topic_id", "complaint"),
    )
    id: Mapped[int] = row_id()
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))  # None: abstained


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


class TrafficSample(Row):
    """A drawing of customers' words, unlabelled, that topics are placed by; the newest one is in use."""

    __tablename__ = "traffic_samples"
    __writer__ = "classify"
    id: Mapped[int] = row_id()
    newest_id: Mapped[int]  # of all feedback, when it was drawn: much more since asks for a new drawing
    drawn_at: Mapped[datetime]


class TrafficText(Row):
    """What a customer said in one turn; it goes with its feedback, and with the next sample."""

    __tablename__ = "traffic_texts"
    __writer__ = "classify"
    id: Mapped[int] = row_id()
    sample_id: Mapped[int] = mapped_column(ForeignKey("traffic_samples.id", ondelete="CASCADE"), index=True)
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), index=True)
    text: Mapped[str]


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


class RelabelRun(Row, Leased):
    """One reading of history, or of a sample of it, into staging: it is swapped in at its end, or only compared."""

    __tablename__ = "relabel_runs"
    __writer__ = "classify"
    __table_args__ = (
        unique_where("uq_relabel_runs_history", "kind", where="state = 'running' AND kind = 'history'"),
        Index(None, "state", "leased_until"),
    )
    id: Mapped[int] = row_id()
    kind: Mapped[str] = mapped_column(String(16))  # domain.relabelling.RunKind
    state: Mapped[str] = mapped_column(String(16))  # domain.relabelling.RunState
    taxonomy_version_id: Mapped[int] = mapped_column(ForeignKey("taxonomy_versions.id"))  # current when it started
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("taxonomy_drafts.id"))  # a preview reads with its topics
    model: Mapped[str | None]  # the part of the fingerprint that all of its readings share; None before the first
    floor_id: Mapped[int]  # feedback with a smaller id is not read
    cursor_id: Mapped[int]  # feedback from this id on has been read: newest first
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    passed_over: Mapped[int] = mapped_column(default=0)  # could not be read: their old mentions stay
    corrections_to: Mapped[int]  # newest correction at the start; later ones are applied again at the swap
    result: Mapped[Document | None]  # of a preview
    asked_by: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class StagedReading(Row):
    """A feedback that a run has read, with or without mentions; one that could not be read keeps what it has."""

    __tablename__ = "staged_readings"
    __writer__ = "classify"
    run_id: Mapped[int] = mapped_column(ForeignKey("relabel_runs.id", ondelete="CASCADE"), primary_key=True)
    feedback_id: Mapped[int] = mapped_column(
        ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    content_rev: Mapped[int]
    passed_over: Mapped[bool] = mapped_column(default=False)


class StagedMention(Row, SpanLabels):
    """A mention that a run has found and that nobody sees before the swap."""

    __tablename__ = "staged_mentions"
    __writer__ = "classify"
    __table_args__ = (
        ForeignKeyConstraint(
            ["run_id", "feedback_id"], ["staged_readings.run_id", "staged_readings.feedback_id"], ondelete="CASCADE"
        ),
        Index(None, "run_id", "feedback_id"),
    )
    id: Mapped[int] = row_id()
    run_id: Mapped[int]
    feedback_id: Mapped[int]
    topic: Mapped[str | None]  # key: the topics of a draft are not in `topics`
    topic_id: Mapped[int | None]
    encoder: Mapped[str]
    vector: Mapped[bytes]
    mention_id: Mapped[int | None]  # while swapping: the mention in the same place with the same topic


class TrendLine(Row):
    """Counts as they were before history was read anew, kept beside the current ones."""

    __tablename__ = "trend_lines"
    __writer__ = "classify"
    id: Mapped[int] = row_id()
    run_id: Mapped[int] = mapped_column(ForeignKey("relabel_runs.id"))  # the run that replaced what is counted here
    taxonomy_version_id: Mapped[int] = mapped_column(ForeignKey("taxonomy_versions.id"))  # what it was read with
    model: Mapped[str]
    until: Mapped[date]  # last day that it counts, not all of it: from then on texts were read by the new model
    replaced_at: Mapped[datetime]


class TrendCount(Row):
    """One day of one topic in a kept trend line."""

    __tablename__ = "trend_counts"
    __writer__ = "classify"
    line_id: Mapped[int] = mapped_column(ForeignKey("trend_lines.id", ondelete="CASCADE"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # UTC, by when it was said
    mentions: Mapped[int]
    complaints: Mapped[int]
    people: Mapped[int]  # behind the complaints of that day
