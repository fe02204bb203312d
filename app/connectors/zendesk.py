"""Zendesk: ticket events, bodies of triggers, and tickets, comments and ratings of its API, searches and exports too.

Event webhooks tell of one change each, with the ticket as it is in `detail`. Triggers and automations send what the
admin wrote; the usual names of fields are read, and a latest comment counts as the customer's only if its author says
so. Numbers may come as text, times with nine digits.
Source: https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/ and
https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/. Not seen in a document: what stands in `event`
of `ticket.csat_received` and of `ticket.comment_redacted`; both are read tolerantly.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from json import loads
from typing import Any

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec, Undated
from app.domain.feedback import Medium, Role
from app.payloads.conversation import (
    Conversation,
    Message,
    began_and_changed,
    csat_binary,
    lower,
    message,
    person,
    shown,
    taken_back,
    text_ref,
)
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.schemes import AnyOf, Hmac, StaticToken
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, objects, unknown_shape
from app.payloads.zendesk_surveys import surveyed
from app.payloads.zendesk_tickets import asked_by, commented, described, is_search, listed, people, remarked
from app.payloads.zendesk_triggers import CUSTOMERS, latest_comment, template_of

Config = ConnectorConfig

SPEC = Spec(
    title="Zendesk",
    auth=AnyOf(
        (
            Hmac(
                header="x-zendesk-webhook-signature",
                coding="base64",
                signed="{ts}{body}",
                ts_header="x-zendesk-webhook-signature-timestamp",
                ts_unit="iso",
            ),
            StaticToken(),
        )
    ),
    setup=(
        "Admin Center > Apps and integrations > Webhooks > Create webhook > Zendesk events > all ticket events.",
        "Endpoint URL {url}, request method POST, format JSON; after saving, give the signing secret to this source.",
        "For webhooks that triggers call: bearer token {secret}, and the body of docs/recipes/zendesk.md.",
    ),
    also=("zendesk_support",),
)

_EVENT = "zen:event-type:"
_NOTHING = "there is no ticket and no answered rating in it"
_PAGES = ("tickets", "satisfaction_ratings", "survey_responses")
_GONE = frozenset(("ticket.soft_deleted", "ticket.permanently_deleted", "ticket.marked_as_spam"))
_COMMENTS = frozenset(("ticket.comment_added", "ticket.comment_created", "comment.created"))
_CHATTED = "messaging_ticket.message_added"
_TAKEN_BACK = frozenset(("ticket.comment_made_private", "ticket.comment_redacted"))
_CHANGES = re.compile(
    r"ticket\.(?:created|updated|undeleted|merged|csat_received|(?:status|custom_status|priority|type|subject|tags|brand|"
    r"description|group_assignment|agent_assignment|requester|organization|external_id|form)_changed)"
)


def reference(delivery: RawDelivery) -> str | None:
    """The event's `id`; the body of a trigger has none."""
    body = delivery.json_or_none()
    return ident(at(body, "id")) if _kind(body) else None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the delivery tells of its tickets.

    Raises:
        AppError: It is not JSON, is of no shape that Zendesk sends, or lacks the ticket's id or time.
    """
    body = delivery.json()
    if kind := _kind(body):
        return _event(kind, body, config)
    if (template := template_of(body)) is not None:
        return [_templated(template, delivery.arrived_at, config)]
    ratings = [one for one in listed(body, "satisfaction_rating") if ident(at(one, "ticket_id"))]
    tickets = [one for one in listed(body, "ticket") if at(one, "score") is None]
    users, beside = people(body), objects(at(body, "comments")) if len(tickets) == 1 else []
    found: list[Found] = [_ticket(one, objects(at(one, "comments")) or beside, users, config) for one in tickets]
    found += [_rating(one, config) for one in ratings if csat_binary(at(one, "score"))]
    found += [one.item() for one in surveyed(body, config.zone_info)]
    if found:
        return found
    if ratings or is_search(body) or any(isinstance(at(body, name), list) for name in _PAGES):
        return Ignored(_NOTHING)
    raise unknown_shape("Zendesk")


def _kind(body: object) -> str:
    kind = at(body, "type")
    return kind.removeprefix(_EVENT) if isinstance(kind, str) and kind.startswith(_EVENT) else ""


def _event(kind: str, body: Any, config: Config) -> Parsed:  # noqa: ANN401 - decoded JSON
    if kind == _CHATTED:
        return _chatted(body, config)
    if not kind.startswith(("ticket.", "comment.")):
        return Ignored("the event is about no ticket")
    detail, event = at(body, "detail"), at(body, "event")
    ticket_id = needed_id(at(detail, "id"), "ticket id (detail.id)")
    if kind in _GONE:
        return [Deleted(ticket_id)]
    if kind not in _COMMENTS | _TAKEN_BACK and not _CHANGES.fullmatch(kind):
        return Ignored("this kind of ticket event is not read")
    changed = read_time(first(body, ("time",), ("detail", "updated_at")), config.zone_info)
    comment, name = at(event, "comment"), None
    said = described(detail)
    if kind in _TAKEN_BACK and (ref := ident(at(comment, "id"))):
        said = [one for one in said if one.text != shown(at(comment, "body"))] + [taken_back(ref)]
    elif kind in _COMMENTS:
        said += commented(comment, detail, changed, said)
        is_requester = ident(at(comment, "author", "id")) == ident(at(detail, "requester_id"))
        own = is_requester and flag(at(comment, "author", "is_staff")) is False
        name = at(comment, "author", "name") if own else None
    rating = first(event, ("satisfaction_score",), ("satisfaction_rating",), ("current",))
    rated = rating if kind == "ticket.csat_received" else None
    return [
        _conversation(
            detail,
            began=time_or_none(at(detail, "created_at"), config.zone_info) or changed,
            changed=changed,
            messages=said + remarked(rated, changed),
            customer=person(at(detail, "requester_id"), name=name),
            rating=rated,
        ).item()
    ]


def _chatted(body: object, config: Config) -> Parsed:
    """A message of messaging: it comes without its ticket, of which only the id is told."""
    said, kind = at(body, "event", "message"), lower(at(body, "event", "actor", "type"))
    role = Role.CUSTOMER if kind in CUSTOMERS else Role.AGENT if kind == "agent" else Role.BOT
    when, name = read_time(at(body, "time"), config.zone_info), at(body, "event", "actor", "name")
    messages = message(needed_id(at(said, "id"), "message id"), role, shown(at(said, "body")), at=when, speaker=name)
    customer = person(name=name) if role is Role.CUSTOMER else None
    ticket = {"id": at(body, "detail", "id")}
    found = _conversation(ticket, began=when, changed=when, messages=messages, customer=customer)
    return [found.item()] if messages else Ignored("nobody says anything in it")


def _ticket(
    ticket: Mapping[str, Any],
    comments: Sequence[Mapping[str, Any]],
    users: Mapping[str | None, Mapping[str, Any]],
    config: Config,
) -> Found:
    if lower(at(ticket, "status")) == "deleted":
        return Deleted(needed_id(at(ticket, "id"), "ticket id"))
    zone = config.zone_info
    began = read_time(at(ticket, "created_at"), zone)
    changed = time_or_none(at(ticket, "updated_at"), zone) or began
    opening = described(ticket)
    said = list(opening)
    for one in comments:
        author = users.get(ident(at(one, "author_id")))
        staff = None if author is None else ident(at(author, "role")) not in CUSTOMERS
        told = {"author": {"id": at(one, "author_id"), "is_staff": staff, "name": at(author, "name")}}
        said += commented({**told, **one}, ticket, time_or_none(at(one, "created_at"), zone), opening)
    rating = at(ticket, "satisfaction_rating")
    return _conversation(
        ticket,
        began=began,
        changed=changed,
        messages=said + remarked(rating, None),
        customer=asked_by(ticket, users),
        rating=rating,
    ).item()


def _conversation(
    ticket: object,
    *,
    began: datetime,
    changed: datetime,
    messages: Sequence[Message],
    customer: Mapping[str, str] | None,
    rating: object = None,
) -> Conversation:
    return Conversation(
        external_id=needed_id(at(ticket, "id"), "ticket id"),
        medium=Medium.TICKET,
        began=began,
        changed=changed,
        messages=messages,
        subject=first(ticket, ("subject",), ("raw_subject",)),
        customer=customer,
        case_id=at(ticket, "external_id"),
        scores=csat_binary(at(rating, "score") if isinstance(rating, Mapping) else rating),
        facts={
            **{name: lower(at(ticket, name)) for name in ("status", "priority", "type")},
            "channel": lower(at(ticket, "via", "channel")),
            "tags": at(ticket, "tags"),
            "group_id": ident(at(ticket, "group_id")),
            "brand_id": ident(at(ticket, "brand_id")),
            "csat_reason": at(rating, "reason"),
        },
    )


def _rating(rating: Mapping[str, Any], config: Config) -> Found:
    began = read_time(at(rating, "created_at"), config.zone_info)
    return _conversation(
        {"id": at(rating, "ticket_id")},
        began=began,
        changed=time_or_none(at(rating, "updated_at"), config.zone_info) or began,
        messages=remarked(rating, began),
        customer=person(at(rating, "requester_id")),
        rating=rating,
    ).item()


def _templated(ticket: Mapping[str, Any], arrived: datetime | None, config: Config) -> Found:
    """A trigger's body; where the admin sends no time, the arrival counts."""
    began, changed = began_and_changed(at(ticket, "created_at"), at(ticket, "updated_at"), arrived, config.zone_info)
    score = first(ticket, ("satisfaction_score",), ("satisfaction_rating",))
    rating = {"score": score, "comment": at(ticket, "satisfaction_comment")}
    item = _conversation(
        {**ticket, "subject": first(ticket, ("subject",), ("title",))},
        began=began or changed,
        changed=changed,
        messages=[*described(ticket), *latest_comment(ticket), *remarked(rating, None)],
        customer=person(
            first(ticket, ("requester_external_id",), ("requester_id",)),
            at(ticket, "requester_email"),
            at(ticket, "requester_name"),
        ),
        rating=rating,
    ).item()
    return item if began else Undated(item)


_TICKET = loads(
    '{"id": "90071992547409931", "created_at": "2026-03-02T08:00:00Z", "updated_at": "2026-03-02T09:00:00Z", '
    '"description": "The driver never rang.<br>I was at home &amp; waited.", "external_id": null, "is_public": true, '
    '"priority": "HIGH", "requester_id": "411", "submitter_id": "411", "status": "OPEN", '
    '"subject": "Parcel not delivered", "tags": ["delivery", "vip"], "via": {"channel": "email"}}'
)
_FACTS = {"status": "open", "priority": "high", "channel": "email", "tags": "delivery, vip"}
_SAID = {"role": "customer", "text": "The driver never rang.\nI was at home & waited.", "ref": "description"}
_SAID |= {"at": "2026-03-02T08:00:00Z"}
_READ = loads(
    '{"external_id": "90071992547409931", "updated_at": "2026-03-02T10:00:00.123456Z", "medium": "ticket", '
    '"occurred_at": "2026-03-02T08:00:00Z", "merge": true, "question": "Parcel not delivered", '
    '"customer": {"ref": "411"}}'
)
_READ |= {"turns": [_SAID], "attributes": _FACTS}
_AT = "2026-03-02T10:00:00.123456Z"


def _told(kind: str, event: object) -> RawDelivery:
    head = {"id": "0b5c", "time": "2026-03-02T10:00:00.123456789Z", "zendesk_event_version": "2022-11-06"}
    return json_delivery(head | {"type": f"zen:event-type:{kind}", "detail": _TICKET, "event": event})


def _commented(**comment: object) -> RawDelivery:
    return _told("ticket.comment_added", {"comment": {"id": "77", "body": "<p>Third time I ask.</p>"} | comment})


_ANA = {"id": "411", "is_staff": False, "name": "Ana Ruiz"}
_KIM = {"id": "9", "is_staff": True, "name": "Kim"}
_LATER = {"text": "Third time I ask.", "ref": "77", "at": _AT}
_HERS = _LATER | {"role": "customer", "speaker": "Ana Ruiz"}
_CHAT = {"conversation_id": "67ab", "message": {"id": "m1", "body": "Hello? Is this a bot?"}}
_ASKED = {"role": "customer", "text": "Hello? Is this a bot?", "ref": "m1", "speaker": "Ana", "at": _AT}
_CHATTED_ITEM = {name: _READ[name] for name in ("external_id", "updated_at", "medium", "merge")}
_CHATTED_ITEM |= {"occurred_at": _AT, "customer": {"name": "Ana"}, "turns": [_ASKED]}
_TRIGGER = loads(
    '{"ticket_id": 512, "subject": "Charged twice", "description": "My card was charged twice.", "status": "Open", '
    '"requester_email": "bo@example.com", "requester_name": "Bo Lind", "created_at": "2026-03-02T08:00:00+01:00", '
    '"updated_at": "2026-03-02T08:30:00+01:00", "latest_comment": "Refunded, sorry."}'
)
_TRIGGERED = loads(
    '{"external_id": "512", "updated_at": "2026-03-02T07:30:00Z", "medium": "ticket", "merge": true, '
    '"occurred_at": "2026-03-02T07:00:00Z", "question": "Charged twice", "attributes": {"status": "open"}, '
    '"customer": {"email": "bo@example.com", "name": "Bo Lind"}, '
    '"turns": [{"role": "customer", "text": "My card was charged twice.", "ref": "description", '
    '"at": "2026-03-02T07:00:00Z"}]}'
)
_UNCLEAR = {"role": "agent", "text": "Refunded, sorry.", "ref": text_ref("comment", "Refunded, sorry.")}
_UNCLEAR |= {"at": "2026-03-02T07:30:00Z"}
_BAD = {"metric": "csat_binary", "value": 0, "min": 0, "max": 1, "raw": "bad"}
_REMARK = {"role": "customer", "text": "Too slow.", "ref": "satisfaction", "question": "satisfaction comment"}
_REMARK |= {"at": _AT}
_RATED = {"satisfaction_rating": {"id": 6, "score": "bad", "comment": "Too slow.", "reason": "Took too long"}}
_COMMENT = loads('{"id": 77, "author_id": 411, "public": true, "html_body": "<p>Third time I ask.</p>"}')
_COMMENT |= {"created_at": _AT}
_SURVEYED = loads(
    '{"id": "01J", "responder_id": 411, "subject_zrns": ["zen:ticket:90071992547409931"], "answers": ['
    '{"type": "skipped"}, {"type": "rating_scale", "rating": 1, "rating_category": "bad", '
    '"created_at": "2026-03-02T10:00:00.123456Z"}, {"type": "open_ended", '
    '"value": "Too slow.", "created_at": "2026-03-02T10:00:00.123456Z", "question": {"headline": '
    '{"type": "static", "value": "Anything else?"}}}]}'
)

EXAMPLES = (
    Example(
        "a customer's comment, an id beyond 2^53, a time of nine digits",
        _commented(is_public=True, author=_ANA),
        [_READ | {"turns": [_SAID, _HERS], "customer": {"ref": "411", "name": "Ana Ruiz"}}],
    ),
    Example(
        "an agent's comment stays the agent's",
        _commented(is_public=True, author=_KIM),
        [_READ | {"turns": [_SAID, _LATER | {"role": "agent", "speaker": "Kim"}]}],
    ),
    Example("a note among agents is left out", _commented(is_public=False, author=_KIM), [_READ]),
    Example("a deleted ticket", _told("ticket.soft_deleted", {}), [Deleted("90071992547409931")]),
    Example("a new kind of event", _told("ticket.painted", {}), Ignored("this kind of ticket event is not read")),
    Example(
        "a trigger's body: a latest comment of an unknown author is not the customer's",
        json_delivery(_TRIGGER),
        [_TRIGGERED | {"turns": [*_TRIGGERED["turns"], _UNCLEAR]}],
    ),
    Example(
        "the same with every field under its placeholder's name",
        json_delivery({"ticket": {name.replace("subject", "title"): value for name, value in _TRIGGER.items()}}),
        [_TRIGGERED | {"turns": [*_TRIGGERED["turns"], _UNCLEAR]}],
    ),
    Example(
        "a message of messaging",
        _told("messaging_ticket.message_added", _CHAT | {"actor": {"id": "zd:1", "name": "Ana", "type": "end_user"}}),
        [_CHATTED_ITEM],
    ),
    Example(
        "a ticket of the API with its rating",
        json_delivery({"ticket": _TICKET | _RATED | {"updated_at": "2026-03-02T10:00:00.123456Z"}}),
        [
            _READ
            | {"turns": [_SAID, _REMARK], "scores": [_BAD]}
            | {"attributes": _FACTS | {"csat_reason": "Took too long"}}
        ],
    ),
    Example(
        "a page of the search API: of what is no ticket, only users are looked at",
        json_delivery(
            {
                "results": [
                    _TICKET | {"result_type": "ticket", "updated_at": _AT, "satisfaction_rating": None},
                    {"result_type": "user", "id": 411, "name": "Ana Ruiz", "email": "ana@example.com"},
                    {"result_type": "organization", "id": 8, "name": "Ruiz Ltd", "created_at": _AT},
                ],
                "count": 3,
                "next_page": None,
            }
        ),
        [_READ | {"customer": {"ref": "411", "name": "Ana Ruiz", "email": "ana@example.com"}}],
    ),
    Example("a search that finds nothing", json_delivery({"results": [], "count": 0}), Ignored(_NOTHING)),
    Example(
        "an incremental export: a ticket with its comments, one without, one that was deleted",
        json_delivery(
            {
                "tickets": [
                    _TICKET | {"updated_at": _AT, "comments": [_COMMENT, _COMMENT | {"id": 78, "public": False}]},
                    _TICKET | {"updated_at": _AT, "id": 513},
                    {"id": 514, "status": "deleted", "subject": "SCRUBBED", "created_at": _AT},
                ],
                "users": [{"id": 411, "role": "end-user", "name": "Ana Ruiz"}],
                "after_cursor": "MTU4",
                "end_of_stream": True,
            }
        ),
        [
            _READ | {"turns": [_SAID, _HERS], "customer": {"ref": "411", "name": "Ana Ruiz"}},
            _READ | {"external_id": "513", "customer": {"ref": "411", "name": "Ana Ruiz"}},
            Deleted("514"),
        ],
    ),
    Example(
        "a response to the satisfaction survey; a question that was skipped is none",
        json_delivery({"survey_responses": [_SURVEYED], "count": 1}),
        [
            {name: part for name, part in _READ.items() if name != "question"}
            | {"occurred_at": _AT, "scores": [_BAD], "attributes": {"csat_rating": 1}}
            | {"turns": [_REMARK | {"question": "Anything else?"}]}
        ],
    ),
    Example("no ticket at all", json_delivery({"hello": 1}), "unknown_shape"),
    Example("a ticket without id", json_delivery({"ticket_id": None, "updated_at": "2026-03-02"}), "id_missing"),
)
