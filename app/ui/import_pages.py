"""Files that people bring: send one, see how far it is, what was not stored and why, and stop it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from app.access.sessions import check_csrf
from app.api.deps import Id, Now, Reading, TransactionRoute, Writing, runtime_of
from app.api.import_files import import_for, rejects_answer
from app.api.intake import target_source
from app.api.uploads import Upload, receive_file
from app.domain.actor import Scope
from app.domain.feedback import ImportState, Medium
from app.errors import AppError, Kind
from app.ingest.dates import DateOrder
from app.ingest.imports import OPEN, NewImport, cancel_import, start_import
from app.store.deliveries import list_sources
from app.store.import_tables import Import
from app.store.imports import list_imports
from app.ui.deps import HEADERS, Form, Visitor, check_origin, visit, visit_form, zone_of
from app.ui.rendering import render
from app.ui.wording import say_time

router = APIRouter(route_class=TransactionRoute, include_in_schema=False)

_PAGE = 50
_TONES = {ImportState.DONE: "good", ImportState.FAILED: "bad", ImportState.CANCELLED: "warn"}
_ORDERS = {"": "As the file shows", DateOrder.DAY_FIRST: "Day first", DateOrder.MONTH_FIRST: "Month first"}


async def _upload(request: Request) -> AsyncIterator[Upload]:
    check_origin(request)
    await run_in_threadpool(_check_sender, request)  # nobody else's file is taken in
    async for upload in receive_file(request, None):
        yield upload


def _check_sender(request: Request) -> None:
    with runtime_of(request).database.reading() as session:
        _must_send(visit(request, session, Scope.INGEST_WRITE))


def _must_send(visitor: Visitor) -> None:
    if not visitor.actor.may(Scope.INGEST_WRITE):
        message = "You may look at imports, and not send files: it needs the scope `ingest:write`."
        raise AppError(Kind.FORBIDDEN, "scope_missing", message)


@router.get("/imports")
def show_imports(request: Request, session: Reading) -> Response:
    """The form, and the newest imports."""
    visitor = visit(request, session, Scope.INGEST_WRITE)
    zone = zone_of(request)
    sources = [row.key for row in list_sources(session) if visitor.actor.source_id in {None, row.id}]
    return render(
        request,
        "imports.html",
        visitor=visitor,
        may_send=visitor.actor.may(Scope.INGEST_WRITE),
        sources=sources,
        media=[(one.value, one.value.capitalize()) for one in Medium],
        orders=_ORDERS,
        zone=zone.key,
        imports=[_shown(row, key, zone) for row, key in list_imports(session, visitor.actor.source_id, None, _PAGE)],
    )


@router.post("/imports")
def send_file(request: Request, session: Writing, now: Now, upload: Annotated[Upload, Depends(_upload)]) -> Response:
    """Take the file in, then show how far it is."""
    visitor = visit(request, session, Scope.INGEST_WRITE)
    check_csrf(visitor.signed_in, upload.fields.get("csrf", ""))
    options = {
        "mappings": [],
        "zone": runtime_of(request).settings.zone,
        "medium": _one_of(Medium, upload.fields.get("medium")) or Medium.SURVEY,
        "order": _one_of(DateOrder, upload.fields.get("order")),
    }
    source = target_source(session, now, visitor.actor, upload.fields.get("source") or None)
    new = NewImport(upload.name, upload.path, upload.size, upload.digest, options=options)
    made = start_import(session, now, visitor.actor, source, new)
    upload.keep()
    return RedirectResponse(f"/imports/{made.id}", status_code=303)


@router.get("/imports/{import_id}")
def show_import(request: Request, session: Reading, import_id: Id) -> Response:
    """How far one is, how the file was read, and why rows were not stored."""
    visitor = visit(request, session, Scope.INGEST_WRITE)
    row, key = import_for(session, import_id, visitor.actor)
    zone = zone_of(request)
    return render(
        request,
        "import.html",
        visitor=visitor,
        here="/imports",
        may_send=visitor.actor.may(Scope.INGEST_WRITE),
        file=_shown(row, key, zone),
        notes=row.notes,
        reasons=sorted(row.reasons.items(), key=lambda pair: -pair[1]),
    )


@router.get("/imports/{import_id}/rejects.csv")
def save_rejects(request: Request, session: Reading, import_id: Id) -> Response:
    """The rows that were not stored, for somebody who is signed in."""
    visitor = visit(request, session, Scope.INGEST_WRITE)
    answer = rejects_answer(session, import_for(session, import_id, visitor.actor)[0], visitor.actor)
    answer.headers.update(HEADERS)
    return answer


@router.post("/imports/{import_id}/cancel")
def stop_import(request: Request, session: Writing, now: Now, import_id: Id, form: Form) -> Response:
    """Read no further."""
    visitor = visit_form(request, session, form, Scope.INGEST_WRITE)
    _must_send(visitor)
    cancel_import(session, now, visitor.actor, import_for(session, import_id, visitor.actor)[0])
    return RedirectResponse(f"/imports/{import_id}", status_code=303)


def _one_of(kind: Any, word: str | None) -> Any:  # noqa: ANN401 - an enumeration and one of its members
    return kind(word) if word in set(kind) else None


def _shown(row: Import, source: str, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "source": source,
        "state": row.state.capitalize(),
        "tone": _TONES.get(ImportState(row.state), ""),
        "open": row.state in OPEN,
        "rows": row.rows,
        "position": row.position,
        "accepted": f"{row.accepted:,}",
        "duplicate": f"{row.duplicate:,}",
        "rejected": row.rejected,
        "reason": row.reason,
        "by": row.actor,
        "begun": say_time(row.created_at, zone),
        "ended": say_time(row.ended_at, zone) if row.ended_at else "",
    }
