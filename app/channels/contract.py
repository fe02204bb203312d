"""What every way to reach an owner has in common.

A channel is one module of this package; its file name is its name. It has:

- `Config`: a frozen Pydantic model with everything it needs; secrets as `SecretStr`.
- `configure(settings) -> Config | None`: from the service's settings; None when this installation has not set it up.
- `render(config, message) -> bytes`: exactly what leaves the house, without any I/O.
- `send(config, message) -> None`: delivers it, or raises `ChannelError`.
- `EXAMPLES`: messages with what their rendering must show; one contract test replays them for every file found.

Messages hold names, titles and dates, never a customer's words. Their link only shows the item: reading mail changes
nothing, whatever scanner follows the link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from app.plugins import load_plugin, plugin_names
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Part:
    """One of several things that a message tells; `body` of the message says the same in plain text.

    Attributes:
        section: Heading under which it stands; parts of one section follow each other.
        text: Plain text; its first line says what it is about.
        item_id: The action item, if it is about one.
    """

    section: str
    text: str
    item_id: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One notice to one owner.

    Attributes:
        key: Unique for item, event, owner and channel: a receiver can tell a repetition by it.
        event: `assigned`, `due_soon`, `overdue`, `escalated`, `resumed`, `verdict`, `reopened`; `several` of them at
            once; `digest`.
        subject: One line.
        body: Plain text.
        owner: Key of the owner.
        name: The owner's name.
        address: E-mail address, if known.
        item_id: The action item, if it is about one.
        created_at: When it was put into the outbox.
        parts: The things that a message of the events `several` and `digest` tells, the most urgent first.
        unsubscribe: Path at which a POST ends digests (RFC 8058), and a GET only shows the button for it.
    """

    key: str
    event: str
    subject: str
    body: str
    owner: str
    name: str
    address: str | None
    item_id: int | None
    created_at: datetime
    parts: tuple[Part, ...] = ()
    unsubscribe: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A message, and texts that its rendering shows.

    Attributes:
        config: Values for the channel's `Config`.
        message: What is sent.
        shows: Each of these is in the rendering.
    """

    config: Mapping[str, Any]
    message: Message
    shows: tuple[str, ...] = field(default=())


class ChannelError(Exception):
    """A message that did not get out; `str()` says why, without addresses, secrets or contents.

    Attributes:
        permanent: Whether sending the same message again cannot help.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.permanent = permanent


Sender = Callable[[Message], None]
"""Delivers a message or raises `ChannelError`."""


def open_senders(settings: Settings) -> dict[str, Sender]:
    """A sender for each channel that this installation has set up, by name.

    Raises:
        AppError: `bad_setting`: a channel's settings do not fit.
    """
    senders: dict[str, Sender] = {}
    for name in plugin_names("app.channels"):
        channel = load_plugin("app.channels", name)
        config = channel.configure(settings)
        if config is not None:
            senders[name] = partial(channel.send, config)
    return senders


def item_link(base_url: str, message: Message) -> str | None:
    """Where a person sees the item of a message."""
    return f"{base_url}/items/{message.item_id}" if message.item_id is not None else None
