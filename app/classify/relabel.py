"""Station: reads history anew, newest first, into staging; at its end one transaction swaps all of it in.

New texts go first: while any waits to be labelled nothing is claimed here. A preview is the same run over the newest
mentions with the topics of a draft; it is compared instead of swapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Select, delete, insert, or_, select
from sqlalchemy.orm import Session

from app.classify.compare import compare_labels
from app.classify.runs import clear_staging, end_run, keep_up
from app.classify.swap import stragglers, swap_in
from app.classify.taxonomy import Known, Topics, load_known, specs_of
from app.classify.texts import Read, Unread, load_texts, mention_rows, note_reading, read_texts
from app.domain.feedback import FeedbackState
from app.domain.relabelling import RunKind, RunState
from app.errors import AppError
from app.log import get_logger
from app.store.label_tables import RelabelRun, StagedMention, StagedReading
from app.store.previews import Seen, mentions_before_and_after
from app.store.tables import Feedback
from app.store.taxonomy import find_draft, model_part

if TYPE_CHECKING:
    from app.classify.loading import Readers

CHUNK = 200
"""Texts of one batch: as many as the station that labels new ones takes, which wait for it so long at most."""
LEASE = timedelta(minutes=10)
PASS_OVER_AT = 5
"""With each failure a chunk is a quarter of the last one; after so many the one text that is left is passed over."""
MODEL_WAIT = timedelta(minutes=1)

_log = get_logger("classify")


class Tools(Protocol):
    """What the station works with."""

    @property
    def readers(self) -> Readers:
        """Gives a reader for topics and corrections."""


@dataclass(frozen=True)
class Batch:
    """One step of a run.

    Attributes:
        run_id: The run.
        cursor_id: Where it stood: if it has moved meanwhile, somebody else has done this step.
        known: Topics and corrections.
        draft: Topics of the draft that is previewed; None: those of `known`.
        texts: What is to be read; empty: nothing is left, and the run is to be finished.
        seen: For the end of a preview: labels before and after.
    """

    run_id: int
    cursor_id: int
    known: Known
    draft: Topics | None
    texts: tuple[Unread, ...]
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a step led to; `because` says why nothing could be read."""

    batch: Batch
    read: tuple[Read, ...] = ()
    fingerprint: str = ""
    encoder: str = ""
    result: dict[str, Any] | None = None
    because: str = ""


def claim(session: Session, now: datetime) -> Batch | None:
    """Lease a run and give its next step, previews first; None while texts wait to be labelled."""
    free = or_(Feedback.leased_until.is_(None), Feedback.leased_until <= now)
    if session.scalar(select(Feedback.id).where(Feedback.state == FeedbackState.PENDING, free).limit(1)) is not None:
        return None
    keep_up(session, now)
    due = or_(RelabelRun.leased_until.is_(None), RelabelRun.leased_until <= now)
    query = (
        select(RelabelRun)
        .where(RelabelRun.state == RunState.RUNNING, due)
        .order_by(RelabelRun.kind.desc(), RelabelRun.id)
        .limit(1)
    )
    run = session.scalar(query.with_for_update(skip_locked=True))
    if run is None:
        return None
    if run.attempts >= PASS_OVER_AT:
        _pass_over(session, run)
    rows = _chunk(session, run, max(CHUNK // 4**run.attempts, 1))
    run.attempts += 1
    run.leased_until = now + LEASE
    draft = None if run.draft_id is None else _topics(find_draft(session, run.draft_id).document["topics"])
    seen = tuple(mentions_before_and_after(session, run)) if run.kind == RunKind.PREVIEW and not rows else ()
    session.flush()
    return Batch(run.id, run.cursor_id, load_known(session), draft, load_texts(session, rows), seen)


def work(batch: Batch, tools: Tools) -> Outcome:
    """Read the chunk; at the end of a preview compare."""
    if not batch.texts:
        return Outcome(batch, result=compare_labels(batch.seen) if batch.draft is not None else None)
    try:
        readers = tools.readers
        reader = (
            readers.current(batch.known)
            if batch.draft is None
            else readers.reader(specs_of(batch.draft), batch.known.taught(), batch.known.traffic())
        )
        encoder = readers.encoder().fingerprint
    except AppError as error:
        return Outcome(batch, because=error.code)
    return Outcome(batch, read_texts(reader, batch.texts), reader.fingerprint, encoder)


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Stage what was read, or finish the run; a run that ended or went on meanwhile is left alone."""
    batch = outcome.batch
    run = session.get(RelabelRun, batch.run_id, with_for_update=True, populate_existing=True)
    if run is None or run.state != RunState.RUNNING or run.cursor_id != batch.cursor_id:
        return
    if outcome.because:
        run.attempts, run.leased_until, run.last_error = max(run.attempts - 1, 0), now + MODEL_WAIT, outcome.because
        _log.error("relabel_waits_for_model", run=run.id, reason=outcome.because)
        return
    # Not at once as many again: what brought the larger chunk down may be next.
    run.attempts, run.leased_until, run.last_error = max(run.attempts - 2, 0), None, None
    if not batch.texts:
        _finish(session, now, run, outcome)
    elif run.model not in (None, model_part(outcome.fingerprint)):
        _begin_again(session, run)
    else:
        run.model = model_part(outcome.fingerprint)
        _stage(session, run, outcome)
    session.flush()


def release(session: Session, now: datetime, batch: Batch, reason: str) -> None:  # noqa: ARG001 - every station has it
    """Give the lease back of a step that failed; the attempt is counted."""
    run = session.get(RelabelRun, batch.run_id, with_for_update=True, populate_existing=True)
    if run is not None and run.state == RunState.RUNNING:
        run.leased_until, run.last_error = None, reason
        session.flush()


def _chunk(session: Session, run: RelabelRun, size: int) -> Sequence[Feedback]:
    query = _still_to_read(run).order_by(Feedback.id.desc()).limit(size)
    found = session.scalars(query).all()
    return found or (stragglers(session, run, size) if run.kind == RunKind.HISTORY else ())


def _still_to_read(run: RelabelRun) -> Select[Feedback]:
    return select(Feedback).where(
        Feedback.id < run.cursor_id, Feedback.id >= run.floor_id, Feedback.state == FeedbackState.LABELLED
    )


def _pass_over(session: Session, run: RelabelRun) -> None:
    """The text that was read alone brings the reader down: its mentions stay as they are."""
    rows = _chunk(session, run, 1)
    for row in rows:
        _log.error("relabel_passes_over", run=run.id, feedback=row.id, reason=run.last_error)
        session.execute(
            delete(StagedReading).where(StagedReading.run_id == run.id, StagedReading.feedback_id == row.id)
        )
        session.add(StagedReading(run_id=run.id, feedback_id=row.id, content_rev=row.content_rev, passed_over=True))
        run.cursor_id = min(run.cursor_id, row.id)
    run.passed_over += len(rows)
    run.attempts = 0
    session.flush()


def _stage(session: Session, run: RelabelRun, outcome: Outcome) -> None:
    ids = [one.id for one in outcome.batch.texts]
    _forget(session, run, ids)
    query = select(Feedback).where(Feedback.id.in_(ids), Feedback.state == FeedbackState.LABELLED)
    rows = {row.id: row for row in session.scalars(query.with_for_update())}  # the erased are gone
    kept = [read for read in outcome.read if read.id in rows and rows[read.id].content_rev == read.content_rev]
    readings = [{"run_id": run.id, "feedback_id": read.id, "content_rev": read.content_rev} for read in kept]
    if readings:
        session.execute(insert(StagedReading), readings)
    mentions = [mention for read in kept for mention in _mentions(run, read, outcome)]
    if mentions:
        session.execute(insert(StagedMention), mentions)
    if run.kind == RunKind.HISTORY:
        for read in kept:
            note_reading(rows[read.id], read)
    run.cursor_id = min(run.cursor_id, *ids)
    run.done = min(run.done + len(ids), run.total)


def _forget(session: Session, run: RelabelRun, ids: Sequence[int]) -> None:
    session.execute(delete(StagedReading).where(StagedReading.run_id == run.id, StagedReading.feedback_id.in_(ids)))


def _mentions(run: RelabelRun, read: Read, outcome: Outcome) -> list[dict[str, Any]]:
    draft = outcome.batch.draft
    # The topics of a draft have no ids yet; all that is asked of an id here is that it tells topics apart.
    known = outcome.batch.known.topic_ids if draft is None else {topic[0]: at for at, topic in enumerate(draft)}
    return [
        {
            **row,
            "run_id": run.id,
            "topic": mention.topic if row["topic_id"] is not None else None,
            "topic_id": row["topic_id"] if draft is None else None,
            "encoder": outcome.encoder,
            "vector": mention.vector.astype("<f2").tobytes() if draft is None else b"",
        }
        for row, mention in mention_rows(read, known, outcome.fingerprint)
    ]


def _begin_again(session: Session, run: RelabelRun) -> None:
    """Another model reads now than at the start: what is swapped in must be of one."""
    clear_staging(session, run)
    newest = session.scalar(select(Feedback.id).order_by(Feedback.id.desc()).limit(1)) or 0
    run.model, run.done, run.passed_over, run.cursor_id = None, 0, 0, newest + 1
    _log.warning("relabel_begins_again", run=run.id)


def _finish(session: Session, now: datetime, run: RelabelRun, outcome: Outcome) -> None:
    if run.kind == RunKind.PREVIEW:
        run.result = outcome.result
        end_run(session, now, run, RunState.DONE)
    elif swap_in(session, now, run):
        end_run(session, now, run, RunState.DONE)


def _topics(document: dict[str, Any]) -> Topics:
    return tuple(
        (key, fields["name"], fields["description"], tuple(fields["examples"]), fields["parent"])
        for key, fields in sorted(document.items())
    )
