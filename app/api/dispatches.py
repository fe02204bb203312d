"""The delivery log of a subscription over HTTP: what became of each event on its way, and sending again."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.act import subscribe
from app.act.deliver import webhook_id
from app.api.bodies import ApiRoute
from app.api.deps import Admin, Id, Now, Reading, Writing
from app.api.instants import Instant
from app.api.paging import Listing, Paged
from app.api.subscriptions import ResentOut, found_subscription
from app.errors import AppError, Kind
from app.store.subscriptions import Told, list_dispatches

router = APIRouter(
    prefix="/v1/subscriptions/{subscription_id}/deliveries", tags=["subscriptions"], route_class=ApiRoute
)

_RANGE: dict[str, Any] = {"since": "2026-09-01T00:00:00Z", "until": "2026-09-02T00:00:00Z"}


class DispatchOut(BaseModel):
    """One event on its way to one subscription."""

    id: int
    event_id: int
    webhook_id: str = Field(description="What receivers know it by; the same at each attempt.")
    type: str
    subject: str
    facts: dict[str, Any]
    happened_at: datetime
    state: str = Field(description="`pending`, `sent` or `dead` (given up).")
    attempts: int
    status: int | None = Field(description="What the receiver answered last, if it failed; null: it was not reached.")
    last_error: str | None
    tried_at: datetime | None
    sent_at: datetime | None


class RangeIn(BaseModel):
    """Which events are sent again: those that did not arrive between two instants."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_RANGE]})

    since: Instant
    until: Instant


@router.get("", operation_id="list_subscription_deliveries", summary="The delivery log")
def deliveries(
    subscription_id: Id,
    session: Reading,
    page: Paged,
    _actor: Admin,
    state: Annotated[Literal["pending", "sent", "dead"] | None, Query()] = None,
) -> Listing[DispatchOut]:
    """The newest event first. What receivers answered is not kept beyond its status."""
    found_subscription(session, subscription_id)
    found = list_dispatches(session, subscription_id, page.after, page.limit, state=state)
    rows, following = page.cut(found, lambda row: (row.event.at, row.dispatch.id))
    return Listing(items=[_told(row) for row in rows], next=following)


@router.post(
    "/replay",
    operation_id="replay_subscription",
    status_code=202,
    summary="Send again what did not arrive",
)
def replay_many(subscription_id: Id, body: RangeIn, session: Writing, now: Now, actor: Admin) -> ResentOut:
    """What was given up or never offered in the range, in the order of events; at most 10,000 of them at once."""
    count = subscribe.replay_range(session, now, actor, subscription_id, (body.since, body.until))
    return ResentOut(replayed=count)


@router.post(
    "/{dispatch_id}/replay",
    operation_id="replay_subscription_delivery",
    status_code=202,
    summary="Send one delivery again",
)
def replay(subscription_id: Id, dispatch_id: Id, session: Writing, now: Now, actor: Admin) -> ResentOut:
    """Whatever became of it, with the same `webhook-id`."""
    if subscribe.replay_dispatch(session, now, actor, subscription_id, dispatch_id) is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "This subscription has no delivery with this id.")
    return ResentOut(replayed=1)


def _told(row: Told) -> DispatchOut:
    dispatch, event = row.dispatch, row.event
    return DispatchOut(
        id=dispatch.id,
        event_id=event.id,
        webhook_id=webhook_id(row),
        type=event.type,
        subject=event.subject,
        facts=event.facts,
        happened_at=event.at,
        state=dispatch.state,
        attempts=dispatch.attempts,
        status=dispatch.status,
        last_error=dispatch.last_error,
        tried_at=dispatch.tried_at,
        sent_at=dispatch.sent_at,
    )
