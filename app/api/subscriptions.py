"""Subscriptions over HTTP: who is told of events."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt
from sqlalchemy.orm import Session

from app.act import subscribe
from app.api.bodies import ApiRoute
from app.api.deps import LARGEST_ID, Admin, Id, Now, Reading, SecretKey, Writing, runtime_of
from app.api.paging import Listing, Paged, position_of
from app.domain.happenings import Happening
from app.domain.quoting import Verbatims
from app.errors import AppError, Kind
from app.outbound.guard import LONGEST, NoAnswer, guard_of
from app.store.subscription_tables import Subscription
from app.store.subscriptions import count_dispatches, list_subscriptions

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"], route_class=ApiRoute)

_EXAMPLE: dict[str, Any] = {
    "name": "CRM",
    "url": "https://crm.example/hooks/closeloop",
    "types": ["voc.change.fixed.v1"],
}


class SubscriptionIn(BaseModel):
    """A subscription to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: str = Field(min_length=1, max_length=80, description="What people call it.")
    url: str = Field(max_length=LONGEST, description="Where to: https on the public internet. Never shown again.")
    kind: str = Field(default=subscribe.SIGNED, max_length=16, description="`webhook`, `slack` or `teams`.")
    types: list[Happening] = Field(default_factory=list, max_length=50, description="Of events; none: all.")
    owner_id: StrictInt | None = Field(
        default=None, ge=1, le=LARGEST_ID, description="Only events about the items of this owner."
    )
    verbatims: Verbatims = Field(default=Verbatims.NONE, description="How much of customers' words goes along.")


class SubscriptionOut(BaseModel):
    """A subscription as it can be shown: without its address and its secrets."""

    id: int
    name: str
    kind: str
    host: str = Field(description="Host and port of its address.")
    types: list[str]
    owner_id: int | None
    verbatims: str
    state: str = Field(description="`active`, `failing`, `paused` or `disabled`.")
    created_at: datetime
    paused_at: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None
    failures: int = Field(description="Attempts that failed since the last delivery arrived.")
    last_error: str | None
    retry_at: datetime | None = Field(description="Before this instant nothing is sent.")
    sent_at: datetime | None = Field(description="When the last delivery arrived.")
    deliveries: dict[str, int] = Field(description="How many there are per state.")


class SubscriptionSecretOut(SubscriptionOut):
    """A subscription and its new secret."""

    secret: str | None = Field(description="Shown now and never again; null for a kind that signs nothing.")


class ResentOut(BaseModel):
    """How many are on their way now."""

    replayed: int


@router.post("", operation_id="create_subscription", status_code=201, summary="Subscribe to events")
def create(
    request: Request, body: SubscriptionIn, session: Writing, now: Now, actor: Admin, secret_key: SecretKey
) -> SubscriptionSecretOut:
    """Its secret is in this answer and nowhere else. The address is checked now, and again before each delivery."""
    try:
        guard_of(runtime_of(request).settings).check(body.url)  # the network before the transaction
    except NoAnswer as error:
        message = f"This address cannot be reached: {error}. Check how it is written."
        raise AppError(Kind.INVALID, "address_unknown", message) from None
    new = subscribe.NewSubscription(body.name, body.kind, body.url, body.types, body.owner_id, body.verbatims)
    row, secret = subscribe.create_subscription(session, now, actor, new, secret_key)
    return SubscriptionSecretOut(**_shown(session, row).model_dump(), secret=secret)


@router.get("", operation_id="list_subscriptions", summary="List subscriptions")
def index(session: Reading, page: Paged, _actor: Admin) -> Listing[SubscriptionOut]:
    """Newest first; never their addresses and secrets."""
    found = list_subscriptions(session, page.after, page.limit)
    rows, following = page.cut(found, lambda row: position_of(row, "created_at"))
    return Listing(items=[_shown(session, row) for row in rows], next=following)


@router.get("/{subscription_id}", operation_id="get_subscription", summary="One subscription")
def show(subscription_id: Id, session: Reading, _actor: Admin) -> SubscriptionOut:
    """How it fares."""
    return _shown(session, found_subscription(session, subscription_id))


@router.delete("/{subscription_id}", operation_id="delete_subscription", status_code=204, summary="End a subscription")
def delete(subscription_id: Id, session: Writing, now: Now, actor: Admin) -> Response:
    """With what is on its way to it, and its log."""
    subscribe.delete_subscription(session, now, actor, subscription_id)
    return Response(status_code=204)


@router.post("/{subscription_id}/pause", operation_id="pause_subscription", summary="Send nothing for a while")
def pause(subscription_id: Id, session: Writing, now: Now, actor: Admin) -> SubscriptionOut:
    """What happens meanwhile waits."""
    return _shown(session, subscribe.pause_subscription(session, now, actor, subscription_id))


@router.post("/{subscription_id}/resume", operation_id="resume_subscription", summary="Send again")
def resume(subscription_id: Id, session: Writing, now: Now, actor: Admin) -> SubscriptionOut:
    """At once: after a pause, and after the endpoint was disabled."""
    return _shown(session, subscribe.resume_subscription(session, now, actor, subscription_id))


@router.post("/{subscription_id}/test", operation_id="test_subscription", status_code=202, summary="Send a test event")
def test(subscription_id: Id, session: Writing, now: Now, actor: Admin) -> ResentOut:
    """An event of the type `voc.subscription.test.v1`; what became of it is in the delivery log."""
    subscribe.try_subscription(session, now, actor, subscription_id)
    return ResentOut(replayed=1)


@router.post(
    "/{subscription_id}/secrets", operation_id="rotate_subscription_secret", summary="Give a subscription a new secret"
)
def rotate(
    subscription_id: Id, session: Writing, now: Now, actor: Admin, secret_key: SecretKey
) -> SubscriptionSecretOut:
    """Deliveries are signed by the one before as well, until it is retired or the next rotation."""
    row, secret = subscribe.rotate_subscription_secret(session, now, actor, subscription_id, secret_key)
    return SubscriptionSecretOut(**_shown(session, row).model_dump(), secret=secret)


@router.delete(
    "/{subscription_id}/secrets/old", operation_id="retire_subscription_secret", summary="End the older secret"
)
def retire(subscription_id: Id, session: Writing, now: Now, actor: Admin, secret_key: SecretKey) -> SubscriptionOut:
    """Only the newest one signs afterwards."""
    return _shown(session, subscribe.retire_subscription_secret(session, now, actor, subscription_id, secret_key))


def found_subscription(session: Session, subscription_id: int) -> Subscription:
    """A subscription.

    Raises:
        AppError: There is none with this id.
    """
    found = session.get(Subscription, subscription_id)
    if found is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no subscription with this id.")
    return found


def _shown(session: Session, row: Subscription) -> SubscriptionOut:
    session.flush()
    return SubscriptionOut(
        id=row.id,
        name=row.name,
        kind=row.kind,
        host=row.host,
        types=row.types,
        owner_id=row.owner_id,
        verbatims=row.verbatims,
        state=_state(row),
        created_at=row.created_at,
        paused_at=row.paused_at,
        disabled_at=row.disabled_at,
        disabled_why=row.disabled_why,
        failures=row.attempts,
        last_error=row.last_error,
        retry_at=row.retry_at,
        sent_at=row.sent_at,
        deliveries=count_dispatches(session, row.id),
    )


def _state(row: Subscription) -> str:
    if row.disabled_at is not None:
        return "disabled"
    if row.paused_at is not None:
        return "paused"
    return "failing" if row.attempts else "active"
