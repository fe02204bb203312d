"""Gorgias: HTTP integrations with the ticket and the message, tickets, messages and surveys of its API.

An HTTP integration sends what the admin wrote; the ticket and message objects are read in the form of the API, under
`ticket`, `message` and `satisfaction_survey` or by themselves. `from_agent` and `public` tell whose a message is and
who may see it, also as the words that a template makes of them; `stripped_text` is a reply without what it quotes.
Source: https://developers.gorgias.com/reference/the-ticketmessage-object, the-ticket-object and
the-tickethttpintegration-object. Not seen in a payload: the words of a survey (`body_text`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from json import loads
from typing import Any

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec, Undated
from app.domain.feedback import Medium, Role
from app.payloads.automatic import is_automatic
from app.payloads.conversation import (
    SATISFACTION,
    Conversation,
    Message,
    began_and_changed,
    lower,
    message,
    person,
    scored,
    shown,
)
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.particulars import id_in_body
from app.payloads.schemes import StaticToken
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, number, objects, unknown_shape

Config = ConnectorConfig

SPEC = Spec(
    title="Gorgias",
    auth=StaticToken(),
    setup=(
        "Settings > App store > HTTP integration > Add: URL {url}, method POST, request content type application/json.",
        "Headers: X-Webhook-Token: {secret}. Triggers: Ticket created, Ticket message created, Ticket updated.",
        "Request body: docs/recipes/gorgias.md.",
    ),
)

_TEXTS = (("stripped_text",), ("body_text",), ("stripped_html",), ("body_html",))


def reference(delivery: RawDelivery) -> str | None:
    """The id of the message that it is about; Gorgias gives its deliveries none."""
    return id_in_body(delivery, "message", "id")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the delivery tells of its tickets.

    Raises:
        AppError: It is not JSON, is of no shape that Gorgias sends, or lacks an id or a time.
    """
    body = delivery.json()
    rows = objects(at(body, "data")) or objects(body) or objects([body])
    found: list[Found] = []
    for row in rows:
        found += _row(row, delivery.arrived_at, config)
    if found:
        return found
    known = any("ticket_id" in row or isinstance(first(row, ("ticket",), ("id",)), Mapping | int) for row in rows)
    if known or isinstance(at(body, "data"), list):
        return Ignored("there is nothing of a customer in it")
    raise unknown_shape("Gorgias")


def _row(row: Mapping[str, Any], arrived: datetime | None, config: Config) -> Sequence[Found]:
    ticket, one, survey = (at(row, name) for name in ("ticket", "message", "satisfaction_survey"))
    if isinstance(ticket, Mapping):
        return _ticket(ticket, objects([one]), survey or at(ticket, "satisfaction_survey"), arrived, config)
    if "ticket_id" in row:
        bare = {"id": at(row, "ticket_id"), "created_datetime": at(row, "created_datetime")}
        is_survey = "score" in row or "scored_datetime" in row
        if not is_survey and not _message(row, None, config):
            return []
        return _ticket(bare, [] if is_survey else [row], row if is_survey else None, arrived, config)
    if "id" in row and ("messages" in row or "customer" in row or "created_datetime" in row):
        return _ticket(row, objects([one]), survey, arrived, config)
    return []


def _ticket(
    ticket: Mapping[str, Any],
    messages: Sequence[Mapping[str, Any]],
    survey: object,
    arrived: datetime | None,
    config: Config,
) -> Sequence[Found]:
    ticket_id = needed_id(at(ticket, "id"), "ticket id")
    if flag(at(ticket, "spam")):
        return []
    if at(ticket, "trashed_datetime"):
        return [Deleted(ticket_id)]
    zone, customer = config.zone_info, at(ticket, "customer")
    every = [*objects(at(ticket, "messages")), *messages]
    times = [at(ticket, "updated_datetime"), at(survey, "scored_datetime"), at(survey, "created_datetime")]
    times += [at(one, "created_datetime") for one in every]
    moments = [moment for moment in (time_or_none(one, zone) for one in times) if moment]
    began, changed = began_and_changed(at(ticket, "created_datetime"), None, max(moments, default=arrived), zone)
    said: dict[str, Message] = {}
    for one in every:
        for new in _message(one, ticket, config):
            said.setdefault(new.ref, new)
    remark = shown(first(survey, ("body_text",), ("body_html",), ("comment",)))
    when = time_or_none(first(survey, ("scored_datetime",), ("created_datetime",)), zone)
    item = Conversation(
        external_id=ticket_id,
        medium=Medium.TICKET,
        began=began or changed,
        changed=changed,
        messages=[*said.values(), *message(SATISFACTION, Role.CUSTOMER, remark, at=when)],
        subject=at(ticket, "subject"),
        language=at(ticket, "language"),
        customer=person(
            first(customer, ("external_id",), ("id",)) or at(ticket, "customer_id"),
            at(customer, "email"),
            at(customer, "name"),
        ),
        scores=scored("csat", number(at(survey, "score")), 1, 5),
        facts={
            "status": lower(at(ticket, "status")),
            "priority": lower(at(ticket, "priority")),
            "channel": lower(at(ticket, "channel")),
            "tags": [tag.get("name") for tag in objects(at(ticket, "tags"))],
            "team": at(ticket, "assignee_team", "name"),
        },
    ).item()
    return [item if began else Undated(item)]


def _message(row: Mapping[str, Any], ticket: object, config: Config) -> list[Message]:
    ref, by_agent, public = ident(at(row, "id")), flag(at(row, "from_agent")), flag(at(row, "public"))
    noted = lower(at(row, "channel")) == "internal-note" or flag(at(row, "is_note")) is True
    if by_agent is None:
        mail = lower(at(row, "sender", "email"))
        by_agent = mail is None or mail != lower(at(ticket, "customer", "email"))
    if ref is None or noted or public is False or (public is None and by_agent):
        return []
    role = Role.BOT if is_automatic(at(row, "headers")) else Role.CUSTOMER
    if by_agent:
        role = Role.BOT if lower(at(row, "via")) == "rule" else Role.AGENT
    when = time_or_none(first(row, ("created_datetime",), ("sent_datetime",)), config.zone_info)
    return message(ref, role, shown(first(row, *_TEXTS)), at=when, speaker=at(row, "sender", "name"))


_TICKET = loads(
    '{"id": 235766516, "subject": "Order 5521", "status": "open", "channel": "email", "language": "fr", '
    '"customer": {"id": 870053010, "email": "luc@example.com", "name": "Luc Roy"}, "tags": [{"name": "return"}], '
    '"created_datetime": "2026-03-02T10:00:00.123456", "updated_datetime": "2026-03-02T10:05:00+00:00"}'
)
_MESSAGE = loads(
    '{"id": 9007199254740993, "ticket_id": 235766516, "public": true, "from_agent": false, "channel": "email", '
    '"sender": {"email": "luc@example.com", "name": "Luc Roy"}, "stripped_text": "Trop lent.", '
    '"body_text": "Trop lent.\\n> On Monday Kim wrote: sorry", "created_datetime": "2026-03-02T10:10:00"}'
)
_READ = loads(
    '{"external_id": "235766516", "updated_at": "2026-03-02T10:10:00Z", "medium": "ticket", "merge": true, '
    '"occurred_at": "2026-03-02T10:00:00.123456Z", "question": "Order 5521", "language": "fr", '
    '"customer": {"ref": "870053010", "email": "luc@example.com", "name": "Luc Roy"}, '
    '"attributes": {"status": "open", "channel": "email", "tags": "return"}}'
)
_SAID = {"role": "customer", "text": "Trop lent.", "ref": "9007199254740993", "speaker": "Luc Roy"}
_SAID |= {"at": "2026-03-02T10:10:00Z"}
_SURVEY = {"id": 1, "score": 2, "body_text": "Bof.", "scored_datetime": "2026-03-02T10:10:00"}
_REMARK = {"role": "customer", "text": "Bof.", "ref": "satisfaction", "at": "2026-03-02T10:10:00Z"}
_QUIET = Ignored("there is nothing of a customer in it")


def _told(**parts: object) -> RawDelivery:
    return json_delivery({"ticket": _TICKET, "message": _MESSAGE | parts})


EXAMPLES = (
    Example("a customer's message without what it quotes", _told(), [_READ | {"turns": [_SAID]}]),
    Example("an agent's message", _told(from_agent=True), [_READ | {"turns": [_SAID | {"role": "agent"}]}]),
    Example(
        "a template's words for true and false", _told(from_agent="False", public="True"), [_READ | {"turns": [_SAID]}]
    ),
    Example(
        "an out-of-office mail is no customer's voice",
        _told(headers={"Auto-Submitted": "auto-replied"}),
        [_READ | {"turns": [_SAID | {"role": "bot"}]}],
    ),
    Example("a note among agents is left out", _told(from_agent=True, public=False), [_READ | {"turns": []}]),
    Example(
        "a ticket of the API with its messages and its survey",
        json_delivery({"data": [_TICKET | {"messages": [_MESSAGE], "satisfaction_survey": _SURVEY}]}),
        [_READ | {"turns": [_SAID, _REMARK], "scores": [{"metric": "csat", "value": 2, "min": 1, "max": 5}]}],
    ),
    Example(
        "a survey by itself",
        json_delivery(_SURVEY | {"ticket_id": 235766516, "created_datetime": "2026-03-02T10:00:00.123456"}),
        [
            {"external_id": "235766516", "medium": "ticket", "merge": True, "turns": [_REMARK]}
            | {"updated_at": "2026-03-02T10:10:00Z", "occurred_at": "2026-03-02T10:00:00.123456Z"}
            | {"scores": [{"metric": "csat", "value": 2, "min": 1, "max": 5}]}
        ],
    ),
    Example("an internal message by itself", json_delivery(_MESSAGE | {"public": False, "from_agent": True}), _QUIET),
    Example("spam", json_delivery({"ticket": _TICKET | {"spam": True}}), _QUIET),
    Example(
        "a ticket in the bin",
        json_delivery(_TICKET | {"trashed_datetime": "2026-03-03T10:00:00"}),
        [Deleted("235766516")],
    ),
    Example("nothing of Gorgias", json_delivery({"hello": 1}), "unknown_shape"),
    Example("a ticket without id", json_delivery({"ticket": {"subject": "?"}}), "id_missing"),
)
