"""Corrections over HTTP: what a human should look at, and what they say; a human's label wins."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from app.api.bodies import ApiRoute
from app.api.deps import Analyst, Id, Now, Reading, Writing
from app.api.paging import DEFAULT_LIMIT, LARGEST_LIMIT, Listing
from app.classify.correct import Review, correct_mention
from app.classify.teaching import Choice, choose
from app.domain.feedback import Friction
from app.domain.learning import Drawn
from app.store.reviews import doubtful_mentions, mentions_with_words, random_mentions

router = APIRouter(prefix="/v1", tags=["corrections"], route_class=ApiRoute)

_ABOUT_REVIEW = frozenset({"gold", "drawn"})


class QueueOrder(StrEnum):
    """What the review queue is for."""

    TEACHING = "teaching"
    RANDOM = "random"


class CorrectionIn(BaseModel):
    """What is right; what is left out stays as the model judged. `null` says "none of them"."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"topic": "refund_speed", "complaint": True, "drawn": "queue"}]},
    )

    topic: str | None = Field(default=None, max_length=64, description="Key of a topic; null: none of them.")
    sentiment_label: Literal["negative", "neutral", "positive"] | None = None
    complaint: StrictBool | None = None
    friction: Friction | None = None
    urgent: StrictBool | None = Field(default=None, description="Whether it cannot wait.")
    response_needed: StrictBool | None = Field(default=None, description="Whether the customer expects an answer.")
    escalation_intent: StrictBool | None = Field(default=None, description="Whether they threaten to take it further.")
    gold: StrictBool = Field(
        default=False, description="Keep it for measuring: it decides its own text and never teaches."
    )
    drawn: Drawn = Field(
        default=Drawn.OWN, description="Where you met it: in the review queue (`queue`, `random`), or not."
    )


class CorrectionOut(BaseModel):
    """A stored correction."""

    id: int
    feedback_id: int
    turn: int
    start: int
    end: int
    labels: dict[str, Any]
    judged: dict[str, Any] = Field(description="What the model had said, with its fingerprint; empty: not known.")
    gold: bool
    drawn: str
    actor: str
    created_at: datetime


class ToReviewOut(BaseModel):
    """A mention that somebody should look at."""

    mention_id: int
    feedback_id: int
    text: str
    topic_id: int | None
    topic: str | None = Field(description="Key; null: none was given.")
    topic_confidence: float
    sentiment_label: str
    complaint: bool
    friction: str | None
    gain: float | None = Field(description="What a label is expected to teach; null in a random sample.")
    stands_for: int | None = Field(description="How many other doubtful mentions its label speaks for.")
    why: str


@router.post(
    "/mentions/{mention_id}/corrections", operation_id="correct_mention", summary="Say what is right", status_code=201
)
def correct(mention_id: Id, body: CorrectionIn, session: Writing, now: Now, actor: Analyst) -> CorrectionOut:
    """It holds at once for this mention, at every later reading of the same words, and it teaches: the next text.

    Say it also where the model was right: that confirms it, and counts for the quality of the topic.
    """
    labels = body.model_dump(mode="json", exclude_unset=True, exclude=set(_ABOUT_REVIEW))
    row = correct_mention(session, now, actor, mention_id, labels, Review(body.drawn, body.gold))
    return CorrectionOut.model_validate(row, from_attributes=True)


@router.get("/review-queue", operation_id="list_review_queue", summary="What a human should look at")
def queue(
    session: Reading,
    now: Now,
    _actor: Analyst,
    order: Annotated[
        QueueOrder, Query(description="`random`: an unbiased sample, for measuring quality.")
    ] = QueueOrder.TEACHING,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT,
    below: Annotated[float, Query(ge=0, le=1, description="Topic confidence from which on nobody looks.")] = 0.7,
) -> Listing[ToReviewOut]:
    """Complaints without a topic or with a doubtful one, first those whose label teaches most; always one page.

    Of the 2,000 most doubtful complaints of the last 91 days: expected gain is doubt times the damped number of like
    ones that nobody has spoken for. `random` draws from all mentions of the last 28 days, the same all day. Send
    `drawn` with the correction: the quality of topics is told apart by it.
    """
    if order is QueueOrder.RANDOM:
        chosen = [Choice(one, 0.0, 0) for one in random_mentions(session, now, limit)]
    else:
        chosen = choose(doubtful_mentions(session, now, below), limit)
    found = mentions_with_words(session, [one.id for one in chosen])
    shown = []
    for one in chosen:
        mention, text, topic = found[one.id]
        drawn = order is QueueOrder.RANDOM
        shown.append(
            ToReviewOut(
                mention_id=mention.id,
                feedback_id=mention.feedback_id,
                text=text,
                topic_id=mention.topic_id,
                topic=topic,
                topic_confidence=mention.topic_confidence,
                sentiment_label=mention.sentiment_label,
                complaint=mention.complaint,
                friction=mention.friction,
                gain=None if drawn else round(one.gain, 4),
                stands_for=None if drawn else one.stands_for,
                why="drawn at random" if drawn else _why(mention.topic_confidence, one.stands_for),
            )
        )
    return Listing(items=shown, next=None)


def _why(confidence: float, stands_for: int) -> str:
    doubt = f"its topic is doubtful ({confidence:.2f})"
    return f"{doubt} and it stands for {stands_for} like it" if stands_for else doubt
