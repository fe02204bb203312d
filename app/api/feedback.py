"""Stored feedback over HTTP: lists, one with its mentions, and for the sender whether it has been read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from app.api.bodies import ApiRoute
from app.api.deps import LARGEST_ID, Admin, Analyst, Id, IngesterOrAnalyst, Now, Reading, Writing
from app.api.instants import Instant
from app.api.paging import Listing, Paged, position_of
from app.api.quotes import QuoteOut, show_quote
from app.domain.actor import Actor, Scope
from app.domain.feedback import FeedbackState, Medium, Role
from app.domain.masking import mask_addresses, mask_email, mask_name, mask_ref
from app.errors import AppError, Kind
from app.ingest.retry import retry_parked
from app.store.feedback import FeedbackFilter, Found, list_feedback, read_feedback
from app.store.mentions import list_mentions
from app.store.quotes import feedback_quotes
from app.store.tables import Feedback, Turn

router = APIRouter(prefix="/v1/feedback", tags=["feedback"], route_class=ApiRoute)


class FeedbackOut(BaseModel):
    """One customer utterance, without its words."""

    id: int
    source: str
    external_id: str
    version: int
    medium: str
    occurred_at: datetime
    received_at: datetime
    state: str = Field(description="`pending`, `labelled`, or `parked` (waits for a person).")
    language: str | None = Field(description="As the sender says.")
    language_guess: str | None = Field(description="What it seems to be written in (ISO 639-1), once it was read.")
    unread: str | None = Field(
        description="Why nothing was found: `language` (not one that the model speaks) or `no_content`."
    )
    question: str | None
    customer_ref: str | None
    customer_email: str | None = Field(description="Masked without `pii:read`.")
    customer_name: str | None = Field(description="Masked without `pii:read`.")
    segment: str | None
    case_id: str | None
    attributes: dict[str, Any]


class TurnOut(BaseModel):
    """One speaker's part."""

    position: int
    role: str
    text: str
    at: datetime | None
    speaker: str | None
    ref: str | None = Field(description="The source's own id of this turn.")
    question: str | None = Field(description="The question that it answers.")


class ScoreOut(BaseModel):
    """A structured answer with its scale."""

    metric: str
    value: float
    min: float
    max: float
    raw: str | None = Field(description="What the source wrote, where it was no number.")


class WholeFeedbackOut(FeedbackOut):
    """One customer utterance with its words and what was made of them."""

    text: str | None = Field(description="The words, where they came as one text; else see `turns`.")
    turns: list[TurnOut]
    scores: list[ScoreOut]
    mentions: list[QuoteOut]


class StatusOut(BaseModel):
    """Whether an item has been read."""

    id: int
    state: str
    received_at: datetime
    mentions: int = Field(description="How many were found in it.")
    reason: str | None = Field(description="Why it is parked.")


class RetryIn(BaseModel):
    """Which parked feedback; without ids the oldest thousand."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Annotated[StrictInt, Field(ge=1, le=LARGEST_ID)]] = Field(default_factory=list, max_length=1000)


class RetriedOut(BaseModel):
    """How many will be read again."""

    retried: int


_ALL_PARKED = RetryIn()


@dataclass(frozen=True)
class FeedbackQuery:
    """Which feedback is asked for."""

    source: Annotated[str | None, Query(max_length=64, description="Key of the source.")] = None
    medium: Annotated[Medium | None, Query()] = None
    state: Annotated[FeedbackState | None, Query()] = None
    customer: Annotated[str | None, Query(max_length=255, description="The source's reference of a person.")] = None
    case: Annotated[str | None, Query(max_length=255, description="Order, claim or ticket.")] = None
    topic: Annotated[str | None, Query(max_length=64, description="With a mention of this topic (key).")] = None
    complaint: Annotated[bool | None, Query(description="With a mention that is one, or is none.")] = None
    since: Annotated[Instant | None, Query(description="Said at or after this instant.")] = None
    until: Annotated[Instant | None, Query(description="Said before this instant.")] = None


@router.get("", operation_id="list_feedback", summary="List feedback")
def index(
    session: Reading, page: Paged, actor: Analyst, query: Annotated[FeedbackQuery, Depends()]
) -> Listing[FeedbackOut]:
    """Newest first by when it was said, without the words."""
    wanted = FeedbackFilter(
        source=query.source,
        medium=query.medium,
        state=query.state,
        customer_ref=query.customer,
        case_ref=query.case,
        topic=query.topic,
        complaint=query.complaint,
        since=query.since,
        until=query.until,
    )
    found = list_feedback(session, wanted, page.after, page.limit)
    rows, following = page.cut(found, lambda row: position_of(row[0], "occurred_at"))
    return Listing(items=[_shown(*row, actor) for row in rows], next=following)


@router.post("/retry", operation_id="retry_feedback", summary="Read parked feedback again", status_code=202)
def retry(session: Writing, now: Now, actor: Admin, body: RetryIn = _ALL_PARKED) -> RetriedOut:
    """What failed too often waits for a person: mend the cause, then have it read again."""
    return RetriedOut(retried=retry_parked(session, now, actor, ids=tuple(body.ids)))


@router.get("/{feedback_id:int}", operation_id="get_feedback", summary="One feedback with its mentions")
def show(feedback_id: Id, session: Reading, actor: Analyst) -> WholeFeedbackOut:
    """The words, redacted as they are stored, the scores and the mentions."""
    found = _found(read_feedback(session, feedback_id))
    return WholeFeedbackOut(
        **_shown(found.feedback, found.source, actor).model_dump(),
        text=_text(found.turns),
        turns=[_turn(turn, actor) for turn in found.turns],
        scores=[
            ScoreOut(metric=score.metric, value=score.value, min=score.low, max=score.high, raw=score.raw)
            for score in found.scores
        ],
        mentions=[show_quote(quote) for quote in feedback_quotes(session, feedback_id)],
    )


@router.get("/{feedback_id}/status", operation_id="get_feedback_status", summary="Whether an item has been read")
def status(feedback_id: Id, session: Reading, actor: IngesterOrAnalyst) -> StatusOut:
    """For senders: no words, and only items of the key's own source where it has one."""
    found = _found(read_feedback(session, feedback_id), actor)
    row = found.feedback
    return StatusOut(
        id=row.id,
        state=row.state,
        received_at=row.received_at,
        mentions=len(list_mentions(session, row.id)),
        reason=row.last_error if row.state == FeedbackState.PARKED else None,
    )


def _found(found: Found | None, actor: Actor | None = None) -> Found:
    foreign = (
        found is not None
        and actor is not None
        and actor.source_id not in {None, found.feedback.source_id}
        and not actor.may(Scope.ANALYST)
    )
    if found is None or foreign:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no such feedback among those you can see.")
    return found


def _text(turns: Sequence[Turn]) -> str | None:
    if not turns:
        return ""
    first = turns[0]
    told = (first.at, first.speaker, first.ref, first.question)
    return first.text if len(turns) == 1 and first.role == Role.CUSTOMER and told == (None,) * len(told) else None


def _turn(turn: Turn, actor: Actor) -> TurnOut:
    shown = TurnOut.model_validate(turn, from_attributes=True)
    if turn.role == Role.CUSTOMER and not actor.may(Scope.PII_READ):
        shown.speaker = mask_name(shown.speaker)
    return shown


def _shown(row: Feedback, source: str, actor: Actor) -> FeedbackOut:
    named = actor.may(Scope.PII_READ)
    return FeedbackOut(
        id=row.id,
        source=source,
        external_id=row.external_id,
        version=row.version,
        medium=row.medium,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        state=row.state,
        language=row.language,
        language_guess=row.language_guess,
        unread=row.unread,
        question=row.question,
        customer_ref=row.customer_ref if named else mask_ref(row.customer_ref),
        customer_email=row.customer_email if named else mask_email(row.customer_email),
        customer_name=row.customer_name if named else mask_name(row.customer_name),
        segment=row.segment,
        case_id=row.case_ref,
        attributes=row.attributes if named else {name: _masked(value) for name, value in row.attributes.items()},
    )


def _masked(value: object) -> object:
    return mask_addresses(value) if isinstance(value, str) else value
