"""What every way to reach an owner has in common.

A channel is one module of this package; its file name is its name. It has:

- `Config`: a frozen Pydantic model with everything it needs; secrets as `SecretStr`.
- `configure(settings) -> Config | None`, if it takes notices to owners: from the service's settings; None when this
  installation has not set it up.
- `subscribe(settings, endpoint) -> Config`, if it takes events to subscriptions.
- `render(config, message) -> bytes`: exactly what leaves the house, without any I/O.
- `send(config, message) -> None`: delivers it, or raises `ChannelError`.
- `EXAMPLES`: messages with what their rendering must show; one contract test replays them for every file found.

Messages hold names, titles and dates; a customer's words only as `quotes`, which a setting allows. Theme names are made
of customers' words too: every text is hostile, and each channel writes it so that it cannot mention, link or format.
A message's link only shows the item: reading it changes nothing, whatever scanner follows the link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, InstanceOf, SecretStr

from app.domain.quoting import Quotation, Verbatims, choose_quotes
from app.errors import AppError, Kind
from app.outbound.asking import Request, ask
from app.outbound.guard import Guard, NoAnswer, guard_of
from app.plugins import load_plugin, plugin_names
from app.settings import Settings

LOG = "log"
"""The channel that every owner has."""

_SUCCESS, _CLIENT_ERROR = 2, 4
_MAY_PASS = frozenset({408, 425, 429})


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
        about: Kind and id of what an event is about, as `action_item:7`; empty for notices.
        facts: An event's ids, keys, states and days.
        quotes: Customers' words; how many go out, and how long, is the channel's setting.
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
    about: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    quotes: tuple[Quotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a subscription sends.

    Attributes:
        url: As an administrator typed it in: a secret.
        secrets: The live ones, newest first; none where the channel signs nothing.
        verbatims: How much of customers' words it gets.
        guard: What may be asked.
    """

    url: str
    secrets: tuple[str, ...]
    verbatims: Verbatims
    guard: Guard


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A part of what a message says: hostile text, and a link of our own."""

    text: str
    link: str | None = None


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
        status: What a web server answered, if it was one that did.
        retry_after: What it asked us to wait.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.permanent = permanent
        self.status = status
        self.retry_after = retry_after


Sender = Callable[[Message], None]
"""Delivers a message or raises `ChannelError`."""


def open_senders(settings: Settings) -> dict[str, Sender]:
    """A sender for each channel that this installation has set up, by name.

    Raises:
        AppError: `bad_setting`: a channel's settings do not fit.
    """
    senders: dict[str, Sender] = {}
    for name in _with("configure"):
        channel = load_plugin("app.channels", name)
        config = channel.configure(settings)
        if config is not None:
            senders[name] = partial(channel.send, config)
    return senders


def subscribable() -> tuple[str, ...]:
    """Names of the channels that subscriptions can use."""
    return _with("subscribe")


def choosable() -> tuple[str, ...]:
    """Names of the channels that an owner can be told by, besides the log, which nobody can turn off."""
    return tuple(name for name in _with("configure") if name != LOG)


def _with(function: str) -> tuple[str, ...]:
    names = plugin_names("app.channels")
    return tuple(name for name in names if hasattr(load_plugin("app.channels", name), function))


def open_endpoint(settings: Settings, kind: str, endpoint: Endpoint) -> Sender:
    """A sender of the channel `kind` to a subscription's own address."""
    channel = load_plugin("app.channels", kind)
    return partial(channel.send, channel.subscribe(settings, endpoint))


def verbatims_of(settings: Settings, channel: str) -> Verbatims:
    """How much of customers' words a channel gets: the word that stands for it, else the one for all.

    Raises:
        AppError: `bad_setting`.
    """
    found = Verbatims.REDACTED
    for part in filter(None, (part.strip() for part in settings.verbatims.split(","))):
        name, _, word = part.rpartition("=")
        if word not in set(Verbatims) or (name and name not in plugin_names("app.channels")):
            message = "CLOSELOOP_VERBATIMS is none, redacted or full, or lists channels, as email=redacted, slack=none."
            raise AppError(Kind.MISCONFIGURED, "bad_setting", message)
        if name in {"", channel}:
            found = Verbatims(word)
    return found


def item_link(base_url: str, message: Message) -> str | None:
    """Where a person sees the item of a message."""
    return _item_link(base_url, message.item_id)


def _item_link(base_url: str, item_id: int | None) -> str | None:
    return f"{base_url}/items/{item_id}" if item_id is not None else None


def paragraphs(base_url: str, verbatims: Verbatims, message: Message) -> list[Paragraph]:
    """What a message says, in the order in which it may be cut: for whom, then one thing after another, then quotes."""
    told = [Paragraph(f"For {message.name}")] if message.name else []
    if message.parts:
        told += [
            Paragraph(f"{part.section}\n{part.text}", _item_link(base_url, part.item_id)) for part in message.parts
        ]
    else:
        told.append(Paragraph(message.body, item_link(base_url, message)))
    return told + [Paragraph(f'"{quote}"') for quote in choose_quotes(verbatims, message.quotes)]


class PostConfig(BaseModel):
    """Where to post, and what customers' words may go there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr
    base_url: str
    verbatims: Verbatims = Verbatims.REDACTED
    guard: InstanceOf[Guard] = Guard()


def configure_chat(settings: Settings, name: str, url: SecretStr | None) -> PostConfig | None:
    """For the address that this installation has set up for the channel `name`; None without one."""
    if url is None:
        return None
    allowed, guard = verbatims_of(settings, name), guard_of(settings)
    return PostConfig(url=url, base_url=settings.base_url, verbatims=allowed, guard=guard)


def subscribe_chat(settings: Settings, endpoint: Endpoint) -> PostConfig:
    """For a subscription's own address."""
    url, allowed = SecretStr(endpoint.url), endpoint.verbatims
    return PostConfig(url=url, base_url=settings.base_url, verbatims=allowed, guard=endpoint.guard)


def legible(text: str) -> str:
    """A text without what is no visible character, its lines kept."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def shorten(text: str, limit: int) -> str:
    """A text in at most `limit` characters; three dots say that there was more."""
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."


def post(guard: Guard, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Send JSON to an address that somebody typed in; nothing but a 2xx counts, and nobody sees what else came back.

    Raises:
        ChannelError: With the status and no word of the answer.
    """
    try:
        answer = ask(guard, Request("POST", url, {"Content-Type": "application/json"} | dict(headers), body))
    except AppError as error:
        raise ChannelError(error.message, permanent=True) from None
    except NoAnswer as error:
        raise ChannelError(str(error)) from None
    if answer.status // 100 != _SUCCESS:
        raise ChannelError(
            f"the receiver answered {answer.status}",
            permanent=answer.status // 100 == _CLIENT_ERROR and answer.status not in _MAY_PASS,
            status=answer.status,
            retry_after=answer.retry_after,
        )
