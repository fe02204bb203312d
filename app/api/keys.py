"""API keys over HTTP: make, list, replace, revoke."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from app.access.keys import create_key, revoke_key, rotate_key
from app.api.bodies import ApiRoute
from app.api.deps import LARGEST_ID, Admin, Id, Now, Reading, Writing
from app.api.instants import Instant
from app.api.openapi import declare
from app.api.paging import Listing, Paged, position_of
from app.domain.actor import Scope
from app.store.access import list_api_keys
from app.store.tables import ApiKey

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=ApiRoute)


class KeyIn(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "crm", "scopes": ["ingest:write"]}]}
    )

    name: str = Field(description="What people call it; appears in the audit.", min_length=1, max_length=80)
    scopes: list[Scope] = Field(min_length=1)
    owner_id: StrictInt | None = Field(default=None, ge=1, le=LARGEST_ID, description="Sees with this owner's eyes.")
    source_id: StrictInt | None = Field(default=None, ge=1, le=LARGEST_ID, description="Writes to this source only.")
    expires_at: Instant | None = None


class KeyOut(BaseModel):
    """A key as it can be shown: without its secret."""

    id: int
    public_id: str = Field(description="The part of the key that may be known.")
    name: str
    scopes: list[str]
    owner_id: int | None
    source_id: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_on: date | None
    replaced_by_id: int | None = Field(description="The key that took its place when it was rotated.")


class RotateIn(BaseModel):
    """How a key is replaced; by default it works on for a day."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"old_works_until": "2026-12-01T09:00:00Z"}]}
    )

    old_works_until: Instant | None = Field(default=None, description="When the old key stops working.")
    expires_at: Instant | None = Field(
        default=None, description="When the new one does; by default it lives as long as the old one was meant to."
    )


class NewKeyOut(KeyOut):
    """A key that was just made."""

    key: str = Field(description="The whole key. It is shown now and never again.")


_IN_A_DAY = RotateIn()


@router.post("", operation_id="create_key", status_code=201, summary="Make an API key")
def create(body: KeyIn, session: Writing, now: Now, actor: Admin) -> NewKeyOut:
    """Make a key with only the scopes that its user needs. Its secret is in this answer and nowhere else."""
    row, token = create_key(
        session,
        now,
        actor,
        name=body.name,
        scopes=body.scopes,
        owner_id=body.owner_id,
        source_id=body.source_id,
        expires_at=body.expires_at,
    )
    return NewKeyOut(**_shown(row).model_dump(), key=token)


@router.get("", operation_id="list_keys", summary="List API keys")
def index(session: Reading, page: Paged, _actor: Admin) -> Listing[KeyOut]:
    """Newest first, revoked and expired ones too; never their secrets."""
    rows, following = page.cut(
        list_api_keys(session, page.after, page.limit), lambda row: position_of(row, "created_at")
    )
    return Listing(items=[_shown(row) for row in rows], next=following)


@router.post(
    "/{key_id}/rotate",
    operation_id="rotate_key",
    status_code=201,
    summary="Replace an API key",
    responses=declare(409),
)
def rotate(key_id: Id, session: Writing, now: Now, actor: Admin, body: RotateIn = _IN_A_DAY) -> NewKeyOut:
    """A new key with the same name and rights, shown now and never again; the old one works on for a while."""
    row, token = rotate_key(session, now, actor, key_id, old_until=body.old_works_until, expires_at=body.expires_at)
    return NewKeyOut(**_shown(row).model_dump(), key=token)


@router.delete("/{key_id}", operation_id="revoke_key", summary="Revoke an API key")
def revoke(key_id: Id, session: Writing, now: Now, actor: Admin) -> KeyOut:
    """Stop a key for good, from the next request on. Doing it again changes nothing."""
    return _shown(revoke_key(session, now, actor, key_id))


def _shown(row: ApiKey) -> KeyOut:
    return KeyOut.model_validate(row, from_attributes=True)
