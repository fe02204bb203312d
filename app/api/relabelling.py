"""Reading history anew, over HTTP: how far it is, beginning it by hand, giving it up."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import Analyst, Now, Writing
from app.api.openapi import declare
from app.classify.runs import cancel_relabelling, start_relabelling
from app.domain.relabelling import RunKind, RunState
from app.store.label_tables import RelabelRun
from app.store.taxonomy import awaits_run, last_run, mentions_by_model, running_history_run

router = APIRouter(prefix="/v1/taxonomy", tags=["taxonomy"], route_class=ApiRoute)


class RunOut(BaseModel):
    """One reading of history, or of a sample of it."""

    id: int
    state: str = Field(description="`running`, `done`, `superseded` (by a newer version) or `cancelled`.")
    taxonomy_version: int
    total: int = Field(description="Feedback to read.")
    done: int
    passed_over: int = Field(description="Feedback that could not be read: its mentions stay as they were.")
    asked_by: str
    started_at: datetime
    finished_at: datetime | None
    expected_end: datetime | None = Field(description="At the pace so far; null where nobody can tell.")
    trouble: str | None = Field(description="Why the last step failed, if it did.")


class ModelShareOut(BaseModel):
    """How many mentions one model has read."""

    model: str = Field(description="The part of the fingerprint that its readings share, whatever corrections taught.")
    mentions: int


class HistoryOut(BaseModel):
    """Whether history was read with what is current."""

    state: str = Field(
        description="`settled`; `waiting` (a published version asks for it); `relabelling`; or `mixed`: several models "
        "have read what is stored, see POST /v1/taxonomy/relabel."
    )
    run: RunOut | None = Field(description="The last one.")
    models: list[ModelShareOut]


@router.post(
    "/relabel", operation_id="relabel_history", summary="Read history anew", status_code=202, responses=declare(409)
)
def relabel(session: Writing, now: Now, actor: Analyst) -> RunOut:
    """With the current topics, corrections and model: after another model was set, or a run was cancelled."""
    return show_run(start_relabelling(session, now, actor), now)


@router.post("/relabel/cancel", operation_id="cancel_relabelling", summary="Give it up", responses=declare(409))
def cancel(session: Writing, now: Now, actor: Analyst) -> RunOut:
    """What is shown stays as it is; texts that came since the publication keep the new topics."""
    return show_run(cancel_relabelling(session, now, actor), now)


def show_history(session: Session, now: datetime) -> HistoryOut:
    """Whether what is stored was read with what is current."""
    models = mentions_by_model(session)
    if running_history_run(session) is not None:
        state = "relabelling"
    elif awaits_run(session):
        state = "waiting"
    else:
        state = "mixed" if len(models) > 1 else "settled"
    run = last_run(session, RunKind.HISTORY)
    return HistoryOut(
        state=state,
        run=show_run(run, now) if run else None,
        models=[ModelShareOut(model=model, mentions=count) for model, count in models.items()],
    )


def show_run(run: RelabelRun, now: datetime) -> RunOut:
    """A run with when it is expected to end."""
    return RunOut(
        id=run.id,
        state=run.state,
        taxonomy_version=run.taxonomy_version_id,
        total=run.total,
        done=run.done,
        passed_over=run.passed_over,
        asked_by=run.asked_by,
        started_at=run.started_at,
        finished_at=run.finished_at,
        expected_end=_expected_end(run, now),
        trouble=run.last_error if run.state == RunState.RUNNING else None,
    )


def _expected_end(run: RelabelRun, now: datetime) -> datetime | None:
    if run.state != RunState.RUNNING or not run.done:
        return None
    taken: timedelta = now - run.started_at
    return now + taken * ((run.total - run.done) / run.done)
