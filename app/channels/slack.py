"""Slack by an incoming webhook: Block Kit.

Set up with `CLOSELOOP_SLACK_URL`, the address that Slack shows for one channel; notices of owners who chose it go
there, with their names. Subscriptions bring further addresses.

Every text is a `plain_text` object: no mention, no format, no emoji. What Slack would turn into a link or a mention by
itself is parted by a word joiner, which nobody sees. Only our own link is markup.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from app.channels.contract import (
    Example,
    Message,
    Paragraph,
    PostConfig,
    configure_chat,
    legible,
    paragraphs,
    post,
    shorten,
    subscribe_chat,
)
from app.domain.quoting import Quotation
from app.settings import Settings

MAX_BLOCKS, MAX_HEADER, MAX_SECTION = 50, 150, 3_000
MAX_TOTAL = 10_000
"""Characters of all blocks; beyond some 13,000 Slack refuses, although no page says so (slackapi/bolt-js #2509)."""

_JOINER = "\u2060"
_LIVE = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=//)|(?<=\w\.)(?=[^\W\d])|(?<=<)(?=[!@#])")

Block = dict[str, Any]


Config = PostConfig
subscribe = subscribe_chat


def configure(settings: Settings) -> Config | None:
    """From `CLOSELOOP_SLACK_URL`; None without one."""
    return configure_chat(settings, "slack", settings.slack_url)


def render(config: Config, message: Message) -> bytes:
    """The message in blocks; what is too much is dropped from the end and counted."""
    head = shorten(_inert(message.subject), MAX_HEADER)
    blocks: list[Block] = [{"type": "header", "text": {"type": "plain_text", "text": head, "emoji": False}}]
    told = [_blocks(paragraph) for paragraph in paragraphs(config.base_url, config.verbatims, message)]
    end = "and 9999 more"
    room, places = MAX_TOTAL - len(head) - len(end), MAX_BLOCKS - 2
    for number, part in enumerate(told):
        room, places = room - sum(len(block["text"]["text"]) for block in part), places - len(part)
        if room < 0 or places < 0:
            blocks.append(_plain(f"and {len(told) - number} more"))
            break
        blocks += part
    # The text of notifications is read as markup: here the three signs of links and mentions are written out.
    text = head.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    posted = {"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
    return json.dumps(posted, ensure_ascii=False).encode("utf-8", errors="replace")


def send(config: Config, message: Message) -> None:
    """Post it.

    Raises:
        ChannelError: Slack did not take it.
    """
    post(config.guard, config.url.get_secret_value(), {}, render(config, message))


def _blocks(paragraph: Paragraph) -> list[Block]:
    blocks = [_plain(shorten(_inert(paragraph.text), MAX_SECTION))]
    if paragraph.link is not None:
        text = {"type": "mrkdwn", "text": f"<{paragraph.link}|Open the item>", "verbatim": True}
        blocks.append({"type": "section", "text": text})
    return blocks


def _plain(text: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _inert(text: str) -> str:
    return _LIVE.sub(_JOINER, legible(text).strip()) or "-"


EXAMPLES = (
    Example(
        config={"url": "https://hooks.slack.com/services/T0/B0/x", "base_url": "https://cl.example"},
        message=Message(
            key="item:7:assigned:v1:mira:slack",
            event="assigned",
            subject='Assigned to you: customers complain about "<!channel> & www.evil.example"',
            body="This item is yours to answer. @here",
            owner="mira",
            name="Mira Kaya",
            address=None,
            item_id=7,
            created_at=datetime(2026, 9, 16, 9, tzinfo=UTC),
            quotes=(Quotation("<https://evil.example|refund> of mira@mail.example", "I want it"),),
        ),
        shows=(
            '"text": "For Mira Kaya"',
            "&lt;\u2060!channel&gt; &amp; www.\u2060evil.\u2060example",
            "This item is yours to answer. @\u2060here",
            '"<https://cl.example/items/7|Open the item>"',
            "<https:\u2060//evil.\u2060example|refund> of ***@***",
        ),
    ),
)
