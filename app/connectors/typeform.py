"""Typeform: webhooks of form responses, partial ones included, and pages of the Responses API.

A score is the number of an `nps`, `opinion_scale` or `rating` field; `calculated.score` is the form's own arithmetic
and not read. The webhook sends no scale but for fields that carry their `properties`; the API sends no question titles.
Of a recorded answer (video, audio) its transcript is read; no document shows where it stands, so its usual names are
looked for. What comes in an unknown kind of answer is kept: as words if it reads like them, else as a fact.
Source: typeform.com/developers/webhooks/example-payload and /responses/reference/retrieve-responses (the API's shape
is unverified here: written after the documentation, no sample at hand).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, nothing_in
from app.payloads.answers import Answer, Kind, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import id_in_body
from app.payloads.questions import Scale, SurveySettings, measured
from app.payloads.schemes import Hmac
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, number, objects, text

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_COMPLETE, _PARTIAL = 1, 0
"""Versions: the form's last state counts, whenever the partial one arrives."""
_KINDS: Mapping[str, Kind] = {
    "text": "words",
    "email": "email",
    "number": "scale",
    "boolean": "choice",
    "choice": "choice",
    "choices": "choice",
    "date": "choice",
}
_PERSON: Sequence[tuple[str, Kind]] = (("first_name", "name"), ("last_name", "name"), ("email", "email"))
_MARKS = frozenset(("answers", "token", "response_id"))
_NO_OPINION = frozenset(("url", "file_url", "phone_number", "payment", ""))
_SPOKEN = (["text"], ["transcript", "text"], ["transcript"], ["transcription", "text"], ["transcription"])


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: zone and what its questions ask."""


SPEC = Spec(
    title="Typeform",
    auth=Hmac(header="typeform-signature", coding="base64", prefix="sha256="),
    setup=(
        "Open the form, choose Connect, then Webhooks, then Add a webhook.",
        "Enter the address {url} and turn the webhook on.",
        "Choose Edit, enter the secret {secret} and save.",
        "Send your own id of the customer as a hidden field called customer_id, that of the order as order_id.",
    ),
)


def reference(delivery: RawDelivery) -> str | None:
    """The `event_id`: the same when a delivery is repeated."""
    return id_in_body(delivery, "event_id")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The response of an event, or those of a page of the API.

    Raises:
        AppError: It is no such JSON, or a response has no token or no time.
    """
    body = delivery.json()
    kind = at(body, "event_type")
    if kind in ("form_response", "form_response_partial"):
        version = _COMPLETE if kind == "form_response" else _PARTIAL
        return [_item(needed_object(at(body, "form_response")), version, config)]
    if kind is not None:
        return Ignored("an event that holds no form response")
    listed = body if isinstance(body, list) else at(body, "items")
    page = objects(listed) if isinstance(listed, list) else [needed_object(at(body, "form_response") or body)]
    found = [_item(one, _version(one), config) for one in page if not _MARKS.isdisjoint(one)]
    return found or nothing_in(body, "the page holds no responses", "Typeform", ("items", "token", "form_response"))


def _version(response: Mapping[str, Any]) -> int:
    return _COMPLETE if response.get("response_type", "completed") == "completed" else _PARTIAL


def _item(response: Mapping[str, Any], version: int, config: Config) -> NativeItem:
    fields = {
        name: field for field in _fields(at(response, "definition", "fields")) if (name := ident(field.get("id")))
    }
    answers = [
        answer
        for one in objects(response.get("answers"))
        for answer in _answers(one, fields.get(ident(at(one, "field", "id")) or "", {}))
    ]
    hidden = response.get("hidden")
    answers += [Answer(key, value, "hidden") for key, value in (hidden if isinstance(hidden, Mapping) else {}).items()]
    return read_item(
        survey_item(
            Response(
                external_id=needed_id(first(response, ["token"], ["response_id"]), "token"),
                occurred_at=_when(response, config.zone_info),
                answers=answers,
                version=version,
                facts={
                    "form": first(response, ["definition", "title"], ["form_id"]),
                    "completed": version == _COMPLETE,
                },
            ),
            config,
        )
    )


def _when(response: Mapping[str, Any], zone: tzinfo) -> datetime:
    # What was never submitted has the year 1 there.
    times = [time_or_none(response.get(name), zone) for name in ("submitted_at", "staged_at", "landed_at")]
    return next((one for one in times if one and one > _NEVER), None) or read_time(response.get("submitted_at"), zone)


def _fields(fields: object) -> list[Mapping[str, Any]]:
    level = objects(fields)
    found = []
    while level:
        found += level
        level = [field for one in level for field in objects(at(one, "properties", "fields"))]  # of groups and matrices
    return found


def _answers(answer: Mapping[str, Any], field: Mapping[str, Any]) -> list[Answer]:
    ref = ident(at(answer, "field", "id")) or ident(at(answer, "field", "ref")) or "answer"
    key, label = text(at(answer, "field", "ref")) or "", text(first(field, ["title"]) or at(answer, "field", "title"))
    kind = text(answer.get("type")) or next((one for one in _KINDS if one in answer), "")
    value = answer.get(kind)
    if kind not in _KINDS:
        return _others(Answer(ref, value, "any", label or "", key), answer, kind)
    if kind == "text" and at(answer, "field", "type") in ("dropdown", "multiple_choice"):
        kind = "choice"  # how old forms send what was picked
    scale = _scale(answer, field) if kind == "number" else None
    found = [Answer(ref, _picked(value), _KINDS[kind], label or "", key, scale)]
    other = text(at(value, "other"))
    return [*found, Answer(f"{ref}.other", other, "words", label or "", key)] if other else found


def _others(told: Answer, answer: Mapping[str, Any], kind: str) -> list[Answer]:
    """Answers of other kinds: recorded ones with what was said, a person's particulars, kinds that are new.

    Links, files, telephone numbers and payments are no opinion.
    """
    if kind == "contact_info":
        return [Answer(f"{told.ref}.{name}", at(told.value, name), sort) for name, sort in _PERSON]
    paths = [[*inside, *name] for inside in ([kind], []) for name in _SPOKEN]
    if words := text(first(answer, *paths)):
        return [replace(told, value=words, kind="words")]
    if kind in _NO_OPINION:
        return []
    inner = told.value.items() if isinstance(told.value, Mapping) else ()
    return [Answer(f"{told.ref}.{name}", one, "any", told.label, name) for name, one in inner if _plain(one)] or [told]


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float)


def _picked(value: object) -> object:
    return first(value, ["label"], ["labels"]) if isinstance(value, Mapping) else value


def _scale(answer: Mapping[str, Any], field: Mapping[str, Any]) -> Scale | None:
    kind = first(field, ["type"]) or at(answer, "field", "type")
    names = [name for name in (field.get("title"), at(answer, "field", "ref")) if isinstance(name, str)]
    steps = number(at(field, "properties", "steps"))
    known = steps is not None and steps > 1
    if kind == "nps":
        return Scale("nps", 0, 10)
    if kind == "opinion_scale" and steps and known:
        low = 1 if at(field, "properties", "start_at_one") is True else 0
        return measured(names, low, low + steps - 1, "rating")
    if kind == "rating":
        return measured(names, 1, steps if steps and known else 5, "stars")
    return None


_NPS = {"id": "q1", "ref": "nps", "type": "nps", "title": "How likely are you to recommend us?"}
_WHY = {"id": "q2", "ref": "why", "type": "long_text", "title": "What is the main reason?"}
_WHAT = {"id": "q3", "ref": "what", "type": "multiple_choice", "title": "What went wrong?"}
_FORM = {
    "form_id": "Fa1",
    "token": "00a7f3",
    "landed_at": "2026-03-01T09:00:00Z",
    "submitted_at": "2026-03-01T09:02:30Z",
    "calculated": {"score": 7},
    "hidden": {"customer_id": "C-12", "order": "A-9", "plan": "gold"},
    "definition": {"id": "Fa1", "title": "After delivery", "fields": [_NPS, _WHY, _WHAT]},
    "answers": [
        {"type": "number", "number": 0, "field": {"id": "q1", "ref": "nps", "type": "nps"}},
        {"type": "text", "text": "It came five days late.", "field": {"id": "q2", "ref": "why", "type": "long_text"}},
        {
            "type": "choices",
            "choices": {"labels": ["Late", "No updates"], "other": "The courier was rude."},
            "field": {"id": "q3", "ref": "what", "type": "multiple_choice"},
        },
    ],
}
_EVENT = {"event_id": "01EV", "event_type": "form_response", "form_response": _FORM}
_READ = {
    "external_id": "00a7f3",
    "version": 1,
    "medium": "survey",
    "occurred_at": "2026-03-01T09:02:30Z",
    "turns": [
        {
            "role": "customer",
            "text": "It came five days late.",
            "ref": "q2",
            "question": "What is the main reason?",
        },
        {"role": "customer", "text": "The courier was rude.", "ref": "q3.other", "question": "What went wrong?"},
    ],
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "customer": {"ref": "C-12"},
    "case_id": "A-9",
    "attributes": {"form": "After delivery", "completed": True, "What went wrong?": "Late, No updates", "plan": "gold"},
}
_SCALED = {
    **_FORM,
    "hidden": None,
    "definition": {
        "title": "Ease",
        "fields": [
            {
                "id": "g1",
                "type": "group",
                "title": "About you",
                "properties": {"fields": [{"id": "q5", "type": "short_text", "title": "Hello, what's your name?"}]},
            },
            {
                "id": "q4",
                "type": "opinion_scale",
                "title": "How easy was it?",
                "properties": {"steps": 7, "start_at_one": True},
            },
        ],
    },
    "answers": [
        {"type": "text", "text": "Ada Wong", "field": {"id": "q5", "type": "short_text"}},
        {"type": "email", "email": "ada@example.com", "field": {"id": "q6", "type": "email"}},
        {"type": "number", "number": 6, "field": {"id": "q4", "type": "opinion_scale"}},
        {"type": "phone_number", "phone_number": "+4912345", "field": {"id": "q7", "type": "phone_number"}},
        {"type": "text", "text": "Billing team", "field": {"id": "q8", "ref": "team", "type": "dropdown"}},
    ],
}
_ROW = {"id": "r1", "type": "multiple_choice", "title": "Delivery"}
_RECORDED = {
    **_FORM,
    "hidden": {},
    "definition": {
        "title": "Recorded",
        "fields": [
            {"id": "v1", "type": "multi_format", "title": "Show us."},
            {"id": "g", "type": "group", "properties": {"fields": [{"id": "m", "properties": {"fields": [_ROW]}}]}},
        ],
    },
    "answers": [
        {
            "type": "multi_format",
            "multi_format": {"video_url": "https://a.example/v1.mp4", "transcript": {"text": "Look, it leaks."}},
            "field": {"id": "v1", "type": "multi_format"},
        },
        {"type": "multi_format", "multi_format": {"text": "I typed it instead."}, "field": {"id": "v2"}},
        {
            "type": "file_url",
            "file_url": "https://a.example/3",
            "transcript": "Still no refund.",
            "field": {"id": "v3"},
        },
        {"type": "file_url", "file_url": "https://a.example/4", "field": {"id": "f1", "type": "file_upload"}},
        {
            "type": "contact_info",
            "contact_info": {"first_name": "Ada", "last_name": "Wong", "email": "ada@example.com", "company": "Wong"},
            "field": {"id": "c1", "type": "contact_info"},
        },
        {"type": "dictation", "dictation": "Please call back soon.", "field": {"id": "n1"}},
        {"type": "drawing", "drawing": {"url": "https://a.example/5", "caption": "This is it."}, "field": {"id": "n2"}},
        {"type": "choice", "choice": {"id": "x", "label": "Poor"}, "field": {"id": "r1", "type": "matrix"}},
    ],
}

EXAMPLES = (
    Example(
        "NPS 0 with its reason; picked answers are facts, the text of other is words", json_delivery(_EVENT), [_READ]
    ),
    Example(
        "a partial response is an earlier version of the same one",
        json_delivery({**_EVENT, "event_type": "form_response_partial", "form_response": {**_FORM, "answers": []}}),
        [
            {
                **{name: _READ[name] for name in ("external_id", "medium", "occurred_at", "customer", "case_id")},
                "version": 0,
                "text": "",
                "attributes": {"form": "After delivery", "completed": False, "plan": "gold"},
            }
        ],
    ),
    Example(
        "a scale that the field states; name and e-mail are the person, no words",
        json_delivery({**_EVENT, "form_response": _SCALED}),
        [
            {
                "external_id": "00a7f3",
                "version": 1,
                "medium": "survey",
                "occurred_at": "2026-03-01T09:02:30Z",
                "text": "",
                "scores": [{"metric": "ces", "value": 6, "min": 1, "max": 7}],
                "customer": {"name": "Ada Wong", "email": "ada@example.com"},
                "attributes": {"form": "Ease", "completed": True, "team": "Billing team"},
            }
        ],
    ),
    Example(
        "recorded answers with what was said, a person's particulars, an unknown kind, a row of a matrix",
        json_delivery({**_EVENT, "form_response": _RECORDED}),
        [
            {
                **{name: _READ[name] for name in ("external_id", "version", "medium", "occurred_at")},
                "turns": [
                    {"role": "customer", "text": "Look, it leaks.", "ref": "v1", "question": "Show us."},
                    {"role": "customer", "text": "I typed it instead.", "ref": "v2", "question": "v2"},
                    {"role": "customer", "text": "Still no refund.", "ref": "v3", "question": "v3"},
                    {"role": "customer", "text": "Please call back soon.", "ref": "n1", "question": "n1"},
                    {"role": "customer", "text": "This is it.", "ref": "n2.caption", "question": "caption"},
                ],
                "customer": {"name": "Ada Wong", "email": "ada@example.com"},
                "attributes": {"form": "Recorded", "completed": True, "url": "https://a.example/5", "Delivery": "Poor"},
            }
        ],
    ),
    Example(
        "a page of the API: no titles, a response that was never submitted, a scale from the settings",
        json_delivery(
            {
                "total_items": 1,
                "items": [
                    {
                        "token": "9c",
                        "response_type": "partial",
                        "landed_at": "2026-03-02T10:00:00Z",
                        "submitted_at": "0001-01-01T00:00:00Z",
                        "answers": [
                            {"type": "number", "number": 4, "field": {"id": "q8", "type": "opinion_scale"}},
                            {"type": "text", "text": "ok", "field": {"id": "q9", "type": "short_text"}},
                        ],
                    }
                ],
            }
        ),
        [
            {
                "external_id": "9c",
                "version": 0,
                "medium": "survey",
                "occurred_at": "2026-03-02T10:00:00Z",
                "turns": [{"role": "customer", "text": "ok", "ref": "q9", "question": "Anything else?"}],
                "scores": [{"metric": "csat", "value": 4, "min": 1, "max": 7}],
                "attributes": {"completed": False},
            }
        ],
        config={"scales": {"q8": {"metric": "csat", "min": 1, "max": 7}}, "labels": {"q9": "Anything else?"}},
    ),
    Example(
        "another event",
        json_delivery({"event_id": "02", "event_type": "form_deleted"}),
        Ignored("an event that holds no form response"),
    ),
    Example(
        "a response without its token",
        json_delivery({**_EVENT, "form_response": {**_FORM, "token": None}}),
        "id_missing",
    ),
    Example(
        "a response without its time",
        json_delivery({**_EVENT, "form_response": {**_FORM, "submitted_at": None, "landed_at": None}}),
        "bad_time",
    ),
)
