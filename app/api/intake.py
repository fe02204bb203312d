"""Feedback coming in over HTTP: one item, or up to a thousand with an answer for each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.orm import Session
from typing_extensions import TypedDict

from app.api.bodies import ApiRoute, StrictRequest, check_form, read_body
from app.api.deps import INGEST, Ingester, Now, Writing, in_transaction, now_of, runtime_of
from app.api.gate import Gate
from app.api.once import HEADER, KeyRequired, describe_key, read_claim
from app.api.openapi import declare
from app.api.problems import problem_of
from app.api.quotes import QuoteOut
from app.api.waiting import WaitingRoute
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.ingest.beside import BulkReader
from app.ingest.bulk import Bulk
from app.ingest.items import Accepted, Status, accept_items, accept_ready
from app.ingest.prepared import MAX_BATCH
from app.ingest.sources import ensure_native_source
from app.payloads.native import NativeItem
from app.store.deliveries import find_source
from app.store.tables import Source

DEFAULT_SOURCE = "api"

_JSON, _LINES = "application/json", "application/x-ndjson"
_KNOWN = (Status.DUPLICATE, Status.STALE)
_KIND = {Status.CONFLICT: Kind.CONFLICT, Status.REFUSED: Kind.INVALID}


SourceKey = Annotated[
    str | None,
    Query(alias="source", max_length=64, description="Key of the source; without it the key's own, else `api`."),
]


@dataclass(frozen=True)
class Sent:
    """One item on its way in: when it came, who sent it, and to which source."""

    item: NativeItem
    now: datetime
    actor: Actor
    source: str | None


class IntakeOut(BaseModel):
    """What became of an item."""

    id: int | None = Field(description="Id of the feedback; null if it was erased and is not stored again.")
    state: Status = Field(description="`created`, `updated`, or nothing new: `duplicate`, `stale` (an older version).")
    duplicate: bool = Field(description="Whether it changed nothing.")
    status_url: str | None = Field(description="Where to see whether it has been read.")
    mentions: list[QuoteOut] | None = Field(
        default=None, description="What was found in it, if you preferred to wait and it was read in time."
    )


class ItemResult(TypedDict):
    """What became of one item of a bulk."""

    index: Annotated[int, Field(description="Position in the array, or line, from 0.")]
    status: Annotated[int, Field(description="What the item alone would have been answered: 200, 202, 409, 422 ...")]
    state: Annotated[str, Field(description="As for a single item; or `conflict`, `refused`, `invalid`.")]
    id: int | None
    problem: Annotated[dict[str, Any] | None, Field(description="Why it was not stored; see the schema Problem.")]


class BulkOut(BaseModel):
    """What became of all items, in their order."""

    errors: bool = Field(description="Whether any item was not stored.")
    counts: dict[str, int] = Field(description="How many items per state.")
    items: list[ItemResult]


class ItemRoute(WaitingRoute):
    """Takes one item, and nothing besides, without the framework's help.

    To find out what an endpoint asks for costs as much as storing the item. Every other request goes the framework's
    way, also to be told what is wrong with it.
    """

    async def answer(self, request: StrictRequest) -> Response | None:
        """The answer to the usual request."""
        if request.scope["query_string"] or HEADER in request.headers:
            return None
        try:
            item = NativeItem.model_validate(request.decoded)
        except ValidationError:
            return None
        return await _send(request, Sent(item, now_of(request), INGEST.check(request), None))


router = APIRouter(prefix="/v1/feedback", tags=["feedback"], route_class=ItemRoute)
bulk_router = APIRouter(prefix="/v1/feedback", tags=["feedback"], route_class=ApiRoute)


@router.post(
    "",
    operation_id="send_feedback",
    summary="Send one item",
    status_code=202,
    response_model=IntakeOut,
    openapi_extra=describe_key({}, required=False),
    responses=declare(409) | {200: {"model": IntakeOut, "description": "Known already, or read while you waited"}},
)
async def send(
    body: NativeItem, request: Request, response: Response, now: Now, actor: Ingester, source: SourceKey = None
) -> Response:
    """Store one item; it is durable when you read the answer, and classified soon after.

    Sending it again changes nothing: an item is known by its source, `external_id` and version.
    With `Prefer: wait=N` the answer is held back for up to N seconds (30 at most), for the mentions to be ready.
    """
    sent = Sent(body, now, actor, source)
    if read_claim(request) is None:
        return await _send(request, sent)
    return await in_transaction(request, response, lambda session: _answer(_alone(session, sent)))


async def _send(request: Request, sent: Sent) -> Response:
    return _answer(await GATE.store(runtime_of(request).database.writing, sent))


def _alone(session: Session, sent: Sent) -> Accepted:
    told = _store(session, [sent])[0]
    if isinstance(told, AppError):
        raise told
    return told


def _answer(outcome: Accepted) -> Response:
    if not outcome.is_stored:
        raise _refusal(outcome)
    url = None if outcome.feedback_id is None else f"/v1/feedback/{outcome.feedback_id}/status"
    told = IntakeOut(id=outcome.feedback_id, state=outcome.status, duplicate=outcome.status in _KNOWN, status_url=url)
    return Response(told.model_dump_json(), _status(outcome), media_type=_JSON)


def _status(stored: Accepted) -> int:
    return 200 if stored.status in _KNOWN else 202


def _store(session: Session, group: Sequence[Sent]) -> list[Accepted | AppError]:
    told: dict[int, Accepted | AppError] = {}
    places = _by_place(group)
    for place, numbers in places.items():
        first = group[numbers[0]]
        try:
            source = target_source(session, first.now, first.actor, place[1])
        except AppError as refusal:
            told |= dict.fromkeys(numbers, refusal)
            continue
        latest = max(group[number].now for number in numbers)
        outcomes = accept_items(session, latest, source, [group[number].item for number in numbers])
        told |= dict(zip(numbers, outcomes, strict=True))
    return [told[number] for number in range(len(group))]


def _by_place(group: Sequence[Sent]) -> dict[tuple[int | None, str | None], list[int]]:
    places: dict[tuple[int | None, str | None], list[int]] = {}
    for number, sent in enumerate(group):
        places.setdefault((sent.actor.source_id, sent.source), []).append(number)
    return places


GATE: Gate[Sent, Accepted] = Gate(_store)


async def _bulk(request: Request) -> Bulk:
    """The items of a bulk, or why not, before its transaction begins: others must not wait for what needs none."""
    media_type = check_form(request, _JSON, _LINES)
    raw = await read_body(request, runtime_of(request).settings.max_bulk_bytes)
    reader: BulkReader = request.app.state.bulks
    return await run_in_threadpool(reader.read, raw, lines=media_type == _LINES)


_ITEM = {"$ref": "#/components/schemas/NativeItem"}
_BULK = {
    "requestBody": {
        "required": True,
        "content": {
            _JSON: {"schema": {"type": "array", "items": _ITEM, "maxItems": MAX_BATCH}},
            _LINES: {"schema": {"type": "string", "description": "One item per line."}},
        },
    }
}


@bulk_router.post("/bulk", operation_id="send_feedback_bulk", summary="Send up to 1,000 items", openapi_extra=_BULK)
def send_bulk(
    actor: Ingester,
    _key: KeyRequired,
    bulk: Annotated[Bulk, Depends(_bulk)],
    session: Writing,
    now: Now,
    source: SourceKey = None,
) -> BulkOut:
    """Each item stands for itself: those that fit are stored, the others say why not. Sending again is safe."""
    row = target_source(session, now, actor, source)
    ready = [found for found in bulk if not isinstance(found, AppError)]
    outcomes = iter(accept_ready(session, now, row, ready))
    told = [
        _invalid(index, found) if isinstance(found, AppError) else _told(index, next(outcomes))
        for index, found in enumerate(bulk)
    ]
    return BulkOut(
        errors=any(each["problem"] for each in told), counts=Counter(each["state"] for each in told), items=told
    )


def target_source(session: Session, now: datetime, actor: Actor, key: str | None) -> Source:
    """The source that an actor's items go to.

    Raises:
        AppError: ``other_source`` (the key is bound to another one), or ``unknown_source``.
    """
    if actor.source_id is not None:
        own = session.get_one(Source, actor.source_id)
        if key not in {None, own.key}:
            message = "Your key may write to its own source only. Leave `source` out."
            raise AppError(Kind.FORBIDDEN, "other_source", message)
        return own
    if key in {None, DEFAULT_SOURCE}:
        return ensure_native_source(session, now, actor, DEFAULT_SOURCE)
    found = find_source(session, key or "")
    if found is None:
        message = "There is no source with this key. Make it with POST /v1/sources, or leave `source` out."
        raise AppError(Kind.INVALID, "unknown_source", message)
    return found


def _refusal(outcome: Accepted) -> AppError:
    facts = {} if outcome.feedback_id is None else {"id": outcome.feedback_id}
    return AppError(_KIND[outcome.status], outcome.code or outcome.status, outcome.message or "Not stored.", **facts)


def _told(index: int, outcome: Accepted) -> ItemResult:
    told, id_ = outcome.status, outcome.feedback_id
    if outcome.is_stored:
        return {"index": index, "status": _status(outcome), "state": told, "id": id_, "problem": None}
    problem = problem_of(_refusal(outcome))
    return {"index": index, "status": problem["status"], "state": told, "id": id_, "problem": problem}


def _invalid(index: int, error: AppError) -> ItemResult:
    problem = problem_of(error)
    return {"index": index, "status": problem["status"], "state": "invalid", "id": None, "problem": problem}
