"""Sources over HTTP: make, list, configure, pause, resume, rotate secrets."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import Admin, Now, Reading, SecretKey, Writing, runtime_of
from app.api.openapi import declare
from app.errors import AppError, Kind
from app.ingest.catalogue import warnings_of
from app.ingest.sources import (
    NATIVE,
    NewSource,
    configure_source,
    create_source,
    pause_source,
    resume_source,
    retire_secret,
    rotate_secret,
)
from app.store.deliveries import count_deliveries, find_source, list_sources
from app.store.tables import Source

router = APIRouter(prefix="/v1/sources", tags=["sources"], route_class=ApiRoute)

Key = Annotated[str, Path(max_length=64, description="Key of the source.")]


class SourceIn(BaseModel):
    """A source to be made."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"key": "shop-survey", "connector": "native"}]}
    )

    key: str = Field(max_length=64, description="Its name in addresses and reports.")
    connector: str = Field(default=NATIVE, max_length=64, description="`native` for items sent to /v1/feedback.")
    config: dict[str, Any] = Field(default_factory=dict)
    secret: str | None = Field(default=None, max_length=16_384, description="The sender's; without it one is made.")


class ConfigIn(BaseModel):
    """What the connector lets you set."""

    model_config = ConfigDict(extra="forbid")

    config: dict[str, Any]


class SecretIn(BaseModel):
    """A new secret."""

    model_config = ConfigDict(extra="forbid")

    secret: str | None = Field(default=None, max_length=16_384, description="The sender's; without it one is made.")


class SourceOut(BaseModel):
    """A source as it can be shown: without its secrets."""

    id: int
    key: str
    connector: str
    config: dict[str, Any]
    hook_url: str | None = Field(description="Where its sender delivers; null for a source without a hook.")
    created_at: datetime
    paused_at: datetime | None
    deliveries: dict[str, int] = Field(description="How many there are per state.")
    warnings: list[str] = Field(description="What to know about how its deliveries prove where they come from.")


class SecretOut(SourceOut):
    """A source and its new secret."""

    secret: str | None = Field(description="Shown now and never again; null for a source without a hook.")


class Command:
    """What every change of one source needs."""

    def __init__(self, request: Request, session: Writing, now: Now, actor: Admin, secret_key: SecretKey) -> None:
        """Collect it."""
        self._request = request
        self.session, self.now, self.actor, self.secret_key = session, now, actor, secret_key

    def answer(self, row: Source) -> SourceOut:
        """The source after the change."""
        return _shown(self._request, row, count_deliveries(self.session))


Asked = Annotated[Command, Depends(Command)]


@router.get("", operation_id="list_sources", summary="List sources")
def index(request: Request, session: Reading, _actor: Admin) -> list[SourceOut]:
    """All of them, by key; never their secrets."""
    counts = count_deliveries(session)
    return [_shown(request, row, counts) for row in list_sources(session)]


@router.post("", operation_id="create_source", summary="Make a source", status_code=201, responses=declare(409))
def create(
    request: Request, body: SourceIn, session: Writing, now: Now, actor: Admin, secret_key: SecretKey
) -> SecretOut:
    """A source with a connector gets a hook and a secret; the secret is in this answer and nowhere else."""
    new = NewSource(body.key, body.connector, body.config, body.secret)
    row, secret = create_source(session, now, actor, new, secret_key)
    return SecretOut(**_shown(request, row, {}).model_dump(), secret=secret)


@router.get("/{key}", operation_id="get_source", summary="One source")
def show(request: Request, key: Key, session: Reading, _actor: Admin) -> SourceOut:
    """Without its secrets."""
    return _shown(request, named_source(session, key), count_deliveries(session))


@router.put("/{key}/config", operation_id="configure_source", summary="Replace a source's configuration")
def configure(key: Key, asked: Asked, body: ConfigIn) -> SourceOut:
    """Deliveries that were quarantined before can be replayed afterwards."""
    row = named_source(asked.session, key)
    configure_source(asked.session, asked.now, asked.actor, row, body.config)
    return asked.answer(row)


@router.post("/{key}/pause", operation_id="pause_source", summary="Ask senders to come back later")
def pause(key: Key, asked: Asked) -> SourceOut:
    """The hook answers 503 with `Retry-After` until it is resumed."""
    row = named_source(asked.session, key)
    pause_source(asked.session, asked.now, asked.actor, row)
    return asked.answer(row)


@router.post("/{key}/resume", operation_id="resume_source", summary="Take deliveries again")
def resume(key: Key, asked: Asked) -> SourceOut:
    """The end of a pause."""
    row = named_source(asked.session, key)
    resume_source(asked.session, asked.now, asked.actor, row)
    return asked.answer(row)


@router.post("/{key}/secrets", operation_id="rotate_source_secret", summary="Give a source a new secret")
def rotate(key: Key, asked: Asked, body: SecretIn) -> SecretOut:
    """The one before stays live, until it is retired or the next rotation."""
    row = named_source(asked.session, key)
    secret = rotate_secret(asked.session, asked.now, asked.actor, row, asked.secret_key, body.secret)
    return SecretOut(**asked.answer(row).model_dump(), secret=secret)


@router.delete("/{key}/secrets/old", operation_id="retire_source_secret", summary="End the older secret")
def retire(key: Key, asked: Asked) -> SourceOut:
    """Only the newest one is live afterwards."""
    row = named_source(asked.session, key)
    retire_secret(asked.session, asked.now, asked.actor, row, asked.secret_key)
    return asked.answer(row)


def named_source(session: Session, key: str) -> Source:
    """The source of this key.

    Raises:
        AppError: There is none.
    """
    found = find_source(session, key)
    if found is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no source with this key. List them at /v1/sources.")
    return found


def _shown(request: Request, row: Source, counts: dict[tuple[int, str], int]) -> SourceOut:
    base = runtime_of(request).settings.base_url
    return SourceOut(
        id=row.id,
        key=row.key,
        connector=row.connector,
        config=row.config,
        hook_url=None if row.connector == NATIVE else f"{base}/v1/hooks/{row.key}",
        created_at=row.created_at,
        paused_at=row.paused_at,
        deliveries={state: count for (source_id, state), count in counts.items() if source_id == row.id},
        warnings=warnings_of(row),
    )
