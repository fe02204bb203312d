"""Files over HTTP: taken in whole, read in the background; how far, what was not stored and why, and a way to stop."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.bodies import ApiRoute
from app.api.deps import Id, Ingester, IngesterOrAnalyst, Now, Reading, Writing, runtime_of
from app.api.import_files import import_for, rejects_answer
from app.api.intake import SourceKey, target_source
from app.api.once import KeyRequired
from app.api.openapi import declare
from app.api.paging import Listing, Paged, position_of
from app.api.uploads import Upload, receive_file
from app.domain.feedback import Medium
from app.errors import AppError, Kind
from app.ingest.dates import DateOrder
from app.ingest.imports import NewImport, cancel_import, start_import
from app.store.import_tables import Import
from app.store.imports import list_imports

router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=ApiRoute)

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}
_BODY = {"requestBody": {"required": True, "content": {"*/*": _BINARY, "multipart/form-data": _FORM}}}
_FIRST_REASONS = 10


class ReasonOut(BaseModel):
    """Why rows were not stored."""

    reason: str
    rows: int


class ImportOut(BaseModel):
    """An import and how far it is."""

    id: int
    source: str = Field(description="Key of the source that the items go to.")
    name: str
    size: int = Field(description="Bytes.")
    sha256: str
    connector: str | None = Field(description="Who reads the file; null: it is a table of rows.")
    state: str = Field(description="`queued`, `running`, `done`, `failed` or `cancelled`.")
    rows: int | None = Field(description="Rows or conversations in the file; null until it was looked at.")
    rows_done: int = Field(description="Rows that are stored or refused for good.")
    accepted: int
    duplicate: int = Field(description="Rows that were known already and changed nothing.")
    rejected: int
    reasons: list[ReasonOut] = Field(description="The most frequent ones.")
    notes: list[str] = Field(description="How the file is read, and what that could mean for you.")
    reason: str | None = Field(description="Why it failed.")
    rejects_url: str | None = Field(description="Where the rejected rows are; null if there are none.")
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class ImportQuery:
    """How a file is to be read: what `closeloop import` has as options."""

    map: Annotated[
        list[str] | None,
        Query(max_length=100, description="FIELD=COLUMN, repeatable: text, occurred_at, external_id, score:nps ..."),
    ] = None
    connector: Annotated[
        str | None,
        Query(max_length=64, description="Who reads the file, if neither its ending nor the source says it."),
    ] = None
    medium: Annotated[Medium, Query(description="How customers spoke, where no column says it.")] = Medium.SURVEY
    zone: Annotated[str | None, Query(max_length=64, description="Zone of times without one: Europe/Berlin.")] = None
    date_order: Annotated[DateOrder | None, Query(description="Day or month first in 01/02/2026; else recognised.")] = (
        None
    )


@dataclass(frozen=True)
class _Asked:
    """Who asks for what, when, in which transaction."""

    request: Request
    session: Writing
    now: Now
    actor: Ingester
    query: Annotated[ImportQuery, Depends()]
    source: SourceKey = None


async def _upload(
    request: Request,
    _actor: Ingester,
    _key: KeyRequired,
    filename: Annotated[
        str | None, Query(min_length=1, max_length=255, description="The file's name; its ending says what it is.")
    ] = None,
) -> AsyncIterator[Upload]:
    async for upload in receive_file(request, filename):
        yield upload


@router.post(
    "",
    operation_id="start_import",
    summary="Import a file",
    status_code=202,
    openapi_extra=_BODY,
)
def start(
    response: Response, upload: Annotated[Upload, Depends(_upload)], asked: Annotated[_Asked, Depends()]
) -> ImportOut:
    """CSV, JSON Lines, WebVTT, SRT, vCon, or any file that a connector reads: as the body, or as a form with one file.

    It is durable when you read the answer; follow `Location`. Rows that are known already add nothing, so that the same
    file can be sent again.
    """
    query = asked.query
    zone = query.zone or runtime_of(asked.request).settings.zone
    _check_zone(zone)
    options = {
        "mappings": query.map or [],
        "zone": zone,
        "medium": query.medium,
        "order": query.date_order,
    }
    row = target_source(asked.session, asked.now, asked.actor, asked.source)
    new = NewImport(upload.name, upload.path, upload.size, upload.digest, query.connector, options)
    made = start_import(asked.session, asked.now, asked.actor, row, new)
    response.headers["Location"] = f"/v1/imports/{made.id}"
    upload.keep()
    return _shown(made, row.key)


@router.get("", operation_id="list_imports", summary="List imports")
def index(session: Reading, page: Paged, actor: IngesterOrAnalyst) -> Listing[ImportOut]:
    """Newest first; a key that is bound to a source sees that source's."""
    found = list_imports(session, actor.source_id, page.after, page.limit)
    rows, following = page.cut(found, lambda pair: position_of(pair[0], "created_at"))
    return Listing(items=[_shown(row, key) for row, key in rows], next=following)


@router.get("/{import_id}", operation_id="get_import", summary="How far an import is")
def show(import_id: Id, session: Reading, actor: IngesterOrAnalyst) -> ImportOut:
    """Counts, notes and the first reasons."""
    row, key = import_for(session, import_id, actor)
    return _shown(row, key)


@router.get(
    "/{import_id}/rejects",
    operation_id="get_import_rejects",
    summary="The rows that were not stored",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV (RFC 4180)"}},
)
def rejects(import_id: Id, session: Reading, actor: IngesterOrAnalyst) -> Response:
    """Line, reason, and the row as it was; texts that a spreadsheet could run begin with an apostrophe.

    Rows may name customers: who neither sends feedback nor holds `pii:read` sees lines and reasons only.
    """
    row, _ = import_for(session, import_id, actor)
    return rejects_answer(session, row, actor)


@router.post("/{import_id}/cancel", operation_id="cancel_import", summary="Stop an import", responses=declare(409))
def cancel(import_id: Id, session: Writing, now: Now, actor: Ingester) -> ImportOut:
    """What is stored already stays."""
    row, key = import_for(session, import_id, actor)
    cancel_import(session, now, actor, row)
    return _shown(row, key)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "There is no time zone of that name. Write it as Europe/Berlin or UTC."
        raise AppError(Kind.INVALID, "unknown_zone", message) from None


def _shown(row: Import, source: str) -> ImportOut:
    reasons: list[tuple[str, Any]] = sorted(row.reasons.items(), key=lambda pair: -pair[1])[:_FIRST_REASONS]
    return ImportOut(
        id=row.id,
        source=source,
        name=row.name,
        size=row.size,
        sha256=row.digest,
        connector=row.connector,
        state=row.state,
        rows=row.rows,
        rows_done=row.position,
        accepted=row.accepted,
        duplicate=row.duplicate,
        rejected=row.rejected,
        reasons=[ReasonOut(reason=reason, rows=rows) for reason, rows in reasons],
        notes=row.notes,
        reason=row.reason,
        rejects_url=f"/v1/imports/{row.id}/rejects" if row.rejected else None,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
