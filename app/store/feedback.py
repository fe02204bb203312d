"""Reads of feedback: lists, one utterance with its turns and scores, and counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.feedback import FeedbackState
from app.store.keyset import After, keyset_page
from app.store.label_tables import Mention
from app.store.tables import Feedback, Score, Source, Topic, Turn


@dataclass(frozen=True)
class FeedbackFilter:
    """Which feedback is wanted; a part that is None wants all.

    Attributes:
        source: Key of the source.
        medium: How it was said.
        state: Where it stands.
        customer_ref: Who said it.
        case_ref: What it is about.
        topic: Key of a topic that one of its mentions carries.
        complaint: Whether one of its mentions is a complaint (about `topic`, if that is given).
        since: Said at or after this instant.
        until: Said before this instant.
    """

    source: str | None = None
    medium: str | None = None
    state: str | None = None
    customer_ref: str | None = None
    case_ref: str | None = None
    topic: str | None = None
    complaint: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Found:
    """One utterance with its words and scores."""

    feedback: Feedback
    source: str
    turns: Sequence[Turn]
    scores: Sequence[Score]


def list_feedback(
    session: Session, wanted: FeedbackFilter, after: After | None, limit: int
) -> list[tuple[Feedback, str]]:
    """Feedback with its source's key, newest (`occurred_at`) first; one more than `limit` where more follow."""
    statement: Any = select(Feedback, Source.key).join(Source)
    equal = (
        (Source.key, wanted.source),
        (Feedback.medium, wanted.medium),
        (Feedback.state, wanted.state),
        (Feedback.customer_ref, wanted.customer_ref),
        (Feedback.case_ref, wanted.case_ref),
    )
    for column, value in equal:
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(Feedback.occurred_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Feedback.occurred_at < wanted.until)
    if wanted.topic is not None or wanted.complaint is not None:
        mentions = select(Mention.feedback_id)
        if wanted.topic is not None:
            mentions = mentions.join(Topic).where(Topic.key == wanted.topic)
        if wanted.complaint is not None:
            mentions = mentions.where(Mention.complaint.is_(wanted.complaint))
        statement = statement.where(Feedback.id.in_(mentions))
    page = keyset_page(statement, (Feedback.occurred_at, Feedback.id), after, limit)
    return [(feedback, key) for feedback, key in session.execute(page)]


def read_feedback(session: Session, feedback_id: int) -> Found | None:
    """One utterance, or None; `quotes.feedback_quotes` has its mentions."""
    row = session.execute(select(Feedback, Source.key).join(Source).where(Feedback.id == feedback_id)).one_or_none()
    if row is None:
        return None
    return Found(
        row[0],
        row[1],
        turns_of(session, feedback_id),
        session.scalars(select(Score).where(Score.feedback_id == feedback_id).order_by(Score.position)).all(),
    )


def turns_of(session: Session, feedback_id: int) -> Sequence[Turn]:
    """The turns in their order."""
    return session.scalars(select(Turn).where(Turn.feedback_id == feedback_id).order_by(Turn.position)).all()


def read_state(session: Session, feedback_id: int) -> str | None:
    """Whether one utterance was read; None if there is no such one."""
    return session.scalar(select(Feedback.state).where(Feedback.id == feedback_id))


def is_any_labelled(session: Session) -> bool:
    """Whether anything was read yet."""
    return session.scalar(select(Feedback.id).where(Feedback.state == FeedbackState.LABELLED).limit(1)) is not None


def count_feedback(session: Session) -> dict[str, int]:
    """How many utterances there are per state."""
    counts = session.execute(select(Feedback.state, func.count()).group_by(Feedback.state))
    return {state: count for state, count in counts}  # noqa: C416 - rows are no pairs to the type checker
