"""Freshdesk and Freshservice: automation rules (Simple and Advanced), tickets and conversations of the API.

A rule's Simple content has names such as `ticket_id` under `freshdesk_webhook`; Advanced content is what the admin
wrote, here read with the same names, with or without `ticket_`. The latest public comment begins with its author's
name; only where that is the requester's is it the customer's. In the API `incoming` and `private` tell whose a message
is; status, priority and source are numbers.
Source: https://developers.freshdesk.com/api/ and the help article on webhooks in automation rules. Events of
marketplace apps (`data.ticket`) are read as their documentation names them; no payload was seen.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from json import loads
from typing import Any

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec, Undated
from app.domain.feedback import Medium, Role
from app.payloads.conversation import (
    DESCRIPTION,
    SATISFACTION,
    Conversation,
    Message,
    as_written,
    began_and_changed,
    lower,
    message,
    person,
    shown,
    text_ref,
)
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.schemes import StaticToken
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, needed_object, number, objects, unknown_shape

Config = ConnectorConfig

SPEC = Spec(
    title="Freshdesk",
    auth=StaticToken(),
    setup=(
        "Admin > Workflows > Automations > Ticket creation (and Ticket updates) > New rule > action Trigger webhook.",
        "Request type POST, URL {url}, encoding JSON; add the custom header X-Webhook-Token: {secret}.",
        "Content: Simple with all ticket fields, or Advanced with the body of docs/recipes/freshdesk.md.",
    ),
    also=("freshservice",),
)

_PAGES = ("results", "tickets", "conversations")
_STATUS = {"2": "open", "3": "pending", "4": "resolved", "5": "closed"}
_PRIORITY = {"1": "low", "2": "medium", "3": "high", "4": "urgent"}
_SOURCE = {
    "1": "email",
    "2": "portal",
    "3": "phone",
    "5": "twitter",
    "6": "facebook",
    "7": "chat",
    "9": "feedback widget",
    "10": "outbound email",
    "11": "e-commerce",
    "13": "whatsapp",
}
_BY_AGENTS = frozenset(("phone", "outbound email"))
_AUTHOR = re.compile(r"\s*([^:<>\n]{1,100}?)\s+:\s+")
_RATED = range(100, 104)
"""Ratings of the API: 100 is neutral, 101 to 103 happy, -101 to -103 unhappy."""


def reference(delivery: RawDelivery) -> str | None:
    """Nothing: Freshdesk gives its deliveries no id."""
    del delivery
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the delivery tells of its tickets.

    Raises:
        AppError: It is not JSON, is of no shape that Freshdesk sends, or lacks the ticket's id or time.
    """
    body = delivery.json()
    ruled = at(body, "freshdesk_webhook")
    if isinstance(ruled, Mapping) or (at(body, "ticket_id") is not None and not _of_api(body)):
        return [_ruled(needed_object(ruled or body), delivery.arrived_at, config)]
    data = at(body, "data") if isinstance(at(body, "data"), Mapping) else body
    pages = (body, *(at(body, name) for name in _PAGES if at(body, "created_at") is None))
    rows = next((objects(one) for one in pages if objects(one)), None) or [needed_object(data)]
    found: list[Found] = []
    for row in rows:
        found += _row(row, config)
    if found:
        return found
    if body == [] or any(_of_api(row) or flag(at(row, "spam")) is True for row in rows):
        return Ignored("there is nothing of a customer in it")
    raise unknown_shape("Freshdesk")


def _of_api(row: object) -> bool:
    return any(at(row, name) is not None for name in ("incoming", "private", "ratings"))


def _row(row: Mapping[str, Any], config: Config) -> Sequence[Found]:
    if isinstance(at(row, "ratings"), Mapping):
        return [_rating(row, config)]
    if isinstance(row.get("body_text", row.get("body")), str) and "ticket_id" in row:
        changed = read_time(first(row, ("updated_at",), ("created_at",)), config.zone_info)
        said = _message(row, config)
        return [_conversation(row["ticket_id"], changed, changed, said).item()] if said else []
    if "ticket" not in row and isinstance(row.get("conversation"), Mapping):
        return _row(row["conversation"], config)
    ticket = row["ticket"] if isinstance(row.get("ticket"), Mapping) else row
    if "created_at" in ticket and flag(at(ticket, "deleted")) is True:
        return [Deleted(needed_id(at(ticket, "id"), "ticket id"))]
    if "created_at" not in ticket or flag(at(ticket, "spam")) is True:
        return []
    began = read_time(at(ticket, "created_at"), config.zone_info)
    changed = time_or_none(at(ticket, "updated_at"), config.zone_info) or began
    said = _description(_body(ticket, "description"), _word(at(ticket, "source"), _SOURCE))
    for one in objects(at(ticket, "conversations")) + objects([at(row, "conversation")]):
        said += _message(one, config)
    requester = first(ticket, ("requester",)) or at(row, "requester")
    customer = person(
        first(requester, ("unique_external_id",), ("id",)) or at(ticket, "requester_id"),
        first(requester, ("email",)) or at(ticket, "email"),
        first(requester, ("name",)) or at(ticket, "name"),
    )
    return [_conversation(at(ticket, "id"), began, changed, said, facts=ticket, customer=customer).item()]


def _conversation(
    ticket_id: object,
    began: datetime,
    changed: datetime,
    messages: Sequence[Message],
    **told: Any,  # noqa: ANN401 - a ticket's fields as decoded, and the customer
) -> Conversation:
    ticket = told.get("facts")
    tags = at(ticket, "tags")
    return Conversation(
        external_id=needed_id(ticket_id, "ticket id"),
        medium=Medium.TICKET,
        began=began,
        changed=changed,
        messages=messages,
        subject=at(ticket, "subject"),
        customer=told.get("customer"),
        facts={
            "status": _word(at(ticket, "status"), _STATUS),
            "priority": _word(at(ticket, "priority"), _PRIORITY),
            "channel": _word(at(ticket, "source"), _SOURCE),
            "type": lower(at(ticket, "type")),
            "tags": tags,
            "group": first(ticket, ("group_name",), ("group",)),
            "escalated": at(ticket, "is_escalated"),
        },
    )


def _word(value: object, names: Mapping[str, str]) -> str | None:
    word = ident(value)
    return names.get(word, lower(word)) if word else None


def _description(text: str, channel: str | None) -> list[Message]:
    role = Role.AGENT if channel in _BY_AGENTS else Role.CUSTOMER
    return message(DESCRIPTION, role, text)


def _body(row: Mapping[str, Any], name: str) -> str:
    """The API sends a body twice: as HTML and, better, as text."""
    return as_written(at(row, f"{name}_text")) or shown(at(row, name))


def _message(row: Mapping[str, Any], config: Config) -> list[Message]:
    ref, private = ident(at(row, "id")), flag(at(row, "private"))
    incoming = flag(at(row, "incoming")) is True
    if ref is None or private is True or (private is None and not incoming):
        return []
    text = _body(row, "body")
    when = time_or_none(at(row, "created_at"), config.zone_info)
    return message(ref, Role.CUSTOMER if incoming else Role.AGENT, text, at=when)


def _rating(row: Mapping[str, Any], config: Config) -> Found:
    began = read_time(at(row, "created_at"), config.zone_info)
    rated = number(at(row, "ratings", "default_question"))
    score = []
    if rated is not None and abs(rated) in _RATED:
        steps = abs(rated) - 100
        value = steps if rated > 0 else -steps
        score = [{"metric": "csat", "value": value, "min": -3, "max": 3, "raw": str(int(rated))}]
    return Conversation(
        external_id=needed_id(at(row, "ticket_id"), "ticket id"),
        medium=Medium.TICKET,
        began=began,
        changed=time_or_none(at(row, "updated_at"), config.zone_info) or began,
        messages=message(SATISFACTION, Role.CUSTOMER, shown(at(row, "feedback")), at=began),
        customer=person(at(row, "user_id")),
        scores=score,
    ).item()


def _ruled(body: Mapping[str, Any], arrived: datetime | None, config: Config) -> Found:
    """The body of an automation rule: names with or without `ticket_`."""
    ticket = {name.removeprefix("ticket_"): value for name, value in body.items() if not name.startswith("_")}
    began, changed = began_and_changed(at(ticket, "created_at"), at(ticket, "updated_at"), arrived, config.zone_info)
    tags = at(ticket, "tags")
    said = _description(shown(at(ticket, "description")), _word(at(ticket, "source"), _SOURCE))
    item = _conversation(
        at(ticket, "id"),
        began or changed,
        changed,
        said + _latest(ticket, said),
        facts=ticket | {"tags": [tag.strip() for tag in tags.split(",")] if isinstance(tags, str) else tags},
        customer=person(
            first(ticket, ("requester_unique_external_id",), ("requester_id",)),
            first(ticket, ("requester_email",), ("contact_email",)),
            first(ticket, ("requester_name",), ("contact_name",)),
        ),
    ).item()
    return item if began else Undated(item)


def _latest(ticket: Mapping[str, Any], said: Sequence[Message]) -> list[Message]:
    value = at(ticket, "latest_public_comment")
    author = _AUTHOR.match(value) if isinstance(value, str) else None
    text = shown(value[author.end() :] if author else value)
    if any(one.text == text for one in said):
        return []
    name = lower(author[1]) if author else None
    own = name is not None and name == lower(at(ticket, "requester_name")) != lower(at(ticket, "agent_name"))
    speaker = author[1] if author else None
    return message(text_ref("comment", text), Role.CUSTOMER if own else Role.AGENT, text, speaker=speaker)


_RULE = loads(
    '{"ticket_id": 88, "ticket_subject": "No refund", "ticket_description": "<div>19 days &amp; nothing.</div>", '
    '"ticket_status": "Open", "ticket_priority": "High", "ticket_source": "Email", "ticket_tags": "refund, billing", '
    '"ticket_requester_name": "Marta Nowak", "ticket_requester_email": "marta@example.com", '
    '"ticket_agent_name": "Kim", "ticket_created_at": "2026-04-10T09:12:00+02:00", '
    '"ticket_updated_at": "2026-04-11T09:12:00+02:00", '
    '"ticket_latest_private_comment": "Kim : difficult customer", '
    '"ticket_latest_public_comment": "Marta Nowak : Still <b>nothing</b>."}'
)
_RULED = loads(
    '{"external_id": "88", "updated_at": "2026-04-11T07:12:00Z", "medium": "ticket", "merge": true, '
    '"occurred_at": "2026-04-10T07:12:00Z", "question": "No refund", '
    '"customer": {"email": "marta@example.com", "name": "Marta Nowak"}, '
    '"attributes": {"status": "open", "priority": "high", "channel": "email", "tags": "refund, billing"}}'
)
_SAID = {"role": "customer", "text": "19 days & nothing.", "ref": "description"}
_SAID |= {"at": "2026-04-10T07:12:00Z"}


def _latest_turn(role: str, text: str, speaker: str) -> dict[str, str]:
    return {
        "role": role,
        "text": text,
        "ref": text_ref("comment", text),
        "speaker": speaker,
        "at": _RULED["updated_at"],
    }


_API = loads(
    '{"id": 9007199254740993, "subject": "No refund", "description_text": "19 days & nothing.", "status": 2, '
    '"priority": 3, "source": 1, "requester_id": 501001204168, "spam": false, "tags": ["refund"], '
    '"requester": {"id": 501001204168, "name": "Marta Nowak", "email": "marta@example.com"}, '
    '"created_at": "2026-04-10T07:12:00Z", "updated_at": "2026-04-11T07:12:00Z", "conversations": ['
    '{"id": 1, "body_text": "Any news?", "incoming": true, "private": false, "created_at": "2026-04-10T08:00:00Z"}, '
    '{"id": 2, "body_text": "Soon.", "incoming": false, "private": false, "created_at": "2026-04-10T09:00:00Z"}, '
    '{"id": 3, "body_text": "VIP!", "incoming": false, "private": true, "created_at": "2026-04-10T09:30:00Z"}]}'
)
_REPLY = loads(
    '{"id": 4, "body_text": "Thanks?", "incoming": true, "private": false, "ticket_id": 88, "user_id": 5, '
    '"created_at": "2026-04-12T08:00:00Z", "updated_at": "2026-04-12T08:00:00Z"}'
)
_RATING = loads(
    '{"id": 6, "ticket_id": 88, "user_id": 5, "feedback": "Slow.", "created_at": "2026-04-12T08:00:00Z", '
    '"ratings": {"default_question": -103}}'
)
_LATER = {"external_id": "88", "medium": "ticket", "merge": True}
_LATER |= {"updated_at": "2026-04-12T08:00:00Z", "occurred_at": "2026-04-12T08:00:00Z"}

EXAMPLES = (
    Example(
        "a rule's Simple content; the latest comment names the requester, the private one is not read",
        json_delivery({"freshdesk_webhook": _RULE}),
        [_RULED | {"turns": [_SAID, _latest_turn("customer", "Still nothing.", "Marta Nowak")]}],
    ),
    Example(
        "a comment of somebody else is not the customer's",
        json_delivery({"freshdesk_webhook": _RULE | {"ticket_latest_public_comment": "Kim : Sorry: soon."}}),
        [_RULED | {"turns": [_SAID, _latest_turn("agent", "Sorry: soon.", "Kim")]}],
    ),
    Example(
        "a ticket of the API with an agent's reply and a private note, an id beyond 2^53",
        json_delivery(_API),
        [
            _RULED
            | {"external_id": "9007199254740993"}
            | {"customer": {"ref": "501001204168", "email": "marta@example.com", "name": "Marta Nowak"}}
            | {"attributes": {"status": "open", "priority": "high", "channel": "email", "tags": "refund"}}
            | {
                "turns": [
                    _SAID,
                    {"role": "customer", "text": "Any news?", "ref": "1", "at": "2026-04-10T08:00:00Z"},
                    {"role": "agent", "text": "Soon.", "ref": "2", "at": "2026-04-10T09:00:00Z"},
                ]
            }
        ],
    ),
    Example("a deleted ticket", json_delivery([_API | {"deleted": True}]), [Deleted("9007199254740993")]),
    Example("deleted spam", json_delivery([_API | {"deleted": True, "spam": True}]), [Deleted("9007199254740993")]),
    Example(
        "a page of conversations",
        json_delivery([_REPLY, _REPLY | {"id": 5, "private": True, "incoming": False}]),
        [_LATER | {"turns": [{"role": "customer", "text": "Thanks?", "ref": "4", "at": "2026-04-12T08:00:00Z"}]}],
    ),
    Example(
        "a satisfaction rating",
        json_delivery([_RATING]),
        [
            _LATER
            | {
                "scores": [{"metric": "csat", "value": -3, "min": -3, "max": 3, "raw": "-103"}],
                "customer": {"ref": "5"},
            }
            | {"turns": [{"role": "customer", "text": "Slow.", "ref": "satisfaction", "at": "2026-04-12T08:00:00Z"}]}
        ],
    ),
    Example(
        "an internal note", json_delivery(_REPLY | {"private": True}), Ignored("there is nothing of a customer in it")
    ),
    Example("no ticket at all", json_delivery({"hello": 1}), "unknown_shape"),
    Example("a body without any time", json_delivery({"ticket_id": 88, "source": "Email"}), "time_missing"),
)
