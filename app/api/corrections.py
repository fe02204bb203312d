"""Corrections over HTTP: what a human should look at, and what they say; a human's label wins."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.bodies import ApiRoute
from app.api.deps import Analyst, Id, Now, Reading, Writing
from app.api.paging import Listing, Paged
from app.classify.correct import correct_mention
from app.domain.feedback import Friction
from app.store.mentions import review_queue

router = APIRouter(prefix="/v1", tags=["corrections"], route_class=ApiRoute)


class CorrectionIn(BaseModel):
    """What is right; what is left out stays as the model judged. `null` says "none of them"."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"topic": "refund_speed", "complaint": True}]}
    )

    topic: str | None = Field(default=None, max_length=64, description="Key of a topic; null: none of them.")
    sentiment_label: Literal["negative", "neutral", "positive"] | None = None
    complaint: bool | None = None
    friction: Friction | None = None


class CorrectionOut(BaseModel):
    """A stored correction."""

    id: int
    feedback_id: int
    turn: int
    start: int
    end: int
    labels: dict[str, Any]
    actor: str
    created_at: datetime


class DoubtfulOut(BaseModel):
    """A complaint that the classifier is not sure about."""

    mention_id: int
    feedback_id: int
    text: str
    topic_id: int | None
    topic_confidence: float
    sentiment_label: str
    friction: str | None


@router.post(
    "/mentions/{mention_id}/corrections", operation_id="correct_mention", summary="Say what is right", status_code=201
)
def correct(mention_id: Id, body: CorrectionIn, session: Writing, now: Now, actor: Analyst) -> CorrectionOut:
    """It holds at once for this mention, at every later reading of the same words, and it teaches."""
    labels = body.model_dump(mode="json", exclude_unset=True)
    row = correct_mention(session, now, actor, mention_id, labels)
    return CorrectionOut.model_validate(row, from_attributes=True)


@router.get("/review-queue", operation_id="list_review_queue", summary="What a human should look at")
def queue(
    session: Reading,
    page: Paged,
    _actor: Analyst,
    below: Annotated[float, Query(ge=0, le=1, description="Topic confidence from which on nobody looks.")] = 0.7,
) -> Listing[DoubtfulOut]:
    """Complaints without a topic or with a doubtful one, the least sure first."""
    found = review_queue(session, page.after, page.limit, below=below)
    rows, following = page.cut(found, lambda row: (row[0].topic_confidence, row[0].id))
    shown = [
        DoubtfulOut(
            mention_id=mention.id,
            feedback_id=mention.feedback_id,
            text=text,
            topic_id=mention.topic_id,
            topic_confidence=mention.topic_confidence,
            sentiment_label=mention.sentiment_label,
            friction=mention.friction,
        )
        for mention, text in rows
    ]
    return Listing(items=shown, next=following)
