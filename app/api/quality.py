"""How good the topics are, over HTTP: precision and recall from what people have reviewed."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import LARGEST_ID, Analyst, Id, Reading
from app.api.openapi import declare
from app.domain.quality import Rate, Reviewed, confusions, topic_quality
from app.errors import AppError, Kind
from app.store.learning import find_version
from app.store.reference import find_topic, list_topics
from app.store.reviews import topic_reviews

router = APIRouter(prefix="/v1/topics", tags=["topics"], route_class=ApiRoute)

Version = Annotated[
    int | None,
    Query(ge=1, le=LARGEST_ID, description="Only mentions that this version of the model had read; absent: all."),
]


class RateOut(BaseModel):
    """A share with its 95 % interval (Wilson)."""

    value: float | None = Field(description="null: nothing was reviewed.")
    low: float | None
    high: float | None
    n: int = Field(description="Of how many.")


class QualityOut(BaseModel):
    """Precision and recall over some reviewed mentions."""

    precision: RateOut = Field(description="Of the reviewed mentions that the model gave this topic, those confirmed.")
    recall: RateOut = Field(
        description="Of the reviewed mentions that truly have this topic, those that the model gave it."
    )


class ConfusionOut(BaseModel):
    """One kind of error; null: no topic."""

    given: str | None
    truly: str | None
    count: int


class TopicQualityOut(BaseModel):
    """How good the labels of one topic are."""

    id: int
    topic: str
    random: QualityOut = Field(description="Mentions drawn at random only: the honest figure.")
    all: QualityOut = Field(
        description="Everything that was reviewed. Most of it was chosen for being doubtful, so it looks worse than "
        "the model is on the whole: read it as a list of what to mend."
    )
    confusions: list[ConfusionOut]


@router.get("/quality", operation_id="list_topic_quality", summary="How good all topics are", responses=declare(404))
def index(session: Reading, _actor: Analyst, version: Version = None) -> list[TopicQualityOut]:
    """Active topics, by key."""
    reviewed = _reviewed(session, version)
    return [_shown(topic.id, topic.key, reviewed) for topic in list_topics(session)]


@router.get("/{topic_id}/quality", operation_id="get_topic_quality", summary="How good a topic is")
def show(topic_id: Id, session: Reading, _actor: Analyst, version: Version = None) -> TopicQualityOut:
    """Precision and recall with intervals, and the errors seen most.

    Confirm what is right as well as correcting what is wrong, or precision is underestimated.
    """
    topic = find_topic(session, topic_id)
    if topic is None:
        raise AppError(Kind.NOT_FOUND, "topic_not_found", "There is no such topic. List them at /v1/topics.")
    return _shown(topic.id, topic.key, _reviewed(session, version))


def _reviewed(session: Session, version: int | None) -> list[Reviewed]:
    if version is None:
        return topic_reviews(session)
    row = find_version(session, version)
    if row is None:
        message = "There is no such version of the model. List them at /v1/model/versions."
        raise AppError(Kind.NOT_FOUND, "model_version_not_found", message)
    return topic_reviews(session, row.fingerprint)


def _shown(topic_id: int, key: str, reviewed: list[Reviewed]) -> TopicQualityOut:
    return TopicQualityOut(
        id=topic_id,
        topic=key,
        random=_quality([one for one in reviewed if one.random], key),
        all=_quality(reviewed, key),
        confusions=[
            ConfusionOut(given=given, truly=truly, count=count) for given, truly, count in confusions(reviewed, key)
        ],
    )


def _quality(reviewed: list[Reviewed], key: str) -> QualityOut:
    found = topic_quality(reviewed, key)
    return QualityOut(precision=_rate(found.precision), recall=_rate(found.recall))


def _rate(rate: Rate) -> RateOut:
    low, high = rate.interval or (None, None)
    return RateOut(value=rate.value, low=low, high=high, n=rate.n)
