"""Commands on runs that read history anew: begin one, give one up, ask what a draft would move."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.classify.traffic import draw_sample, is_outgrown
from app.domain.actor import Actor
from app.domain.feedback import FeedbackState
from app.domain.relabelling import RunKind, RunState
from app.engine.wake import wake
from app.errors import AppError, Kind
from app.log import get_logger
from app.store.label_tables import Correction, Mention, RelabelRun, StagedReading
from app.store.reference import latest_taxonomy
from app.store.tables import Feedback, TaxonomyVersion
from app.store.taxonomy import (
    awaits_run,
    find_draft,
    hold_labels,
    last_run,
    latest_published,
    running_history_run,
)

STATION = Actor(name="station:relabel")
_log = get_logger("classify")


def start_relabelling(session: Session, now: datetime, actor: Actor) -> RelabelRun:
    """Read history anew with the current topics, corrections, model and a new sample of texts, in the background.

    Raises:
        AppError: `no_taxonomy`: nothing was published yet; `relabelling_running`: a run is under way.
    """
    running = running_history_run(session, hold=True)
    if running is not None:
        message = "History is being read anew already. Wait for that run, or cancel it first."
        raise AppError(Kind.CONFLICT, "relabelling_running", message, run=running.id)
    version = latest_published(session)
    draw_sample(session, now)
    run = _start(session, now, actor, version)
    wake(session, "relabel", f"run-{run.id}")
    return run


def cancel_relabelling(session: Session, now: datetime, actor: Actor) -> RelabelRun:
    """Give the run up; what was read anew so far is forgotten, and what is shown stays as it is.

    Raises:
        AppError: `nothing_to_cancel`.
    """
    run = running_history_run(session, hold=True)
    if run is None:
        raise AppError(Kind.CONFLICT, "nothing_to_cancel", "History is not being read anew at present.")
    end_run(session, now, run, RunState.CANCELLED)
    record_audit(session, now, actor, "relabelling_cancelled", f"relabel_run:{run.id}", done=run.done, total=run.total)
    return run


def ask_preview(session: Session, now: datetime, actor: Actor, draft_id: int, mentions: int) -> RelabelRun:
    """Have the newest mentions read with the topics of a draft; a preview of it that runs already is given back.

    Args:
        session: A write transaction.
        now: When.
        actor: Who asks.
        draft_id: The draft.
        mentions: How many of the newest mentions, about: whole feedback is read.

    Raises:
        AppError: `draft_not_found`, or `no_taxonomy`.
    """
    draft, version = find_draft(session, draft_id), latest_published(session)
    running = last_run(session, RunKind.PREVIEW, draft.id)
    if running is not None and running.state == RunState.RUNNING:
        return running
    newest = select(Mention.feedback_id).order_by(Mention.feedback_id.desc()).limit(mentions).subquery()
    floor = session.scalar(select(func.min(newest.c.feedback_id))) or 0
    run = _new_run(session, now, actor, RunKind.PREVIEW, version, floor)
    run.draft_id = draft.id
    session.flush()
    record_audit(session, now, actor, "taxonomy_previewed", f"taxonomy_draft:{draft.id}", feedback=run.total)
    wake(session, "relabel", f"run-{run.id}")
    return run


def keep_up(session: Session, now: datetime) -> None:
    """Begin the run that a published version asks for, or that so many more texts do that topics are placed anew.

    A version supersedes a run that reads with older topics; more texts wait until it has ended.
    """
    if not any(_reasons(session)) or latest_taxonomy(session) is None:
        return
    running = running_history_run(session, hold=True)
    hold_labels(session, moving=True)  # of two workers that come here one begins it
    asked, more = _reasons(session)
    drawn = draw_sample(session, now) if more else 0
    if not (asked or drawn):
        return
    if running is not None:
        end_run(session, now, running, RunState.SUPERSEDED)
    version = latest_published(session)
    _start(session, now, Actor(name=version.actor or STATION.name) if asked else STATION, version)


def end_run(session: Session, now: datetime, run: RelabelRun, state: RunState) -> None:
    """End a run and clear its staging."""
    clear_staging(session, run)
    run.state, run.finished_at, run.leased_until = state, now, None
    session.flush()
    _log.info("relabel_run_ended", run=run.id, kind=run.kind, state=state, done=run.done, total=run.total)


def clear_staging(session: Session, run: RelabelRun) -> None:
    """Forget what a run has read; its staged mentions go with their readings."""
    session.execute(delete(StagedReading).where(StagedReading.run_id == run.id))


def _reasons(session: Session) -> tuple[bool, bool]:
    """Whether a published version asks for a run, and whether it is time for a new sample of texts."""
    running = running_history_run(session)
    asked = awaits_run(session, since=running.taxonomy_version_id if running is not None else None)
    return asked, (asked or running is None) and is_outgrown(session)


def _start(session: Session, now: datetime, actor: Actor, version: TaxonomyVersion) -> RelabelRun:
    run = _new_run(session, now, actor, RunKind.HISTORY, version, 0)
    facts = {"taxonomy_version": version.id, "feedback": run.total}
    record_audit(session, now, actor, "relabelling_started", f"relabel_run:{run.id}", **facts)
    return run


def _new_run(
    session: Session, now: datetime, actor: Actor, kind: RunKind, version: TaxonomyVersion, floor: int
) -> RelabelRun:
    read = (Feedback.state == FeedbackState.LABELLED, Feedback.id >= floor)
    run = RelabelRun(
        kind=kind,
        state=RunState.RUNNING,
        taxonomy_version_id=version.id,
        floor_id=floor,
        cursor_id=(session.scalar(select(func.max(Feedback.id))) or 0) + 1,
        total=session.scalar(select(func.count()).select_from(Feedback).where(*read)) or 0,
        corrections_to=session.scalar(select(func.max(Correction.id))) or 0,
        asked_by=actor.name,
        started_at=now,
    )
    session.add(run)
    session.flush()
    return run
