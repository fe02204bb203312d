"""Tally: webhooks of form responses, and pages of its submissions API.

Scales are not sent: a linear scale is read by the words of its label or by the settings; a rating has five stars unless
they say otherwise. Picked answers come as ids of options.
Source: tally.so/help/webhooks; typing of fields as in activepieces' public code (the API page and the marker of own
options are unverified: no sample at hand).
"""

from collections.abc import Mapping
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, nothing_in
from app.payloads.answers import Answer, Kind, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person, id_in_body
from app.payloads.questions import SurveySettings, measured
from app.payloads.schemes import Hmac
from app.payloads.times import read_time
from app.payloads.walk import at, first, ident, needed_id, needed_object, objects, text

_KINDS: Mapping[str, Kind] = {
    "TEXTAREA": "words",
    "INPUT_TEXT": "words",
    "INPUT_EMAIL": "email",
    "HIDDEN_FIELDS": "hidden",
    "LINEAR_SCALE": "scale",
    "RATING": "scale",
    "INPUT_NUMBER": "scale",
    "CALCULATED_FIELDS": "choice",
    "INPUT_DATE": "choice",
}
_PICKED = ("MULTIPLE_CHOICE", "CHECKBOXES", "DROPDOWN", "MULTI_SELECT", "RANKING")


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: zone and what its questions ask."""


SPEC = Spec(
    title="Tally",
    auth=Hmac(header="tally-signature", coding="base64"),
    setup=(
        "Publish the form, open Integrations, choose Webhooks, then Connect.",
        "Enter the address {url}, choose Add a signing secret and enter {secret}.",
        "Send your own id of the customer as a hidden field called customer_id, that of the order as order_id.",
        "Name the scales of your linear scales in this source's settings: Tally does not send them.",
    ),
)


def reference(delivery: RawDelivery) -> str | None:
    """The `eventId`: the same when a delivery is repeated."""
    return id_in_body(delivery, "eventId")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The response of an event, or the submissions of a page of the API.

    Raises:
        AppError: It is no such JSON, or a response has no id or no time.
    """
    body = needed_object(delivery.json())
    submissions = body.get("submissions", [body["submission"]] if "submission" in body else None)
    if isinstance(submissions, list):
        titles = {ident(one.get("id")): one for one in objects(body.get("questions"))}
        page = [_submission(one, titles) for one in objects(submissions)]
        return [_item(one, config) for one in page] or Ignored("the page holds no submissions")
    if body.get("eventType") != "FORM_RESPONSE":
        return nothing_in(body, "an event that holds no form response", "Tally", ("eventType",))
    return [_item(needed_object(body.get("data")), config)]


def _submission(submission: Mapping[str, Any], titles: Mapping[str | None, Mapping[str, Any]]) -> Mapping[str, Any]:
    fields = []
    for response in objects(submission.get("responses")):
        question = titles.get(ident(response.get("questionId")), {})
        value = first(response, ["answer"], ["formattedAnswer"])
        fields.append(
            {
                "key": response.get("questionId"),
                "label": first(question, ["title"], ["name"]),
                "type": question.get("type"),
                "value": first(value, ["value"]) if isinstance(value, Mapping) else value,
            }
        )
    return {**submission, "createdAt": submission.get("submittedAt"), "fields": fields}


def _item(response: Mapping[str, Any], config: Config) -> NativeItem:
    answers = [answer for field in objects(response.get("fields")) for answer in _answers(field)]
    return read_item(
        survey_item(
            Response(
                external_id=needed_id(first(response, ["responseId"], ["submissionId"], ["id"]), "responseId"),
                occurred_at=read_time(response.get("createdAt"), config.zone_info),
                answers=answers,
                person=Person(response.get("respondentId")),
                facts={"form": first(response, ["formName"], ["formId"])},
            ),
            config,
        )
    )


def _answers(field: Mapping[str, Any]) -> list[Answer]:
    kind, ref = text(field.get("type")) or "", ident(field.get("key")) or "field"
    label, value = text(field.get("label")) or "", field.get("value")
    if kind in _PICKED:
        return _picked(field, ref, label)
    if kind == "MATRIX":
        return _matrix(field, ref, label)
    if kind not in _KINDS or isinstance(value, Mapping | list):
        return []  # files, signatures, payments, phone numbers, links: no opinion
    scale = measured([label], 1, 5, "stars") if kind == "RATING" else None
    return [Answer(ref, value, _KINDS[kind], label, scale=scale)]


def _picked(field: Mapping[str, Any], ref: str, label: str) -> list[Answer]:
    value = field.get("value")
    if isinstance(value, bool):
        return []  # each option once more, as a field of its own
    chosen = [ident(one) for one in (value if isinstance(value, list) else [value])]
    options = {ident(one.get("id")): one for one in objects(field.get("options"))}
    own = [one for one in chosen if at(options.get(one), "isOtherOption") is True]
    texts = [text(at(options.get(one), "text")) or one for one in chosen if one not in own]
    found = [Answer(ref, [one for one in texts if one], "choice", label)]
    return found + [Answer(f"{ref}.{one}", text(at(options[one], "text")), "words", label) for one in own]


def _matrix(field: Mapping[str, Any], ref: str, label: str) -> list[Answer]:
    value = field.get("value")
    rows = {ident(one.get("id")): text(one.get("text")) for one in objects(field.get("rows"))}
    columns = {ident(one.get("id")): text(one.get("text")) for one in objects(field.get("columns"))}
    found = []
    for row, picked in (value if isinstance(value, Mapping) else {}).items():
        texts = [columns.get(ident(one)) or ident(one) for one in (picked if isinstance(picked, list) else [picked])]
        name = f"{label}: {rows.get(row) or row}"
        found.append(Answer(f"{ref}.{row}", [one for one in texts if one], "choice", name))
    return found


_FIELDS = [
    {"key": "question_h", "label": "customer_id", "type": "HIDDEN_FIELDS", "value": "C-12"},
    {"key": "question_a", "label": "How likely are you to recommend us?", "type": "LINEAR_SCALE", "value": 0},
    {"key": "question_b", "label": "How was the courier?", "type": "RATING", "value": 2},
    {"key": "question_c", "label": "What made it hard?", "type": "TEXTAREA", "value": "The link expired twice."},
    {
        "key": "question_d",
        "label": "Which channel?",
        "type": "CHECKBOXES",
        "value": ["o1", "o3"],
        "options": [
            {"id": "o1", "text": "Chat"},
            {"id": "o2", "text": "Phone"},
            {"id": "o3", "text": "I wrote a letter", "isOtherOption": True},
        ],
    },
    {"key": "question_d_o1", "label": "Which channel? (Chat)", "type": "CHECKBOXES", "value": True},
    {
        "key": "question_m",
        "label": "Rate",
        "type": "MATRIX",
        "value": {"r1": ["c2"]},
        "rows": [{"id": "r1", "text": "Speed"}],
        "columns": [{"id": "c1", "text": "Good"}, {"id": "c2", "text": "Bad"}],
    },
    {"key": "question_e", "label": "Your email", "type": "INPUT_EMAIL", "value": "ada@example.com"},
    {"key": "question_f", "label": "Anything else?", "type": "TEXTAREA", "value": None},
    {"key": "question_p", "label": "Phone", "type": "INPUT_PHONE_NUMBER", "value": "+49 30 123"},
]
_EVENT = {
    "eventId": "a4cb",
    "eventType": "FORM_RESPONSE",
    "createdAt": "2026-03-01T09:00:01.889Z",
    "data": {
        "responseId": "2wgx4n",
        "submissionId": "2wgx4n",
        "respondentId": "dwQKYm",
        "formId": "VwbNEw",
        "formName": "Returns",
        "createdAt": "2026-03-01T09:00:00.000Z",
        "fields": _FIELDS,
    },
}
_READ = {
    "external_id": "2wgx4n",
    "medium": "survey",
    "occurred_at": "2026-03-01T09:00:00Z",
    "turns": [
        {"role": "customer", "text": "The link expired twice.", "ref": "question_c", "question": "What made it hard?"},
        {"role": "customer", "text": "I wrote a letter", "ref": "question_d.o3", "question": "Which channel?"},
    ],
    "scores": [
        {"metric": "nps", "value": 0, "min": 0, "max": 10},
        {"metric": "stars", "value": 2, "min": 1, "max": 5},
    ],
    "customer": {"ref": "C-12", "email": "ada@example.com"},
    "attributes": {"form": "Returns", "Which channel?": "Chat", "Rate: Speed": "Bad"},
}
_PAGE: dict[str, list[dict[str, Any]]] = {
    "questions": [
        {"id": "q1", "type": "TEXTAREA", "title": "Why?"},
        {"id": "q2", "type": "LINEAR_SCALE", "title": "Pace"},
    ],
    "submissions": [
        {
            "id": "3xyz",
            "formId": "VwbNEw",
            "isCompleted": True,
            "submittedAt": "2026-03-02T08:00:00.000Z",
            "responses": [{"questionId": "q1", "answer": "Too slow."}, {"questionId": "q2", "answer": 3}],
        }
    ],
}

_PULLED = {
    "external_id": "3xyz",
    "medium": "survey",
    "occurred_at": "2026-03-02T08:00:00Z",
    "turns": [{"role": "customer", "text": "Too slow.", "ref": "q1", "question": "Why?"}],
    "scores": [{"metric": "ces", "value": 3, "min": 1, "max": 7}],
    "attributes": {"form": "VwbNEw"},
}
_PACE = {"scales": {"Pace": {"metric": "ces", "min": 1, "max": 7}}}

EXAMPLES = (
    Example("scores, words, options by their text, the person", json_delivery(_EVENT), [_READ]),
    Example(
        "a page of the API; the scale comes from the settings",
        json_delivery(_PAGE),
        [_PULLED],
        config=_PACE,
    ),
    Example(
        "one submission of the API",
        json_delivery({"questions": _PAGE["questions"], "submission": _PAGE["submissions"][0]}),
        [_PULLED],
        config=_PACE,
    ),
    Example(
        "another event",
        json_delivery({"eventId": "b", "eventType": "FORM_VIEW", "data": {}}),
        Ignored("an event that holds no form response"),
    ),
    Example(
        "a response without id",
        json_delivery({**_EVENT, "data": {"createdAt": "2026-03-01T09:00:00.000Z", "fields": []}}),
        "id_missing",
    ),
)
