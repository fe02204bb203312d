"""Google Forms: pages of the Forms API, notices of a watch, and what an Apps Script of yours sends on submission.

The API sends neither wording nor scale, only question ids: send the form beside its responses (`{"form": ...,
"responses": [...]}`), or name the questions in the settings. A notice names only the form: its responses are fetched.
Source: developers.google.com/workspace/forms/api/reference/rest (forms, forms.responses, watches); the body of the
script is our own, see docs/recipes/google_forms.md.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any
from urllib.parse import quote

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Pull, Spec, Wanted
from app.payloads.answers import Answer, Kind, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person, id_in_body
from app.payloads.presets import GOOGLE_PUSH
from app.payloads.questions import Scale, SurveySettings, measured
from app.payloads.schemes import AnyOf, StaticToken
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, number, objects, text

_SCRIPT_KINDS: Mapping[str, Kind] = {
    "TEXT": "words",
    "PARAGRAPH_TEXT": "words",
    "SCALE": "scale",
    "RATING": "scale",
    "MULTIPLE_CHOICE": "choice",
    "CHECKBOX": "choice",
    "LIST": "choice",
    "GRID": "choice",
    "CHECKBOX_GRID": "choice",
    "DATE": "choice",
}


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: zone and what its questions ask."""


def pull(wanted: Wanted, _config: Config, token: str) -> Pull:
    """The call for the responses of a form."""
    return Pull(f"https://forms.googleapis.com{wanted.path}", {"Authorization": f"Bearer {token}"})


SPEC = Spec(
    title="Google Forms",
    auth=AnyOf((StaticToken(), GOOGLE_PUSH)),
    setup=(
        (
            "In the form open the menu, then Apps Script, and paste the script of docs/recipes/google_forms.md with "
            "the address {url} and the token {secret}; add its trigger On form submit."
        ),
        (
            "Or create a watch (POST https://forms.googleapis.com/v1/forms/ID/watches, eventType RESPONSES) with a "
            "Pub/Sub topic, and a push subscription to {url}?token={secret}; then turn the puller of this source on."
        ),
        "Or send what GET https://forms.googleapis.com/v1/forms/ID/responses answers, by file or API.",
    ),
    also=("googleforms", "google_form"),
    pull=pull,
)


def reference(delivery: RawDelivery) -> str | None:
    """The notice's `messageId`: the same when it is repeated; what a script sends has none."""
    return id_in_body(delivery, "message", "messageId")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What a notice names, or the responses of a page of the API, or that of a script.

    Raises:
        AppError: It is none of them, or an id or a time is missing.
    """
    body = needed_object(delivery.json())
    if isinstance(body.get("message"), Mapping):
        return _told(body["message"], config.zone_info)
    if isinstance(body.get("responses"), list):
        found = [_item(one, _questions(body.get("form")), config) for one in objects(body["responses"])]
        return found or Ignored("the page holds no responses")
    if "responseId" not in body and set(body) <= {"nextPageToken"}:
        return Ignored("the page holds no responses")
    return [_item(body, _questions(body.get("form")), config)]


def _told(message: Mapping[str, Any], zone: tzinfo) -> Parsed:
    if at(message, "attributes", "eventType") != "RESPONSES":
        return Ignored("a notice that tells of no responses")
    form = needed_id(at(message, "attributes", "formId"), "formId")
    notice = needed_id(first(message, ["messageId"], ["message_id"]), "messageId")
    when = time_or_none(first(message, ["publishTime"], ["publish_time"]), zone)
    return [Wanted(f"{form}:{notice}"[:255], f"/v1/forms/{quote(form, safe='')}/responses", when)]


def _questions(form: object) -> dict[str, Mapping[str, Any]]:
    """Questions by id, each with the title of its item and, in a grid, that of its row."""
    found: dict[str, Mapping[str, Any]] = {}
    for item in objects(at(form, "items")):
        title = text(item.get("title")) or ""
        single, group = at(item, "questionItem", "question"), objects(at(item, "questionGroupItem", "questions"))
        for question in [*objects([single]), *group]:
            row = text(at(question, "rowQuestion", "title"))
            found[ident(question.get("questionId")) or ""] = {**question, "title": f"{title}: {row}" if row else title}
    return found


def _item(response: Mapping[str, Any], questions: Mapping[str, Mapping[str, Any]], config: Config) -> NativeItem:
    zone = config.zone_info
    answers = response.get("answers")
    if isinstance(answers, list):
        read = [answer for one in objects(answers) if (answer := _scripted(one))]
    else:
        given = answers.items() if isinstance(answers, Mapping) else ()
        read = [answer for ref, one in given if (answer := _answer(ref, one, questions.get(ref, {})))]
    return read_item(
        survey_item(
            Response(
                external_id=needed_id(response.get("responseId"), "responseId"),
                occurred_at=read_time(first(response, ["createTime"], ["timestamp"], ["lastSubmittedTime"]), zone),
                answers=read,
                updated_at=time_or_none(first(response, ["lastSubmittedTime"], ["timestamp"], ["createTime"]), zone),
                person=Person(email=response.get("respondentEmail")),
                facts={"form": first(response, ["formTitle"], ["formId"])},
            ),
            config,
        )
    )


def _answer(ref: str, answer: object, question: Mapping[str, Any]) -> Answer | None:
    if not isinstance(answer, Mapping):
        return Answer(ref, answer, label=ref)  # a script of one's own: wording -> answer
    values = [text(one.get("value")) for one in objects(at(answer, "textAnswers", "answers"))]
    given = [value for value in values if value]
    if not given:
        return None
    label = text(question.get("title")) or ""
    if "textQuestion" in question:
        return Answer(ref, given[0], "words", label)
    if "scaleQuestion" in question or "ratingQuestion" in question:
        return Answer(ref, given[0], "scale", label, scale=_scale(question, label))
    if question:
        return Answer(ref, given, "choice", label)
    return Answer(ref, given[0]) if len(given) == 1 else Answer(ref, given, "choice")


def _scale(question: Mapping[str, Any], label: str) -> Scale | None:
    low, high = number(at(question, "scaleQuestion", "low")), number(at(question, "scaleQuestion", "high"))
    if "ratingQuestion" in question:
        return measured([label], 1, number(at(question, "ratingQuestion", "ratingScaleLevel")) or 5, "stars")
    # The API leaves a low of 0 out.
    return measured([label], low or 0, high, "rating") if high and high > (low or 0) else None


def _scripted(answer: Mapping[str, Any]) -> Answer | None:
    kind = _SCRIPT_KINDS.get(text(answer.get("type")) or "", "any")
    label, value = text(answer.get("title")) or "", first(answer, ["value"], ["response"])
    low, high = number(answer.get("low")), number(answer.get("high"))
    scale = measured([label], low, high, "rating") if low is not None and high is not None and low < high else None
    if isinstance(value, Mapping):
        return None
    return Answer(ident(answer.get("id")) or label or "question", value, kind, label, scale=scale)


_FORM = {
    "formId": "1FAIp",
    "items": [
        {
            "title": "How likely are you to recommend us?",
            "questionItem": {"question": {"questionId": "0a1", "scaleQuestion": {"low": 0, "high": 10}}},
        },
        {"title": "Why?", "questionItem": {"question": {"questionId": "0a2", "textQuestion": {"paragraph": True}}}},
        {
            "title": "Please judge",
            "questionGroupItem": {"questions": [{"questionId": "0a3", "rowQuestion": {"title": "Speed"}}]},
        },
    ],
}


def _given(*values: str) -> dict[str, object]:
    return {"textAnswers": {"answers": [{"value": value} for value in values]}}


_RESPONSE = {
    "responseId": "ACYDBNi84NuJ",
    "createTime": "2026-03-01T09:02:30.123456789Z",
    "lastSubmittedTime": "2026-03-01T09:05:00.123456Z",
    "respondentEmail": "ada@example.com",
    "answers": {
        "0a1": {"questionId": "0a1", **_given("0")},
        "0a2": {"questionId": "0a2", **_given("Slow")},
        "0a3": {"questionId": "0a3", **_given("Bad")},
    },
}
_READ = {
    "external_id": "ACYDBNi84NuJ",
    "updated_at": "2026-03-01T09:05:00.123456Z",
    "medium": "survey",
    "occurred_at": "2026-03-01T09:02:30.123456Z",
    "turns": [{"role": "customer", "text": "Slow", "ref": "0a2", "question": "Why?"}],
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "customer": {"email": "ada@example.com"},
    "attributes": {"Please judge: Speed": "Bad"},
}
_NOTICE = {
    "message": {
        "attributes": {"eventType": "RESPONSES", "formId": "1FAIp", "watchId": "w1"},
        "messageId": "77",
        "publishTime": "2026-03-01T09:05:01.3Z",
    },
    "subscription": "projects/p/subscriptions/s",
}
_SCRIPT = {
    "formId": "1FAIp",
    "formTitle": "After delivery",
    "responseId": "2_ABaO",
    "timestamp": "2026-03-01T09:05:00.000Z",
    "respondentEmail": "",
    "answers": [
        {"id": "11", "title": "How easy was it?", "type": "SCALE", "low": 1, "high": 7, "value": "6"},
        {"id": "12", "title": "Order number", "type": "TEXT", "value": "A-90012"},
        {"id": "13", "title": "What happened?", "type": "PARAGRAPH_TEXT", "value": "Nothing, for weeks."},
        {"id": "14", "title": "Channels", "type": "CHECKBOX", "value": ["Chat", "Phone"]},
    ],
}

EXAMPLES = (
    Example(
        "a page of the API beside its form: NPS 0, words, a row of a grid, nine digits of a second",
        json_delivery({"form": _FORM, "responses": [_RESPONSE]}),
        [_READ],
    ),
    Example(
        "a page without the form: the settings name the questions",
        json_delivery({"responses": [_RESPONSE]}),
        [{**_READ, "attributes": {"0a3": "Bad"}}],
        config={
            "labels": {"0a2": "Why?"},
            "scales": {"0a1": {"metric": "nps", "min": 0, "max": 10}},
            "choices": ["0a3"],
        },
    ),
    Example(
        "a notice names a form whose responses have to be fetched",
        json_delivery(_NOTICE),
        [
            Wanted(
                "1FAIp:77",
                "/v1/forms/1FAIp/responses",
                read_time("2026-03-01T09:05:01.3Z", ConnectorConfig().zone_info),
            )
        ],
    ),
    Example(
        "the script's body",
        json_delivery(_SCRIPT),
        [
            {
                "external_id": "2_ABaO",
                "updated_at": "2026-03-01T09:05:00Z",
                "medium": "survey",
                "occurred_at": "2026-03-01T09:05:00Z",
                "turns": [
                    {"role": "customer", "text": "Nothing, for weeks.", "ref": "13", "question": "What happened?"}
                ],
                "scores": [{"metric": "ces", "value": 6, "min": 1, "max": 7, "raw": None}],
                "case_id": "A-90012",
                "attributes": {"form": "After delivery", "Channels": "Chat, Phone"},
            }
        ],
    ),
    Example(
        "a script of one's own: wordings and answers",
        json_delivery({**_SCRIPT, "answers": {"How likely are you to recommend us?": "0", "Why?": "Lost, twice."}}),
        [
            {
                "external_id": "2_ABaO",
                "updated_at": "2026-03-01T09:05:00Z",
                "medium": "survey",
                "occurred_at": "2026-03-01T09:05:00Z",
                "turns": [{"role": "customer", "text": "Lost, twice.", "ref": "Why?", "question": "Why?"}],
                "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
                "attributes": {"form": "After delivery"},
            }
        ],
    ),
    Example(
        "a notice of a changed form",
        json_delivery({"message": {"attributes": {"eventType": "SCHEMA", "formId": "1FAIp"}, "messageId": "78"}}),
        Ignored("a notice that tells of no responses"),
    ),
    Example("an empty page", json_delivery({}), Ignored("the page holds no responses")),
    Example("a response without id", json_delivery({"responses": [{**_RESPONSE, "responseId": None}]}), "id_missing"),
)
