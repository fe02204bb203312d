"""Chatwoot: message and conversation events of its webhooks, messages and conversations of its API.

`message_type` and `private` tell whose a message is: incoming, outgoing, template (a bot) or activity (nobody's).
The answer of a satisfaction survey comes as an update of the message that asked for it. Webhooks of automation rules
have the same bodies, their event begins with `automation_event.`. What was said in a voice message comes later, as an
update whose attachment has `transcribed_text`; a mail that answers by itself (`email.auto_reply`) is a bot's.
Source: https://www.chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks and the `webhook_data` of
https://github.com/chatwoot/chatwoot. Updates of a message name no time of their own: the header's counts.
Not seen in a payload: deleted messages (`content_attributes.deleted`), picked answers (`submitted_values` as a list).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from json import loads
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Found, Ignored, Parsed, Spec
from app.domain.feedback import Medium, Role
from app.payloads.conversation import (
    SATISFACTION,
    Conversation,
    Message,
    lower,
    message,
    person,
    scored,
    shown,
    taken_back,
    words,
)
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.schemes import Hmac
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, number, objects, unknown_shape


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        medium: How customers speak in the inboxes that this source hears of.
    """

    medium: Medium = Medium.CHAT


SPEC = Spec(
    title="Chatwoot",
    auth=Hmac(header="x-chatwoot-signature", prefix="sha256=", signed="{ts}.{body}", ts_header="x-chatwoot-timestamp"),
    setup=(
        "Settings > Integrations > Webhooks > Add new webhook: URL {url}.",
        "Events: Message created, Message updated, Conversation status changed.",
        "Copy the webhook's secret and give it to this source.",
    ),
)

_TYPES = {"0": "incoming", "1": "outgoing", "2": "activity", "3": "template"}
_BOTS = frozenset(("agent_bot", "agentbot", "captain", "bot", "captain::assistant"))
_CONTACTS = frozenset(("contact", ""))
_CONVERSATIONS = frozenset(
    f"conversation_{name}" for name in ("created", "updated", "status_changed", "opened", "resolved", "reopened")
)


def reference(delivery: RawDelivery) -> str | None:
    """The header `X-Chatwoot-Delivery`; else the id of a new message."""
    if found := delivery.headers.get("x-chatwoot-delivery"):
        return found
    body = delivery.json_or_none()
    message_id = ident(at(body, "id"))
    return f"message:{message_id}" if message_id and at(body, "event") == "message_created" else None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the event or the pulled page tells of conversations.

    Raises:
        AppError: It is not JSON, is of no shape that Chatwoot sends, or lacks an id or a time.
    """
    body = delivery.json()
    event = at(body, "event")
    if isinstance(event, str):
        name = event.removeprefix("automation_event.")
        if name in _CONVERSATIONS:
            return [_conversation(body, config)]
        if name not in ("message_created", "message_updated"):
            return Ignored("this event is about no message")
        sent = delivery.headers.get("x-chatwoot-timestamp") or delivery.arrived_at
        found = _message(body, sent if name == "message_updated" else None, config)
        return [found] if found else Ignored(_unheard(body))
    rows = objects(body) or objects(at(body, "payload")) or objects(at(body, "data", "payload")) or objects([body])
    items = [_conversation(row, config) for row in rows if _is_conversation(row)]
    pulled = [_message(row, None, config) for row in rows if "message_type" in row]
    items += [item for item in pulled if item]
    if items:
        return items
    if pulled or isinstance(first(body, ("payload",), ("data", "payload")), list):
        return Ignored("there is nothing of a customer in it")
    raise unknown_shape("Chatwoot")


def _is_conversation(row: Mapping[str, Any]) -> bool:
    return "message_type" not in row and isinstance(row.get("messages"), list) and "created_at" in row


def _unheard(body: object) -> str:
    return "it is a note among agents" if flag(at(body, "private")) is True else "nobody says anything in it"


def _conversation(body: Any, config: Config) -> Found:  # noqa: ANN401 - decoded JSON
    zone = config.zone_info
    began = read_time(first(body, ("created_at",), ("timestamp",)), zone)
    changed = time_or_none(first(body, ("updated_at",), ("last_activity_at",), ("timestamp",)), zone)
    said: list[Message] = []
    scores: list[dict[str, object]] = []
    for row in objects(at(body, "messages")):
        said += _said(row, config)
        scores = _scores(row) or scores
    base = _base(body, began, changed or began, config)
    return replace(base, messages=said, scores=scores).item()


def _base(conversation: object, began: datetime, changed: datetime, config: Config) -> Conversation:
    sender = at(conversation, "meta", "sender")
    return Conversation(
        external_id=needed_id(first(conversation, ("id",), ("display_id",)), "conversation id"),
        medium=config.medium,
        began=began,
        changed=changed,
        language=at(conversation, "additional_attributes", "browser_language")
        or at(conversation, "additional_attributes", "browser", "browser_language"),
        customer=_customer(sender),
        facts={
            "status": lower(at(conversation, "status")),
            "priority": lower(at(conversation, "priority")),
            "channel": lower(str(at(conversation, "channel") or "").removeprefix("Channel::")),
            "tags": words(at(conversation, "labels")),
            "team": at(conversation, "meta", "team", "name"),
            "inbox_id": ident(at(conversation, "inbox_id")),
        },
    )


def _customer(sender: object) -> dict[str, str] | None:
    if lower(at(sender, "type") or "") not in (None, "contact"):
        return None
    return person(first(sender, ("identifier",), ("id",)), at(sender, "email"), at(sender, "name"))


def _message(body: Any, sent: object, config: Config) -> Found | None:  # noqa: ANN401 - decoded JSON
    """A message by itself; `sent` is when we were told of a change to it."""
    said, scores = _said(body, config), _scores(body)
    if not said and not scores:
        return None
    zone = config.zone_info
    began = read_time(at(body, "created_at"), zone)
    if isinstance(sent, str):
        sent = read_time(sent, zone)
    changed = time_or_none(at(body, "updated_at"), zone) or began
    conversation = at(body, "conversation")
    if not isinstance(conversation, Mapping):
        conversation = {"id": at(body, "conversation_id")}
    base = _base(conversation, began, max(changed, sent) if isinstance(sent, datetime) else changed, config)
    customer = base.customer or (_customer(at(body, "sender")) if _type(body) == "incoming" else None)
    return replace(base, messages=said, scores=scores, customer=customer).item()


def _type(body: object) -> str | None:
    kind = ident(at(body, "message_type"))
    return _TYPES.get(kind, kind) if kind else None


def _said(body: object, config: Config) -> list[Message]:
    ref, kind = ident(at(body, "id")), _type(body)
    if ref is None or flag(at(body, "private")) is True or kind not in ("incoming", "outgoing", "template"):
        return []
    if flag(at(body, "content_attributes", "deleted")) is True:
        return [taken_back(ref)]
    when = time_or_none(at(body, "created_at"), config.zone_info)
    submitted = at(body, "content_attributes", "submitted_values")
    if isinstance(submitted, Mapping):
        remark = shown(at(submitted, "csat_survey_response", "feedback_message"))
        return message(SATISFACTION, Role.CUSTOMER, remark, at=when)
    if objects(submitted):
        answer = "\n".join(shown(first(one, ("title",), ("value",))) for one in objects(submitted))
        return message(f"{ref}:answer", Role.CUSTOMER, answer, at=when, question=shown(at(body, "content")) or None)
    return message(ref, _role(body, kind), _words(body), at=when, speaker=at(body, "sender", "name"))


def _words(body: object) -> str:
    """What was typed, then what was spoken."""
    spoken = [at(one, "transcribed_text") for one in objects(at(body, "attachments"))]
    texts = (at(body, "content"), *spoken, at(body, "content_attributes", "transcribed_text"))
    return "\n".join(dict.fromkeys(text for one in texts if (text := shown(one))))


def _role(body: object, kind: str) -> Role:
    if flag(at(body, "content_attributes", "email", "auto_reply")) is True:
        return Role.BOT
    sender = lower(first(body, ("sender", "type"), ("sender_type",))) or ""
    if kind == "incoming" and sender in _CONTACTS:
        return Role.CUSTOMER
    return Role.BOT if kind == "template" or sender in _BOTS else Role.AGENT


def _scores(body: object) -> list[dict[str, object]]:
    rating = at(body, "content_attributes", "submitted_values", "csat_survey_response", "rating")
    return scored("csat", number(rating), 1, 5)


def _json(value: object, **headers: str) -> RawDelivery:
    sent = {f"x-chatwoot-{name}": one for name, one in headers.items()}
    return json_delivery(value, sent)


_MESSAGE = loads(
    '{"event": "message_created", "id": 501, "content": "The bot sent me away.", "content_type": "text", '
    '"content_attributes": {}, "created_at": "2026-01-05T10:00:00.000Z", "message_type": "incoming", "private": false, '
    '"sender": {"id": 901, "name": "Jo Hart", "email": "jo@example.com", "type": "contact"}, "conversation": '
    '{"id": 9007199254740993, "inbox_id": 5, "status": "open", "channel": "Channel::WebWidget", "labels": ["refund"], '
    '"additional_attributes": {"browser_language": "pt_BR"}, "meta": {"sender": {"id": 901, "name": "Jo Hart", '
    '"email": "jo@example.com", "identifier": "C-4", "type": "contact"}}, "created_at": 1767607100}}'
)
_READ = loads(
    '{"external_id": "9007199254740993", "updated_at": "2026-01-05T10:00:00Z", "medium": "chat", "merge": true, '
    '"occurred_at": "2026-01-05T10:00:00Z", "language": "pt-BR", '
    '"customer": {"ref": "C-4", "email": "jo@example.com", "name": "Jo Hart"}, '
    '"attributes": {"status": "open", "channel": "webwidget", "tags": "refund", "inbox_id": "5"}}'
)
_KIM = {"id": 7, "name": "Kim", "type": "user"}
_RATED = {"csat_survey_response": {"rating": 2, "feedback_message": "Took ages"}}
_VOICE = {"id": 3, "file_type": "audio", "extension": None, "data_url": "https://chat.example.com/3.ogg"}
_VOICE |= {"transcribed_text": "Nobody calls me back."}
_SURVEY = _MESSAGE | {"id": 640, "event": "message_updated", "message_type": "template", "content_type": "input_csat"}
_SURVEY |= {"sender": None, "content": "Please rate", "content_attributes": {"submitted_values": _RATED}}


def _turn(role: str, speaker: str, text: str = "The bot sent me away.") -> list[dict[str, str]]:
    return [{"role": role, "text": text, "ref": "501", "at": "2026-01-05T10:00:00Z", "speaker": speaker}]


EXAMPLES = (
    Example("a customer's message", _json(_MESSAGE), [_READ | {"turns": _turn("customer", "Jo Hart")}]),
    Example(
        "an agent's message",
        _json(_MESSAGE | {"message_type": "outgoing", "sender": _KIM}),
        [_READ | {"turns": _turn("agent", "Kim")}],
    ),
    Example(
        "a bot's message",
        _json(_MESSAGE | {"message_type": "outgoing", "sender": _KIM | {"type": "agent_bot"}}),
        [_READ | {"turns": _turn("bot", "Kim")}],
    ),
    Example(
        "a voice message has no content: what was said is in its attachment",
        _json(_MESSAGE | {"event": "message_updated", "content": None, "attachments": [_VOICE]}),
        [_READ | {"turns": _turn("customer", "Jo Hart", "Nobody calls me back.")}],
    ),
    Example(
        "an out-of-office mail is no customer's voice",
        _json(_MESSAGE | {"content_attributes": {"email": {"auto_reply": True, "subject": "Away"}}}),
        [_READ | {"turns": _turn("bot", "Jo Hart")}],
    ),
    Example(
        "a private note",
        _json(_MESSAGE | {"message_type": "outgoing", "private": True}),
        Ignored("it is a note among agents"),
    ),
    Example("an activity", _json(_MESSAGE | {"message_type": "activity"}), Ignored("nobody says anything in it")),
    Example(
        "the answer of a satisfaction survey; the time of the update is the header's",
        _json(_SURVEY, timestamp="1767610800"),
        [
            _READ
            | {"scores": [{"metric": "csat", "value": 2, "min": 1, "max": 5}], "updated_at": "2026-01-05T11:00:00Z"}
            | {"turns": [{"role": "customer", "text": "Took ages", "ref": "satisfaction", "at": _READ["occurred_at"]}]}
        ],
    ),
    Example(
        "a deleted message is taken back",
        _json(_MESSAGE | {"event": "message_updated", "content_attributes": {"deleted": True}}),
        [_READ | {"turns": [{"role": "system", "text": "", "ref": "501", "at": _READ["updated_at"]}]}],
    ),
    Example(
        "a conversation is resolved; its last message has a number as type",
        _json(
            _MESSAGE["conversation"]
            | {"event": "conversation_resolved", "status": "resolved", "updated_at": 1767607300.5}
            | {"messages": [_MESSAGE | {"message_type": 1, "sender": _KIM}]}
        ),
        [
            _READ
            | {"updated_at": "2026-01-05T10:01:40.500000Z", "occurred_at": "2026-01-05T09:58:20Z"}
            | {"turns": _turn("agent", "Kim"), "attributes": _READ["attributes"] | {"status": "resolved"}}
        ],
    ),
    Example("another event", _json({"event": "contact_created"}), Ignored("this event is about no message")),
    Example("nothing of Chatwoot", _json({"hello": 1}), "unknown_shape"),
    Example("a message of no conversation", _json(_MESSAGE | {"conversation": {}}), "id_missing"),
)
