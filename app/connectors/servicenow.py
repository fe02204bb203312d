"""ServiceNow: records as business rules send them, records and journal entries of the Table API.

A field is a text, or an object with `value` and `display_value`; times are `YYYY-MM-DD HH:MM:SS` in UTC (set `zone` if
you send display values). Of the journals only `comments` are read, never `work_notes`; an entry begins with its time
and author, and is the caller's only if it has the caller's name. What an agent took down at the phone is the agent's
text. Counts of reassignments and of reopening are kept: they tell of friction.
Source: https://www.servicenow.com/docs (Table API; Journal fields, `getJournalEntry`). Labels of journal entries are
those of an English instance. Rows of `asmt_metric_result` with the same `instance` are one survey response; how surveys
write words and numbers there (`string_value`, `actual_value`) is remembered, not seen in a document.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from json import loads
from typing import Any

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec, Undated
from app.domain.feedback import Medium, Role
from app.payloads.answers import Answer, Response, survey_item
from app.payloads.conversation import (
    DESCRIPTION,
    Conversation,
    Message,
    began_and_changed,
    lower,
    message,
    person,
    text_ref,
)
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person
from app.payloads.questions import SurveySettings
from app.payloads.schemes import StaticToken
from app.payloads.times import time_or_none
from app.payloads.walk import at, ident, needed_id, number, objects, unknown_shape


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: zone, and what the questions of its surveys ask."""


SPEC = Spec(
    title="ServiceNow",
    auth=StaticToken(),
    setup=(
        "System Web Services > Outbound > REST Message > New: endpoint {url}, HTTP method POST.",
        "HTTP headers: Content-Type application/json, X-Webhook-Token {secret}.",
        "A business rule on the table, after insert and update, calls it: its script is in docs/recipes/servicenow.md.",
    ),
    also=("service_now", "snow"),
)

_STATES = {"1": "new", "2": "in progress", "3": "on hold", "6": "resolved", "7": "closed", "8": "canceled"}
_PRIORITIES = {"1": "critical", "2": "high", "3": "moderate", "4": "low", "5": "planning"}
_BY_AGENTS = frozenset(("phone", "walk-in", "monitoring", "event", "alert", "integration"))
_BY_CALLERS = frozenset(("self-service", "email", "chat", "virtual_agent", "virtual agent", "web", "portal", "sms"))
_ENTRY = re.compile(
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (?P<author>.{1,200}?) \((?P<label>[^()\n]{1,60})\)\s*$", re.MULTILINE
)
_DELETES = frozenset(("delete", "deleted"))


def reference(delivery: RawDelivery) -> str | None:
    """Nothing: business rules give their calls no id."""
    del delivery
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the delivery tells of its records.

    Raises:
        AppError: It is not JSON, is of no shape that ServiceNow sends, or lacks an id or a time.
    """
    body = delivery.json()
    inner = next((at(body, name) for name in ("result", "records", "record") if at(body, name) is not None), body)
    rows = objects(inner) or objects([inner])
    results = [row for row in rows if "metric" in row and "instance" in row]
    found: list[Found] = list(_surveys(results, config))
    for row in rows:
        found += _row(row, body, delivery.arrived_at, config)
    if found:
        return found
    if isinstance(inner, list) or any("element" in row for row in rows):
        return Ignored("there is nothing for a customer in it")
    raise unknown_shape("ServiceNow")


def _row(row: Mapping[str, Any], body: object, arrived: datetime | None, config: Config) -> Sequence[Found]:
    if "element" in row and "element_id" in row:
        return _journal(row, config)
    if not {"sys_id", "short_description", "number"} & row.keys():
        return []
    if lower(at(row, "operation") or at(body, "operation")) in _DELETES:
        return [Deleted(needed_id(_plain(row, "sys_id"), "sys_id"))]
    zone = config.zone_info
    created = _plain(row, "sys_created_on") or _plain(row, "opened_at")
    began, changed = began_and_changed(created, _plain(row, "sys_updated_on"), arrived, zone)
    said = _description(row)
    item = Conversation(
        external_id=needed_id(_plain(row, "sys_id"), "sys_id"),
        medium=Medium.TICKET,
        began=began or changed,
        changed=changed,
        messages=said + _comments(row, config),
        subject=_told(row, "short_description"),
        customer=person(
            _plain(row, "caller_id") or _plain(row, "contact"),
            _plain(row, "caller_id.email") or at(row, "caller_id", "email") or _plain(row, "caller_email"),
            _caller_name(row),
        ),
        facts={
            "number": _plain(row, "number"),
            "status": _word(row, "state", _STATES),
            "priority": _word(row, "priority", _PRIORITIES),
            "channel": lower(_plain(row, "contact_type")),
            "category": lower(_told(row, "category")),
            "group": _told(row, "assignment_group"),
            "reassignment_count": _count(row, "reassignment_count"),
            "reopen_count": _count(row, "reopen_count"),
            "close_code": _told(row, "close_code"),
        },
    ).item()
    return [item if began else Undated(item)]


def _plain(row: Mapping[str, Any], name: str) -> str | None:
    """A field's value as it is stored."""
    value = row.get(name)
    return ident(value.get("value")) if isinstance(value, Mapping) else ident(value)


def _told(row: Mapping[str, Any], name: str) -> str | None:
    """A field as people see it."""
    return ident(at(row, name, "display_value")) or _plain(row, name)


def _word(row: Mapping[str, Any], name: str, names: Mapping[str, str]) -> str | None:
    word = _plain(row, name) or ""
    number_first = word.partition(" - ")[0]
    return names.get(number_first) or lower(_told(row, name))


def _count(row: Mapping[str, Any], name: str) -> int | None:
    found = number(_plain(row, name))
    return int(found) if found is not None else None


def _caller_name(row: Mapping[str, Any]) -> str | None:
    name = at(row, "caller_id", "display_value") or at(row, "caller_id", "name")
    return ident(name) or _plain(row, "caller_id.name") or _plain(row, "caller_name")


def _description(row: Mapping[str, Any]) -> list[Message]:
    channel, opener, caller = lower(_plain(row, "contact_type")), _plain(row, "opened_by"), _plain(row, "caller_id")
    others = opener is not None and caller is not None and opener != caller
    by_agent = channel in _BY_AGENTS or (others and channel not in _BY_CALLERS)
    text = _plain(row, "description") or ""
    return message(DESCRIPTION, Role.AGENT if by_agent else Role.CUSTOMER, text)


def _comments(row: Mapping[str, Any], config: Config) -> list[Message]:
    """The entries of the journal `comments`, the newest first there and the oldest first here."""
    journal = _told(row, "comments") or ""
    heads = list(_ENTRY.finditer(journal))
    caller = lower(_caller_name(row))
    if not heads:
        writer = lower(_plain(row, "comments_by"))
        known = (caller, lower(_plain(row, "caller_id")), lower(_plain(row, "caller_id.user_name")))
        role = Role.CUSTOMER if writer is not None and writer in known else Role.AGENT
        return message(text_ref("comment", journal), role, journal, speaker=_plain(row, "comments_by"))
    found: list[Message] = []
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        text = journal[head.end() : following.start() if following else None].strip()
        if "note" in head["label"].lower():
            continue
        role = Role.CUSTOMER if caller is not None and lower(head["author"]) == caller else Role.AGENT
        when = time_or_none(head["time"], config.zone_info)
        ref = text_ref("comment", f"{head['time']}\n{text}")
        found += message(ref, role, text, at=when, speaker=head["author"])
    return found[::-1]


def _journal(row: Mapping[str, Any], config: Config) -> Sequence[Found]:
    """A row of `sys_journal_field`: its author is a user name, of whom nobody tells whether they are a customer."""
    if lower(_plain(row, "element")) != "comments":
        return []
    began, _ = began_and_changed(_plain(row, "sys_created_on"), None, None, config.zone_info)
    ref = needed_id(_plain(row, "sys_id"), "sys_id")
    said = message(ref, Role.AGENT, _plain(row, "value") or "", at=began, speaker=_plain(row, "sys_created_by"))
    record = needed_id(_plain(row, "element_id"), "element_id")
    return [Conversation(record, Medium.TICKET, began, began, said).item()] if said and began else []


def _surveys(rows: Sequence[Mapping[str, Any]], config: Config) -> list[NativeItem]:
    """Answers of surveys: those of one instance are one response, also where they come one by one."""
    responses: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        responses.setdefault(needed_id(_plain(row, "instance"), "instance"), []).append(row)
    return [_survey(instance, answers, config) for instance, answers in responses.items()]


def _survey(instance: str, rows: Sequence[Mapping[str, Any]], config: Config) -> NativeItem:
    zone = config.zone_info
    times = [
        began_and_changed(_plain(row, "sys_created_on"), _plain(row, "sys_updated_on"), None, zone) for row in rows
    ]
    changed = max(later for _, later in times)
    answers = [
        Answer(
            ref=needed_id(_plain(row, "metric"), "metric"),
            value=_plain(row, "string_value") or number(_plain(row, "actual_value")),
            label=ident(at(row, "metric", "display_value")) or "",
        )
        for row in rows
    ]
    who = Person(_plain(rows[0], "user"), name=at(rows[0], "user", "display_value"))
    response = Response(
        external_id=instance,
        occurred_at=min(began or later for began, later in times),
        updated_at=changed,
        answers=answers,
        person=who,
        case_id=_plain(rows[0], "source_id"),
    )
    return read_item({**survey_item(response, config), "text": None, "merge": True})


_RECORD = loads(
    '{"sys_id": "9d385017c611228701d22104cc95c371", "number": "INC0010023", "short_description": "VPN drops", '
    '"description": "It drops every hour.\\nThird ticket!", "state": "2", "priority": "1 - Critical", '
    '"contact_type": "self-service", "caller_id": {"value": "681ccaf9", "display_value": "Abel Tuter", '
    '"email": "abel@example.com"}, "opened_by": {"value": "681ccaf9"}, "assignment_group": {"value": "d6", '
    '"display_value": "Network"}, "reassignment_count": "4", "reopen_count": "1", "work_notes": "Caller is rude", '
    '"comments": "2026-03-02 11:00:00 - Kim Lee (Additional comments)\\nWe look into it.\\n\\n'
    "2026-03-02 10:30:00 - Kim Lee (Work notes)\\nDo not tell him.\\n\\n"
    '2026-03-02 10:00:00 - Abel Tuter (Additional comments)\\nStill down.\\n\\n", '
    '"sys_created_on": "2026-03-02 09:00:00", "sys_updated_on": "2026-03-02 11:00:01"}'
)
_READ = loads(
    '{"external_id": "9d385017c611228701d22104cc95c371", "updated_at": "2026-03-02T11:00:01Z", "medium": "ticket", '
    '"merge": true, "occurred_at": "2026-03-02T09:00:00Z", "question": "VPN drops", '
    '"customer": {"ref": "681ccaf9", "email": "abel@example.com", "name": "Abel Tuter"}, '
    '"attributes": {"number": "INC0010023", "status": "in progress", "priority": "critical", '
    '"channel": "self-service", "group": "Network", "reassignment_count": 4, "reopen_count": 1}}'
)
_SAID = {"role": "customer", "text": "It drops every hour.\nThird ticket!", "ref": "description"}
_SAID |= {"at": "2026-03-02T09:00:00Z"}


def _entry(role: str, hour: int, speaker: str, text: str) -> dict[str, str]:
    found = {"role": role, "text": text, "ref": text_ref("comment", f"2026-03-02 {hour}:00:00\n{text}")}
    return found | {"at": f"2026-03-02T{hour}:00:00Z", "speaker": speaker}


_HIS = _entry("customer", 10, "Abel Tuter", "Still down.")
_HERS = _entry("agent", 11, "Kim Lee", "We look into it.")
_ROW = loads(
    '{"sys_id": "77", "element": "comments", "element_id": "9d385017c611228701d22104cc95c371", "name": "incident", '
    '"value": "Any news?", "sys_created_on": "2026-03-02 12:00:00", "sys_created_by": "abel.tuter"}'
)
_UNCLEAR = {"role": "agent", "text": "Closed?", "ref": text_ref("comment", "Closed?"), "at": _READ["updated_at"]}

_RESULT = loads(
    '{"instance": {"value": "a1"}, "metric": {"value": "m1", "display_value": "How satisfied are you?"}, '
    '"actual_value": "2", "string_value": "", "user": {"value": "681ccaf9", "display_value": "Abel Tuter"}, '
    '"source_id": "9d38", "sys_created_on": "2026-03-02 12:00:00", "sys_updated_on": "2026-03-02 12:00:00"}'
)
_REMARK = {"metric": {"value": "m2", "display_value": "What could be better?"}, "string_value": "Call me back sooner."}

EXAMPLES = (
    Example(
        "a record of a business rule: the caller's comment, an agent's comment, no work notes",
        json_delivery(_RECORD),
        [_READ | {"turns": [_SAID, _HIS, _HERS]}],
    ),
    Example("a page of the Table API", json_delivery({"result": [_RECORD]}), [_READ | {"turns": [_SAID, _HIS, _HERS]}]),
    Example(
        "a record that an agent took down at the phone; a comment of nobody known",
        json_delivery(_RECORD | {"contact_type": "phone", "comments": "Closed?"}),
        [
            _READ
            | {"turns": [_SAID | {"role": "agent"}, _UNCLEAR]}
            | {"attributes": _READ["attributes"] | {"channel": "phone"}}
        ],
    ),
    Example(
        "journal rows: work notes are left out",
        json_delivery({"result": [_ROW, _ROW | {"sys_id": "78", "element": "work_notes"}]}),
        [
            {"external_id": _READ["external_id"], "medium": "ticket", "merge": True}
            | {"updated_at": "2026-03-02T12:00:00Z", "occurred_at": "2026-03-02T12:00:00Z"}
            | {
                "turns": [
                    {"role": "agent", "text": "Any news?", "ref": "77"}
                    | {"at": "2026-03-02T12:00:00Z", "speaker": "abel.tuter"}
                ]
            }
        ],
    ),
    Example(
        "a work note by itself",
        json_delivery(_ROW | {"element": "work_notes"}),
        Ignored("there is nothing for a customer in it"),
    ),
    Example(
        "results of a survey",
        json_delivery({"result": [_RESULT, _RESULT | _REMARK]}),
        [
            {"external_id": "a1", "medium": "survey", "merge": True, "case_id": "9d38"}
            | {"updated_at": "2026-03-02T12:00:00Z", "occurred_at": "2026-03-02T12:00:00Z"}
            | {"customer": {"ref": "681ccaf9", "name": "Abel Tuter"}}
            | {"scores": [{"metric": "csat", "value": 2, "min": 1, "max": 5}]}
            | {
                "turns": [
                    {"role": "customer", "text": "Call me back sooner.", "ref": "m2"}
                    | {"question": "What could be better?"}
                ]
            }
        ],
    ),
    Example("a deleted record", json_delivery(_RECORD | {"operation": "delete"}), [Deleted(_READ["external_id"])]),
    Example("nothing of ServiceNow", json_delivery({"hello": 1}), "unknown_shape"),
    Example(
        "a record without id", json_delivery({"number": "INC1", "sys_created_on": "2026-03-02 09:00:00"}), "id_missing"
    ),
)
