"""Microsoft Teams by a Workflows webhook: an Adaptive Card.

Set up with `CLOSELOOP_TEAMS_URL`, the address that the workflow "Post to a channel when a webhook request is received"
shows; notices of owners who chose it go there, with their names. Subscriptions bring further addresses.

Texts are `TextRun`s: unlike a `TextBlock` these know no Markdown, so that no text can link, format or mention.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, InstanceOf, SecretStr

from app.channels.contract import (
    Endpoint,
    Example,
    Message,
    guard_of,
    item_link,
    paragraphs,
    post,
    verbatims_of,
)
from app.domain.quoting import Quotation, Verbatims
from app.outbound.guard import Guard
from app.settings import Settings

MAX_BYTES = 20 * 1024
"""Teams says 28 KB, but people see 413 from 21 KB on."""

MAX_TEXT = 3_000
_CARD = "application/vnd.microsoft.card.adaptive"

Element = dict[str, Any]


class Config(BaseModel):
    """Where to post, and what customers' words may go there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr
    base_url: str
    verbatims: Verbatims = Verbatims.REDACTED
    guard: InstanceOf[Guard] = Guard()


def configure(settings: Settings) -> Config | None:
    """From `CLOSELOOP_TEAMS_URL`; None without one."""
    if settings.teams_url is None:
        return None
    allowed, guard = verbatims_of(settings, "teams"), guard_of(settings)
    return Config(url=settings.teams_url, base_url=settings.base_url, verbatims=allowed, guard=guard)


def subscribe(settings: Settings, endpoint: Endpoint) -> Config:
    """For a subscription's own address."""
    url, allowed = SecretStr(endpoint.url), endpoint.verbatims
    return Config(url=url, base_url=settings.base_url, verbatims=allowed, guard=endpoint.guard)


def render(config: Config, message: Message) -> bytes:
    """The message as a card; what is too much is dropped from the end and counted."""
    told = [paragraph.text for paragraph in paragraphs(config.base_url, config.verbatims, message)]
    link = item_link(config.base_url, message) or config.base_url
    for kept in range(len(told), -1, -1):
        posted = _card(message.subject, told[:kept], len(told) - kept, link)
        if len(posted) <= MAX_BYTES:
            break
    return posted


def send(config: Config, message: Message) -> None:
    """Post it.

    Raises:
        ChannelError: The workflow did not take it.
    """
    post(config.guard, config.url.get_secret_value(), {}, render(config, message))


def _card(subject: str, told: list[str], dropped: int, link: str) -> bytes:
    body = [_run(subject, weight="bolder", size="large"), *(_run(text) for text in told)]
    if dropped:
        body.append(_run(f"and {dropped} more"))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Open in Closeloop", "url": link}],
    }
    posted = {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}
    return json.dumps(posted, ensure_ascii=False).encode("utf-8", errors="replace")


def _run(text: str, **style: str) -> Element:
    visible = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
    short = visible if len(visible) <= MAX_TEXT else visible[: MAX_TEXT - 3].rstrip() + "..."
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": short or "-", **style}]}


EXAMPLES = (
    Example(
        config={"url": "https://example.webhook.office.com/workflows/x", "base_url": "https://cl.example"},
        message=Message(
            key="item:7:assigned:v1:mira:teams",
            event="assigned",
            subject="Assigned to you: [click](https://evil.example)",
            body="This item is yours to answer.",
            owner="mira",
            name="Mira Kaya",
            address=None,
            item_id=7,
            created_at=datetime(2026, 9, 16, 9, tzinfo=UTC),
            quotes=(Quotation("<at>everybody</at> where is my refund", "I want it"),),
        ),
        shows=(
            '{"type": "TextRun", "text": "Assigned to you: [click](https://evil.example)"',
            '{"type": "TextRun", "text": "For Mira Kaya"}',
            '"\\"<at>everybody</at> where is my refund\\""',
            '"url": "https://cl.example/items/7"',
        ),
    ),
)
