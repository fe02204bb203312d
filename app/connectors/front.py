"""Front: application and rule webhooks, messages and conversations of its API.

An application webhook wraps the event of a rule webhook in `payload`. Often the message in it is only a preview: then
its words have to be fetched. Comments and drafts are for teammates only; `is_inbound` tells whose a message is, unless
the headers in its `metadata` say that no person wrote it.
Source: https://dev.frontapp.com/docs/application-webhooks, https://dev.frontapp.com/docs/rule-webhooks and
https://dev.frontapp.com/reference/events.
"""

import re
from collections.abc import Mapping, Sequence
from json import dumps, loads
from typing import Any
from urllib.parse import quote

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Pull, Spec, Wanted
from app.domain.feedback import Medium, Role
from app.payloads.automatic import is_automatic
from app.payloads.conversation import (
    Conversation,
    Message,
    as_written,
    began_and_changed,
    lower,
    message,
    person,
    shown,
)
from app.payloads.delivery import RawDelivery, Reply
from app.payloads.examples import json_delivery
from app.payloads.presets import FRONT_APPLICATION, FRONT_RULE
from app.payloads.schemes import AnyOf
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, objects, unknown_shape


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        medium: How customers speak in the inboxes that this source hears of.
    """

    medium: Medium = Medium.EMAIL


def _challenged(delivery: RawDelivery, _secrets: Sequence[str]) -> Reply | None:
    challenge = delivery.headers.get("x-front-challenge")
    return Reply(dumps({"challenge": challenge}).encode(), "application/json") if challenge else None


def _pull(wanted: Wanted, _config: Config, token: str) -> Pull:
    return Pull("https://api2.frontapp.com" + wanted.path, {"authorization": f"Bearer {token}"})


SPEC = Spec(
    title="Front",
    auth=AnyOf((FRONT_APPLICATION, FRONT_RULE)),
    setup=(
        "Settings > Developers > your app > Features > Webhooks: URL {url}, events Inbound received, Outbound sent.",
        "Give the app's signing key to this source as its secret; Front asks at once whether the address answers.",
        "Or by a rule: Settings > Rules > Send to webhook, URL {url}; the secret is the Webhooks app's API secret.",
    ),
    also=("frontapp",),
    handshake=_challenged,
    pull=_pull,
)

_MESSAGES = frozenset(("inbound", "inbound_received", "outbound", "outbound_sent", "out_reply", "message_imported"))
_GONE = frozenset(("trash", "conversation_deleted"))
_CHANGES = re.compile(
    r"assign|unassign|archive|reopen|restore|tag|untag|move|reminder|snooze|assignee_changed|tag_added|tag_removed|"
    r"conversation_(?:archived|reopened|restored|moved|snoozed|snooze_expired)"
)


def reference(delivery: RawDelivery) -> str | None:
    """The event's `id`."""
    body = delivery.json_or_none()
    return ident(first(body, ("payload", "id"), ("id",))) if "emitted_at" in _event(body) else None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the event or the pulled page tells of conversations.

    Raises:
        AppError: It is not JSON, is of no shape that Front sends, or lacks an id or a time.
    """
    body = delivery.json()
    if at(body, "type") == "sync":
        return Ignored("it is a test")
    event = _event(body)
    if "emitted_at" in event:
        return _told(event, lower(at(body, "type")) or "", config)
    rows = objects(at(body, "_results")) or objects(body) or objects([body])
    found: list[Found] = []
    for row in rows:
        found += _pulled(row, config)
    if found or isinstance(at(body, "_results"), list) or any("is_inbound" in row for row in rows):
        return found or Ignored("there is nothing of a customer in it")
    raise unknown_shape("Front")


def _event(body: object) -> Mapping[str, Any]:
    inner = at(body, "payload")
    found = inner if isinstance(inner, Mapping) else body
    return found if isinstance(found, Mapping) else {}


def _told(event: Mapping[str, Any], outer: str, config: Config) -> Parsed:
    kind = lower(at(event, "type")) or outer
    conversation = at(event, "conversation")
    if kind in _GONE:
        return [Deleted(needed_id(at(conversation, "id"), "conversation id"))]
    if kind in ("comment", "mention", "new_comment_added"):
        return Ignored("it is a comment among teammates")
    if kind not in _MESSAGES and not _CHANGES.fullmatch(kind):
        return Ignored("this event is about no message")
    told = at(event, "target", "data") if kind in _MESSAGES else None
    said = _message(told, config)
    conversation_id = needed_id(at(conversation, "id"), "conversation id")
    incoming = flag(at(told, "is_inbound")) is True or (
        flag(at(told, "is_inbound")) is None and kind.startswith("inbound")
    )
    message_id = ident(at(told, "id"))
    if incoming and told is None:
        when = time_or_none(at(event, "emitted_at"), config.zone_info)
        return [Wanted(conversation_id, f"/conversations/{quote(conversation_id, safe='')}/messages", when)]
    if incoming and message_id and not said and not _is_draft(told):
        when = time_or_none(at(event, "emitted_at"), config.zone_info)
        return [Wanted(conversation_id, f"/messages/{quote(message_id, safe='')}", when)]
    return [_conversation(conversation, told, at(event, "emitted_at"), said, config)]


def _pulled(row: Mapping[str, Any], config: Config) -> list[Found]:
    if "is_inbound" in row:
        said = _message(row, config)
        link = first(row, ("_links", "related", "conversation"))
        conversation_id = link.rstrip("/").rpartition("/")[2] if isinstance(link, str) else None
        conversation = {"id": conversation_id, "subject": at(row, "subject")}
        return [_conversation(conversation, row, None, said, config)] if said else []
    if "recipient" in row and "subject" in row:
        return [_conversation(row, None, at(row, "updated_at"), [], config)]
    return []


def _conversation(
    conversation: object, told: object, emitted: object, said: Sequence[Message], config: Config
) -> Found:
    created = first(conversation, ("created_at",)) or at(told, "created_at") or emitted
    began, changed = began_and_changed(created, emitted or at(told, "created_at"), None, config.zone_info)
    sender = first(conversation, ("recipient",)) if at(conversation, "recipient", "role") != "to" else None
    own = [one for one in objects(at(told, "recipients")) if at(one, "role") == "from"]
    if sender is None and own and flag(at(told, "is_inbound")) is True:
        sender = own[0]
    return Conversation(
        external_id=needed_id(at(conversation, "id"), "conversation id"),
        medium=config.medium,
        began=began or changed,
        changed=changed,
        messages=said,
        subject=at(conversation, "subject"),
        customer=_customer(sender),
        facts={
            "status": lower(at(conversation, "status")),
            "tags": [tag.get("name") for tag in objects(at(conversation, "tags"))],
            "channel": lower(at(told, "type")),
        },
    ).item()


def _customer(sender: object) -> dict[str, str] | None:
    handle, link = at(sender, "handle"), at(sender, "_links", "related", "contact")
    contact = link.rstrip("/").rpartition("/")[2] if isinstance(link, str) else None
    is_mail = isinstance(handle, str) and "@" in handle
    return person(contact or (None if is_mail else handle), handle if is_mail else None, at(sender, "name"))


def _message(told: object, config: Config) -> list[Message]:
    ref, inbound = ident(at(told, "id")), flag(at(told, "is_inbound"))
    if ref is None or _is_draft(told):
        return []
    role = Role.CUSTOMER if inbound is True else Role.AGENT
    if is_automatic(at(told, "metadata", "headers")):
        role = Role.BOT
    text = as_written(at(told, "text")) or shown(at(told, "body"))
    own = [one for one in objects(at(told, "recipients")) if at(one, "role") == "from"]
    speaker = at(own[0], "name") if own and inbound is True else at(told, "author", "username")
    when = time_or_none(at(told, "created_at"), config.zone_info)
    return message(ref, role, text, at=when, speaker=speaker)


def _is_draft(told: object) -> bool:
    return flag(at(told, "is_draft")) is True or lower(at(told, "draft_mode")) is not None


_EVENT = loads(
    '{"id": "evt_1", "type": "inbound", "emitted_at": 1772377200.125, "conversation": {"id": "cnv_55c8", '
    '"subject": "Delivery", "status": "unassigned", "tags": [{"name": "late"}], "recipient": {"role": "from", '
    '"handle": "ola@example.com", "name": "Ola", "_links": {"related": {"contact": "https://api2.frontapp.com/'
    'contacts/crd_9"}}}}, "target": {"_meta": {"type": "message"}, "data": {"id": "msg_1", "type": "email", '
    '"is_inbound": true, "created_at": 1772377199.5, "body": "<p>Where <i>is</i> it?</p>", "text": "Where is it?", '
    '"recipients": [{"role": "from", "handle": "ola@example.com", "name": "Ola"}]}}}'
)
_MESSAGE = _EVENT["target"]["data"]
_READ = loads(
    '{"external_id": "cnv_55c8", "updated_at": "2026-03-01T15:00:00.125Z", "medium": "email", "merge": true, '
    '"occurred_at": "2026-03-01T14:59:59.5Z", "question": "Delivery", '
    '"customer": {"ref": "crd_9", "email": "ola@example.com", "name": "Ola"}, '
    '"attributes": {"status": "unassigned", "tags": "late", "channel": "email"}}'
)
_SAID = {"role": "customer", "text": "Where is it?", "ref": "msg_1", "at": "2026-03-01T14:59:59.5Z", "speaker": "Ola"}
_PREVIEW = {"id": "msg_1", "type": "email", "is_inbound": True, "created_at": 1772377199.5, "blurb": "Where is"}


def _told_of(kind: str, data: Mapping[str, object]) -> RawDelivery:
    return json_delivery(_EVENT | {"type": kind, "target": {"_meta": {"type": "message"}, "data": data}})


EXAMPLES = (
    Example("a rule webhook with the message", json_delivery(_EVENT), [_READ | {"turns": [_SAID]}]),
    Example(
        "an application webhook wraps it",
        json_delivery({"type": "inbound_received", "authorization": {"id": "cmp_1"}, "payload": _EVENT}),
        [_READ | {"turns": [_SAID]}],
    ),
    Example(
        "a preview has no words",
        _told_of("inbound", _PREVIEW),
        [Wanted("cnv_55c8", "/messages/msg_1", time_or_none(1772377200.125, ConnectorConfig().zone_info))],
    ),
    Example(
        "an agent's reply",
        _told_of("outbound", _MESSAGE | {"is_inbound": False, "author": {"username": "kim"}}),
        [_READ | {"turns": [_SAID | {"role": "agent", "speaker": "kim"}]}],
    ),
    Example(
        "an out-of-office mail is no customer's voice",
        _told_of("inbound", _MESSAGE | {"metadata": {"headers": {"Auto-Submitted": "auto-replied"}}}),
        [_READ | {"turns": [_SAID | {"role": "bot"}]}],
    ),
    Example("a draft", _told_of("outbound", _MESSAGE | {"draft_mode": "shared"}), [_READ | {"turns": []}]),
    Example("a comment", _told_of("comment", {"body": "VIP"}), Ignored("it is a comment among teammates")),
    Example("a deleted conversation", _told_of("trash", {}), [Deleted("cnv_55c8")]),
    Example(
        "a fetched message",
        json_delivery(
            _MESSAGE
            | {"_links": {"related": {"conversation": "https://api2.frontapp.com/conversations/cnv_55c8"}}}
            | {"subject": "Delivery"}
        ),
        [
            _READ
            | {"turns": [_SAID], "updated_at": "2026-03-01T14:59:59.5Z", "attributes": {"channel": "email"}}
            | {"customer": {"email": "ola@example.com", "name": "Ola"}}
        ],
    ),
    Example("a test of the address", json_delivery({"type": "sync"}), Ignored("it is a test")),
    Example("another event", _told_of("link_added", {}), Ignored("this event is about no message")),
    Example("nothing of Front", json_delivery({"hello": 1}), "unknown_shape"),
    Example("an event of no conversation", json_delivery(_EVENT | {"conversation": None}), "id_missing"),
)
