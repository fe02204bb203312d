"""People who sign in, over HTTP: make, list, give rights, disable."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StrictInt

from app.access.passwords import hash_password
from app.access.users import (
    create_user,
    disable_user,
    enable_user,
    get_user,
    give_rights,
    rights_of,
    set_password,
)
from app.api.bodies import ApiRoute
from app.api.deps import LARGEST_ID, Admin, Id, Now, Reading, Writing
from app.api.openapi import declare
from app.api.paging import Listing, Paged, position_of
from app.domain.actor import Scope, UserRole
from app.store.access import list_users
from app.store.people_tables import User

router = APIRouter(prefix="/v1/users", tags=["users"], route_class=ApiRoute)


class RightsIn(BaseModel):
    """What a person may do; everything is replaced."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "owner", "owner_id": 1}]})

    role: UserRole | None = Field(default=None, description="`owner`, `analyst` or `admin`; null: none.")
    scopes: list[Scope] = Field(default_factory=list, description="Beside those of the role, e.g. `pii:read`.")
    owner_id: StrictInt | None = Field(default=None, ge=1, le=LARGEST_ID, description="Sees with this owner's eyes.")


class UserIn(RightsIn):
    """A person to be made known."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "mira@example.com", "role": "analyst"}]}
    )

    name: str = Field(min_length=1, max_length=254, description="What they sign in with; an e-mail address is theirs.")
    email: str | None = Field(default=None, max_length=254, description="If it is not the name.")
    password: SecretStr | None = Field(
        default=None, description="12 to 1,024 characters; without one they sign in through the identity provider."
    )


class UserOut(BaseModel):
    """A person as they can be shown: without anything that opens the door."""

    id: int
    name: str
    email: str | None
    scopes: list[str] = Field(description="Empty: they cannot sign in until they are given a role.")
    owner_id: int | None
    has_password: bool
    by_provider: bool = Field(description="Whether the identity provider knows them.")
    created_at: datetime
    last_sign_in_on: date | None
    disabled_at: datetime | None


@router.post("", operation_id="create_user", status_code=201, summary="Make a person known", responses=declare(409))
def create(body: UserIn, session: Writing, now: Now, actor: Admin) -> UserOut:
    """Give them only the rights that they need."""
    kept = _kept(body)
    rights = rights_of(body.role, body.scopes, body.owner_id)
    user = create_user(session, now, actor, body.name, email=body.email, rights=rights)
    if kept is not None:
        set_password(session, now, actor, user, kept)
    return _shown(user)


@router.get("", operation_id="list_users", summary="List people")
def index(session: Reading, page: Paged, _actor: Admin) -> Listing[UserOut]:
    """Newest first, disabled ones too."""
    found = list_users(session, page.after, page.limit)
    rows, following = page.cut(found, lambda row: position_of(row, "created_at"))
    return Listing(items=[_shown(row) for row in rows], next=following)


@router.put("/{user_id}/rights", operation_id="give_user_rights", summary="Say what a person may do")
def give(user_id: Id, body: RightsIn, session: Writing, now: Now, actor: Admin) -> UserOut:
    """From their next request on, also where they are signed in."""
    rights = rights_of(body.role, body.scopes, body.owner_id)
    return _shown(give_rights(session, now, actor, get_user(session, user_id), rights))


@router.post("/{user_id}/disable", operation_id="disable_user", summary="Let a person in no more")
def disable(user_id: Id, session: Writing, now: Now, actor: Admin) -> UserOut:
    """From their next request on, wherever they are signed in."""
    return _shown(disable_user(session, now, actor, get_user(session, user_id)))


@router.post("/{user_id}/enable", operation_id="enable_user", summary="Let a person in again")
def enable(user_id: Id, session: Writing, now: Now, actor: Admin) -> UserOut:
    """With the rights and the password that they had."""
    return _shown(enable_user(session, now, actor, get_user(session, user_id)))


def _kept(body: UserIn) -> str | None:
    if body.password is None:
        return None
    return hash_password(body.password.get_secret_value(), body.name, body.email or "")


def _shown(user: User) -> UserOut:
    return UserOut(
        id=user.id,
        name=user.name,
        email=user.email,
        scopes=[str(scope) for scope in user.scopes],
        owner_id=user.owner_id,
        has_password=user.password_hash is not None,
        by_provider=user.oidc_subject is not None,
        created_at=user.created_at,
        last_sign_in_on=user.last_sign_in_on,
        disabled_at=user.disabled_at,
    )
