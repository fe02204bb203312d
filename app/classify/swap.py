"""The swap: what a run has staged takes the place of the labels of history, in one transaction of set-based SQL.

A mention whose span still has its topic keeps its row, and with it its id and its place in a theme; the others go and
come. What the counts were before is kept as a trend line.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, delete, func, insert, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.access.audit import record_audit
from app.classify.correct import correct_again
from app.classify.runs import STATION
from app.domain.feedback import FeedbackState
from app.domain.relabelling import RunKind, RunState
from app.engine.wake import wake
from app.store.days import utc_day
from app.store.label_tables import (
    LABEL_COLUMNS,
    Correction,
    Mention,
    MentionVector,
    RelabelRun,
    StagedMention,
    StagedReading,
    TrendCount,
    TrendLine,
)
from app.store.tables import Feedback, TaxonomyVersion
from app.store.taxonomy import hold_labels, is_of_model, mentions_by_model
from app.store.trends import topic_counts


def stragglers(session: Session, run: RelabelRun, limit: int) -> Sequence[Feedback]:
    """Labelled feedback that another model has read and the run has not: read with older topics while it ran."""
    if run.model is None:
        return ()
    staged = select(StagedReading.feedback_id).where(
        StagedReading.run_id == run.id,
        StagedReading.feedback_id == Feedback.id,
        StagedReading.content_rev == Feedback.content_rev,
    )
    other = select(Mention.id).where(Mention.feedback_id == Feedback.id, ~is_of_model(Mention.fingerprint, run.model))
    query = select(Feedback).where(Feedback.state == FeedbackState.LABELLED, other.exists(), ~staged.exists())
    return session.scalars(query.order_by(Feedback.id.desc()).limit(limit)).all()


def swap_in(session: Session, now: datetime, run: RelabelRun) -> bool:
    """Put what was staged in the place of what is stored.

    Args:
        session: A write transaction: all of it, or nothing.
        now: When.
        run: A run that has read everything; its staging is the caller's to clear.

    Returns:
        False if there is something to read that was not there before: nothing is changed then.
    """
    hold_labels(session, moving=True)
    if stragglers(session, run, 1):
        return False
    if run.model is None:
        return True
    session.execute(delete(StagedReading).where(StagedReading.run_id == run.id, ~_holds()))
    _keep_trend(session, now, run, run.model)
    find = update(StagedMention).where(StagedMention.run_id == run.id).values(mention_id=_stored_in_place())
    _run(session, find)
    changed = {name: getattr(StagedMention, name) for name in LABEL_COLUMNS}
    _run(session, update(Mention).where(_is_place_of(Mention.id)).where(_of(run)).values(changed))
    # The new come before the old go: SQLite would give the ids of the last ones to others.
    _insert_new(session, run)
    _run(session, delete(Mention).where(Mention.feedback_id.in_(_read_by(run)), ~_is_staged(run)))
    again = select(Correction).where(Correction.id > run.corrections_to, Correction.feedback_id.in_(_read_by(run)))
    for correction in session.scalars(again.order_by(Correction.id)).all():
        correct_again(session, correction)
    facts = {"feedback": run.done, "passed_over": run.passed_over, "taxonomy_version": run.taxonomy_version_id}
    record_audit(session, now, STATION, "history_relabelled", f"relabel_run:{run.id}", **facts)
    wake(session, "match", f"run-{run.id}")
    return True


def _holds() -> ColumnElement[bool]:
    """Whether a staged reading is still one of the feedback as it is, and was made."""
    same = select(Feedback.id).where(
        Feedback.id == StagedReading.feedback_id,
        Feedback.state == FeedbackState.LABELLED,
        Feedback.content_rev == StagedReading.content_rev,
    )
    return and_(~StagedReading.passed_over, same.exists())


def _keep_trend(session: Session, now: datetime, run: RelabelRun, model: str) -> None:
    """Freeze the counts of everything that the run's own model has not read."""
    old = [each for each in mentions_by_model(session) if each != model]
    version_id = _version_before(session, run)
    if not old or version_id is None:
        return
    line = TrendLine(
        run_id=run.id,
        taxonomy_version_id=version_id,
        model=old[0],
        until=run.started_at.astimezone(UTC).date(),
        replaced_at=now,
    )
    session.add(line)
    session.flush()
    day = utc_day(session)
    counts = (
        select(literal(line.id), Mention.topic_id, day, *topic_counts())
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(Mention.topic_id.is_not(None), ~is_of_model(Mention.fingerprint, model))
        .group_by(Mention.topic_id, day)
    )
    columns = ["line_id", "topic_id", "day", "mentions", "complaints", "people"]
    session.execute(insert(TrendCount).from_select(columns, counts))


def _version_before(session: Session, run: RelabelRun) -> int | None:
    """What most of history was read with: the last version that did not ask for more than the last swap gave.

    None where that was before there were topics.
    """
    done = (RelabelRun.kind == RunKind.HISTORY, RelabelRun.state == RunState.DONE, RelabelRun.id < run.id)
    swapped = session.scalar(select(func.max(RelabelRun.taxonomy_version_id)).where(*done)) or 0
    asked = (TaxonomyVersion.relabels, TaxonomyVersion.id > swapped)
    asking = session.scalar(select(func.min(TaxonomyVersion.id)).where(*asked))
    if asking is None:
        return run.taxonomy_version_id
    return session.scalar(select(func.max(TaxonomyVersion.id)).where(TaxonomyVersion.id < asking))


def _stored_in_place() -> ColumnElement[int | None]:
    """The stored mention with the span and the topic of a staged one."""
    names = ("feedback_id", "turn", "start", "end")
    same = [getattr(Mention, name) == getattr(StagedMention, name) for name in names]
    topic = Mention.topic_id.is_not_distinct_from(StagedMention.topic_id)
    found = select(Mention.id).where(*same, topic).correlate(StagedMention)
    return found.scalar_subquery()


def _of(run: RelabelRun) -> ColumnElement[bool]:
    return StagedMention.run_id == run.id


def _is_place_of(mention_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return StagedMention.mention_id == mention_id


def _read_by(run: RelabelRun) -> ColumnElement[int]:
    return select(StagedReading.feedback_id).where(StagedReading.run_id == run.id).scalar_subquery()


def _is_staged(run: RelabelRun) -> ColumnElement[bool]:
    staged = select(StagedMention.id).where(
        _of(run), StagedMention.feedback_id == Mention.feedback_id, _is_place_of(Mention.id)
    )
    return staged.exists()


def _insert_new(session: Session, run: RelabelRun) -> None:
    names = ["feedback_id", "topic_id", *LABEL_COLUMNS]
    new = select(*(getattr(StagedMention, name) for name in names)).where(_of(run), StagedMention.mention_id.is_(None))
    session.execute(insert(Mention).from_select(names, new.order_by(StagedMention.id)))
    found = update(StagedMention).where(_of(run), StagedMention.mention_id.is_(None))
    _run(session, found.values(mention_id=_stored_in_place()))
    theirs = _is_place_of(MentionVector.mention_id)
    other = update(MentionVector).where(theirs, _of(run), MentionVector.model != StagedMention.encoder)
    _run(session, other.values(model=StagedMention.encoder, vector=StagedMention.vector))
    without = ~select(MentionVector.mention_id).where(theirs).correlate(StagedMention).exists()
    vectors = select(StagedMention.mention_id, StagedMention.encoder, StagedMention.vector).where(_of(run), without)
    session.execute(insert(MentionVector).from_select(["mention_id", "model", "vector"], vectors))


def _run(session: Session, statement: object) -> None:
    # The rows are not looked at afterwards in this session, and there may be millions of them.
    session.execute(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]
