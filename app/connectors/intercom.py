"""Intercom: conversation and ticket topics of its webhooks, conversations and tickets of its API.

Bodies are HTML. The first message is the `source`, later ones are conversation parts; what admins note among
themselves are parts of other types than those that the customer sees. A rating has 1 to 5 and a remark.
Source: https://developers.intercom.com/docs/references/webhooks/webhook-models and
https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations. Not seen in a payload: the
item of `conversation.deleted` and of `conversation_part.redacted`; both are read tolerantly.
"""

import re
from collections.abc import Mapping, Sequence
from json import loads
from typing import Any

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec
from app.domain.feedback import Medium, Role
from app.payloads.conversation import (
    DESCRIPTION,
    SATISFACTION,
    Conversation,
    Message,
    lower,
    message,
    person,
    scored,
    shown,
    taken_back,
)
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.schemes import Hmac
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, number, objects, unknown_shape


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        medium: How customers speak in this workspace's conversations.
    """

    medium: Medium = Medium.CHAT


SPEC = Spec(
    title="Intercom",
    auth=Hmac(header="x-hub-signature", digest="sha1", prefix="sha1="),
    setup=(
        "Developer Hub > your app > Configure > Webhooks: endpoint URL {url}.",
        "Topics: conversation.user.created, conversation.user.replied, conversation.admin.replied and .closed.",
        "More topics: conversation.rating.added, conversation.deleted, conversation_part.redacted.",
        "Basic information > Client secret: give it to this source as its secret.",
    ),
)

_TOPICS = re.compile(r"(?:conversation\.(?:user|admin|operator|rating|contact|priority)|ticket)\..+")
_GONE = frozenset(("conversation.deleted", "ticket.deleted"))
_SEEN = frozenset(("comment", "quick_reply", "open", "close", "conversation", "conversation_rating_remark"))
"""Types of parts that the customer sees; notes and assignments are for admins only."""
_CUSTOMERS = frozenset(("user", "lead", "contact", "visitor"))
_BOTS = frozenset(("bot", "operator", "fin"))
_LISTS = ("conversations", "tickets", "data")


def reference(delivery: RawDelivery) -> str | None:
    """The notification's `id`, the same when it is sent again."""
    body = delivery.json_or_none()
    return ident(at(body, "id")) if isinstance(at(body, "topic"), str) else None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the notification or the pulled object tells of conversations.

    Raises:
        AppError: It is not JSON, is of no shape that Intercom sends, or lacks an id or a time.
    """
    body = delivery.json()
    topic = at(body, "topic")
    if isinstance(topic, str):
        return _notified(topic, needed_object(body), config)
    rows = objects(body) or next((objects(at(body, name)) for name in _LISTS if objects(at(body, name))), [])
    rows = rows or [needed_object(body)]
    found = [_conversation(row, None, config) for row in rows if at(row, "type") in ("conversation", "ticket")]
    if found:
        return found
    if at(body, "type") in ("conversation.list", "list", "ticket.list"):
        return Ignored("there is no conversation in it")
    raise unknown_shape("Intercom")


def _notified(topic: str, body: Mapping[str, Any], config: Config) -> Parsed:
    item = at(body, "data", "item")
    conversation_id = first(item, ("conversation_id",), ("conversation", "id"), ("id",))
    if topic in _GONE:
        return [Deleted(needed_id(conversation_id, "conversation id"))]
    if topic == "conversation_part.redacted" and at(item, "type") != "conversation":
        part = ident(first(item, ("conversation_part", "id"), ("id",)))
        changed = read_time(at(body, "created_at"), config.zone_info)
        ref = needed_id(first(item, ("conversation_id",), ("conversation", "id")), "conversation id")
        said = [taken_back(part)] if part else []
        return [Conversation(ref, config.medium, changed, changed, said).item()]
    if not _TOPICS.fullmatch(topic) and topic != "conversation_part.redacted":
        return Ignored("it is a test" if topic == "ping" else "this topic is about no conversation")
    return [_conversation(_whole(needed_object(item)), at(body, "created_at"), config)]


def _whole(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The conversation or ticket of a notification; of one that tells of a part, as if that were all its parts."""
    told = lower(at(item, "type")) in ("conversation_part", "ticket_part")
    part = item if told else first(item, ("ticket_part",), ("conversation_part",))
    if not isinstance(part, Mapping):
        return item
    kind = "ticket" if "ticket" in item or "ticket_id" in item else "conversation"
    parent = at(item, kind) if isinstance(at(item, kind), Mapping) else {"id": at(item, f"{kind}_id")}
    return {"type": kind, "created_at": at(part, "created_at"), **parent, "conversation_parts": [part]}


def _conversation(item: Mapping[str, Any], told_at: object, config: Config) -> Found:
    """A conversation or a ticket; `told_at` is the time of the notification, if it came by one."""
    zone = config.zone_info
    began = read_time(at(item, "created_at"), zone)
    parts = objects(at(item, "conversation_parts", "conversation_parts")) or objects(at(item, "conversation_parts"))
    parts = parts or objects(at(item, "ticket_parts", "ticket_parts"))
    rating = _rating(item)
    said = _opening(item, config)
    for part in parts:
        said += _part(part, config)
    remark = shown(at(rating, "remark"))
    said += message(SATISFACTION, Role.CUSTOMER, remark, at=time_or_none(at(rating, "updated_at"), zone))
    return Conversation(
        external_id=needed_id(at(item, "id"), "conversation id"),
        medium=Medium.TICKET if at(item, "type") == "ticket" else config.medium,
        began=began,
        changed=time_or_none(told_at, zone) or time_or_none(at(item, "updated_at"), zone) or began,
        messages=said,
        subject=shown(
            at(_source(item), "subject") or first(item, ("title",), ("ticket_attributes", "_default_title_"))
        ),
        customer=_customer(item, parts),
        scores=scored("csat", number(at(rating, "rating")), 1, 5),
        facts={
            "status": lower(first(item, ("state",), ("ticket_state", "category"), ("ticket_state",))),
            "priority": lower(at(item, "priority")),
            "channel": lower(at(item, "source", "type")),
            "begun_by": lower(at(item, "source", "delivered_as")),
            "tags": [tag.get("name") for tag in objects(at(item, "tags", "tags"))],
            "team_id": ident(at(item, "team_assignee_id")),
            "reopened": at(item, "statistics", "count_reopens"),
            "assignments": at(item, "statistics", "count_assignments"),
        },
    ).item()


def _rating(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the customer thought of it, or else of the bot that answered."""
    rating, bot = at(item, "conversation_rating"), at(item, "ai_agent")
    if first(rating, ("rating",), ("remark",)) is not None:
        return {**rating}
    return {"rating": at(bot, "rating"), "remark": at(bot, "rating_remark")}


def _opening(item: Mapping[str, Any], config: Config) -> list[Message]:
    source = _source(item)
    if isinstance(source, Mapping):
        ref = ident(at(source, "id")) or DESCRIPTION
        if at(source, "redacted") is True:
            return [taken_back(ref)]
        when = time_or_none(at(item, "created_at"), config.zone_info)
        return message(ref, _role(at(source, "author")), shown(at(source, "body")), at=when, speaker=_name(source))
    return message(DESCRIPTION, Role.CUSTOMER, shown(at(item, "ticket_attributes", "_default_description_")))


def _source(item: object) -> object:
    """The first message; versions 1 of the API call it otherwise."""
    return first(item, ("source",), ("conversation_message",))


def _part(part: Mapping[str, Any], config: Config) -> list[Message]:
    ref, role, kind = ident(at(part, "id")), _role(at(part, "author")), lower(at(part, "part_type"))
    if ref is None or not (kind in _SEEN or (role is Role.CUSTOMER and kind != "note")):
        return []
    if at(part, "redacted") is True:
        return [taken_back(ref)]
    when = time_or_none(at(part, "created_at"), config.zone_info)
    return message(ref, role, shown(at(part, "body")), at=when, speaker=_name(part))


def _role(author: object) -> Role:
    kind = lower(at(author, "type"))
    if kind in _CUSTOMERS:
        return Role.CUSTOMER
    return Role.BOT if kind in _BOTS else Role.AGENT


def _name(part: Mapping[str, Any]) -> object:
    return at(part, "author", "name")


def _customer(item: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """The contact, with what an author of theirs adds: name and e-mail stand only there."""
    contact = at(item, "contacts", "contacts", 0) or at(item, "contacts", 0) or at(item, "user")
    authors = [at(one, "author") for one in (_source(item), *parts)]
    known = {ident(at(contact, "id"))} if ident(at(contact, "id")) else {ident(at(one, "id")) for one in authors}
    own = [one for one in authors if _role(one) is Role.CUSTOMER and ident(at(one, "id")) in known]
    author = own[0] if own else None
    return person(
        first(contact, ("external_id",), ("user_id",), ("id",)) or at(author, "id"),
        first(contact, ("email",)) or at(author, "email"),
        first(contact, ("name",)) or at(author, "name"),
    )


_ITEM = loads(
    '{"type": "conversation", "id": "195208945002873", "created_at": 1772000000, "updated_at": 1772000500, '
    '"state": "open", "priority": "not_priority", "source": {"type": "email", "id": "40", "subject": "<p>Login</p>", '
    '"body": "<p>I can&#39;t log in.</p>", "author": {"type": "lead", "id": "6620", "name": "Ina Berg", '
    '"email": "ina@example.com"}}, "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "6620", '
    '"external_id": "C-7"}]}, "statistics": {"count_reopens": 2}, "conversation_parts": {"conversation_parts": []}}'
)
_READ = loads(
    '{"external_id": "195208945002873", "updated_at": "2026-02-25T06:21:40Z", "medium": "chat", "merge": true, '
    '"occurred_at": "2026-02-25T06:13:20Z", "question": "Login", '
    '"customer": {"ref": "C-7", "email": "ina@example.com", "name": "Ina Berg"}, '
    '"attributes": {"status": "open", "priority": "not_priority", "channel": "email", "reopened": 2}}'
)
_SAID = {"role": "customer", "text": "I can't log in.", "ref": "40", "speaker": "Ina Berg"}
_SAID |= {"at": "2026-02-25T06:13:20Z"}
_BEGUN = [_READ | {"turns": [_SAID]}]


def _notification(topic: str, **item: object) -> RawDelivery:
    return json_delivery(
        {"type": "notification_event", "topic": topic, "id": "notif_1", "created_at": 1772000500} | item
    )


def _replied(kind: str, author: str, **more: object) -> RawDelivery:
    part = {"id": "41", "part_type": kind, "body": "<p>And <b>now</b>?</p>", "created_at": 1772000500}
    told = {"conversation_parts": {"conversation_parts": [part | {"author": {"type": author, "name": "Kim"}} | more]}}
    return _notification("conversation.admin.replied", data={"item": _ITEM | told})


def _answer(role: str) -> dict[str, object]:
    return {"role": role, "text": "And now?", "ref": "41", "at": "2026-02-25T06:21:40Z", "speaker": "Kim"}


_RATING = {"rating": 1, "remark": "Slow &amp; rude", "created_at": 1772000400}
_REMARK = {"role": "customer", "text": "Slow & rude", "ref": "satisfaction", "at": _READ["updated_at"]}
_SCORE = {"metric": "csat", "value": 1, "min": 1, "max": 5}

EXAMPLES = (
    Example(
        "a new conversation",
        _notification("conversation.user.created", data={"item": _ITEM}),
        [_READ | {"turns": [_SAID]}],
    ),
    Example(
        "a conversation of version 1 of the API",
        _notification(
            "conversation.user.created",
            data={
                "item": {name: value for name, value in _ITEM.items() if name not in ("source", "contacts")}
                | {"user": {"type": "lead", "id": "6620", "user_id": "C-7"}, "conversation_message": _ITEM["source"]}
            },
        ),
        [_READ | {"turns": [_SAID], "attributes": {"status": "open", "priority": "not_priority", "reopened": 2}}],
    ),
    Example("a customer's reply", _replied("comment", "user"), [_READ | {"turns": [_SAID, _answer("customer")]}]),
    Example("an admin's reply", _replied("comment", "admin"), [_READ | {"turns": [_SAID, _answer("agent")]}]),
    Example("a bot's reply", _replied("comment", "bot"), [_READ | {"turns": [_SAID, _answer("bot")]}]),
    Example("a note among admins is left out", _replied("note", "admin"), _BEGUN),
    Example(
        "a redacted part is taken back",
        _replied("comment", "user", redacted=True, body=None),
        [_READ | {"turns": [_SAID, {"role": "system", "text": "", "ref": "41", "at": _READ["updated_at"]}]}],
    ),
    Example(
        "a rating and its remark",
        _notification("conversation.rating.added", data={"item": _ITEM | {"conversation_rating": _RATING}}),
        [_READ | {"turns": [_SAID, _REMARK], "scores": [_SCORE]}],
    ),
    Example(
        "a deleted conversation",
        _notification("conversation.deleted", data={"item": {"conversation_id": 195208945002873}}),
        [Deleted("195208945002873")],
    ),
    Example(
        "a page of the API",
        json_delivery({"type": "conversation.list", "conversations": [_ITEM]}),
        [_READ | {"turns": [_SAID]}],
    ),
    Example("a ping", _notification("ping", data={"item": {"type": "ping"}}), Ignored("it is a test")),
    Example("another topic", _notification("contact.created", data={}), Ignored("this topic is about no conversation")),
    Example("no conversation at all", json_delivery({"hello": 1}), "unknown_shape"),
    Example("a conversation without id", json_delivery(_ITEM | {"id": None}), "id_missing"),
)
