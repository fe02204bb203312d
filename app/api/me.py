"""What an owner chooses for themselves: what they are told at once, with the digest or not at all."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.act.preferring import choose_notices
from app.api.bodies import ApiRoute
from app.api.deps import Doer, Now, Reader, Reading, Writing
from app.domain.actor import Actor
from app.domain.telling import DEFAULTS, Occasion, Preferences, Rhythm, When
from app.errors import AppError, Kind
from app.store.preferences import preferences_of

router = APIRouter(prefix="/v1/me", tags=["notices"], route_class=ApiRoute)

Sure = Literal[When.IMMEDIATE, When.DIGEST]


class NotificationEvents(BaseModel):
    """When the owner is told of each; work that is theirs cannot be missed."""

    model_config = ConfigDict(extra="forbid")

    assigned: Sure = Field(default=When.IMMEDIATE, description="An item is theirs, or theirs again.")
    due: Sure = Field(default=When.IMMEDIATE, description="Due in 48 hours, overdue, untouched.")
    escalated: Sure = Field(default=When.IMMEDIATE, description="They are next on a ladder; an item waits for long.")
    verdict: When = Field(default=When.IMMEDIATE, description="A change was measured.")
    alert: When = Field(default=When.IMMEDIATE, description="A theme of theirs stands out.")
    resumed: When = Field(default=When.DIGEST, description="A snooze is over.")


class NotificationsBody(BaseModel):
    """Everything that an owner chose; what is left out is as usual."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"events": {"verdict": "digest"}, "digest": "daily"}]}
    )

    events: NotificationEvents = NotificationEvents()
    digest: Rhythm = Field(
        default=Rhythm.WEEKLY,
        description="Mondays at eight, every working day at eight, or none; on the owner's clock.",
    )


@router.get("/notifications", operation_id="get_my_notifications", summary="What you are told, and when")
def show(session: Reading, actor: Reader) -> NotificationsBody:
    """Your own choices, with what is usual where you chose nothing."""
    return _shown(preferences_of(session, _owner_id(actor)))


@router.put("/notifications", operation_id="choose_my_notifications", summary="Choose what you are told, and when")
def choose(body: NotificationsBody, session: Writing, now: Now, actor: Doer) -> NotificationsBody:
    """Replaces all choices. What waits for you already comes as it was."""
    said = body.events.model_dump()
    events = {occasion: When(said[occasion]) for occasion in Occasion if said[occasion] is not DEFAULTS[occasion]}
    return _shown(choose_notices(session, now, actor, _owner_id(actor), Preferences(events, body.digest)))


def _shown(preferences: Preferences) -> NotificationsBody:
    chosen = {str(occasion): preferences.chosen(occasion) for occasion in Occasion}
    return NotificationsBody(events=NotificationEvents.model_validate(chosen), digest=preferences.digest)


def _owner_id(actor: Actor) -> int:
    if actor.owner_id is None:
        message = "Your key acts for no owner: only owners are sent notices, and choose about them."
        raise AppError(Kind.INVALID, "no_owner", message)
    return actor.owner_id
