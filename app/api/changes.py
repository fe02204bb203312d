"""Process changes over HTTP, and whether they worked."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import Id, Now, Reader, Reading
from app.api.paging import Listing, Paged, position_of
from app.api.verdicts import StandingOut, show_standing
from app.measure.discoveries import Judged, judge_together
from app.measure.preview import preview_change
from app.store.act_tables import Change
from app.store.changes import get_change, list_changes
from app.store.impact import find_registration, measurements_of
from app.store.tables import Measurement

router = APIRouter(prefix="/v1/changes", tags=["changes"], route_class=ApiRoute)


class ChangeOut(BaseModel):
    """What an owner changes, written down before the result is known."""

    id: int
    item_id: int
    theme_id: int
    process_id: int | None
    step_id: int | None
    description: str
    planned_for: date | None
    target_reduction: float
    margin: float
    rollout_from: date | None
    rollout_to: date | None
    planned_at: datetime
    deployed_at: datetime | None
    withdrawn_at: datetime | None
    actor: str


class ListedChangeOut(ChangeOut):
    """A change with what its newest look says."""

    standing: StandingOut | None = Field(description="Null before its first look, and a year after the change.")


class LookOut(BaseModel):
    """One look at a change."""

    day: date = Field(description="The last day that was counted.")
    verdict: str = Field(
        description="`improved`, `no_change`, `worse`, `inconclusive`, `too_early` or `invalid`.",
        examples=["improved"],
    )
    rate_ratio: float | None = Field(description="Rate after, divided by the rate expected without the change.")
    ci_low: float | None = Field(description="Lower end of its 95 % interval.")
    ci_high: float | None
    relapse: bool


class ExpectedOut(BaseModel):
    """What may be expected of measuring a change that has not been judged yet."""

    verdict_on: date | None = Field(description="When a fall as large as the target would be seen; null: never.")
    minimum_detectable: float | None = Field(description="Mildest rate ratio that would be seen within the horizon.")
    chance: float | None = Field(description="Chance of seeing the target within the horizon; null: no baseline.")
    horizon_days: int
    controls: list[str] = Field(description="Keys of the topics that it will be compared with.")


class ImpactOut(BaseModel):
    """Whether a change worked, and everything that the verdict rests on."""

    change: ListedChangeOut
    latest: LookOut | None = Field(description="Null before the first day after the change is over.")
    reasons: list[str]
    result: dict[str, Any] = Field(
        description="Headline, verdict date, weekly series with expectation and band, sizes, checks, known events."
    )
    design: dict[str, Any] | None = Field(description="What it is judged by, frozen when it was deployed.")
    method: str | None = Field(description="Version of the estimator.")
    measured_at: datetime | None
    looks: list[LookOut] = Field(description="Every look so far, oldest first.")
    expected: ExpectedOut | None = Field(description="Before the first look; null afterwards and when withdrawn.")


@router.get("", operation_id="list_changes", summary="List process changes")
def index(session: Reading, now: Now, page: Paged, actor: Reader) -> Listing[ListedChangeOut]:
    """Newest first; owners see those of their own items. `standing.holds` is judged among all changes there are."""
    found = list_changes(session, actor, page.after, page.limit)
    rows, following = page.cut(found, lambda row: position_of(row, "planned_at"))
    judged = judge_together(session, now)
    return Listing(items=[_listed(row, judged) for row in rows], next=following)


@router.get("/{change_id}", operation_id="get_change", summary="One process change")
def show(change_id: Id, session: Reading, actor: Reader) -> ChangeOut:
    """Other people's changes are 404."""
    return _shown(get_change(session, actor, change_id))


@router.get("/{change_id}/impact", operation_id="get_change_impact", summary="Whether it worked")
def impact(change_id: Id, session: Reading, now: Now, actor: Reader) -> ImpactOut:
    """Implemented is not verified: the verdict comes from the complaint rate, with its interval and its checks."""
    change = get_change(session, actor, change_id)
    looks = measurements_of(session, change_id)
    last = looks[-1] if looks else None
    registration = find_registration(session, change_id)
    return ImpactOut(
        change=_listed(change, judge_together(session, now)),
        latest=None if last is None else _look(last),
        reasons=[] if last is None else [str(reason) for reason in last.reasons],
        result={} if last is None else last.result,
        design=None if registration is None else registration.design,
        method=None if last is None else last.method,
        measured_at=None if last is None else last.measured_at,
        looks=[_look(look) for look in looks],
        expected=_expected(session, now, change) if last is None and change.withdrawn_at is None else None,
    )


def _expected(session: Session, now: datetime, change: Change) -> ExpectedOut:
    return ExpectedOut.model_validate(preview_change(session, now, change), from_attributes=True)


def _shown(row: Change) -> ChangeOut:
    return ChangeOut.model_validate(row, from_attributes=True)


def _listed(row: Change, judged: Mapping[int, Judged]) -> ListedChangeOut:
    standing = show_standing(judged.get(row.id))
    return ListedChangeOut(**_shown(row).model_dump(), standing=standing)


def _look(row: Measurement) -> LookOut:
    return LookOut.model_validate(row, from_attributes=True)
