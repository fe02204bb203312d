"""Salesforce: outbound messages (SOAP), change data capture and platform events (JSON), records of its API.

An outbound message may hold up to 100 notifications of one kind of record; it is only done with when it is
acknowledged, and is sent again in any order until then. Change events are thin: the record has to be fetched, also
where a `GAP_` event tells that changes were lost. A Case's description is the customer's unless it came by phone; a
CaseComment is an agent's, unless its `CreatedBy.UserType` is one of a portal; an incoming EmailMessage the customer's.
Source: https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_om_outboundmessaging.htm and the
Change Data Capture Developer Guide. A platform event is what an admin made it: only its record id is read.
"""

import re
from collections.abc import Mapping, Sequence
from json import loads
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from pydantic import field_validator

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Pull, Spec, Wanted
from app.domain.feedback import Medium, Role
from app.errors import AppError, Kind
from app.payloads.conversation import (
    DESCRIPTION,
    Conversation,
    Message,
    as_written,
    began_and_changed,
    lower,
    message,
    person,
    scored,
    shown,
)
from app.payloads.delivery import RawDelivery, Reply
from app.payloads.examples import json_delivery
from app.payloads.questions import ScaleSetting
from app.payloads.schemes import StaticToken
from app.payloads.soap import inside, name_of, read_xml, screen_xml, text_in, texts_in, type_of
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, ident, needed_id, number, objects, unknown_shape

_HOST = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.salesforce\.(?:com|mil)", re.ASCII)


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        organization_id: Of 15 or 18 characters; messages of other organizations are refused. Empty: not looked at.
        instance: The host to fetch from, such as `acme.my.salesforce.com`; only needed where a token is given.
        scores: Custom fields with scores, such as `CSAT__c`.
        answers: Custom fields with words of the customer, such as `Survey_Comment__c`.
        record_field: The field of a platform event that holds the Case's id.
    """

    organization_id: str = ""
    instance: str = ""
    scores: Mapping[str, ScaleSetting] = {}
    answers: tuple[str, ...] = ()
    record_field: str = "CaseId__c"

    @field_validator("instance")
    @classmethod
    def _salesforce_host(cls, value: str) -> str:
        if value and not _HOST.fullmatch(value):
            raise ValueError("write the host of your instance, such as acme.my.salesforce.com")
        return value


def _pull(wanted: Wanted, config: Config, token: str) -> Pull:
    if not config.instance:
        raise AppError(Kind.MISCONFIGURED, "bad_source_config", "Set the source's `instance` to fetch from Salesforce.")
    return Pull(f"https://{config.instance}{wanted.path}", {"authorization": f"Bearer {token}"})


_ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)

SPEC = Spec(
    title="Salesforce",
    auth=StaticToken(header="x-client-cert"),
    setup=(
        "Setup > Outbound Messages > New: object Case, endpoint URL {url}; add it to a Flow or an escalation rule.",
        "Fields: Id, Subject, Description, Status, Origin, ContactId, SuppliedEmail, SuppliedName, CreatedDate.",
        "And SystemModstamp, Priority; custom fields with scores or words are named in the source's configuration.",
        "Your proxy asks for Salesforce's client certificate and sets X-Client-Cert: {secret} only where it was shown.",
        "Set `organization_id` (Setup > Company Information). All of it: docs/recipes/salesforce_flow.md.",
    ),
    also=("sfdc", "salesforce_service_cloud"),
    acknowledgement=Reply(_ACK.encode(), "text/xml; charset=utf-8"),
    screen=screen_xml,
    pull=_pull,
)

_PATH = "/services/data/v64.0/sobjects/"
_RELATED = ("CaseComment", "EmailMessage")
_BY_AGENTS = frozenset(("phone",))
_CUSTOMERS = ("csplite", "customer", "powercustomer", "guest")
"""How the types of users begin that write in a portal."""
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
_SHORT_ID = 15
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_NOTIFICATION = re.compile(rb"<(?:\w+:)?Notification>\s*<(?:\w+:)?Id>([A-Za-z0-9]{15,18})</")
_TRUE = frozenset(("true", "1"))


def reference(delivery: RawDelivery) -> str | None:
    """A change event's place in its transaction, or the id of an outbound message's first notification."""
    if notified := _NOTIFICATION.search(delivery.body):
        return notified[1].decode()
    header = _change_header(delivery.json_or_none())
    key, place = ident(at(header, "transactionKey")), ident(at(header, "sequenceNumber"))
    return f"{key}:{place}" if key and place else None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the message, the events or the pulled records tell of cases.

    Raises:
        AppError: It cannot be read, comes from another organization, or lacks an id or a time.
    """
    if delivery.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return _notified(read_xml(delivery.body), config)
    body = delivery.json()
    together = [at(one, "body") for one in objects(at(body, "compositeResponse"))]
    rows = [row for one in together or [body] for row in objects(one) or objects(at(one, "records")) or objects([one])]
    found: list[Found] = []
    known = isinstance(at(body, "records"), list)
    for row in rows:
        header = _change_header(row)
        payload = first(row, ("data", "payload"), ("payload",))
        if header is not None:
            found += _change(header, payload, config)
        elif isinstance(payload, Mapping):
            found += _announced(payload, config)
        elif kind := at(row, "attributes", "type"):
            found += _record(str(kind), row, config)
        known = known or header is not None or payload is not None or at(row, "attributes", "type") is not None
    if found or known:
        return found or Ignored("there is nothing of a customer in it")
    raise unknown_shape("Salesforce")


def _notified(root: Element, config: Config) -> Parsed:
    notifications = [one for one in root.iter() if name_of(one) == "notifications"]
    if not notifications:
        raise unknown_shape("Salesforce")
    found: list[Found] = []
    for message_part in notifications:
        if (
            config.organization_id
            and (text_in(message_part, "OrganizationId") or "")[:15] != config.organization_id[:15]
        ):
            text = "The message comes from another organization than the source's `organization_id`."
            raise AppError(Kind.INVALID, "other_organization", text)
        seen: set[str | None] = set()
        for notification in inside(message_part, "Notification"):
            notification_id = text_in(notification, "Id")
            for record in inside(notification, "sObject") if notification_id not in seen else ():
                found += _record(type_of(record), texts_in(record), config)
            seen.add(notification_id)
    return found or Ignored("there is nothing of a customer in it")


def _change_header(row: object) -> Mapping[str, Any] | None:
    found = first(
        row, ("data", "payload", "ChangeEventHeader"), ("payload", "ChangeEventHeader"), ("ChangeEventHeader",)
    )
    return found if isinstance(found, Mapping) else None


def _change(header: Mapping[str, Any], payload: object, config: Config) -> list[Found]:
    entity, change = ident(at(header, "entityName")) or "", ident(at(header, "changeType")) or ""
    ids = at(header, "recordIds")
    found = map(ident, ids if isinstance(ids, list) else ())
    ids = [one for one in found if one and one.isalnum() and one.isascii() and one[:_SHORT_ID].strip("0")]
    when = time_or_none(at(header, "commitTimestamp"), config.zone_info)
    if entity == "Case":
        gone = change.removeprefix("GAP_") == "DELETE"
        return [Deleted(one) if gone else _wanted(one, "Case", one, when) for one in ids]
    parent = ident(at(payload, "ParentId"))
    if entity in _RELATED and parent and change.removeprefix("GAP_") != "DELETE":
        return [_wanted(parent, entity, one, when) for one in ids]
    return []


def _wanted(case_id: str, entity: str, record_id: str, when: Any) -> Wanted:  # noqa: ANN401 - a time or None
    return Wanted(case_id, f"{_PATH}{entity}/{quote(record_id, safe='')}", when)


def _announced(payload: Mapping[str, Any], config: Config) -> list[Found]:
    case_id = ident(at(payload, config.record_field))
    if case_id is None or not _ID.fullmatch(case_id):
        return []
    case_id = _full_id(case_id)
    return [_wanted(case_id, "Case", case_id, time_or_none(at(payload, "CreatedDate"), config.zone_info))]


def _full_id(record_id: str) -> str:
    """An id of 15 characters in the form of 18 that the API answers with: the rest says which letters are capitals."""
    if len(record_id) != _SHORT_ID:
        return record_id
    parts = (record_id[start : start + 5] for start in range(0, _SHORT_ID, 5))
    return record_id + "".join(
        _SUFFIX[sum(sign.isupper() << place for place, sign in enumerate(part))] for part in parts
    )


def _record(kind: str, record: Mapping[str, Any], config: Config) -> Sequence[Found]:
    """A record as a case, or as a message of the case that it belongs to."""
    if kind not in ("Case", *_RELATED) and not any(at(record, name) for name in (*config.answers, *config.scores)):
        return []
    case_id = ident(at(record, "ParentId")) if kind in _RELATED else ident(at(record, "Id"))
    case_id = needed_id(case_id, "Id")
    if lower(str(at(record, "IsDeleted"))) in _TRUE and kind not in _RELATED:
        return [Deleted(case_id)]
    created = first(record, ("MessageDate",), ("CreatedDate",))
    updated = first(record, ("SystemModstamp",), ("LastModifiedDate",))
    began, changed = began_and_changed(created, updated, None, config.zone_info)
    said = _related(kind, record, config) if kind in _RELATED else _case(record, config)
    if kind in _RELATED and not said:
        return []
    of_case = {} if kind in _RELATED else record
    scores = [
        score
        for name, scale in config.scores.items()
        for score in scored(scale.metric, number(at(of_case, name)), scale.min, scale.max)
    ]
    return [
        Conversation(
            external_id=case_id,
            medium=Medium.TICKET if kind in ("Case", *_RELATED) else Medium.SURVEY,
            began=began or changed,
            changed=changed,
            messages=said,
            subject=at(of_case, "Subject"),
            language=at(of_case, "Language"),
            customer=_customer(of_case),
            scores=scores,
            facts={
                "number": at(of_case, "CaseNumber"),
                "status": lower(at(of_case, "Status")),
                "priority": lower(at(of_case, "Priority")),
                "channel": lower(at(of_case, "Origin")),
                "type": lower(at(of_case, "Type")),
                "reason": at(of_case, "Reason"),
            },
        ).item()
    ]


def _customer(record: Mapping[str, Any]) -> dict[str, str] | None:
    return person(
        first(record, ("ContactId",), ("AccountId",)),
        first(record, ("SuppliedEmail",), ("ContactEmail",), ("Contact", "Email")),
        first(record, ("SuppliedName",), ("Contact", "Name")),
    )


def _case(record: Mapping[str, Any], config: Config) -> list[Message]:
    role = Role.AGENT if lower(at(record, "Origin")) in _BY_AGENTS else Role.CUSTOMER
    said = message(DESCRIPTION, role, as_written(at(record, "Description")))
    for name in config.answers:
        said += message(name, Role.CUSTOMER, shown(at(record, name)), question=name)
    for kind, under in zip(_RELATED, ("CaseComments", "EmailMessages"), strict=True):
        for row in objects(at(record, under, "records")):
            said += _related(kind, row, config)
    return said


def _related(kind: str, record: Mapping[str, Any], config: Config) -> list[Message]:
    ref = ident(at(record, "Id"))
    when = time_or_none(first(record, ("MessageDate",), ("CreatedDate",)), config.zone_info)
    if ref is None:
        return []
    if kind == "CaseComment":
        published = lower(str(at(record, "IsPublished"))) in _TRUE
        text = as_written(at(record, "CommentBody")) if published else ""
        own = (lower(at(record, "CreatedBy", "UserType")) or "").startswith(_CUSTOMERS)
        role = Role.CUSTOMER if own else Role.AGENT
        return message(ref, role, text, at=when, speaker=at(record, "CreatedBy", "Name"))
    incoming = lower(str(at(record, "Incoming"))) in _TRUE
    text = as_written(at(record, "TextBody")) or shown(at(record, "HtmlBody"))
    return message(ref, Role.CUSTOMER if incoming else Role.AGENT, text, at=when, speaker=at(record, "FromName"))


def _soap(*cases: str, organization: str = "00D7F00000107XsUAI") -> RawDelivery:
    notes = "".join(
        f'<Notification><Id>04l7F00000{place}</Id><sObject xsi:type="sf:Case">{case}</sObject></Notification>'
        for place, case in enumerate(cases)
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><soapenv:Body><notifications '
        f'xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{organization}</OrganizationId>'
        f'<SessionId xsi:nil="true"/>{notes}</notifications></soapenv:Body></soapenv:Envelope>'
    )
    return RawDelivery(body.encode(), content_type="text/xml; charset=utf-8")


_CASE = (
    "<sf:Id>5007F00000abcdEQAQ</sf:Id><sf:Subject>Late &amp; wrong</sf:Subject>"
    "<sf:Description>Third time.</sf:Description>"
    "<sf:Status>New</sf:Status><sf:Origin>Web</sf:Origin><sf:SuppliedEmail>mia@example.com</sf:SuppliedEmail>"
    "<sf:CreatedDate>2026-03-02T09:00:00.000Z</sf:CreatedDate><sf:SystemModstamp>2026-03-02T09:00:01.000Z"
    '</sf:SystemModstamp><sf:CSAT__c>0.0</sf:CSAT__c><sf:Priority xsi:nil="true"/>'
)
_SAID = {"role": "customer", "text": "Third time.", "ref": "description", "at": "2026-03-02T09:00:00Z"}
_READ = loads(
    '{"external_id": "5007F00000abcdEQAQ", "updated_at": "2026-03-02T09:00:01Z", "medium": "ticket", "merge": true, '
    '"occurred_at": "2026-03-02T09:00:00Z", "question": "Late & wrong", "customer": {"email": "mia@example.com"}, '
    '"attributes": {"status": "new", "channel": "web"}}'
)
_READ |= {"turns": [_SAID]}
_OTHER = _CASE.replace("abcdEQAQ", "abceEQAQ").replace("Web", "Phone")
_CALLED = _READ | {"external_id": "5007F00000abceEQAQ", "turns": [_SAID | {"role": "agent"}]}
_CALLED |= {"attributes": {"status": "new", "channel": "phone"}}
_HEADER = {"entityName": "Case", "changeType": "UPDATE", "transactionKey": "0001-a", "sequenceNumber": 1}
_HEADER |= {"commitTimestamp": 1772442001000, "recordIds": ["5007F00000abcdEQAQ"]}
_WHEN = time_or_none(1772442001000, ConnectorConfig().zone_info)
_NAMED = Wanted("5007F00000abcdEQAQ", f"{_PATH}Case/5007F00000abcdEQAQ", _WHEN)
_EMAIL: dict[str, object] = {
    "attributes": {"type": "EmailMessage"},
    "Id": "02s7F000001",
    "ParentId": "5007F00000abcdEQAQ",
}
_EMAIL |= {"Incoming": True, "TextBody": "Hello?", "FromName": "Mia", "CreatedDate": "2026-03-02T09:30:00.000+0000"}
_ENTITY = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
_LAUGHS = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>'
_QUIET = Ignored("there is nothing of a customer in it")


def _changed(**header: object) -> RawDelivery:
    return json_delivery({"payload": {"ChangeEventHeader": _HEADER | header}, "event": {"replayId": 9}})


EXAMPLES = (
    Example(
        "an outbound message with two cases; a score of 0 is a score; what came by phone is the agent's text",
        _soap(_CASE, _OTHER),
        [one | {"scores": [{"metric": "csat", "value": 0, "min": 0, "max": 4}]} for one in (_READ, _CALLED)],
        {"organization_id": "00D7F00000107Xs", "scores": {"CSAT__c": {"metric": "csat", "min": 0, "max": 4}}},
    ),
    Example("another organization", _soap(_CASE), "other_organization", {"organization_id": "00D000000000001"}),
    Example("a document type with an external entity", RawDelivery(_ENTITY, content_type="text/xml"), "bad_xml"),
    Example("a billion laughs", RawDelivery(_LAUGHS, content_type="text/xml"), "bad_xml"),
    Example("broken XML", RawDelivery(b"<a><b></a>", content_type="text/xml"), "bad_xml"),
    Example("a change is thin", _changed(), [_NAMED]),
    Example(
        "a gap means: read again",
        json_delivery([{"payload": {"ChangeEventHeader": _HEADER | {"changeType": "GAP_UPDATE"}}}]),
        [_NAMED],
    ),
    Example("a deletion", _changed(changeType="DELETE"), [Deleted("5007F00000abcdEQAQ")]),
    Example(
        "a gap that names no record", _changed(changeType="GAP_OVERFLOW", recordIds=["000000000000000AAA"]), _QUIET
    ),
    Example("a change of something else", _changed(entityName="Account"), _QUIET),
    Example(
        "a platform event",
        json_delivery({"payload": {"CaseId__c": "5007F00000abcdEQAQ", "CreatedDate": 1772442001000}}),
        [_NAMED],
    ),
    Example(
        "records of the API: an incoming e-mail, and a comment for agents only",
        json_delivery({"records": [_EMAIL, _EMAIL | {"attributes": {"type": "CaseComment"}, "CommentBody": "VIP"}]}),
        [
            {"external_id": "5007F00000abcdEQAQ", "medium": "ticket", "merge": True}
            | {"updated_at": "2026-03-02T09:30:00Z", "occurred_at": "2026-03-02T09:30:00Z"}
            | {
                "turns": [
                    {
                        "role": "customer",
                        "text": "Hello?",
                        "ref": "02s7F000001",
                        "at": "2026-03-02T09:30:00Z",
                        "speaker": "Mia",
                    }
                ]
            }
        ],
    ),
    Example("nothing of Salesforce", json_delivery({"hello": 1}), "unknown_shape"),
    Example("a case without id", _soap("<sf:Subject>?</sf:Subject>"), "id_missing"),
)
