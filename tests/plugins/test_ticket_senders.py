"""What ticket and CRM senders want beside the reading of their payloads: proofs, answers, requests, order of events."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha1, sha256
from hmac import digest

import pytest
from pydantic import ValidationError

from app.connectors import chatwoot, freshdesk, front, hubspot, intercom, jira, salesforce, servicenow, zammad, zendesk
from app.connectors.contract import Deleted, Ignored, Undated, Wanted
from app.domain.feedback import Role
from app.errors import AppError
from app.ingest.merging import merge_prepared
from app.ingest.prepared import prepare_item
from app.payloads.delivery import RawDelivery
from app.payloads.verifying import verify

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECRET = "a-shared-secret"
BODY = b'{"hello": "\xc3\xbc"}'


def _mac(message, algorithm="sha256"):
    return digest(SECRET.encode(), message, algorithm)


def _passes(connector, headers, url="https://voc.example.org/hooks/k"):
    return verify(connector.SPEC.auth, RawDelivery(BODY, headers, url=url), [SECRET], NOW)


def test_front_signs_application_webhooks_with_a_time_and_rules_without():
    sent_at = str(int(NOW.timestamp() * 1000))
    timed = b64encode(_mac(f"{sent_at}:".encode() + BODY)).decode()
    assert _passes(front, {"x-front-signature": timed, "x-front-request-timestamp": sent_at})
    old = str(int((NOW - timedelta(minutes=6)).timestamp() * 1000))
    stale = b64encode(_mac(f"{old}:".encode() + BODY)).decode()
    assert not _passes(front, {"x-front-signature": stale, "x-front-request-timestamp": old})
    assert _passes(front, {"x-front-signature": b64encode(_mac(BODY, "sha1")).decode()})
    assert not _passes(front, {"x-front-signature": b64encode(_mac(BODY)).decode()})


def test_front_gets_its_challenge_back():
    reply = front.SPEC.handshake(RawDelivery(b'{"type": "sync"}', {"x-front-challenge": 'a"b'}), [SECRET])
    assert json.loads(reply.body) == {"challenge": 'a"b'}
    assert reply.content_type == "application/json"
    assert front.SPEC.handshake(RawDelivery(BODY), [SECRET]) is None
    assert not front.SPEC.open_handshake


@pytest.mark.parametrize("connector", [intercom, zammad])
def test_sha1_is_taken_where_the_sender_has_nothing_else_and_only_as_it_writes_it(connector):
    right = _mac(BODY, "sha1").hex()
    assert _passes(connector, {"x-hub-signature": f"sha1={right}"})
    assert not _passes(connector, {"x-hub-signature": right})
    assert not _passes(connector, {"x-hub-signature": f"sha256={_mac(BODY).hex()}"})


def test_hubspot_signs_the_address_and_an_old_digest_alone_is_not_enough():
    sent_at, url = str(int(NOW.timestamp() * 1000)), "https://voc.example.org/hooks/k?src=a"
    right = b64encode(_mac(b"POST" + url.encode() + BODY + sent_at.encode())).decode()
    headers = {"x-hubspot-signature-v3": right, "x-hubspot-request-timestamp": sent_at}
    assert _passes(hubspot, headers, url)
    assert not _passes(hubspot, headers, "https://voc.example.org/hooks/k?src=b")
    old = {"x-hubspot-signature": sha256(SECRET.encode() + BODY).hexdigest(), "x-hubspot-signature-version": "v1"}
    assert not _passes(hubspot, old, url)


def test_zendesk_triggers_may_send_a_token_and_salesforce_gets_its_from_the_proxy():
    assert _passes(zendesk, {"authorization": f"Bearer {SECRET}"})
    assert _passes(salesforce, {"x-client-cert": SECRET})
    assert not _passes(salesforce, {"x-client-cert": sha1(SECRET.encode()).hexdigest()})  # noqa: S324 - a wrong value


def test_salesforce_is_acknowledged_in_its_own_words():
    reply = salesforce.SPEC.acknowledgement
    assert b"<Ack>true</Ack>" in reply.body
    assert reply.content_type.startswith("text/xml")


@pytest.mark.parametrize(
    "host",
    ["example.com", "evil.com/.salesforce.com", "salesforce.com.evil.org", "a@b.salesforce.com", "salesforce.com"],
)
def test_salesforce_records_are_only_fetched_from_salesforce(host):
    with pytest.raises(ValidationError):
        salesforce.Config(instance=host)


def test_what_thin_events_name_is_asked_for_with_the_operators_token():
    wanted = Wanted("5007F00000abcdEQAQ", "/services/data/v64.0/sobjects/Case/5007F00000abcdEQAQ")
    pull = salesforce.SPEC.pull(wanted, salesforce.Config(instance="acme.my.salesforce.com"), "tok")
    assert pull.url == "https://acme.my.salesforce.com" + wanted.path
    assert pull.headers == {"authorization": "Bearer tok"}
    with pytest.raises(AppError):
        salesforce.SPEC.pull(wanted, salesforce.Config(), "tok")
    assert (
        front.SPEC.pull(Wanted("cnv_1", "/messages/msg_1"), None, "t").url == "https://api2.frontapp.com/messages/msg_1"
    )
    assert hubspot.SPEC.pull(Wanted("1", "/crm/v3/objects/tickets/1"), None, "t").url.startswith(
        "https://api.hubapi.com/"
    )


def test_ids_in_paths_cannot_leave_their_place():
    event = {"eventId": 1, "subscriptionType": "ticket.creation", "objectId": "../../x?y", "occurredAt": 1768478400000}
    (wanted,) = hubspot.parse(RawDelivery(json.dumps([event]).encode()), hubspot.Config())
    assert wanted.path.startswith("/crm/v3/objects/tickets/..%2F..%2Fx%3Fy?")


def _soap(dtd):
    return RawDelivery(f"{dtd}<a>&x;</a>".encode(), content_type="text/xml")


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE a SYSTEM "https://example.com/a.dtd">',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/"> %x;]>',
        "<!DOCTYPE a [" + "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12)) + "]>",
        "<!DOCTYPE a>",
    ],
    ids=["external type", "file entity", "parameter entity", "billion laughs", "bare type"],
)
def test_t39_document_types_and_entities_are_refused_without_a_look(dtd):
    with pytest.raises(AppError) as refusal:
        salesforce.parse(_soap(dtd), salesforce.Config())
    assert refusal.value.code == "bad_xml"


def test_an_organization_is_the_same_with_15_and_18_characters_and_no_other_is():
    delivery = salesforce.EXAMPLES[0].delivery
    for known in ("00D7F00000107Xs", "00D7F00000107XsUAI"):
        assert len(salesforce.parse(delivery, salesforce.Config(organization_id=known))) == 2
    with pytest.raises(AppError) as refusal:
        salesforce.parse(delivery, salesforce.Config(organization_id="00D7F00000107xs"))
    assert refusal.value.code == "other_organization"


def _zendesk(comment_id, minute, body, *, staff=False, kind="comment_added"):
    detail = {"id": "7", "created_at": "2026-03-02T08:00:00Z", "description": "First.", "requester_id": "1"}
    comment = {"id": comment_id, "body": body, "is_public": True, "author": {"id": "2", "is_staff": staff}}
    event = {"type": f"zen:event-type:ticket.{kind}", "id": f"e{minute}", "time": f"2026-03-02T09:{minute:02}:00Z"}
    told = event | {"detail": detail, "event": {"comment": comment}}
    (item,) = zendesk.parse(RawDelivery(json.dumps(told).encode()), zendesk.Config())
    return prepare_item(item)


def test_events_in_any_order_end_in_the_same_conversation():
    events = [
        _zendesk("10", 1, "Second."),
        _zendesk("11", 2, "Sorry.", staff=True),
        _zendesk("12", 3, "Third."),
        _zendesk("10", 4, "", kind="comment_redacted"),
    ]
    ends = []
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        state = events[order[0]]
        for place in order[1:]:
            state = merge_prepared(state, events[place])
        ends.append({(turn["ref"], turn["role"], turn["text"]) for turn in state.turns})
    assert ends[0] == ends[1] == ends[2]
    assert {text for _, role, text in ends[0] if role == Role.CUSTOMER} == {"First.", "Third."}


def test_a_message_of_invisible_characters_is_none():
    message = json.loads(chatwoot.EXAMPLES[0].delivery.body) | {"content": "\u200b\u2060 "}
    found = chatwoot.parse(RawDelivery(json.dumps(message).encode()), chatwoot.Config())
    assert found == Ignored("nobody says anything in it")


def test_a_record_without_times_counts_from_its_arrival_and_is_refused_without_one():
    body = json.dumps({"sys_id": "1", "short_description": "x", "description": "y"}).encode()
    (found,) = servicenow.parse(RawDelivery(body, arrived_at=NOW), servicenow.Config())
    assert isinstance(found, Undated)
    assert found.item.occurred_at == NOW
    with pytest.raises(AppError) as refusal:
        servicenow.parse(RawDelivery(body), servicenow.Config())
    assert refusal.value.code == "time_missing"


def test_times_without_a_zone_are_in_the_sources():
    body = json.dumps({"sys_id": "1", "number": "INC1", "sys_created_on": "2026-07-01 10:00:00"}).encode()
    for zone, hour in (("UTC", 10), ("Europe/Berlin", 8)):
        (found,) = servicenow.parse(RawDelivery(body), servicenow.Config(zone=zone))
        assert found.occurred_at == datetime(2026, 7, 1, hour, tzinfo=UTC)


def test_zendesk_comments_of_the_api_belong_to_their_writers():
    users = [
        {"id": 1, "role": "end-user", "name": "Ana", "email": "ana@example.com", "external_id": "C-1"},
        {"id": 2, "role": "agent", "name": "Kim"},
    ]
    comments = [
        {"id": 10, "author_id": 1, "public": True, "plain_body": "First.", "created_at": "2026-03-02T08:00:00Z"},
        {"id": 11, "author_id": 2, "public": True, "plain_body": "Sorry.", "created_at": "2026-03-02T08:10:00Z"},
        {"id": 12, "author_id": 2, "public": False, "plain_body": "Rude one.", "created_at": "2026-03-02T08:20:00Z"},
        {"id": 13, "author_id": 1, "public": True, "plain_body": "Still.", "created_at": "2026-03-02T08:30:00Z"},
        {"id": 14, "author_id": 3, "public": True, "plain_body": "Who am I?", "created_at": "2026-03-02T08:40:00Z"},
    ]
    ticket = {"id": 7, "description": "First.", "requester_id": 1, "created_at": "2026-03-02T08:00:00Z"}
    body = json.dumps({"ticket": ticket, "comments": comments, "users": users}).encode()
    (item,) = zendesk.parse(RawDelivery(body), zendesk.Config())
    assert [(turn.ref, turn.role.value) for turn in item.turns] == [
        ("description", "customer"),
        ("11", "agent"),
        ("13", "customer"),
        ("14", "agent"),
    ]
    assert (item.customer.ref, item.customer.name) == ("C-1", "Ana")


def test_a_hubspot_workflow_sends_properties_with_their_history():
    properties = {"subject": {"value": "Late", "versions": []}, "content": {"value": "Still nothing."}}
    body = {"objectId": 9, "properties": properties | {"createdate": {"value": "1768478400000"}}}
    (item,) = hubspot.parse(RawDelivery(json.dumps(body).encode()), hubspot.Config())
    assert (item.external_id, item.question, item.turns[0].text) == ("9", "Late", "Still nothing.")


@pytest.mark.parametrize(("part", "kept"), [("assignment", False), ("note", False), ("comment", True), ("close", True)])
def test_intercom_parts_that_only_admins_see_are_left_out(part, kept):
    item = json.loads(intercom.EXAMPLES[0].delivery.body)["data"]["item"]
    reply = {"id": "9", "part_type": part, "body": "<p>x</p>", "created_at": 1772000500, "author": {"type": "admin"}}
    told = item | {"conversation_parts": {"conversation_parts": [reply]}}
    (found,) = intercom.parse(RawDelivery(json.dumps(told).encode()), intercom.Config())
    assert ("9" in {turn.ref for turn in found.turns}) is kept


def test_freshdesk_words_for_numbers_and_times_of_another_zone():
    row = {"id": 5, "subject": "x", "description_text": "y", "status": 4, "priority": 4, "source": 3}
    body = json.dumps(row | {"created_at": "2026-03-02T08:00:00+05:30"}).encode()
    (item,) = freshdesk.parse(RawDelivery(body), freshdesk.Config())
    assert item.attributes == {"status": "resolved", "priority": "urgent", "channel": "phone"}
    assert item.turns[0].role is Role.AGENT
    assert item.occurred_at == datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


_ZENDESK = {"id": "zen-1", "time": "2026-03-02T10:00:00Z", "type": "zen:event-type:ticket.comment_added"}
_ZENDESK |= {"detail": {"id": "7", "created_at": "2026-03-02T09:00:00Z", "requester_id": "411"}}
_FRESHDESK = {"id": 4, "ticket_id": 88, "user_id": 5, "body_text": "Words.", "created_at": "2026-03-02T09:00:00Z"}
_CHATWOOT = {"event": "message_created", "id": 7, "content": "Words.", "created_at": "2026-03-02T09:00:00.000Z"}
_CHATWOOT |= {"message_type": "incoming", "sender": {"id": 1, "type": "contact"}, "conversation": {"id": 33}}
_JIRA_COMMENT = {"id": "1", "body": "Words.", "author": {"accountId": "q", "accountType": "customer"}}
_JIRA = {"timestamp": 1772442000000, "webhookEvent": "comment_created"}
_JIRA |= {"issue": {"id": "10002", "fields": {"created": "2026-03-02T09:00:00.000+0000"}}}
_ZAMMAD = {"id": 99, "ticket_id": 81, "body": "Words.", "sender": "Customer", "created_at": "2026-03-02T09:00:00Z"}


def _commented(public):
    comment = {"id": "5", "is_public": public, "body": "Words.", "author": {"id": "411", "is_staff": "false"}}
    return _ZENDESK | {"event": {"comment": comment}}


def _customers_words(connector, body):
    parsed = connector.parse(RawDelivery(json.dumps(body).encode(), arrived_at=NOW), connector.Config())
    items = [] if isinstance(parsed, Ignored) else [getattr(one, "item", one) for one in parsed]
    return [turn.text for item in items for turn in item.turns or () if turn.role is Role.CUSTOMER]


@pytest.mark.parametrize("form", [lambda truth: truth, lambda truth: str(truth).lower(), str, int])
@pytest.mark.parametrize(
    ("connector", "body"),
    [
        (zendesk, lambda private: _commented(not private)),
        (zendesk, lambda private: _commented("0" if private else "1")),
        (freshdesk, lambda private: _FRESHDESK | {"incoming": "true", "private": private}),
        (chatwoot, lambda private: _CHATWOOT | {"private": private}),
        (jira, lambda private: _JIRA | {"comment": _JIRA_COMMENT | {"jsdPublic": not private}}),
        (
            zammad,
            lambda private: {
                "ticket": {"id": 81, "created_at": _ZAMMAD["created_at"]},
                "article": _ZAMMAD | {"internal": private},
            },
        ),
    ],
)
def test_what_is_private_stays_private_however_a_gateway_writes_true_and_false(connector, body, form):
    def written(value):
        if isinstance(value, dict):
            return {name: written(one) for name, one in value.items()}
        return form(value) if isinstance(value, bool) else value

    assert _customers_words(connector, written(body(private=True))) == []
    assert _customers_words(connector, written(body(private=False))) == ["Words."]


@pytest.mark.parametrize(
    ("name", "told", "role"),
    [
        ("Bo Lind", {"requester_name": "bo lind"}, "customer"),
        ("Kim Agent", {"requester_name": "Bo"}, "agent"),
        ("Bo Lind", {}, "agent"),
    ],
)
def test_a_description_of_zendesk_that_begins_with_its_writer_is_the_customers_only_if_it_was_them(name, told, role):
    text = f"{'-' * 46}\n\n{name}, Mar 2, 2026, 08:00\n\nMy card was charged twice."
    body = {"ticket_id": 5, "description": text, "created_at": "2026-03-02T08:00:00Z"} | told
    (item,) = zendesk.parse(RawDelivery(json.dumps(body).encode()), zendesk.Config())
    assert [(turn.role, turn.text, turn.speaker) for turn in item.turns] == [(role, "My card was charged twice.", name)]


def test_a_message_of_front_that_is_only_named_has_to_be_fetched():
    event = {"id": "evt_1", "type": "inbound", "emitted_at": 1700000000.5, "conversation": {"id": "cnv_1"}}
    (wanted,) = front.parse(RawDelivery(json.dumps(event).encode()), front.Config())
    assert (wanted.external_id, wanted.path) == ("cnv_1", "/conversations/cnv_1/messages")


def test_a_change_of_salesforce_counts_whatever_length_its_ids_have():
    header = {"entityName": "Case", "changeType": "DELETE", "commitTimestamp": 1700000000000, "recordIds": ["500A"]}
    body = {"schema": "x", "payload": {"ChangeEventHeader": header}}
    assert salesforce.parse(RawDelivery(json.dumps(body).encode()), salesforce.Config()) == [Deleted("500A")]


def test_a_private_comment_of_a_zendesk_trigger_is_left_out_and_one_made_private_is_taken_back():
    times = {"created_at": "2026-03-02T08:00:00Z", "updated_at": "2026-03-02T09:00:00Z"}
    said = {"ticket_id": 5, "description": "It broke.", "latest_comment": "Our fault.", "requester_name": "Bo"}
    (item,) = zendesk.parse(
        RawDelivery(json.dumps(said | times | {"latest_comment_is_public": "false"}).encode()), zendesk.Config()
    )
    assert [turn.text for turn in item.turns] == ["It broke."]
    event = {"type": "zen:event-type:ticket.comment_made_private", "id": "e", "time": "2026-03-02T10:00:00Z"}
    event |= {"detail": times | {"id": "5"}, "event": {"comment": {"id": "77"}}}
    (item,) = zendesk.parse(RawDelivery(json.dumps(event).encode()), zendesk.Config())
    assert [(turn.ref, turn.role, turn.text) for turn in item.turns] == [("77", "system", "")]
