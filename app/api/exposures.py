"""Denominators over HTTP: how many orders, contacts or customers there were per day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from app.api.bodies import ApiRoute
from app.api.deps import IngesterOrAnalyst, Now, Reading, Writing
from app.measure.exposures import MAX_NAME, MAX_ROWS, put_exposures
from app.store.impact import exposure_series

router = APIRouter(prefix="/v1/exposures", tags=["exposures"], route_class=ApiRoute)

Series = Annotated[str, Path(max_length=MAX_NAME, description="Such as `orders`, or the key of a process.")]


class ExposuresIn(BaseModel):
    """Counts per UTC day."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"counts": {"2026-09-01": 1204, "2026-09-02": 1187}}]}
    )

    counts: dict[date, Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]] = Field(
        min_length=1, max_length=MAX_ROWS
    )


class ExposuresOut(BaseModel):
    """What became of them."""

    series: str
    days: int = Field(description="How many were sent.")
    changed: int = Field(description="How many are new or other than before.")


@router.get("", operation_id="list_exposure_series", summary="Names of the series")
def index(session: Reading, _actor: IngesterOrAnalyst) -> list[str]:
    """A process is judged by the series of its own key where there is one."""
    return exposure_series(session)


@router.put("/{series}", operation_id="put_exposures", summary="Write daily counts")
def put(series: Series, body: ExposuresIn, session: Writing, now: Now, actor: IngesterOrAnalyst) -> ExposuresOut:
    """The same day again replaces its count; sending the same again changes nothing."""
    changed = put_exposures(session, now, actor, series, body.counts)
    return ExposuresOut(series=series, days=len(body.counts), changed=changed)
