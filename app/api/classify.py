"""Reading texts on request, e.g. while an agent writes a ticket; nothing is stored."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api.bodies import ApiRoute
from app.api.deps import IngesterOrAnalyst, Reading
from app.classify.ask import Asked, classify_texts
from app.classify.loading import Readers
from app.classify.taxonomy import load_known
from app.domain.feedback import Role
from app.errors import AppError, Kind
from app.payloads.native import Words

router = APIRouter(prefix="/v1/classify", tags=["classify"], route_class=ApiRoute)

_MOST_TEXTS, _MOST_TURNS = 100, 500
_RETRY_SECONDS = 30


class TurnIn(BaseModel):
    """One speaker's part; only the customer's words are read."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    text: Words


class TextIn(BaseModel):
    """One utterance: a text, or turns."""

    model_config = ConfigDict(extra="forbid")

    text: Words | None = None
    turns: Annotated[list[TurnIn], Field(min_length=1, max_length=_MOST_TURNS)] | None = None
    question: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="The survey question: it changes what an answer means."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "TextIn":
        if (self.text is None) == (self.turns is None):
            raise ValueError("give `text` or `turns`, one of them")
        return self


class ClassifyIn(BaseModel):
    """What to read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"texts": [{"text": "I had to explain my problem to three people."}]}]},
    )

    texts: Annotated[list[TextIn], Field(min_length=1, max_length=_MOST_TEXTS)]


class MentionOut(BaseModel):
    """One span with one topic and one sentiment."""

    turn: int
    start: int
    end: int
    text: str
    topic: str | None
    topic_confidence: float
    sentiment: float
    sentiment_label: str
    sentiment_confidence: float
    complaint: bool
    complaint_confidence: float
    friction: str | None
    friction_confidence: float
    urgent: bool = Field(description="Whether it cannot wait.")
    urgent_confidence: float
    response_needed: bool = Field(description="Whether the customer expects an answer.")
    response_needed_confidence: float
    escalation_intent: bool = Field(description="Whether the customer threatens to take it further.")
    escalation_intent_confidence: float
    corrected: bool
    fingerprint: str


class ReadTextOut(BaseModel):
    """What one utterance says; a span with several topics has a mention for each, the surest first."""

    language: str | None = Field(description="What it seems to be written in (ISO 639-1); null: nobody can tell.")
    unread: str | None = Field(
        description="Why there is no mention, or not of every turn: `language` (not one that the model speaks) or "
        "`no_content`."
    )
    mentions: list[MentionOut]


class ClassifyOut(BaseModel):
    """The mentions of each utterance, in their order."""

    texts: list[ReadTextOut]


@router.post("", operation_id="classify_texts", summary="Read texts without storing them")
def classify(request: Request, body: ClassifyIn, session: Reading, _actor: IngesterOrAnalyst) -> ClassifyOut:
    """The same reader as for stored feedback. A process without the model answers 503 with `Retry-After`."""
    readers = readers_of(request)
    known = load_known(session, readers.known)
    session.close()  # no transaction stays open while a model works
    found = classify_texts(readers, known, [_asked(text) for text in body.texts])
    return ClassifyOut(texts=[ReadTextOut.model_validate(read) for read in found])


def readers_of(request: Request) -> Readers:
    """What reads texts in this process.

    Raises:
        AppError: `no_model_here`: ask another process.
    """
    readers: Readers | None = request.app.state.readers
    if readers is None:
        message = "This process has no model. Ask one that has: `closeloop serve` with its worker inside."
        raise AppError(Kind.UNAVAILABLE, "no_model_here", message, retry_after=_RETRY_SECONDS)
    return readers


def _asked(text: TextIn) -> Asked:
    if text.turns is None:
        return Asked(turns=((Role.CUSTOMER.value, text.text or ""),), question=text.question)
    return Asked(turns=tuple((turn.role.value, turn.text) for turn in text.turns), question=text.question)
