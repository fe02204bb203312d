"""Where vendors send: verify the raw bytes, keep them, answer; what they mean is read later."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.bodies import check_coding, read_body
from app.api.deps import Now, Reading, SecretKey, Writing, runtime_of
from app.api.hook_quota import HookRoute
from app.api.openapi import declare
from app.errors import AppError, Kind
from app.ingest.receive import acknowledgement, answer_handshake, receive_delivery, verify_delivery
from app.ingest.sources import NATIVE
from app.ingest.trying import try_delivery
from app.payloads.delivery import RawDelivery, Reply
from app.store.deliveries import find_source
from app.store.tables import Source

router = APIRouter(prefix="/v1/hooks", tags=["hooks"], route_class=HookRoute)

HookKey = Annotated[str, Path(max_length=64, description="Key of the source.")]

_RAW = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


class ReceivedOut(BaseModel):
    """The delivery is kept."""

    delivery_id: int
    duplicate: bool = Field(description="Whether the very same delivery had been kept before.")


class ReadOut(BaseModel):
    """What a delivery would become; nothing of it is stored."""

    outcome: str = Field(description="`read`, `ignored` or `refused`.")
    reason: str | None = Field(description="Why it is ignored or refused.")
    code: str | None = Field(description="The stable name of the refusal.")
    reference: str | None = Field(description="The sender's own id of the delivery.")
    found: list[dict[str, Any]] = Field(
        description="Each with its `action`: `upsert` with the `item`, `delete` or `fetch` with the `external_id`."
    )


class TriedOut(BaseModel):
    """The delivery was an example of `closeloop source test`; nothing is kept."""

    signed: bool = Field(description="Whether a live secret of the source vouched for it.")
    read: ReadOut


async def _delivery(request: Request) -> RawDelivery:
    check_coding(request)
    body = await read_body(request, runtime_of(request).settings.max_hook_bytes)
    headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
    # The address as the sender knows it: no header of the request may say what it is.
    address = f"{runtime_of(request).settings.base_url}{request.url.path}"
    address += f"?{request.url.query}" if request.url.query else ""
    content_type = headers.get("content-type", "")
    return RawDelivery(body, headers, content_type, method=request.method, url=address)


@router.get("/{source}", operation_id="visit_hook", summary="Whether a hook is there", response_class=Response)
@router.head("/{source}", operation_id="probe_hook", summary="Whether a hook is there", response_class=Response)
@router.get("/{source}/", include_in_schema=False, response_class=Response)
@router.head("/{source}/", include_in_schema=False, response_class=Response)
def probe(source: HookKey, session: Reading) -> Response:
    """Some senders ask before they let you save the address."""
    found = find_source(session, source)
    if found is None or found.connector == NATIVE:
        raise AppError(Kind.NOT_FOUND, "unknown_source", "There is no hook at this address.")
    return Response(status_code=200)


@router.post(
    "/{source}",
    operation_id="receive_hook",
    summary="Deliver a vendor's webhook",
    openapi_extra=_RAW,
    responses=declare(401, 429),
    response_model=ReceivedOut | TriedOut,
)
@router.post("/{source}/", include_in_schema=False, response_model=ReceivedOut | TriedOut)
def receive(
    source: HookKey,
    delivery: Annotated[RawDelivery, Depends(_delivery)],
    reading: Reading,
    session: Writing,
    now: Now,
    secret_key: SecretKey,
) -> ReceivedOut | TriedOut | Response:
    """Signed with a live secret of the source, it is durable when you read the answer.

    What cannot be read is quarantined, never refused: many senders do not send again after a 4xx. Senders that want
    another answer than this (an acknowledgement in XML, their challenge) get theirs.
    """
    found = _look(reading, source)
    tried = try_delivery(found, delivery, now, secret_key)
    if tried is not None:
        return TriedOut.model_validate(asdict(tried))
    greeting = answer_handshake(found, delivery, now, secret_key)
    if greeting is not None:
        return _answer(greeting)
    row = verify_delivery(found, delivery, now, secret_key)
    delivery_id, new = receive_delivery(session, now, row, delivery)
    wanted = acknowledgement(row)
    # It leaves after the commit, as every answer of a route does.
    return _answer(wanted) if wanted else ReceivedOut(delivery_id=delivery_id, duplicate=not new)


def _look(session: Session, key: str) -> Source | None:
    found = find_source(session, key)
    session.close()  # the connection goes back before another one is taken to write
    return found


def _answer(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type=reply.content_type)
