"""Payloads as the documents of ticket senders allow them: fields left out or null, numbers as text, other versions.

Each shows that no words, score, customer or time are lost; the usual shapes stand in the connectors' EXAMPLES.
"""

import pytest

_AT, _READ_AT = "2026-03-02T08:00:00Z", "2026-03-02T08:00"

ZENDESK = [
    (
        {
            "ticket": {
                "id": "7",
                "created_at": _AT,
                "description": "No parcel.",
                "via": None,
                "satisfaction_rating": None,
            }
        },
        [("7", _READ_AT, ["No parcel."], [], None)],
    ),
    (
        {"tickets": [{"id": 7, "created_at": _AT, "updated_at": None, "satisfaction_rating": {"score": "offered"}}]},
        [("7", _READ_AT, [], [], None)],
    ),
    (
        {
            "ticket": {"id": 7, "created_at": _AT, "requester_id": "4", "description": None},
            "comments": [
                {"id": 1, "author_id": 4, "public": "true", "plain_body": "Still <none>.", "created_at": _AT},
                {"id": 2, "author_id": 9, "public": True, "html_body": "<p>Sorry.</p>", "created_at": _AT},
            ],
            "users": [],
        },
        [("7", _READ_AT, ["Still <none>."], [], "4")],
    ),
    (
        {"satisfaction_rating": {"id": 1, "ticket_id": "7", "score": "good", "created_at": _AT, "requester_id": 4}},
        [("7", _READ_AT, [], [("csat_binary", 1, 0, 1)], "4")],
    ),
    (
        {"ticket_id": "7", "ticket_title": "Late", "ticket_description": "No parcel.", "created_at": "March 2, 2026"},
        [("7", "2026-03-02T00:00", ["No parcel."], [], None)],
    ),
    (
        {
            "survey_response": {
                "subjects": [{"type": "ticket", "id": "7"}],
                "responder_id": 4,
                "answers": [
                    {"type": "rating_scale", "rating": 5, "rating_category": "good", "created_at": _AT},
                    {
                        "type": "closed_ended",
                        "selections": [{"option": {"label": {"value": "Fast"}}}],
                        "created_at": _AT,
                    },
                    {"type": "open_ended", "value": "Well done.", "question": None, "created_at": _AT},
                ],
            }
        },
        [("7", _READ_AT, ["Well done."], [("csat_binary", 1, 0, 1)], "4")],
    ),
]
ZENDESK += [
    (
        {"requests": [{"id": 7, "description": "No parcel.", "requester_id": 4, "created_at": _AT}], "count": 1},
        [("7", _READ_AT, ["No parcel."], [], "4")],
    ),
    (
        {
            "ticket": {
                "id": 7,
                "subject": "Conversation with Ana",
                "description": "Conversation with Web User 69",
                "created_at": _AT,
                "via": {"channel": "native_messaging"},
            }
        },
        [("7", _READ_AT, [], [], None)],
    ),
    (
        {"ticket": {"id": 7, "description": "Conversation with Kim was rude.", "created_at": _AT, "subject": "Kim"}},
        [("7", _READ_AT, ["Conversation with Kim was rude."], [], None)],
    ),
]
_ASKED = {"type": "conversation", "id": 9, "created_at": 1772438400}
_ANA = {"type": "user", "id": "u1", "name": "Ana", "email": "ana@example.com"}
_PART = {"id": 3, "part_type": "comment", "body": "<p>Hello?</p>", "author": _ANA, "created_at": 1772438400}


def _notified(topic, item):
    return {"type": "notification_event", "topic": topic, "created_at": 1772438400, "data": {"item": item}}


INTERCOM = [
    (
        _notified("ticket.contact.replied", {"type": "ticket_part", "ticket_id": "9", **_PART}),
        [("9", _READ_AT, ["Hello?"], [], "ana@example.com")],
    ),
    (
        _notified("ticket.contact.replied", {"ticket": {"id": 9, "created_at": 1772438400}, "ticket_part": _PART}),
        [("9", _READ_AT, ["Hello?"], [], "ana@example.com")],
    ),
    (
        {**_ASKED, "source": {"id": "s", "body": "<p>Broken.</p>", "author": _ANA}, "conversation_parts": None},
        [("9", _READ_AT, ["Broken."], [], "ana@example.com")],
    ),
    (
        {
            **_ASKED,
            "source": None,
            "contacts": {"contacts": []},
            "conversation_rating": {"rating": "2", "remark": "Meh."},
        },
        [("9", _READ_AT, ["Meh."], [("csat", 2, 1, 5)], None)],
    ),
    (
        {**_ASKED, "conversation_rating": None, "ai_agent": {"rating": 1, "rating_remark": "It looped."}},
        [("9", _READ_AT, ["It looped."], [("csat", 1, 1, 5)], None)],
    ),
    (
        {
            "type": "conversation.list",
            "conversations": [
                {
                    **_ASKED,
                    "conversation_message": {"id": 5, "body": "Old API.", "author": {**_ANA, "email": None}},
                    "user": {"type": "user", "id": "u1", "user_id": "C-4"},
                }
            ],
        },
        [("9", _READ_AT, ["Old API."], [], "C-4")],
    ),
    (
        {
            "type": "notification_event",
            "topic": "ticket.created",
            "id": "n",
            "created_at": 1772438400,
            "data": {
                "item": {
                    "type": "ticket",
                    "id": "9",
                    "created_at": "1772438400",
                    "ticket_attributes": {"_default_title_": "Lamp", "_default_description_": "It broke."},
                    "contacts": {"type": "contact.list", "contacts": [{"id": "u1", "external_id": None}]},
                    "ticket_parts": {"ticket_parts": []},
                }
            },
        },
        [("9", _READ_AT, ["It broke."], [], "u1")],
    ),
]
_TICKET = {"id": 8, "created_at": _AT, "updated_at": _AT, "status": "2", "description_text": "No refund."}
FRESHDESK = [
    ({**_TICKET, "source": "1", "requester": None, "tags": []}, [("8", _READ_AT, ["No refund."], [], None)]),
    (
        {"ticket": {**_TICKET, "description_text": None, "description": "<b>No</b> refund.", "requester_id": 4}},
        [("8", _READ_AT, ["No refund."], [], "4")],
    ),
    (
        {
            "conversations": [
                {"id": 1, "ticket_id": 8, "body_text": "Hello?", "incoming": True, "private": False, "created_at": _AT},
                {"id": 2, "ticket_id": 8, "body": "VIP", "incoming": False, "private": True, "created_at": _AT},
            ],
            "meta": {"count": 2},
        },
        [("8", _READ_AT, ["Hello?"], [], None)],
    ),
    (
        {"conversation": {"id": 1, "ticket_id": "8", "body": "<p>Hello?</p>", "incoming": 1, "created_at": _AT}},
        [("8", _READ_AT, ["Hello?"], [], None)],
    ),
    (
        [{"id": 3, "ticket_id": 8, "ratings": {"default_question": "-103"}, "feedback": None, "created_at": _AT}],
        [("8", _READ_AT, [], [("csat", -3, -3, 3)], None)],
    ),
    (
        {
            "freshdesk_webhook": {
                "ticket_id": "8",
                "ticket_description": "No.",
                "ticket_created_at": "2 Mar, 2026 at 8:00 AM",
            }
        },
        [("8", _READ_AT, ["No."], [], None)],
    ),
]
HUBSPOT = [
    (
        {
            "total": 1,
            "results": [{"id": 5, "properties": {"subject": None, "content": "Late.", "createdate": "1772438400000"}}],
        },
        [("5", _READ_AT, ["Late."], [], None)],
    ),
    (
        {
            "objectType": "TICKET",
            "objectId": 5,
            "isDeleted": False,
            "properties": {"content": {"value": "Late."}, "createdate": {"value": "1772438400000"}},
        },
        [("5", _READ_AT, ["Late."], [], None)],
    ),
    ({"objectId": 5, "isDeleted": True, "properties": {"subject": {"value": "x"}}}, [("Deleted", "5")]),
    (
        {
            "results": [
                {"id": "6", "createdAt": _AT, "properties": {"hs_content": "Hard.", "hs_response_group": "DETRACTOR"}}
            ]
        },
        [("6", _READ_AT, ["Hard."], [], None)],
    ),
    (
        {
            "id": "m",
            "conversationsThreadId": 33,
            "type": "MESSAGE",
            "direction": "INCOMING",
            "text": None,
            "richText": "<p>Hi?</p>",
            "createdAt": _AT,
            "createdBy": None,
            "senders": [
                {"actorId": None, "senderField": "FROM", "name": "Kim"},
                {"actorId": "V-1", "deliveryIdentifiers": [{"type": "HS_EMAIL_ADDRESS", "value": "ana@example.com"}]},
            ],
        },
        [("33", _READ_AT, ["Hi?"], [], "ana@example.com")],
    ),
    ([], "there is nothing of a customer in it"),
]
_OLD = {
    "engagement": {"id": 12, "type": "INCOMING_EMAIL", "createdAt": 1772438401000, "timestamp": 1772438400000},
    "associations": {"contactIds": [251], "ticketIds": []},
    "metadata": {"from": {"email": "ana@example.com", "firstName": "Ana"}, "subject": "Hi", "html": "<b>Late.</b>"},
}
HUBSPOT += [
    ({"results": [_OLD], "hasMore": False}, [("12", _READ_AT, ["Late."], [], "ana@example.com")]),
    (
        {"engagement": {"id": 13, "type": "NOTE", "timestamp": 1}, "metadata": {"body": "Difficult."}},
        "there is nothing of a customer in it",
    ),
    (
        {
            "id": "14",
            "createdAt": _AT,
            "properties": {
                "hs_email_direction": "INCOMING_EMAIL",
                "hs_email_headers": '{"from": {"email": "ana@example.com", "firstName": "Ana"}}',
                "hs_email_html": "",
                "hs_body_preview": "Late.",
                "hs_timestamp": "1772438400000",
            },
        },
        [("14", _READ_AT, ["Late."], [], "ana@example.com")],
    ),
]
_CASE = {"attributes": {"type": "Case"}, "Id": "5003000000D8cuIAAR", "CreatedDate": "2026-03-02T08:00:00.000+0000"}
_CASE_ID = _CASE["Id"]
SALESFORCE = [
    (
        {"totalSize": 1, "records": [{**_CASE, "Description": "Late.", "Contact": None, "SuppliedEmail": None}]},
        [(_CASE_ID, _READ_AT, ["Late."], [], None)],
    ),
    (
        {"compositeResponse": [{"body": {**_CASE, "Description": "Late."}, "httpStatusCode": 200}, {"body": None}]},
        [(_CASE_ID, _READ_AT, ["Late."], [], None)],
    ),
    (
        [
            {
                **_CASE,
                "Description": None,
                "Contact": {"Email": "ana@example.com"},
                "EmailMessages": None,
                "CaseComments": {},
            }
        ],
        [(_CASE_ID, _READ_AT, [], [], "ana@example.com")],
    ),
    (
        {
            "attributes": {"type": "CaseComment"},
            "Id": "00a1",
            "ParentId": _CASE_ID,
            "CommentBody": "Still late.",
            "IsPublished": "true",
            "CreatedBy": {"Name": "Ana", "UserType": "CspLitePortal"},
            "CreatedDate": _AT,
        },
        [(_CASE_ID, _READ_AT, ["Still late."], [], None)],
    ),
    (
        {
            "records": [
                {
                    "attributes": {"type": "EmailMessage"},
                    "Id": "02s1",
                    "ParentId": _CASE_ID,
                    "Incoming": "True",
                    "TextBody": None,
                    "HtmlBody": "<p>Late.</p>",
                    "MessageDate": _AT,
                }
            ]
        },
        [(_CASE_ID, _READ_AT, ["Late."], [], None)],
    ),
]
CASES = {
    "zendesk": ZENDESK,
    "intercom": INTERCOM,
    "freshdesk": FRESHDESK,
    "hubspot": HUBSPOT,
    "salesforce": SALESFORCE,
}


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [(name, body, expected) for name, cases in CASES.items() for body, expected in cases],
)
def test_a_variation_that_the_documents_allow_is_read_whole(told, name, body, expected):
    found = told(name, body)
    assert found == expected or (expected is None and isinstance(found, str))
