"""Why a mention got its topic: the nearest example and the words that carry the answer."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.api.bodies import ApiRoute
from app.api.classify import readers_of
from app.api.deps import Analyst, Id, Reading
from app.classify.taxonomy import load_known
from app.classify.why import explain_topic
from app.store.mentions import find_mention, mention_text

router = APIRouter(prefix="/v1", tags=["corrections"], route_class=ApiRoute)


class CarrierOut(BaseModel):
    """Words of the text that speak for the topic."""

    word: str
    weight: float = Field(description="How much of the topic's score goes when they go.")
    start: int
    end: int


class RunnerUpOut(BaseModel):
    """The next topic."""

    label: str
    confidence: float


class ExplanationOut(BaseModel):
    """What the most probable topic rests on, as the model judges now; a correction is not looked at."""

    text: str = Field(description="The words as the model sees them; offsets are in it.")
    topic: str
    confidence: float
    given: bool = Field(description="Whether it is sure enough; false: the model abstains, this is the near miss.")
    nearest: str = Field(description="The labelled text of this topic, or its description, that is most alike.")
    labelled: bool = Field(description="Whether that is a labelled text: an example or a correction.")
    similarity: float
    words: list[CarrierOut] = Field(description="Strongest first.")
    runner_up: RunnerUpOut | None


@router.get(
    "/mentions/{mention_id}/explanation", operation_id="explain_mention", summary="Why this topic, and why not another"
)
def explain(request: Request, mention_id: Id, session: Reading, _actor: Analyst) -> ExplanationOut:
    """The words that carry the answer, the nearest known text and the next topic, by the reader of this moment."""
    readers = readers_of(request)
    mention = find_mention(session, mention_id)
    text, known = mention_text(session, mention), load_known(session, readers.known)
    session.close()  # no transaction stays open while a model works
    return ExplanationOut.model_validate(explain_topic(readers, known, text))
