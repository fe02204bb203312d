"""How much of the complaints the themes explain, over HTTP."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.bodies import ApiRoute
from app.api.deps import Analyst, Now, Reading
from app.store.coverage import REASONS, THEME, Share, measure_coverage

router = APIRouter(prefix="/v1/themes", tags=["themes"], route_class=ApiRoute)

_WHY = "; ".join(f"`{key}`: {words}" for key, words in REASONS.items())


class TopicCoverageOut(BaseModel):
    """What became of the complaints."""

    topic: str | None = Field(description="Key of the topic; null: of complaints without one, and in the total.")
    name: str
    complaints: int = Field(description="Mentions that are complaints, copies included.")
    people: int = Field(description="Behind them; feedback without a customer reference counts as a person each.")
    counted: int = Field(description="Complaints that are no copies and no boilerplate.")
    in_theme: int
    unassigned_share: float | None = Field(description="Of the counted ones, those that are in no theme (0 to 1).")
    why_not: dict[str, int] = Field(description=f"Complaints in no theme that raises work, by reason. {_WHY}.")


class CoverageOut(BaseModel):
    """How much of the complaints the themes explain."""

    since: datetime
    until: datetime
    total: TopicCoverageOut
    topics: list[TopicCoverageOut] = Field(description="Most complaints first.")
    unread_feedback: dict[str, int] = Field(
        description="Feedback in which nothing was found: `language` (the model does not speak it) or `no_content`."
    )
    pending_feedback: int = Field(description="Feedback that is not read yet, or waits for a person.")


@router.get("/coverage", operation_id="get_theme_coverage", summary="The share without a theme, and why")
def show(session: Reading, now: Now, actor: Analyst, days: Annotated[int, Query(ge=1, le=3650)] = 91) -> CoverageOut:
    """Of what was said in the last days, in all and by topic."""
    del actor  # only that they may
    since = now - timedelta(days=days)
    found = measure_coverage(session, since, now)
    return CoverageOut(
        since=since,
        until=now,
        total=_shown(found.total),
        topics=[_shown(share) for share in found.topics],
        unread_feedback=found.unread,
        pending_feedback=found.pending,
    )


def _shown(share: Share) -> TopicCoverageOut:
    return TopicCoverageOut(
        topic=share.topic,
        name=share.name,
        complaints=share.mentions,
        people=share.people,
        counted=share.counted,
        in_theme=share.by_fate.get(THEME, 0),
        unassigned_share=round(share.unassigned / share.counted, 4) if share.counted else None,
        why_not={key: share.by_fate[key] for key in REASONS if key in share.by_fate},
    )
