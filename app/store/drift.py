"""Reading what drift is watched by: a week's labels, a sample of its embeddings, and earlier readings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, distinct, func, select
from sqlalchemy.orm import Session

from app.store.keyset import After, keyset_page
from app.store.label_tables import DriftReading, Mention, MentionVector
from app.store.tables import Feedback, Topic

MOST_VECTORS = 500
"""Embeddings of one week that are looked at."""

_PRIME, _FACTOR = 2_147_483_647, 1_103_515_245


def newest_model(session: Session) -> tuple[str, str | None] | None:
    """Fingerprint of the newest mention that no person has decided, and the model of its vector; None without any."""
    query = (
        select(Mention.fingerprint, MentionVector.model)
        .outerjoin(MentionVector, MentionVector.mention_id == Mention.id)
        .where(~Mention.corrected)
        .order_by(Mention.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1])


def week_labels(session: Session, last: date, fingerprint: str) -> dict[tuple[str | None, str], int]:
    """Mentions of the seven UTC days up to `last` per topic key and sentiment, of one model, whatever it was taught."""
    query = (
        select(Topic.key, Mention.sentiment_label, func.count())
        .select_from(Mention)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .outerjoin(Topic, Topic.id == Mention.topic_id)
        .where(_within(last), _of_model(fingerprint))
        .group_by(Topic.key, Mention.sentiment_label)
    )
    return {(topic, sentiment): count for topic, sentiment, count in session.execute(query)}


def week_texts(session: Session, last: date, fingerprint: str) -> int:
    """Feedback that those mentions come from."""
    query = select(func.count(distinct(Mention.feedback_id))).join(Feedback, Feedback.id == Mention.feedback_id)
    return session.scalars(query.where(_within(last), _of_model(fingerprint))).one()


def week_vectors(session: Session, last: date, model: str | None) -> list[bytes]:
    """Embeddings (float16, little-endian) of at most `MOST_VECTORS` mentions of the seven UTC days up to `last`."""
    query = (
        select(MentionVector.vector)
        .join(Mention, Mention.id == MentionVector.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(_within(last), MentionVector.model == model)
        # Any mention is as likely to be in the sample as any other, and it is the same at every look.
        .order_by(Mention.id % _PRIME * _FACTOR % _PRIME)
        .limit(MOST_VECTORS)
    )
    return list(session.scalars(query))


def last_readings(session: Session) -> Sequence[DriftReading]:
    """What was read for the last day that was read, by statistic; an alarm is on if it is on there."""
    newest = select(func.max(DriftReading.day)).scalar_subquery()
    query = select(DriftReading).where(DriftReading.day == newest).order_by(DriftReading.statistic)
    return session.scalars(query).all()


def alarm_since(session: Session, reading: DriftReading) -> date | None:
    """The day on which the alarm opened that is on in `reading`; None where there is none."""
    if not reading.alarm:
        return None
    same = and_(DriftReading.statistic == reading.statistic, DriftReading.id <= reading.id)
    quiet = select(func.max(DriftReading.id)).where(same, ~DriftReading.alarm).scalar_subquery()
    query = select(func.min(DriftReading.day)).where(same, DriftReading.id > func.coalesce(quiet, 0))
    return session.scalar(query)


def list_readings(session: Session, after: After | None, limit: int) -> Sequence[DriftReading]:
    """Readings, newest first; one more than `limit` where more follow."""
    query = select(DriftReading)
    return session.scalars(keyset_page(query, (DriftReading.id, DriftReading.id), after, limit)).all()


def _of_model(fingerprint: str) -> ColumnElement[bool]:
    return Mention.fingerprint.startswith(fingerprint.partition(".")[0], autoescape=True)


def _within(last: date) -> ColumnElement[bool]:
    end = datetime.combine(last + timedelta(days=1), time(), UTC)
    return and_(Feedback.occurred_at >= end - timedelta(days=7), Feedback.occurred_at < end)
