"""Every notice as one JSON line in `notices.jsonl` of the data directory: works without any set-up."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from app.channels.contract import ChannelError, Example, Message, item_link
from app.settings import Settings

FILE_NAME = "notices.jsonl"


class Config(BaseModel):
    """Where the lines go, and where links lead."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    base_url: str


def configure(settings: Settings) -> Config:
    """A file in the data directory."""
    return Config(path=settings.data_dir / FILE_NAME, base_url=settings.base_url)


def render(config: Config, message: Message) -> bytes:
    """One line of JSON; a repetition after a crash has the same key."""
    line = {
        "key": message.key,
        "event": message.event,
        "at": message.created_at.isoformat(),
        "owner": message.owner,
        "item_id": message.item_id,
        "subject": message.subject,
        "body": message.body,
        "link": item_link(config.base_url, message),
    }
    return (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", errors="replace")


def send(config: Config, message: Message) -> None:
    """Append the line in one write, so that several workers can share the file.

    Raises:
        ChannelError: The file cannot be written.
    """
    line = render(config, message)
    try:
        handle = os.open(config.path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            written = os.write(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise ChannelError(f"{FILE_NAME} cannot be written: {error.strerror}") from error
    if written != len(line):
        raise ChannelError(f"{FILE_NAME} cannot be written: the disk is full")


EXAMPLES = (
    Example(
        config={"path": "notices.jsonl", "base_url": "https://closeloop.example"},
        message=Message(
            key="item:7:assigned:v1:mira:log",
            event="assigned",
            subject="Assigned to you: slow refunds",
            body="This item is yours to answer.",
            owner="mira",
            name="Mira Kaya",
            address=None,
            item_id=7,
            created_at=datetime(2026, 9, 16, 9, tzinfo=UTC),
        ),
        shows=('"owner": "mira"', '"link": "https://closeloop.example/items/7"', '"at": "2026-09-16T09:00:00+00:00"'),
    ),
)
