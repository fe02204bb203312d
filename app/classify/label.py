"""Station: reads pending feedback and writes its mentions, with vectors, confidences and the fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import ColumnElement, delete, insert, or_, select
from sqlalchemy.orm import Session

from app.classify.taxonomy import Known, load_known
from app.classify.texts import Read, Unread, load_texts, mention_rows, note_reading, read_texts
from app.domain.cases import LONGEST_AGE, is_fresh
from app.domain.feedback import FeedbackState
from app.errors import AppError
from app.log import get_logger
from app.store.label_tables import Mention, MentionVector
from app.store.reference import latest_taxonomy
from app.store.tables import Feedback
from app.store.taxonomy import hold_labels

if TYPE_CHECKING:
    from app.classify.loading import Readers

BATCH = 200
"""Enough texts for batches of like length, few enough that their layers stay below 10 MB."""
LEASE = timedelta(minutes=10)
ALONE_FROM = 2
"""From this attempt on a feedback is read alone: it may be what brought its batch down."""
GIVE_UP_AT = 5
MODEL_WAIT = timedelta(minutes=1)
"""How long feedback waits that could not be read because there is no model."""

_log = get_logger("classify")


class Tools(Protocol):
    """What the station works with."""

    @property
    def readers(self) -> Readers:
        """Gives a reader for topics and corrections."""


@dataclass(frozen=True)
class Batch:
    """Feedback leased together, and what the reader must know."""

    unread: tuple[Unread, ...]
    known: Known


@dataclass(frozen=True)
class Outcome:
    """What was read, by which model; `unread` could not be, `because` there is no model."""

    known: Known
    read: tuple[Read, ...] = ()
    fingerprint: str = ""
    model: str = ""
    unread: tuple[int, ...] = ()
    because: str = ""


def claim(session: Session, now: datetime) -> Batch | None:
    """Lease up to `BATCH` pending feedback; what failed twice comes last and alone, five times is parked."""
    due = (Feedback.state == FeedbackState.PENDING) & or_(Feedback.leased_until.is_(None), Feedback.leased_until <= now)
    _give_up(session, due)
    query = select(Feedback).where(due).order_by(Feedback.attempts >= ALONE_FROM, Feedback.id).limit(BATCH)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    fresh = [row for row in rows if row.attempts < ALONE_FROM]
    chosen = fresh or rows[:1]
    if not chosen:
        return None
    for row in chosen:
        row.attempts += 1
        row.leased_until = now + LEASE
    return Batch(load_texts(session, chosen), load_known(session))


def work(batch: Batch, tools: Tools) -> Outcome:
    """Read; one encoder pass over all texts of the batch."""
    try:
        reader = tools.readers.current(batch.known)
    except AppError as error:
        return Outcome(batch.known, unread=tuple(one.id for one in batch.unread), because=error.code)
    read = read_texts(reader, batch.unread)
    return Outcome(batch.known, read, reader.fingerprint, tools.readers.encoder().fingerprint)


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Replace the mentions of what was read; a feedback that changed meanwhile, or is done, is left alone.

    What waits for a model keeps its attempts: a wrong setting must not park what customers said. What was read with
    topics that are no longer the published ones is read again.
    """
    if outcome.unread:
        _put_off(session, outcome.unread, until=now + MODEL_WAIT, because=outcome.because)
        _log.error("feedback_waits_for_model", feedback=len(outcome.unread), reason=outcome.because)
        return
    hold_labels(session)
    published = latest_taxonomy(session)
    if published is not None and published.id != outcome.known.taxonomy_version_id:
        _put_off(session, [read.id for read in outcome.read], until=None, because=None)
        return
    revisions = {read.id: read.content_rev for read in outcome.read}
    query = select(Feedback).where(Feedback.id.in_(revisions), Feedback.state == FeedbackState.PENDING)
    rows = {
        row.id: row
        for row in session.scalars(query.with_for_update().execution_options(populate_existing=True))
        if row.content_rev == revisions[row.id]
    }
    session.execute(delete(Mention).where(Mention.feedback_id.in_(rows)))
    kept = [read for read in outcome.read if read.id in rows]
    _insert(session, kept, outcome)
    for row in rows.values():
        row.state, row.attempts = FeedbackState.LABELLED, 0
        row.leased_until = row.last_error = None
        row.case_due = is_fresh(row.occurred_at, row.received_at, LONGEST_AGE)
    for read in kept:
        note_reading(rows[read.id], read)
    session.flush()
    _log.info("feedback_labelled", feedback=len(kept), mentions=sum(len(read.mentions) for read in kept))


def release(session: Session, now: datetime, batch: Batch, reason: str) -> None:  # noqa: ARG001 - every station has it
    """Give the leases back of a batch that could not be read or recorded; at the fifth time park it."""
    still = (Feedback.state == FeedbackState.PENDING) & Feedback.id.in_([one.id for one in batch.unread])
    for row in session.scalars(select(Feedback).where(still).with_for_update()):
        row.leased_until, row.last_error = None, reason
    session.flush()
    _give_up(session, still)


def _put_off(session: Session, ids: Sequence[int], *, until: datetime | None, because: str | None) -> None:
    still = (Feedback.state == FeedbackState.PENDING) & Feedback.id.in_(ids)
    for row in session.scalars(select(Feedback).where(still).with_for_update()):
        row.attempts, row.leased_until, row.last_error = max(row.attempts - 1, 0), until, because
    session.flush()


def _give_up(session: Session, which: ColumnElement[bool]) -> None:
    query = select(Feedback).where(which, Feedback.attempts >= GIVE_UP_AT).with_for_update(skip_locked=True)
    for row in session.scalars(query):
        row.state = FeedbackState.PARKED
        row.leased_until = None
        row.last_error = row.last_error or "the process ended each time while this was read"
    session.flush()


def _insert(session: Session, kept: Sequence[Read], outcome: Outcome) -> None:
    found = [pair for read in kept for pair in mention_rows(read, outcome.known.topic_ids, outcome.fingerprint)]
    if not found:
        return
    rows = [row for row, _ in found]
    ids = session.scalars(insert(Mention).returning(Mention.id, sort_by_parameter_order=True), rows).all()
    session.execute(
        insert(MentionVector),
        [
            {"mention_id": mention_id, "model": outcome.model, "vector": mention.vector.astype("<f2").tobytes()}
            for mention_id, (_, mention) in zip(ids, found, strict=True)
        ],
    )
