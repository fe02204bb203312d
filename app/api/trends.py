"""A topic over time, over HTTP: as it is read now, and as it was read before history was read anew."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.bodies import ApiRoute
from app.api.deps import Id, Now, Reader, Reading
from app.store.trends import Week, topic_trend

router = APIRouter(prefix="/v1/topics", tags=["topics"], route_class=ApiRoute)


class CountsOut(BaseModel):
    """A topic in seven UTC days."""

    starts_on: date
    mentions: int
    complaints: int
    people: int = Field(description="Behind the complaints: those of each day, added up.")


class LineOut(BaseModel):
    """A topic's weeks as they are read now, oldest first."""

    taxonomy_version: int | None
    weeks: list[CountsOut]


class KeptLineOut(LineOut):
    """The weeks as they were read before."""

    until: date = Field(description="Last day counted, not all of it: from then on texts were read by the next one.")
    replaced_at: datetime = Field(description="When history was read anew.")


class TopicsFromOut(BaseModel):
    """A version that moved mentions."""

    taxonomy_version: int
    published_at: datetime


class TrendOut(BaseModel):
    """A topic over time."""

    id: int
    topic: str
    name: str
    current: LineOut
    kept: list[KeptLineOut] = Field(description="Newest first; only where the taxonomy of the time had this topic.")
    published: list[TopicsFromOut]


@router.get("/{topic_id}/trend", operation_id="get_topic_trend", summary="A topic over time, old lines beside the new")
def show(
    topic_id: Id, session: Reading, now: Now, actor: Reader, weeks: Annotated[int, Query(ge=1, le=260)] = 26
) -> TrendOut:
    """Weeks of seven UTC days, the last one ends today. Owners see the topics of their own items' themes."""
    trend = topic_trend(session, actor, topic_id, now, weeks)
    return TrendOut(
        id=trend.topic.id,
        topic=trend.topic.key,
        name=trend.topic.name,
        current=LineOut(taxonomy_version=trend.version, weeks=_weeks(trend.current)),
        kept=[
            KeptLineOut(
                taxonomy_version=line.version,
                weeks=_weeks(line.weeks),
                until=line.until,
                replaced_at=line.replaced_at,
            )
            for line in trend.kept
        ],
        published=[TopicsFromOut(taxonomy_version=version, published_at=at) for version, at in trend.published],
    )


def _weeks(weeks: Sequence[Week]) -> list[CountsOut]:
    return [CountsOut.model_validate(week, from_attributes=True) for week in weeks]
