"""What a connector module consists of, and what it makes of one delivery."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, field_validator

from app.payloads.custom_auth import CustomAuth
from app.payloads.delivery import RawDelivery, Reply
from app.payloads.native import NativeItem, read_item
from app.payloads.schemes import Auth
from app.payloads.talk import UNDATED
from app.payloads.walk import unknown_shape


@dataclass(frozen=True)
class Ignored:
    """The delivery is understood and holds no customer's words."""

    reason: str


@dataclass(frozen=True)
class Undated:
    """An item whose sender gives no time: `occurred_at` is the delivery's arrival and no part of its content."""

    item: NativeItem


@dataclass(frozen=True)
class Deleted:
    """The sender says that this utterance is gone: its words are erased."""

    external_id: str


@dataclass(frozen=True)
class Wanted:
    """A thin event: the words have to be fetched from the sender, or come later by file or API.

    Attributes:
        external_id: The item's id once it is here.
        path: What to ask the sender's API for, such as `/v3/surveys/1/responses/2/details`.
        occurred_at: When the sender says that it happened; None where the event does not say.
    """

    external_id: str
    path: str
    occurred_at: datetime | None = None


Found: TypeAlias = NativeItem | Undated | Deleted | Wanted
Parsed: TypeAlias = Sequence[Found] | Ignored
"""What one delivery holds, in its order."""


@dataclass(frozen=True)
class Pull:
    """One GET request that brings what a thin event only named."""

    url: str
    headers: Mapping[str, str]


class ConnectorConfig(BaseModel):
    """What an operator can set for a source of any connector; a connector's `Config` extends it.

    Attributes:
        zone: Counts for times that the sender writes without one.
        auth: How deliveries prove where they come from, where it is not the connector's own way.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: str = "UTC"
    auth: CustomAuth | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, OSError, ValueError):
            raise ValueError("there is no such time zone; write it as Europe/Berlin or UTC") from None
        return value

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone."""
        return ZoneInfo(self.zone)


@dataclass(frozen=True)
class Spec:
    """What is known of a sender before anything is parsed.

    Attributes:
        title: Its name as people write it.
        auth: How its deliveries prove where they come from.
        setup: What to click at the sender, one step each; `{url}` and `{secret}` stand for the source's own.
        also: Other names under which it is looked for, in the form of file names.
        suffixes: Endings of files that this connector reads, such as `.vtt`.
        acknowledgement: The answer to a kept delivery, where the sender wants another than our own.
        handshake: Answers a sender that asks whether we are there; None: it was no such question. Called only for
            deliveries that `auth` let in, unless `open_handshake` is set.
        open_handshake: The sender asks before it can sign.
        screen: Raises for an authentic delivery that is an attack on whoever reads it: it is answered 400 and not kept.
        pull: Makes the request for a `Wanted`, given the source's configuration and the operator's API token.
    """

    title: str
    auth: Auth
    setup: Sequence[str]
    also: Sequence[str] = ()
    suffixes: Sequence[str] = ()
    acknowledgement: Reply | None = None
    handshake: Callable[[RawDelivery, Sequence[str]], Reply | None] | None = None
    open_handshake: bool = False
    screen: Callable[[RawDelivery], None] | None = None
    pull: Callable[[Wanted, Any, str], Pull] | None = None


@dataclass(frozen=True)
class Example:
    """A payload and what must come of it; the contract test replays every one.

    Attributes:
        name: What it shows.
        delivery: The payload.
        expect: What must be found, items as JSON; or the reason for ignoring it, or the code of the refusal.
        config: The source's configuration, as JSON.
    """

    name: str
    delivery: RawDelivery
    expect: Sequence[Mapping[str, Any] | Undated | Deleted | Wanted] | Ignored | str
    config: Mapping[str, Any] = field(default_factory=dict)


class Connector(Protocol):
    """What a module in this folder consists of; its file name is its name. All of it is pure."""

    SPEC: ClassVar[Spec]
    Config: ClassVar[type[ConnectorConfig]]
    EXAMPLES: ClassVar[Sequence[Example]]

    def reference(self, delivery: RawDelivery) -> str | None:
        """The sender's own id of this delivery, the same when it is sent again; never raises."""

    def parse(self, delivery: RawDelivery, config: Any) -> Parsed:  # noqa: ANN401 - its own Config
        """What is in it.

        Raises:
            AppError: It cannot be read; the delivery is quarantined with the message as its reason.
        """


def nothing_in(body: object, reason: str, sender: str, names: Sequence[str]) -> Ignored:
    """The answer to a body in which nothing was found, though it is one of this sender's.

    Args:
        body: Decoded JSON; one that is empty is such a body.
        reason: Why nothing is in it.
        sender: How it is called.
        names: Fields of which each of its bodies has at least one.

    Raises:
        AppError: ``unknown_shape``: nobody knows what it is, so that its words would be lost unseen.
    """
    if body and not (isinstance(body, Mapping) and any(name in body for name in names)):
        raise unknown_shape(sender)
    return Ignored(reason)


def make_item(values: Mapping[str, Any], delivery: RawDelivery) -> NativeItem | Undated:
    """An item of plain values, None being absent; undated where the source gives no `occurred_at`.

    Raises:
        AppError: ``invalid_item``.
    """
    known = {name: value for name, value in values.items() if value is not None}
    if "occurred_at" in known:
        return read_item(known)
    return Undated(read_item(known | {"occurred_at": delivery.arrived_at or UNDATED}))
