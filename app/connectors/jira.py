"""Jira Cloud, Data Center and Jira Service Management: issue and comment events, issues of the API and of automations.

An issue is known by its id: its key changes when it is moved. Texts are plain or trees of the Atlassian Document
Format. Whose a text is: portal customers have the account type `customer`; anybody else is the customer only as the
reporter of the issue, and not in software or business projects. Comments with `jsdPublic: false` or a restricted
visibility are for agents only. What an agent typed in for the reporter is the agent's text.
Source: https://developer.atlassian.com/cloud/jira/platform/webhooks/ and REST API v3 (issue, comment). The field of the
satisfaction rating is a custom one; its form `{"rating": n}` was not seen in a document.
"""

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
    began_and_changed,
    lower,
    message,
    person,
    scored,
    taken_back,
)
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.markup import document_text
from app.payloads.schemes import AnyOf, Hmac, StaticToken
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, number, objects, unknown_shape


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        satisfaction_field: The custom field with the rating, such as `customfield_10041`; empty: the first one that
            looks like a rating.
        satisfaction_comment_field: The custom field with what the customer wrote beside it.
        satisfaction_max: The highest rating.
    """

    satisfaction_field: str = ""
    satisfaction_comment_field: str = ""
    satisfaction_max: float = 5


SPEC = Spec(
    title="Jira and Jira Service Management",
    auth=AnyOf((Hmac(header="x-hub-signature", prefix="sha256="), StaticToken())),
    setup=(
        "Settings > System > WebHooks > Create a WebHook: URL {url}, secret {secret}.",
        "Events: Issue created, updated, deleted; Comment created, updated, deleted; by JQL only one project.",
        "Or by an automation rule: docs/recipes/jira.md, with the header X-Webhook-Token: {secret}.",
    ),
    also=("jsm", "jira_service_management", "jira_service_desk"),
)

_ISSUES = frozenset(("issue_created", "issue_updated", "issue_generic", "issue_commented", "issue_moved"))
_COMMENTS = frozenset(("comment_created", "comment_updated", "comment_deleted"))
_NO_CUSTOMERS = frozenset(("software", "business", "product_discovery"))


def reference(delivery: RawDelivery) -> str | None:
    """The header `X-Atlassian-Webhook-Identifier`, the same when it is sent again."""
    return delivery.headers.get("x-atlassian-webhook-identifier") or None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the event or the pulled page tells of issues.

    Raises:
        AppError: It is not JSON, is of no shape that Jira sends, or lacks an id or a time.
    """
    body = delivery.json()
    event = at(body, "webhookEvent")
    if isinstance(event, str):
        return _event(event.removeprefix("jira:"), body, config)
    if isinstance(at(body, "issue"), Mapping):
        return [_issue(at(body, "issue"), at(body, "comment"), at(body, "timestamp"), config)]
    pages = (at(body, "issues"), at(body, "values"), body)
    rows = next((page for page in pages if isinstance(page, list)), [body])
    issues = [row for row in objects(rows) if isinstance(at(row, "fields"), Mapping)]
    if issues:
        return [_issue(row, None, None, config) for row in issues]
    if rows != [body]:
        return Ignored("there is no issue in it")
    raise unknown_shape("Jira")


def _event(name: str, body: object, config: Config) -> Parsed:
    issue, comment, told_at = at(body, "issue"), at(body, "comment"), at(body, "timestamp")
    if name == "issue_deleted":
        return [Deleted(needed_id(at(issue, "id"), "issue.id"))]
    if name not in _ISSUES | _COMMENTS:
        return Ignored("this event is about no issue and no comment")
    if name in _COMMENTS and not _is_seen(comment):
        return Ignored("the comment is for agents only")
    gone = taken_back(needed_id(at(comment, "id"), "comment.id")) if name == "comment_deleted" else None
    return [_issue(issue, comment, told_at, config, gone)]


def _issue(issue: object, comment: object, told_at: object, config: Config, gone: Message | None = None) -> Found:
    fields, zone = at(issue, "fields"), config.zone_info
    created = first(fields, ("created",)) or at(comment, "created")
    updated = told_at or first(comment, ("updated",), ("created",)) or at(fields, "updated")
    began, changed = began_and_changed(created, updated, None, zone)
    reporter = at(fields, "reporter")
    said = _description(fields)
    for one in objects(at(fields, "comment", "comments")):
        said += _comment(one, fields, config)
    if gone:
        said.append(gone)
    elif isinstance(comment, Mapping):
        said += _comment(comment, fields, config)
    rating, remark = _satisfaction(fields, config)
    return Conversation(
        external_id=needed_id(at(issue, "id"), "issue.id"),
        medium=Medium.TICKET,
        began=began or changed,
        changed=changed,
        messages=said + message(SATISFACTION, Role.CUSTOMER, remark),
        subject=at(fields, "summary"),
        customer=person(_account(reporter), at(reporter, "emailAddress"), at(reporter, "displayName")),
        scores=scored("csat", rating, 1, config.satisfaction_max) if config.satisfaction_max > 1 else [],
        facts={
            "key": at(issue, "key"),
            "project": at(fields, "project", "key"),
            **{name: lower(at(fields, name, "name")) for name in ("status", "priority", "resolution")},
            "type": lower(at(fields, "issuetype", "name")),
            "tags": at(fields, "labels"),
        },
    ).item()


def _account(user: object) -> str | None:
    return ident(first(user, ("accountId",), ("key",), ("name",)))


def _role(author: object, fields: object) -> Role:
    kind = lower(at(author, "accountType"))
    if kind == "customer":
        return Role.CUSTOMER
    if kind == "app":
        return Role.BOT
    own = _account(author) is not None and _account(author) == _account(at(fields, "reporter"))
    outside = lower(at(fields, "project", "projectTypeKey")) not in _NO_CUSTOMERS
    return Role.CUSTOMER if own and outside else Role.AGENT


def _description(fields: object) -> list[Message]:
    """What the reporter wrote; where somebody of the staff opened the issue for them, it is theirs no more."""
    reporter, creator = at(fields, "reporter"), at(fields, "creator")
    by_staff = _account(creator) not in (None, _account(reporter)) and lower(at(creator, "accountType")) == "atlassian"
    role = Role.AGENT if by_staff else _role(reporter, fields)
    return message(DESCRIPTION, role, document_text(at(fields, "description")))


def _is_seen(comment: object) -> bool:
    hidden = flag(at(comment, "jsdPublic")) is False or bool(at(comment, "visibility"))
    noted = any(flag(at(one, "value", "internal")) for one in objects(at(comment, "properties")))
    return not hidden and not noted


def _comment(comment: Mapping[str, Any], fields: object, config: Config) -> list[Message]:
    ref, role = ident(at(comment, "id")), _role(at(comment, "author"), fields)
    told = flag(at(comment, "jsdPublic")) is True
    if ref is None or not _is_seen(comment) or (role is not Role.CUSTOMER and not told):
        return []
    when = time_or_none(at(comment, "created"), config.zone_info)
    speaker = at(comment, "author", "displayName")
    return message(ref, role, document_text(at(comment, "body")), at=when, speaker=speaker)


def _satisfaction(fields: object, config: Config) -> tuple[float | None, str]:
    named = at(fields, config.satisfaction_field) if config.satisfaction_field else None
    found: Sequence[object] = list(fields.values()) if isinstance(fields, Mapping) else ()
    guessed = next((one for one in found if isinstance(one, Mapping) and number(one.get("rating")) is not None), None)
    value = guessed if named is None and not config.satisfaction_field else named
    rating = number(at(value, "rating")) if isinstance(value, Mapping) else number(value)
    remark = (
        at(fields, config.satisfaction_comment_field) if config.satisfaction_comment_field else at(value, "comment")
    )
    return rating, document_text(remark)


def _json(value: object) -> RawDelivery:
    return json_delivery(value, {"x-atlassian-webhook-identifier": "a1"})


_ISSUE = loads(
    '{"id": "10002", "key": "SUP-7", "fields": {"summary": "No invoice", "created": "2026-03-01T10:00:00.000-0400", '
    '"updated": "2026-03-01T10:05:00.000-0400", "status": {"name": "Waiting for support"}, "labels": ["billing"], '
    '"priority": {"name": "High"}, "issuetype": {"name": "Service Request"}, '
    '"project": {"key": "SUP", "projectTypeKey": "service_desk"}, "description": {"type": "doc", "version": 1, '
    '"content": [{"type": "paragraph", "content": [{"type": "text", "text": "Still "}, {"type": "text", '
    '"text": "nothing."}]}]}, "reporter": {"accountId": "qm:1", "accountType": "customer", "displayName": "Lee Fox", '
    '"emailAddress": "lee@example.com"}, "creator": {"accountId": "qm:1", "accountType": "customer"}}}'
)
_READ = loads(
    '{"external_id": "10002", "updated_at": "2026-03-01T15:00:00.123Z", "medium": "ticket", "merge": true, '
    '"occurred_at": "2026-03-01T14:00:00Z", "question": "No invoice", '
    '"customer": {"ref": "qm:1", "email": "lee@example.com", "name": "Lee Fox"}, '
    '"attributes": {"key": "SUP-7", "project": "SUP", "status": "waiting for support", "priority": "high", '
    '"type": "service request", "tags": "billing"}}'
)
_SAID = {"role": "customer", "text": "Still nothing.", "ref": "description", "at": "2026-03-01T14:00:00Z"}
_COMMENT: dict[str, object] = {
    "id": "900719925474099",
    "body": "Any *news*?",
    "created": "2026-03-01T11:00:00.123-0400",
}
_COMMENT |= {"jsdPublic": True, "author": _ISSUE["fields"]["reporter"]}
_KIM = {"accountId": "5:kim", "accountType": "atlassian", "displayName": "Kim"}
_TURN = {"text": "Any *news*?", "ref": "900719925474099", "at": "2026-03-01T15:00:00.123Z"}


def _told(event: str, fields: Mapping[str, object] | None = None, **comment: object) -> RawDelivery:
    issue = _ISSUE | {"fields": _ISSUE["fields"] | (fields or {})}
    told = {"comment": _COMMENT | comment} if comment or "comment" in event else {}
    return _json({"webhookEvent": event, "timestamp": 1772377200123, "issue": issue} | told)


EXAMPLES = (
    Example("a new issue with a document as description", _told("jira:issue_created"), [_READ | {"turns": [_SAID]}]),
    Example(
        "a customer's comment",
        _told("comment_created"),
        [_READ | {"turns": [_SAID, _TURN | {"role": "customer", "speaker": "Lee Fox"}]}],
    ),
    Example(
        "an agent's comment",
        _told("comment_created", author=_KIM),
        [_READ | {"turns": [_SAID, _TURN | {"role": "agent", "speaker": "Kim"}]}],
    ),
    Example(
        "an internal comment",
        _told("comment_created", author=_KIM, jsdPublic=False),
        Ignored("the comment is for agents only"),
    ),
    Example(
        "a comment is deleted",
        _told("comment_deleted"),
        [_READ | {"turns": [_SAID, {"role": "system", "text": "", "ref": _TURN["ref"], "at": _READ["updated_at"]}]}],
    ),
    Example(
        "an agent opened it for the customer, who rates it later",
        _told("jira:issue_updated", {"creator": _KIM, "customfield_10041": {"rating": 1}}),
        [
            _READ
            | {"turns": [_SAID | {"role": "agent"}]}
            | {"scores": [{"metric": "csat", "value": 1, "min": 1, "max": 5}]}
        ],
    ),
    Example("a deleted issue", _told("jira:issue_deleted"), [Deleted("10002")]),
    Example(
        "a page of the API",
        _json({"issues": [_ISSUE]}),
        [_READ | {"turns": [_SAID], "updated_at": "2026-03-01T14:05:00Z"}],
    ),
    Example("another event", _told("worklog_updated"), Ignored("this event is about no issue and no comment")),
    Example("nothing of Jira", _json({"hello": 1}), "unknown_shape"),
    Example("an issue without id", _json({"fields": {"created": "2026-03-01"}}), "id_missing"),
)
