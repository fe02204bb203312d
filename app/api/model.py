"""The model over HTTP: what it has learnt, version by version, and whether what it reads is still what it was."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import Analyst, Id, Now, Reading, Writing
from app.api.paging import Listing, Paged
from app.classify.learn import activate_version
from app.store.drift import alarm_since, last_readings, list_readings, newest_model
from app.store.label_tables import DriftReading, ModelVersion
from app.store.learning import active_version, count_corrections, list_versions
from app.store.traffic import count_texts, newest_sample

router = APIRouter(prefix="/v1/model", tags=["model"], route_class=ApiRoute)


class GoldOut(BaseModel):
    """How many gold texts were judged right, by what was learnt alone."""

    right: int
    texts: int


class ModelVersionOut(BaseModel):
    """What corrections had taught at one time."""

    number: int
    state: str = Field(
        description="`active`, `superseded` (newer ones build on it), `refused` (it made gold texts wrong: its "
        "corrections hold on their own texts and teach nothing) or `withdrawn` (somebody went back)."
    )
    taxonomy_version_id: int | None
    corrections_to: int = Field(description="Id of the newest correction in it; it added those since the one before.")
    fingerprint: str
    before: dict[str, GoldOut] = Field(description="Per label, the version before it; empty without gold texts.")
    after: dict[str, GoldOut] = Field(description="The same for this version.")
    reason: str
    created_at: datetime


class DriftOut(BaseModel):
    """One statistic of a week (seven UTC days) against the weeks before it."""

    statistic: str = Field(
        description="`topics` and `sentiment`: Hellinger distance of shares; `abstention`: share without a topic; "
        "`texts`: distance of the embeddings (maximum mean discrepancy)."
    )
    day: date = Field(description="Last day of the week.")
    value: float
    expected_low: float
    expected_high: float
    p_value: float
    alarm: bool
    facts: dict[str, Any] = Field(description="Weeks and mentions compared, and the labels that moved most.")


class DriftStateOut(DriftOut):
    """The last reading of a statistic."""

    alarm_since: date | None = Field(description="When the alarm opened that is on; null: none is.")


class TrafficOut(BaseModel):
    """The sample of stored texts, unlabelled, that topics are placed by."""

    texts: int
    drawn_at: datetime


class ModelOut(BaseModel):
    """What reads now."""

    version: ModelVersionOut | None = Field(description="The active one; null before the first correction was judged.")
    encoder: str | None = Field(description="Fingerprint of the encoder that read the newest mention.")
    fingerprint: str | None = Field(description="Fingerprint of the whole reader that read the newest mention.")
    corrections: int = Field(description="Corrections that may teach.")
    gold: int = Field(description="Corrections that measure.")
    traffic: TrafficOut | None = Field(
        description="Texts without labels that topics are placed by; null while fewer than a thousand can be drawn."
    )
    drift: list[DriftStateOut]


@router.get("", operation_id="get_model", summary="What reads now")
def show(session: Reading, _actor: Analyst) -> ModelOut:
    """The active version, how much taught it, and how far last week is from the weeks before."""
    active, newest, counted = active_version(session), newest_model(session), count_corrections(session)
    return ModelOut(
        version=None if active is None else _shown(active),
        encoder=newest[1] if newest else None,
        fingerprint=newest[0] if newest else None,
        corrections=counted.get(False, 0),
        gold=counted.get(True, 0),
        traffic=_traffic(session),
        drift=[_state(session, row) for row in last_readings(session)],
    )


@router.get("/versions", operation_id="list_model_versions", summary="List versions of the model")
def versions(session: Reading, page: Paged, _actor: Analyst) -> Listing[ModelVersionOut]:
    """Newest first. A version is made a moment after a correction; its effect does not wait for that."""
    found = list_versions(session, page.after, page.limit)
    rows, following = page.cut(found, lambda row: (row.number, row.number))
    return Listing(items=[_shown(row) for row in rows], next=following)


@router.post(
    "/versions/{number}/activate", operation_id="activate_model_version", summary="Go back to a version of the model"
)
def activate(number: Id, session: Writing, now: Now, actor: Analyst) -> ModelVersionOut:
    """From the next text on only what was corrected up to this version teaches; later corrections hold on their texts.

    A version that was refused can be taken too: then a person has decided. What was corrected since the newest version
    is judged against this one.
    """
    return _shown(activate_version(session, now, actor, number))


@router.get("/drift", operation_id="list_drift", summary="Whether last week is like the weeks before")
def drift(session: Reading, page: Paged, _actor: Analyst) -> Listing[DriftOut]:
    """Every reading, newest first; four a day where there is enough to compare (100 mentions a week, four weeks)."""
    found = list_readings(session, page.after, page.limit)
    rows, following = page.cut(found, lambda row: (row.id, row.id))
    return Listing(items=[DriftOut.model_validate(row, from_attributes=True) for row in rows], next=following)


def _shown(row: ModelVersion) -> ModelVersionOut:
    return ModelVersionOut.model_validate(row, from_attributes=True)


def _traffic(session: Session) -> TrafficOut | None:
    sample = newest_sample(session)
    texts = count_texts(session, sample) if sample is not None else 0
    return TrafficOut(texts=texts, drawn_at=sample.drawn_at) if sample is not None and texts else None


def _state(session: Session, row: DriftReading) -> DriftStateOut:
    plain = DriftOut.model_validate(row, from_attributes=True)
    return DriftStateOut(**plain.model_dump(), alarm_since=alarm_since(session, row))
