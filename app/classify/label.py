"""Station: reads pending feedback and writes its mentions, with vectors, confidences and the fingerprint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import ColumnElement, delete, insert, or_, select
from sqlalchemy.orm import Session

from app.classify.judged import labels_of
from app.classify.taxonomy import Known, load_known
from app.domain.feedback import FeedbackState
from app.errors import AppError
from app.log import get_logger
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Feedback, Turn

if TYPE_CHECKING:
    from app.classify.loading import Readers
    from classifiers import contract

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
class Unread:
    """One leased feedback; `content_rev` is the revision that will have been read."""

    id: int
    content_rev: int
    question: str | None
    turns: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class Batch:
    """Feedback leased together, and what the reader must know."""

    unread: tuple[Unread, ...]
    known: Known


@dataclass(frozen=True)
class Read:
    """What a feedback says: mentions whose turn is already the turn's position."""

    id: int
    content_rev: int
    mentions: tuple[contract.Mention, ...]


@dataclass(frozen=True)
class Outcome:
    """What was read, by which model; `unread` could not be, `because` there is no model."""

    read: tuple[Read, ...] = ()
    topic_ids: dict[str, int] = field(default_factory=dict)
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
    turns = _turns(session, [row.id for row in chosen])
    unread = tuple(Unread(row.id, row.content_rev, row.question, tuple(turns[row.id])) for row in chosen)
    return Batch(unread, load_known(session))


def work(batch: Batch, tools: Tools) -> Outcome:
    """Read; one encoder pass over all texts of the batch."""
    from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed

    try:
        reader = tools.readers.current(batch.known)
    except AppError as error:
        return Outcome(unread=tuple(one.id for one in batch.unread), because=error.code)
    conversations = [[contract.Turn(role, text) for _, role, text in one.turns] for one in batch.unread]
    found = reader.read(conversations, [one.question for one in batch.unread])
    read = tuple(
        Read(one.id, one.content_rev, tuple(_at_position(mention, one) for mention in reading.mentions))
        for one, reading in zip(batch.unread, found, strict=True)
    )
    return Outcome(read, batch.known.topic_ids, reader.fingerprint, tools.readers.encoder().fingerprint)


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Replace the mentions of what was read; a feedback that changed meanwhile, or is done, is left alone.

    What waits for a model keeps its attempts: a wrong setting must not park what customers said.
    """
    if outcome.unread:
        _wait_for_model(session, now, outcome)
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
    session.flush()
    _log.info("feedback_labelled", feedback=len(kept), mentions=sum(len(read.mentions) for read in kept))


def release(session: Session, now: datetime, batch: Batch, reason: str) -> None:  # noqa: ARG001 - every station has it
    """Give the leases back of a batch that could not be read or recorded; at the fifth time park it."""
    still = (Feedback.state == FeedbackState.PENDING) & Feedback.id.in_([one.id for one in batch.unread])
    for row in session.scalars(select(Feedback).where(still).with_for_update()):
        row.leased_until, row.last_error = None, reason
    session.flush()
    _give_up(session, still)


def _wait_for_model(session: Session, now: datetime, outcome: Outcome) -> None:
    still = (Feedback.state == FeedbackState.PENDING) & Feedback.id.in_(outcome.unread)
    for row in session.scalars(select(Feedback).where(still).with_for_update()):
        row.attempts, row.leased_until, row.last_error = max(row.attempts - 1, 0), now + MODEL_WAIT, outcome.because
    session.flush()
    _log.error("feedback_waits_for_model", feedback=len(outcome.unread), reason=outcome.because)


def _give_up(session: Session, which: ColumnElement[bool]) -> None:
    query = select(Feedback).where(which, Feedback.attempts >= GIVE_UP_AT).with_for_update(skip_locked=True)
    for row in session.scalars(query):
        row.state = FeedbackState.PARKED
        row.leased_until = None
        row.last_error = row.last_error or "the process ended each time while this was read"
    session.flush()


def _turns(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[int, str, str]]]:
    turns: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    query = select(Turn.feedback_id, Turn.position, Turn.role, Turn.text).where(Turn.feedback_id.in_(ids))
    for feedback_id, position, role, text in session.execute(query.order_by(Turn.feedback_id, Turn.position)):
        turns[feedback_id].append((position, role, text))
    return turns


def _at_position(mention: contract.Mention, one: Unread) -> contract.Mention:
    return replace(mention, turn=one.turns[mention.turn][0])


def _insert(session: Session, kept: Sequence[Read], outcome: Outcome) -> None:
    rows = [_row(read, mention, outcome) for read in kept for mention in read.mentions]
    if not rows:
        return
    ids = session.scalars(insert(Mention).returning(Mention.id, sort_by_parameter_order=True), rows).all()
    found = [mention for read in kept for mention in read.mentions]
    session.execute(
        insert(MentionVector),
        [
            {"mention_id": mention_id, "model": outcome.model, "vector": mention.vector.astype("<f2").tobytes()}
            for mention_id, mention in zip(ids, found, strict=True)
        ],
    )


def _row(read: Read, mention: contract.Mention, outcome: Outcome) -> dict[str, Any]:
    return {
        "feedback_id": read.id,
        "content_rev": read.content_rev,
        # A corrected topic may have been retired since: no topic then, and its full confidence stands for that.
        "topic_id": outcome.topic_ids.get(mention.topic) if mention.topic else None,
        **labels_of(mention, outcome.fingerprint),
    }
