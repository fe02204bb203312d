"""What a change is judged by, over HTTP: seen and chosen before it is deployed, seen but fixed afterwards."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import Doer, Id, Now, Reader, Reading, Writing
from app.api.openapi import declare
from app.measure.controls import MAX_CONTROLS
from app.measure.design import candidates_of, current_design, set_controls
from app.store.act_tables import Change
from app.store.changes import get_change
from app.store.impact import topics_by_id

router = APIRouter(prefix="/v1/changes/{change_id}/design", tags=["changes"], route_class=ApiRoute)


class CandidateOut(BaseModel):
    """A topic that the change could be compared with."""

    topic: str = Field(description="Key of the topic.")
    name: str
    complaints_per_week: float
    control: bool = Field(description="Whether it is compared with.")
    allowed: bool = Field(description="False: it is the target under another name and can never be chosen.")
    why: str = Field(description="Why the rules take it or not.", examples=["the change does not touch it"])


class DesignOut(BaseModel):
    """Target, denominator and comparison of a change."""

    change_id: int
    topic: str = Field(description="Key of the topic whose complaints are the target.")
    theme_id: int | None = Field(description="The theme inside it; null: the whole topic.")
    first_day: date = Field(description="First day of the baseline.")
    exposure: str | None = Field(description="Series of denominators; null: all feedback per day.")
    controls: list[str] = Field(description="Keys of the topics that it is compared with.")
    chosen_by: str | None = Field(description="Who chose the controls; null: the rules.")
    frozen_at: datetime | None = Field(description="When the deployment was recorded; null: they can still be chosen.")
    candidates: list[CandidateOut] = Field(description="All other topics, while they can be chosen; empty afterwards.")


class DesignIn(BaseModel):
    """The comparison that somebody chooses."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"controls": ["late_delivery", "phone_waiting"]}]}
    )

    controls: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_CONTROLS)] | None = Field(
        description="Keys of topics; null: as the rules choose."
    )


@router.get("", operation_id="get_change_design", summary="What a change is judged by")
def show(change_id: Id, session: Reading, actor: Reader) -> DesignOut:
    """Before the change is deployed: what it would be judged by, with every topic for and against."""
    return _shown(session, get_change(session, actor, change_id))


@router.put("", operation_id="put_change_design", summary="Choose its comparison", responses=declare(409))
def put(change_id: Id, body: DesignIn, session: Writing, now: Now, actor: Doer) -> DesignOut:
    """Until the change is deployed: afterwards its result could be known, and the answer is 409."""
    change = get_change(session, actor, change_id)
    set_controls(session, now, actor, change.id, keys=body.controls)
    return _shown(session, change)


def _shown(session: Session, change: Change) -> DesignOut:
    design = current_design(session, change)
    keys = {topic_id: topic.key for topic_id, topic in topics_by_id(session).items()}
    fixed = design.frozen_at is not None or change.withdrawn_at is not None
    chosen = set(design.controls)
    return DesignOut(
        change_id=change.id,
        topic=keys[design.topic_id],
        theme_id=design.theme_id,
        first_day=design.first_day,
        exposure=design.exposure,
        controls=[keys[topic] for topic in design.controls],
        chosen_by=design.chosen_by,
        frozen_at=design.frozen_at,
        candidates=[]
        if fixed
        else [
            CandidateOut(
                topic=one.key,
                name=one.name,
                complaints_per_week=round(one.per_week, 2),
                control=one.topic_id in chosen,
                allowed=not one.barred,
                why=one.why,
            )
            for one in candidates_of(session, change)
        ],
    )
