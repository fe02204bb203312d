"""How an owner wants to be told, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from sqlalchemy.orm import Session

from app.act.choosing import choose_channels, choose_digests
from app.api.bodies import ApiRoute
from app.api.deps import Admin, Now, Reading, Writing
from app.errors import AppError, Kind
from app.store.reference import find_owner
from app.store.subscription_tables import ContactChoice
from app.store.tables import Owner

router = APIRouter(prefix="/v1/owners/{key}/contact", tags=["reference"], route_class=ApiRoute)

Key = Annotated[str, Path(max_length=64, description="Key of the owner.")]
_Channel = Annotated[str, Field(max_length=64)]


class ContactIn(BaseModel):
    """How an owner wants to be told."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"channels": ["email", "slack"]}]})

    channels: list[_Channel] | None = Field(
        default=None, max_length=20, description="`email`, `slack`, `teams`; null: by mail. The log is always written."
    )
    digests: StrictBool = Field(default=True, description="Whether digests are wanted; the rest is told all the same.")


class ContactOut(ContactIn):
    """How an owner is told."""


@router.get("", operation_id="get_contact", summary="How an owner is told")
def show(key: Key, session: Reading, _actor: Admin) -> ContactOut:
    """As it was chosen, or what holds without a choice."""
    choice = session.get(ContactChoice, _owner(session, key).id)
    return ContactOut() if choice is None else ContactOut(channels=choice.channels, digests=choice.digests)


@router.put("", operation_id="choose_contact", summary="Choose how an owner is told")
def choose(key: Key, body: ContactIn, session: Writing, now: Now, actor: Admin) -> ContactOut:
    """For what is put into the outbox from now on."""
    owner = _owner(session, key)
    choose_channels(session, now, actor, owner, body.channels)
    choice = choose_digests(session, now, actor, owner, wanted=body.digests)
    return ContactOut(channels=choice.channels, digests=choice.digests)


def _owner(session: Session, key: str) -> Owner:
    found = find_owner(session, key)
    if found is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no owner with this key. List them at /v1/owners.")
    return found
