"""Raw deliveries over HTTP: which arrived, why one is quarantined, and reading them again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StrictInt
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import LARGEST_ID, Admin, Id, Now, Reading, Writing
from app.api.instants import Instant
from app.api.openapi import declare
from app.api.paging import Listing, Paged, position_of
from app.domain.feedback import DeliveryState
from app.errors import AppError, Kind
from app.ingest.receive import replay_deliveries
from app.store.deliveries import DeliveryFilter, find_delivery, find_source, list_deliveries
from app.store.tables import Delivery

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"], route_class=ApiRoute)

_MOST_IDS = 1_000


class DeliveryOut(BaseModel):
    """One raw payload as it arrived, without its content."""

    id: int
    source_id: int
    sender_ref: str | None = Field(description="The sender's own id of the delivery.")
    state: str = Field(description="`received`, `unpacked`, `fetch_required`, `ignored` or `quarantined`.")
    reason: str | None = Field(description="Why it was ignored or quarantined.")
    content_type: str
    digest: str = Field(description="SHA-256 of the bytes.")
    attempts: int
    received_at: datetime
    unpacked_at: datetime | None


class ReplayIn(BaseModel):
    """Which deliveries shall be read again; without ids and state those that are quarantined."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"source": "shop-survey", "since": "2026-09-01T00:00:00Z"}]}
    )

    ids: list[Annotated[StrictInt, Field(ge=1, le=LARGEST_ID)]] = Field(default_factory=list, max_length=_MOST_IDS)
    source: str | None = Field(default=None, max_length=64)
    state: DeliveryState | None = None
    since: Instant | None = None
    until: Instant | None = None


class ReplayedOut(BaseModel):
    """How many will be read again."""

    replayed: int


@dataclass(frozen=True)
class DeliveryQuery:
    """Which deliveries are asked for."""

    source: Annotated[str | None, Query(max_length=64, description="Key of the source.")] = None
    state: Annotated[DeliveryState | None, Query()] = None
    since: Annotated[Instant | None, Query(description="Received at or after this instant.")] = None
    until: Annotated[Instant | None, Query(description="Received before this instant.")] = None


@router.get("", operation_id="list_deliveries", summary="List deliveries")
def index(
    session: Reading, page: Paged, _actor: Admin, query: Annotated[DeliveryQuery, Depends()]
) -> Listing[DeliveryOut]:
    """Newest first."""
    wanted = DeliveryFilter((), _source_id(session, query.source), query.state, query.since, query.until)
    found = list_deliveries(session, wanted, page.after, page.limit)
    rows, following = page.cut(found, lambda row: position_of(row, "received_at"))
    return Listing(items=[_shown(row) for row in rows], next=following)


@router.post("/replay", operation_id="replay_deliveries", summary="Read many deliveries again", status_code=202)
def replay_many(body: ReplayIn, session: Writing, now: Now, actor: Admin) -> ReplayedOut:
    """Items that are known already add nothing."""
    source_id = _source_id(session, body.source)
    wanted = DeliveryFilter(tuple(body.ids), source_id, body.state, body.since, body.until)
    return ReplayedOut(replayed=replay_deliveries(session, now, actor, wanted))


@router.get("/{delivery_id:int}", operation_id="get_delivery", summary="One delivery")
def show(delivery_id: Id, session: Reading, _actor: Admin) -> DeliveryOut:
    """Where it stands, and why."""
    return _shown(_found(session, delivery_id))


@router.post(
    "/{delivery_id}/replay",
    operation_id="replay_delivery",
    summary="Read a delivery again",
    status_code=202,
    responses=declare(409),
)
def replay(delivery_id: Id, session: Writing, now: Now, actor: Admin) -> ReplayedOut:
    """For example after its connector was mended or its source configured anew."""
    _found(session, delivery_id)
    count = replay_deliveries(session, now, actor, DeliveryFilter(ids=(delivery_id,)))
    if not count:
        message = "It is still waiting to be read, or its content is past its retention and gone."
        raise AppError(Kind.CONFLICT, "not_replayable", message)
    return ReplayedOut(replayed=count)


def _found(session: Session, delivery_id: int) -> Delivery:
    found = find_delivery(session, delivery_id)
    if found is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no delivery with this id.")
    return found


def _source_id(session: Session, key: str | None) -> int | None:
    if key is None:
        return None
    found = find_source(session, key)
    if found is None:
        raise AppError(Kind.INVALID, "unknown_source", "There is no source with this key. List them at /v1/sources.")
    return found.id


def _shown(row: Delivery) -> DeliveryOut:
    return DeliveryOut.model_validate(row, from_attributes=True)
