"""What connectors there are, and what one would make of a payload."""

from base64 import b64decode
from dataclasses import asdict
from json import dumps
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.api.bodies import ApiRoute
from app.api.deps import Admin, Now
from app.api.hooks import ReadOut
from app.errors import AppError, Kind
from app.ingest.catalogue import list_connectors
from app.ingest.preview import preview_delivery
from app.payloads.delivery import RawDelivery

router = APIRouter(prefix="/v1", tags=["sources"], route_class=ApiRoute)


class ConnectorOut(BaseModel):
    """A connector that a source can have."""

    name: str
    title: str
    also: list[str] = Field(description="Other names of it.")
    suffixes: list[str] = Field(description="Endings of files that it reads.")
    setup: list[str] = Field(description="What to do at the sender; `{url}` and `{secret}` stand for the source's own.")
    warnings: list[str] = Field(description="What to know about how its deliveries prove where they come from.")
    pulls: bool = Field(description="Whether we can be allowed to ask the sender for what its events only name.")
    config_schema: dict[str, Any] = Field(description="JSON Schema of a source's `config`.")


class PayloadIn(BaseModel):
    """A payload as a sender would deliver it, and the source that it would come to."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "connector": "standard_webhooks",
                    "body": {
                        "external_id": "r1",
                        "medium": "survey",
                        "occurred_at": "2026-03-01T14:05:00Z",
                        "text": "late",
                    },
                }
            ]
        },
    )

    connector: str = Field(max_length=64)
    config: dict[str, Any] = Field(default_factory=dict)
    body: JsonValue = Field(default=None, description="The body: JSON, or a text that is taken as it is.")
    body_base64: str | None = Field(default=None, description="Instead of `body`: its bytes in base64.")
    content_type: str = Field(default="application/json", max_length=200)
    headers: dict[str, str] = Field(default_factory=dict, max_length=50)
    name: str = Field(default="", max_length=255, description="Of the file, where it is one.")


@router.get("/connectors", operation_id="list_connectors", summary="List connectors")
def connectors(_actor: Admin) -> list[ConnectorOut]:
    """By name, each with what to set and what to click at its sender."""
    return [ConnectorOut.model_validate(asdict(one)) for one in list_connectors()]


@router.post("/sources/preview", operation_id="preview_delivery", summary="See what a payload would become")
def preview(body: PayloadIn, now: Now, _actor: Admin) -> ReadOut:
    """Read as a delivery to a source with this connector and configuration; nothing is stored."""
    headers = {name.lower(): value for name, value in body.headers.items()}
    delivery = RawDelivery(_bytes(body), headers, body.content_type, name=body.name, arrived_at=now)
    return ReadOut.model_validate(asdict(preview_delivery(body.connector, body.config, delivery)))


def _bytes(body: PayloadIn) -> bytes:
    if body.body_base64 is None:
        return body.body.encode() if isinstance(body.body, str) else dumps(body.body, ensure_ascii=False).encode()
    try:
        return b64decode(body.body_base64, validate=True)
    except ValueError:
        message = "`body_base64` is no base64. Send the body's bytes in base64, or the text itself as `body`."
        raise AppError(Kind.INVALID, "bad_body_coding", message) from None
