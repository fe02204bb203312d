"""HubSpot: webhook batches of thin events; tickets, feedback submissions, messages and logged e-mails of its API.

Webhooks only name what changed, up to 100 events in one array, some of them again; the words have to be fetched. In
the API every property is a text. A ticket's content is the customer's unless an agent typed it in; a message is the
customer's if its direction is incoming, and comments are for agents only. E-mails of
the CRM (`objects/emails`) are items of their own; notes, calls, tasks and meetings are what agents wrote down.
Source: https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide, CRM objects and Conversations v3.
Ids of tickets, submissions, e-mails and threads are counted apart: one source for each kind of object. What the webhook
of a workflow sends (properties with `value`) is read as it is remembered, not as a document shows it. An app that signs
with v1 or v2 alone needs `auth: hubspot_v1` or `hubspot_v2`: neither signs a time, so neither is taken unasked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from json import loads
from typing import Any
from urllib.parse import quote

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Pull, Spec, Wanted
from app.domain.feedback import Medium, Role
from app.payloads.conversation import (
    DESCRIPTION,
    Conversation,
    lower,
    message,
    person,
    scored,
    shown,
)
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.hubspot_messages import as_record, logged_mail, thread_message
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.particulars import attributes
from app.payloads.presets import HUBSPOT_V3
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, number, objects, unknown_shape


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        csat_min: The lowest rating of the account's satisfaction surveys.
        csat_max: Their highest.
        ces_min: The lowest answer of its effort surveys.
        ces_max: Their highest.
    """

    csat_min: float = 1
    csat_max: float = 5
    ces_min: float = 1
    ces_max: float = 7


_TICKET_PROPERTIES = (
    "subject,content,hs_ticket_priority,hs_pipeline,hs_pipeline_stage,hs_ticket_category,createdate,hs_lastmodifieddate,"
    "source_type,hs_object_source"
)
_FEEDBACK_PROPERTIES = (
    "hs_survey_type,hs_survey_name,hs_survey_channel,hs_value,hs_content,hs_response_group,hs_submission_timestamp,"
    "hs_contact_email_rollup,hs_contact_id,hs_language"
)
_API = "https://api.hubapi.com"


def _pull(wanted: Wanted, _config: Config, token: str) -> Pull:
    return Pull(_API + wanted.path, {"authorization": f"Bearer {token}"})


SPEC = Spec(
    title="HubSpot",
    auth=HUBSPOT_V3,
    setup=(
        "Your app > Webhooks: target URL {url}; subscribe to ticket.creation, .propertyChange and .deletion.",
        "Your app > Auth > Client secret: give it to this source as its secret.",
        "Events name tickets only: send the tickets by file or API, or give the source an access token to fetch them.",
    ),
    pull=_pull,
)

_TYPES = {"0-5": "ticket", "0-19": "feedback_submission"}
_READ_KINDS = frozenset(("ticket", "feedback_submission", "conversation"))
_MARKS = (
    ("hs_survey_type", "hs_submission_timestamp", "hs_survey_name", "hs_response_group", "hs_content"),
    ("subject", "content", "hs_ticket_priority", "hs_pipeline_stage"),
)
_BY_AGENTS = frozenset(("phone", "crm_ui"))
_INTERNAL = ("hs_note_", "hs_call_", "hs_task_", "hs_meeting_", "hs_communication_")


def reference(delivery: RawDelivery) -> str | None:
    """The `eventId` of a single event; a batch has no id, and when it is sent again its events count their attempts."""
    body = delivery.json_or_none()
    return ident(at(body, 0, "eventId")) if len(objects(body)) == 1 else None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the batch names, or what the pulled objects hold.

    Raises:
        AppError: It is not JSON, is of no shape that HubSpot sends, or lacks an id or a time.
    """
    body = delivery.json()
    rows = objects(at(body, "results")) if isinstance(at(body, "results"), list) else objects(body) or objects([body])
    rows = [_flattened(as_record(row)) for row in rows]
    events = [row for row in rows if "subscriptionType" in row]
    found: list[Found] = []
    if events:
        for event in _once(events):
            found += _event(event, config)
        return found or Ignored("the events are about no ticket, no feedback and no conversation")
    for row in rows:
        found += _object(row, config)
    if found or (isinstance(body, Mapping) and "results" in body) or body == []:
        return found or Ignored("there is nothing of a customer in it")
    if any("conversationsThreadId" in row or _is_internal(row) for row in rows):
        return Ignored("there is nothing of a customer in it")
    raise unknown_shape("HubSpot")


def _is_internal(row: Mapping[str, Any]) -> bool:
    properties = at(row, "properties")
    return isinstance(properties, Mapping) and any(str(name).startswith(_INTERNAL) for name in properties)


def _once(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    known: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for event in events:
        names = ("eventId", "subscriptionId", "objectId", "occurredAt")
        known.setdefault(tuple(str(event.get(name)) for name in names), event)
    return list(known.values())


def _event(event: Mapping[str, Any], config: Config) -> list[Found]:
    kind, _, change = str(at(event, "subscriptionType")).rpartition(".")
    kind = _TYPES.get(ident(at(event, "objectTypeId")) or "", kind) if kind in ("object", "") else kind
    if kind not in _READ_KINDS:
        return []
    if change == "merge":
        merged = at(event, "mergedObjectIds")
        gone = [Deleted(one) for one in map(ident, merged if isinstance(merged, list) else ()) if one]
        kept = first(event, ("newObjectId",), ("primaryObjectId",), ("objectId",))
        return [*gone, _wanted(kind, needed_id(kept, "objectId"), event, config)]
    object_id = needed_id(first(event, ("objectId",), ("fromObjectId",)), "objectId")
    if change in ("deletion", "privacyDeletion"):
        return [Deleted(object_id)]
    return [_wanted(kind, object_id, event, config)]


def _wanted(kind: str, object_id: str, event: Mapping[str, Any], config: Config) -> Wanted:
    part = quote(object_id, safe="")
    paths = {
        "ticket": f"/crm/v3/objects/tickets/{part}?properties={_TICKET_PROPERTIES}&associations=contacts",
        "feedback_submission": f"/crm/v3/objects/feedback_submissions/{part}?properties={_FEEDBACK_PROPERTIES}",
        "conversation": f"/conversations/v3/conversations/threads/{part}/messages",
    }
    return Wanted(object_id, paths[kind], time_or_none(at(event, "occurredAt"), config.zone_info))


def _flattened(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record whose properties are plain values; workflows send each of them with its history."""
    properties = at(row, "properties")
    if not isinstance(properties, Mapping):
        return row
    plain = {name: at(one, "value") if isinstance(one, Mapping) else one for name, one in properties.items()}
    return {**row, "properties": plain}


def _object(row: Mapping[str, Any], config: Config) -> list[Found]:
    if "conversationsThreadId" in row:
        told = thread_message(row, config.zone_info)
        return [told.item()] if told else []
    is_feedback, is_ticket = (any(at(row, "properties", name) is not None for name in kind) for kind in _MARKS)
    is_mail = at(row, "properties", "hs_email_direction") is not None
    if not is_feedback and not is_ticket and not is_mail:
        return []
    object_id = needed_id(first(row, ("id",), ("objectId",), ("properties", "hs_object_id")), "id")
    if flag(first(row, ("archived",), ("isDeleted",))) is True:
        return [Deleted(object_id)]
    if is_mail:
        return [logged_mail(object_id, row, _times(row, config)[1], config.zone_info).item()]
    return [_feedback(object_id, row, config) if is_feedback else _ticket(object_id, row, config)]


def _ticket(ticket_id: str, row: Mapping[str, Any], config: Config) -> Found:
    properties, (began, changed) = at(row, "properties"), _times(row, config)
    source = {lower(at(properties, "source_type")), lower(at(properties, "hs_object_source"))} - {None}
    by_agent = bool(source) and source <= _BY_AGENTS
    return Conversation(
        external_id=ticket_id,
        medium=Medium.TICKET,
        began=began,
        changed=changed,
        messages=message(DESCRIPTION, Role.AGENT if by_agent else Role.CUSTOMER, shown(at(properties, "content"))),
        subject=at(properties, "subject"),
        customer=person(at(row, "associations", "contacts", "results", 0, "id")),
        facts={
            "status": lower(at(properties, "hs_pipeline_stage")),
            "pipeline": at(properties, "hs_pipeline"),
            "priority": lower(at(properties, "hs_ticket_priority")),
            "category": lower(at(properties, "hs_ticket_category")),
            "channel": lower(at(properties, "source_type")),
        },
    ).item()


def _times(row: Mapping[str, Any], config: Config) -> tuple[datetime, datetime]:
    names = ("hs_submission_timestamp", "createdate", "hs_createdate")
    created = (*(("properties", name) for name in names), ("createdAt",), ("properties", "hs_timestamp"))
    began = read_time(first(row, *created), config.zone_info)
    updated = first(row, ("updatedAt",), ("properties", "hs_lastmodifieddate"))
    return began, time_or_none(updated, config.zone_info) or began


def _feedback(submission_id: str, row: Mapping[str, Any], config: Config) -> Found:
    properties, (began, changed) = at(row, "properties"), _times(row, config)
    metric, value = lower(at(properties, "hs_survey_type")) or "", number(at(properties, "hs_value"))
    scales = {"nps": (0, 10), "csat": (config.csat_min, config.csat_max), "ces": (config.ces_min, config.ces_max)}
    scores = scored(metric, value, *scales[metric]) if metric in scales else []
    facts = {
        "survey": at(properties, "hs_survey_name"),
        "channel": lower(at(properties, "hs_survey_channel")),
        "value": None if scores else value,
        "survey_type": None if metric in scales else metric,
    }
    parts = {
        "external_id": submission_id,
        "updated_at": changed,
        "medium": Medium.SURVEY,
        "occurred_at": began,
        "text": shown(at(properties, "hs_content")),
        "scores": scores,
        "attributes": attributes(facts),
        "language": language_tag(at(properties, "hs_language")),
        "customer": person(
            first(properties, ("hs_contact_id",)) or at(row, "associations", "contacts", "results", 0, "id"),
            at(properties, "hs_contact_email_rollup"),
        ),
    }
    return read_item(parts)


_CREATED = loads(
    '{"eventId": 1, "subscriptionId": 12, "portalId": 62515, "occurredAt": 1768478400000, "attemptNumber": 0, '
    '"subscriptionType": "ticket.creation", "objectId": 9007199254740993}'
)
_CHANGED = _CREATED | {"eventId": 2, "subscriptionType": "ticket.propertyChange", "occurredAt": 1768478401000}
_NAMED = Wanted(
    "9007199254740993",
    f"/crm/v3/objects/tickets/9007199254740993?properties={_TICKET_PROPERTIES}&associations=contacts",
    read_time("2026-01-15T12:00:00Z", ConnectorConfig().zone_info),
)
_CRM = loads(
    '{"id": "9007199254740993", "properties": {"subject": "Contract", "content": "I asked in <b>March</b>.", '
    '"hs_ticket_priority": "HIGH", "hs_pipeline": "0", "hs_pipeline_stage": "2", "source_type": "EMAIL", '
    '"createdate": "2026-01-15T12:00:00.000Z"}, "createdAt": "2026-01-15T12:00:00.000Z", '
    '"updatedAt": "2026-01-15T12:00:01.000Z", "archived": false, '
    '"associations": {"contacts": {"results": [{"id": "251", "type": "ticket_to_contact"}]}}}'
)
_READ = loads(
    '{"external_id": "9007199254740993", "updated_at": "2026-01-15T12:00:01Z", "medium": "ticket", "merge": true, '
    '"occurred_at": "2026-01-15T12:00:00Z", "question": "Contract", "customer": {"ref": "251"}, '
    '"attributes": {"status": "2", "pipeline": "0", "priority": "high", "channel": "email"}}'
)
_SAID = {"role": "customer", "text": "I asked in March.", "ref": "description", "at": "2026-01-15T12:00:00Z"}
_SUBMISSION = loads(
    '{"id": "17", "properties": {"hs_survey_type": "NPS", "hs_survey_name": "Q1", "hs_value": "0", '
    '"hs_content": "A maze.", "hs_submission_timestamp": "2026-02-20T08:30:00Z", "hs_language": "en_GB", '
    '"hs_contact_email_rollup": "sam@example.com"}, "createdAt": "2026-02-20T08:30:02Z", "archived": false}'
)
_ANSWER = loads(
    '{"external_id": "17", "updated_at": "2026-02-20T08:30:00Z", "medium": "survey", "text": "A maze.", '
    '"occurred_at": "2026-02-20T08:30:00Z", "language": "en-GB", "customer": {"email": "sam@example.com"}, '
    '"scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}], "attributes": {"survey": "Q1"}}'
)
_CHAT = loads(
    '{"id": "m1", "conversationsThreadId": "33", "createdAt": "2026-02-20T08:30:00.123Z", "type": "MESSAGE", '
    '"createdBy": "V-9", "direction": "INCOMING", "text": "Hello?", "senders": [{"actorId": "V-9", "name": "Sam", '
    '"senderField": "FROM", "deliveryIdentifier": {"type": "HS_EMAIL_ADDRESS", "value": "sam@example.com"}}]}'
)
_CHATTED = loads(
    '{"external_id": "33", "updated_at": "2026-02-20T08:30:00.123Z", "occurred_at": "2026-02-20T08:30:00.123Z", '
    '"medium": "chat", "merge": true, "turns": [{"role": "customer", "text": "Hello?", "ref": "m1", '
    '"at": "2026-02-20T08:30:00.123Z", "speaker": "Sam"}], '
    '"customer": {"ref": "V-9", "email": "sam@example.com", "name": "Sam"}}'
)
_MAIL = loads(
    '{"id": "88", "properties": {"hs_email_direction": "INCOMING_EMAIL", "hs_email_subject": "Re: Invoice", '
    '"hs_email_text": null, "hs_email_html": "<p>It is <b>still</b> wrong.</p>", "hs_email_status": "SENT", '
    '"hs_email_from_email": "sam@example.com", "hs_email_from_firstname": "Sam", "hs_email_from_lastname": "Oh", '
    '"hs_timestamp": "2026-02-20T08:30:00Z", "hs_lastmodifieddate": "2026-02-20T08:31:00Z"}, '
    '"createdAt": "2026-02-20T08:30:09Z", "updatedAt": "2026-02-20T08:31:00Z", "archived": false}'
)
_MAILED = loads(
    '{"external_id": "88", "updated_at": "2026-02-20T08:31:00Z", "occurred_at": "2026-02-20T08:30:00Z", "merge": true, '
    '"medium": "email", "question": "Re: Invoice", "customer": {"email": "sam@example.com", "name": "Sam Oh"}, '
    '"attributes": {"direction": "incoming_email", "status": "sent"}, "turns": [{"role": "customer", '
    '"text": "It is still wrong.", "ref": "description", "at": "2026-02-20T08:30:00Z", "speaker": "Sam Oh"}]}'
)
_SENT = {"hs_email_direction": "EMAIL", "hs_email_text": "We are sorry.", "hs_email_from_firstname": None}


def _as(role: str, **turn: str) -> list[dict[str, str]]:
    return [_MAILED["turns"][0] | {"role": role} | turn]


EXAMPLES = (
    Example(
        "a batch of thin events; one that comes twice counts once",
        json_delivery([_CREATED, _CHANGED, _CREATED | {"attemptNumber": 1}]),
        [_NAMED, Wanted(_NAMED.external_id, _NAMED.path, read_time(1768478401, ConnectorConfig().zone_info))],
    ),
    Example(
        "a deletion in a batch, and events of something else",
        json_delivery(
            [_CREATED | {"subscriptionType": "ticket.deletion"}, _CREATED | {"subscriptionType": "deal.creation"}]
        ),
        [Deleted("9007199254740993")],
    ),
    Example(
        "a ticket's new association",
        json_delivery([_CREATED | {"subscriptionType": "ticket.associationChange", "objectId": "", "fromObjectId": 7}]),
        [replace(_NAMED, external_id="7", path=_NAMED.path.replace(_NAMED.external_id, "7"))],
    ),
    Example(
        "a batch of something else",
        json_delivery([_CREATED | {"subscriptionType": "contact.creation"}]),
        Ignored("the events are about no ticket, no feedback and no conversation"),
    ),
    Example("a pulled ticket", json_delivery(_CRM), [_READ | {"turns": [_SAID]}]),
    Example(
        "a ticket that an agent typed in",
        json_delivery({"results": [_CRM | {"properties": _CRM["properties"] | {"source_type": "PHONE"}}]}),
        [_READ | {"turns": [_SAID | {"role": "agent"}], "attributes": _READ["attributes"] | {"channel": "phone"}}],
    ),
    Example("an archived ticket", json_delivery(_CRM | {"archived": True}), [Deleted("9007199254740993")]),
    Example("a feedback submission; its NPS is 0, written as text", json_delivery(_SUBMISSION), [_ANSWER]),
    Example(
        "messages of a thread; a comment is for agents only",
        json_delivery({"results": [_CHAT, _CHAT | {"id": "m2", "type": "COMMENT"}]}),
        [_CHATTED],
    ),
    Example("an e-mail of a customer", json_delivery({"results": [_MAIL]}), [_MAILED]),
    Example(
        "an e-mail of an agent; an out-of-office notice",
        json_delivery(
            [
                _MAIL | {"properties": _MAIL["properties"] | _SENT},
                _MAIL | {"properties": _MAIL["properties"] | {"hs_incoming_email_is_out_of_office": "true"}},
            ]
        ),
        [
            {name: part for name, part in _MAILED.items() if name != "customer"}
            | {"turns": _as("agent", text="We are sorry.", speaker="Oh")}
            | {"attributes": {"direction": "email", "status": "sent"}},
            _MAILED | {"turns": _as("bot")},
        ],
    ),
    Example(
        "a note among agents",
        json_delivery(
            {"id": "5", "properties": {"hs_note_body": "Difficult.", "hs_timestamp": "2026-02-20T08:30:00Z"}}
        ),
        Ignored("there is nothing of a customer in it"),
    ),
    Example("nothing of HubSpot", json_delivery({"hello": 1}), "unknown_shape"),
    Example("an event without object", json_delivery([_CREATED | {"objectId": None}]), "id_missing"),
)
