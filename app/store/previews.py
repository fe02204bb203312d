"""Reading what a preview compares: the labels of spans as they are stored and as a draft's topics would have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.store.label_tables import Mention, RelabelRun, StagedMention, StagedReading
from app.store.tables import Feedback, Topic

Place = tuple[int, int, int, int]
"""Feedback, turn, start and end."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One mention on one of the two sides; `topic` is a key, or None where there is none."""

    after: bool
    place: Place
    topic: str | None
    mention_id: int | None
    day: date


def mentions_before_and_after(session: Session, run: RelabelRun) -> Iterator[Seen]:
    """All mentions of what a run has read, stored ones first; feedback that changed since is left out."""
    same = and_(
        StagedReading.run_id == run.id,
        StagedReading.feedback_id == Feedback.id,
        StagedReading.content_rev == Feedback.content_rev,
        ~StagedReading.passed_over,
    )
    stored = (
        select(
            Mention.feedback_id, Mention.turn, Mention.start, Mention.end, Topic.key, Mention.id, Feedback.occurred_at
        )
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .join(StagedReading, same)
        .outerjoin(Topic, Topic.id == Mention.topic_id)
        .where(Mention.content_rev == Feedback.content_rev)
    )
    for feedback_id, turn, start, end, topic, mention_id, at in session.execute(stored):
        yield Seen(False, (feedback_id, turn, start, end), topic, mention_id, at.astimezone(UTC).date())  # noqa: FBT003
    columns = (StagedMention.feedback_id, StagedMention.turn, StagedMention.start, StagedMention.end)
    staged = (
        select(*columns, StagedMention.topic, Feedback.occurred_at)
        .join(Feedback, Feedback.id == StagedMention.feedback_id)
        .join(StagedReading, same)
        .where(StagedMention.run_id == run.id)
    )
    for feedback_id, turn, start, end, key, at in session.execute(staged):
        yield Seen(True, (feedback_id, turn, start, end), key, None, at.astimezone(UTC).date())  # noqa: FBT003
