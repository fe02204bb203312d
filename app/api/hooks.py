"""Where vendors send: verify the raw bytes, keep them, answer; what they mean is read later."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.bodies import OpenRoute, check_coding, read_body
from app.api.deps import Now, Reading, SecretKey, Writing, runtime_of
from app.api.openapi import declare
from app.errors import AppError, Kind
from app.ingest.receive import receive_delivery, verify_delivery
from app.ingest.sources import NATIVE
from app.payloads.delivery import RawDelivery
from app.store.deliveries import find_source
from app.store.tables import Source

router = APIRouter(prefix="/v1/hooks", tags=["hooks"], route_class=OpenRoute)

HookKey = Annotated[str, Path(max_length=64, description="Key of the source.")]

_RAW = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


class ReceivedOut(BaseModel):
    """The delivery is kept."""

    delivery_id: int
    duplicate: bool = Field(description="Whether the very same delivery had been kept before.")


async def _delivery(request: Request) -> RawDelivery:
    check_coding(request)
    body = await read_body(request, runtime_of(request).settings.max_body_bytes)
    headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
    address = f"{runtime_of(request).settings.base_url}{request.url.path}"
    address += f"?{request.url.query}" if request.url.query else ""
    content_type = headers.get("content-type", "")
    return RawDelivery(body, headers, content_type, method=request.method, url=address)


@router.head("/{source}", operation_id="probe_hook", summary="Whether a hook is there")
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
    responses=declare(401),
)
def receive(
    source: HookKey,
    delivery: Annotated[RawDelivery, Depends(_delivery)],
    reading: Reading,
    session: Writing,
    now: Now,
    secret_key: SecretKey,
) -> ReceivedOut:
    """Signed with a live secret of the source, it is durable when you read the answer.

    What cannot be read is quarantined, never refused: many senders do not send again after a 4xx.
    """
    row = verify_delivery(_look(reading, source), delivery, now, secret_key)
    delivery_id, new = receive_delivery(session, now, row, delivery)
    return ReceivedOut(delivery_id=delivery_id, duplicate=not new)


def _look(session: Session, key: str) -> Source | None:
    found = find_source(session, key)
    session.close()  # the connection goes back before another one is taken to write
    return found
