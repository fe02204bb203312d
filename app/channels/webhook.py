"""A system of your own: CloudEvents 1.0 as JSON, signed as Standard Webhooks say.

Set up by subscriptions, each with secrets of its own. While a secret is being replaced, a delivery carries a signature
by each of the two. A repeated delivery has the same id and a new time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, SecretStr

from app.channels.contract import Endpoint, Example, Message, PostConfig, item_link, post
from app.clock import SystemClock
from app.domain.quoting import Quotation, Verbatims, choose_quotes
from app.payloads.delivery import RawDelivery
from app.payloads.presets import STANDARD_WEBHOOKS
from app.payloads.signing import sign
from app.settings import Settings

CONTENT_TYPE = "application/cloudevents+json"
_SIGNATURE = "webhook-signature"


class Config(PostConfig):
    """Where to post, how to sign, and what customers' words may go there."""

    secrets: tuple[SecretStr, ...] = Field(min_length=1)
    verbatims: Verbatims = Verbatims.NONE


def subscribe(settings: Settings, endpoint: Endpoint) -> Config:
    """For a subscription's own address."""
    secrets = tuple(SecretStr(secret) for secret in endpoint.secrets)
    url, allowed = SecretStr(endpoint.url), endpoint.verbatims
    return Config(url=url, secrets=secrets, base_url=settings.base_url, verbatims=allowed, guard=endpoint.guard)


def render(config: Config, message: Message) -> bytes:
    """The event as its receivers parse it: the same bytes at each attempt."""
    data: dict[str, Any] = dict(message.facts)
    link = item_link(config.base_url, message)
    if link is not None:
        data["url"] = link
    if config.verbatims is not Verbatims.NONE:
        data["verbatims"] = list(choose_quotes(config.verbatims, message.quotes))
    event = {
        "specversion": "1.0",
        "id": message.key,
        "type": message.event,
        "source": config.base_url,
        "subject": message.about,
        "time": message.created_at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="replace")


def send(config: Config, message: Message) -> None:
    """Sign it as of now and post it.

    Raises:
        ChannelError: The receiver did not answer with a 2xx.
    """
    body = render(config, message)
    headers = signed(config, message.key, body, SystemClock().now())
    post(config.guard, config.url.get_secret_value(), headers, body)


def signed(config: Config, key: str, body: bytes, now: datetime) -> Mapping[str, str]:
    """The headers of one attempt, with a signature by each live secret, the newest first."""
    delivery = RawDelivery(body, {"webhook-id": key})
    headers = [sign(STANDARD_WEBHOOKS, delivery, one.get_secret_value(), now).headers for one in config.secrets]
    signatures = " ".join(each[_SIGNATURE] for each in headers)
    return {**headers[0], _SIGNATURE: signatures, "Content-Type": CONTENT_TYPE}


EXAMPLES = (
    Example(
        config={
            "url": "https://crm.example/hooks/closeloop",
            "secrets": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",),
            "base_url": "https://cl.example",
            "verbatims": "redacted",
        },
        message=Message(
            key="evt_41_653a9f1f3d400",
            event="voc.action_item.assigned.v1",
            subject="Item 7 was assigned",
            body="",
            owner="",
            name="",
            address=None,
            item_id=7,
            created_at=datetime(2026, 9, 16, 9, tzinfo=UTC),
            about="action_item:7",
            facts={"item_id": 7, "owner_id": 3},
            quotes=(Quotation("refund took 5 weeks, ask mira@mail.example", "I want it"),),
        ),
        shows=(
            '"specversion":"1.0","id":"evt_41_653a9f1f3d400","type":"voc.action_item.assigned.v1"',
            '"source":"https://cl.example","subject":"action_item:7","time":"2026-09-16T09:00:00Z"',
            '"data":{"item_id":7,"owner_id":3,"url":"https://cl.example/items/7"',
            '"verbatims":["refund took 5 weeks, ask ***@***"]',
        ),
    ),
)
