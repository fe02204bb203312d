"""Payloads as the documents of surveys and stores allow them: fields left out or null, numbers as text, other versions.

Each shows that no words, score, customer or time are lost; the usual shapes stand in the connectors' EXAMPLES.
"""

import pytest

_AT, _READ_AT = "2026-03-02T08:00:00Z", "2026-03-02T08:00"

_VALUES = {"recordedDate": _AT, "QID2_TEXT": "Too slow.", "QID1": "0", "QID1_NPS_GROUP": "1"}
_SLOW = [("R_1", _READ_AT, ["Too slow."], [("nps", 0, 0, 10)], None)]
QUALTRICS = [
    ({"responses": [{"responseId": "R_1", "values": {**_VALUES, "status": None, "recipientEmail": ""}}]}, _SLOW),
    ([{"responseId": "R_1", "values": {**_VALUES, "finished": "True", "status": "IP Address"}, "labels": None}], _SLOW),
    ({"result": {"values": {**_VALUES, "_recordId": "R_1", "QID1": 0}}, "meta": {"httpStatus": "200 - OK"}}, _SLOW),
    ({"responses": [{"responseId": "R_2", "values": {**_VALUES, "status": "Survey Preview"}}]}, None),
    (
        {
            "Topic": "a.surveyengine.completedResponse.SV_1",
            "SurveyID": "SV_1",
            "ResponseID": "R_1",
            "CompletedDate": None,
        },
        [("Wanted", "R_1")],
    ),
    (
        {
            "responses": [
                {"responseId": "R_1", "values": {**_VALUES, "recordedDate": None, "endDate": "2026-03-02 08:00:00"}}
            ]
        },
        _SLOW,
    ),
]
_LINES = {"QID4_1": "Nobody called.", "QID5_1": "Agree", "recordedDate": _AT}
QUALTRICS += [
    (
        {"responses": [{"responseId": "R_1", "values": _LINES, "labels": {"QID5_1": "Agree"}}]},
        [("R_1", _READ_AT, ["Nobody called."], [], None)],
    )
]
_ANSWERED = {"id": 3, "date_created": "2026-03-02T08:00:00+00:00", "pages": [], "custom_value": ""}


def _asked(*questions, **more):
    return {**_ANSWERED, "pages": [{"questions": list(questions)}], **more}


_OPEN = {"id": 1, "family": "open_ended", "subtype": "essay", "heading": "Why?", "answers": [{"text": "Too slow."}]}
_NPS = {"id": 2, "family": "matrix", "subtype": "nps", "heading": "Recommend?", "answers": [{"simple_text": " | 0"}]}
SURVEYMONKEY = [
    ([_asked(_OPEN)], [("3", _READ_AT, ["Too slow."], [], None)]),
    (
        {"data": [_asked({"id": "1", "answers": [{"text": "No heads."}]}, custom_variables=None)], "links": {}},
        [("3", _READ_AT, ["No heads."], [], None)],
    ),
    (_asked(_OPEN, _NPS, metadata=None), [("3", _READ_AT, ["Too slow."], [("nps", 0, 0, 10)], None)]),
    (
        _asked(
            {"id": 4, "family": "file_upload", "answers": [{"text": "photo.jpg", "download_url": "https://x.example"}]}
        ),
        [("3", _READ_AT, [], [], None)],
    ),
    (
        _asked(_OPEN, date_created=None, date_modified="2026-03-02T08:00:00+00:00"),
        [("3", _READ_AT, ["Too slow."], [], None)],
    ),
    (_ANSWERED, [("3", _READ_AT, [], [], None)]),
]


def _typed(**more):
    answers = [
        {"type": "text", "text": "Too slow.", "field": {"id": "a", "type": "long_text"}},
        {"type": "number", "number": "0", "field": {"id": "b", "type": "nps"}},
    ]
    return {"token": "t", "submitted_at": _AT, "answers": answers, "hidden": None, "definition": None, **more}


_TYPED = [("t", _READ_AT, ["Too slow."], [("nps", 0, 0, 10)], None)]
TYPEFORM = [
    ({"event_type": "form_response", "form_response": _typed()}, _TYPED),
    ({"form_response": _typed()}, _TYPED),
    (_typed(token=None, response_id="t"), _TYPED),
    ([_typed(submitted_at="0001-01-01T00:00:00Z", landed_at=_AT, hidden=[])], _TYPED),
    ({"items": [{"token": "t", "landed_at": _AT, "response_type": "started"}]}, [("t", _READ_AT, [], [], None)]),
    ({"items": [_typed(answers=None)], "total_items": 1}, [("t", _READ_AT, [], [], None)]),
    (
        _typed(
            answers=[{"type": "choice", "choice": {"other": "None of it."}, "field": {"id": "c"}}],
            hidden={"user_id": 4},
        ),
        [("t", _READ_AT, ["None of it."], [], "4")],
    ),
]
_SAID = {"rating": "2", "title": None, "body": "Crashes.", "createdDate": "2026-03-02T09:00:00+01:00"}
_REVIEW = {"type": "customerReviews", "id": 6, "attributes": _SAID, "relationships": None}
_LABELS = {"id": "6", "updated": _AT, "im:rating": "2", "content": "Crashes.", "title": ""}
_CRASHES = [("6", _READ_AT, ["Crashes."], [("stars", 2, 1, 5)], None)]
APP_STORE = [
    ({"data": _REVIEW, "links": {}}, _CRASHES),
    ([_REVIEW], _CRASHES),
    ({"data": [{"id": "6", "attributes": _SAID}], "included": None}, _CRASHES),
    ({"feed": {"entry": {name: {"label": value} for name, value in _LABELS.items()}}}, _CRASHES),
    (
        {"data": [{**_REVIEW, "attributes": {**_SAID, "rating": 0, "reviewerNickname": "ana"}}]},
        [("6", _READ_AT, ["Crashes."], [], "ana")],
    ),
    ({"feed": {"title": {"label": "Reviews"}}}, None),
]
_COMMENT = {"text": "\tCrashes.", "starRating": "2", "lastModified": {"seconds": 1772438400}, "originalText": None}
_PLAYED = {"reviewId": "6", "authorName": "", "comments": [{"userComment": _COMMENT}, {"developerComment": None}]}
GOOGLE_PLAY = [
    ({"reviews": [_PLAYED], "tokenPagination": None}, _CRASHES),
    ([_PLAYED], _CRASHES),
    (_PLAYED, _CRASHES),
    (
        {
            **_PLAYED,
            "comments": [
                {"userComment": {**_COMMENT, "text": None, "lastModified": {"seconds": "1772438400", "nanos": None}}}
            ],
        },
        [("6", _READ_AT, [], [("stars", 2, 1, 5)], None)],
    ),
    ({"reviews": []}, None),
]
CASES = {
    "qualtrics": QUALTRICS,
    "surveymonkey": SURVEYMONKEY,
    "typeform": TYPEFORM,
    "app_store_connect": APP_STORE,
    "google_play": GOOGLE_PLAY,
}


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [(name, body, expected) for name, cases in CASES.items() for body, expected in cases],
)
def test_a_variation_that_the_documents_allow_is_read_whole(told, name, body, expected):
    found = told(name, body)
    assert found == expected or (expected is None and isinstance(found, str))
