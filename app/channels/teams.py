"""Microsoft Teams by a Workflows webhook: an Adaptive Card.

Set up with `CLOSELOOP_TEAMS_URL`, the address that the workflow "Post to a channel when a webhook request is received"
shows; notices of owners who chose it go there, with their names. Subscriptions bring further addresses.

Texts are `TextRun`s: unlike a `TextBlock` these know no Markdown, so that no text can link, format or mention.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from app.channels.contract import (
    Example,
    Message,
    PostConfig,
    configure_chat,
    item_link,
    legible,
    paragraphs,
    post,
    shorten,
    subscribe_chat,
)
from app.domain.quoting import Quotation
from app.settings import Settings

MAX_BYTES = 20 * 1024
"""Teams says 28 KB, but people see 413 from 21 KB on."""

MAX_TEXT = 3_000
_CARD = "application/vnd.microsoft.card.adaptive"

Element = dict[str, Any]


Config = PostConfig
subscribe = subscribe_chat


def configure(settings: Settings) -> Config | None:
    """From `CLOSELOOP_TEAMS_URL`; None without one."""
    return configure_chat(settings, "teams", settings.teams_url)


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
    short = shorten(legible(text), MAX_TEXT) or "-"
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": short, **style}]}


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
