"""SurveyMonkey: thin webhooks, the response that they name (`details?simple=true`), and pages of the bulk call.

With `simple=true` the answers carry headings and texts; without it only ids come, and the settings must name the
questions. A row's label and its answer stand in one text with a bar between them.
Source: github.com/SurveyMonkey/public_api_docs includes/_webhooks.md and _responses.md (answers of matrix rows in
simple texts and the `demographic` family are unverified: no sample at hand).
"""

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Pull, Spec, Wanted
from app.payloads.answers import Answer, Kind, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.particulars import Person, id_in_body
from app.payloads.questions import Scale, SurveySettings, asks_email, asks_name
from app.payloads.schemes import Hmac
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import as_page, at, first, ident, needed_id, objects, text

_TOLD = ("response_completed", "response_updated", "response_created")
_TRIALS = ("preview", "survey_preview")
_HREF = re.compile(r"https?://[^/]+(/v3/(?:surveys|collectors)/\d+/responses/(\d+))", re.ASCII)
_DETAILS = "/details?simple=true"
_NPS = Scale("nps", 0, 10)
"""Its weights are -100, 0 and 100, the groups: only the text of an answer is the score."""


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: zone, what its questions ask, and where the account lives.

    Attributes:
        host: The API of the account's region.
    """

    host: Literal["api.surveymonkey.com", "api.eu.surveymonkey.com", "api.surveymonkey.ca"] = "api.surveymonkey.com"


def pull(wanted: Wanted, config: Config, token: str) -> Pull:
    """The call for the details of a response."""
    return Pull(f"https://{config.host}{wanted.path}", {"Authorization": f"Bearer {token}"})


SPEC = Spec(
    title="SurveyMonkey",
    auth=Hmac(header="sm-signature", digest="sha1", coding="base64"),
    setup=(
        (
            "At developer.surveymonkey.com create an app with the scopes View Webhooks, Create/Modify Webhooks and "
            "View Response Details."
        ),
        "Give this source the secret CLIENT_ID&CLIENT_SECRET of that app, with the & between them.",
        (
            "POST to /v3/webhooks: event_type response_completed, object_type survey, the ids of your surveys and "
            "subscription_url {url}; once more for response_updated."
        ),
        (
            "A webhook holds no answers: turn the puller of this source on, or send what "
            "/v3/surveys/ID/responses/ID/details?simple=true answers."
        ),
        "Send your own id of the customer as custom value or as custom variable customer_id.",
    ),
    also=("survey_monkey", "momentive"),
    pull=pull,
)


def reference(delivery: RawDelivery) -> str | None:
    """The `event_id`: the same when a delivery is repeated."""
    return id_in_body(delivery, "event_id")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What a webhook names, or the responses of what the API answered.

    Raises:
        AppError: It is no such JSON, or an id or a time is missing.
    """
    body = as_page(delivery.json(), "data")
    if "event_type" in body:
        return _told(body, config)
    responses = objects(body.get("data")) if isinstance(body.get("data"), list) else [body]
    found = [one for response in responses for one in _found(response, config)]
    return found or Ignored("no response, or only trials from the preview")


def _told(event: Mapping[str, Any], config: Config) -> Parsed:
    kind = event["event_type"]
    if kind == "response_deleted":
        return [Deleted(needed_id(event.get("object_id"), "object_id"))]
    if kind not in _TOLD:
        return Ignored("an event that holds no answers")
    survey = needed_id(first(event, ["resources", "survey_id"], ["filter_id"]), "survey_id")
    response = needed_id(first(event, ["object_id"], ["resources", "respondent_id"]), "object_id")
    path = f"/v3/surveys/{quote(survey, safe='')}/responses/{quote(response, safe='')}{_DETAILS}"
    return [Wanted(response, path, time_or_none(event.get("event_datetime"), config.zone_info))]


def _found(response: Mapping[str, Any], config: Config) -> list[Found]:
    if response.get("collection_mode") in _TRIALS:
        return []
    if "pages" not in response and (href := _HREF.fullmatch(text(response.get("href")) or "")):
        return [Wanted(href[2], href[1] + _DETAILS)]
    answers = [
        answer
        for page in objects(response.get("pages"))
        for question in objects(page.get("questions"))
        for answer in _answers(question)
    ]
    variables = response.get("custom_variables")
    answers += [Answer(name, value, "hidden") for name, value in _pairs(variables)]
    contact = at(response, "metadata", "contact")
    name = " ".join(filter(None, (text(at(contact, part, "value")) for part in ("first_name", "last_name"))))
    zone = config.zone_info
    item = survey_item(
        Response(
            external_id=needed_id(response.get("id"), "id"),
            occurred_at=read_time(first(response, ["date_created"], ["date_modified"]), zone),
            answers=answers,
            updated_at=time_or_none(response.get("date_modified"), zone),
            language=language_tag(at(response, "metadata", "respondent", "language", "value")),
            person=Person(response.get("custom_value"), at(contact, "email", "value"), name or None),
            facts={"survey": response.get("survey_id"), "response_status": response.get("response_status")},
        ),
        config,
    )
    return [read_item(item)]


def _pairs(value: object) -> list[tuple[str, object]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _answers(question: Mapping[str, Any]) -> list[Answer]:
    ref, heading = ident(question.get("id")) or "question", text(question.get("heading")) or ""
    given = objects(question.get("answers"))
    found = [one for answer in given if (one := _answer(question, answer, ref, heading))]
    picked = [one for one in found if one.kind == "choice"]
    if len(picked) > 1:
        found = [one for one in found if one.kind != "choice"]
        found.append(Answer(ref, [str(one.value) for one in picked], "choice", heading))
    return found


def _answer(question: Mapping[str, Any], answer: Mapping[str, Any], ref: str, heading: str) -> Answer | None:
    row = ident(answer.get("row_id"))
    own, simple = text(answer.get("text")), text(answer.get("simple_text"))
    label, _, said = (simple or "").rpartition(" | ")
    if own:
        label = (simple or "").removesuffix(own).removesuffix(" | ") if row else ""
    place, label = f"{ref}.{row}" if row else ref, f"{heading} {label}".strip() if label else heading
    family = question.get("family")
    if family in ("file_upload", "presentation"):
        return None  # the name of a file, what the asker shows
    if family == "demographic":
        return _particular(place, own or said, label.removeprefix(heading).strip())
    if family == "matrix" and question.get("subtype") == "nps":
        return Answer(place, said, "scale", heading, ref, _NPS)
    if own:
        is_own = "other_id" in answer or (family == "open_ended" and question.get("subtype") != "numerical")
        return Answer(place, own, "words" if is_own else "any", label, ref)
    weight = at(answer, "choice_metadata", "weight")
    if family == "matrix" and question.get("subtype") in ("rating", "single"):
        return Answer(place, said if any(map(str.isdigit, said)) else weight or said, "scale", label, ref)
    return Answer(place, said or ident(answer.get("choice_id")), "choice", label, ref)


def _particular(place: str, value: str, row: str) -> Answer | None:
    """A line of a contact form: the name or the address of e-mail; all others are nobody's opinion."""
    kind: Kind | None = "email" if asks_email([row]) else "name" if asks_name([row]) else None
    return Answer(place, value, kind) if kind else None


_EVENT = {
    "name": "hook",
    "filter_type": "survey",
    "filter_id": "77",
    "event_type": "response_completed",
    "event_id": "1002",
    "object_type": "response",
    "object_id": "9007199254740993",
    "event_datetime": "2026-03-01T09:02:30.182613+00:00",
    "resources": {"survey_id": "77", "respondent_id": "9007199254740993"},
}
_QUESTIONS = [
    {
        "id": "1",
        "family": "matrix",
        "subtype": "rating",
        "heading": "How likely is it that you would <b>recommend</b> us?",
        "answers": [{"row_id": "r", "choice_id": "c0", "choice_metadata": {"weight": "-100"}, "simple_text": "0"}],
    },
    {
        "id": "2",
        "family": "single_choice",
        "heading": "How satisfied are you?",
        "answers": [
            {"choice_id": "c2", "simple_text": "Not at all"},
            {"other_id": "o1", "text": "It depends on the day.", "simple_text": "Other | It depends on the day."},
        ],
    },
    {
        "id": "3",
        "family": "open_ended",
        "subtype": "essay",
        "heading": "What should we change?",
        "answers": [{"text": "Two desks | two answers.", "simple_text": "Two desks | two answers."}],
    },
    {
        "id": "4",
        "family": "matrix",
        "subtype": "rating",
        "heading": "Please rate",
        "answers": [
            {"row_id": "a", "choice_id": "c4", "choice_metadata": {"weight": "4"}, "simple_text": "Phone | Good"},
            {"row_id": "b", "choice_id": "c1", "choice_metadata": {"weight": "1"}, "simple_text": "Chat | Bad"},
        ],
    },
]
_RESPONSE = {
    "id": "9007199254740993",
    "survey_id": "77",
    "recipient_id": "",
    "response_status": "completed",
    "date_created": "2026-03-01T09:00:00+00:00",
    "date_modified": "2026-03-01T09:02:29+00:00",
    "custom_value": "C-12",
    "custom_variables": {"order": "A-9"},
    "metadata": {"contact": {"email": {"type": "string", "value": "ada@example.com"}}},
    "pages": [{"id": "1", "questions": _QUESTIONS}],
}
_READ = {
    "external_id": "9007199254740993",
    "updated_at": "2026-03-01T09:02:29Z",
    "medium": "survey",
    "occurred_at": "2026-03-01T09:00:00Z",
    "turns": [
        {"role": "customer", "text": "It depends on the day.", "ref": "2", "question": "How satisfied are you?"},
        {
            "role": "customer",
            "text": "Two desks | two answers.",
            "ref": "3",
            "question": "What should we change?",
        },
    ],
    "scores": [
        {"metric": "nps", "value": 0, "min": 0, "max": 10},
        {"metric": "stars", "value": 4, "min": 1, "max": 5},
        {"metric": "stars", "value": 1, "min": 1, "max": 5},
    ],
    "customer": {"ref": "C-12", "email": "ada@example.com"},
    "case_id": "A-9",
    "attributes": {"survey": "77", "response_status": "completed", "How satisfied are you?": "Not at all"},
}
_CONTACT = [
    {
        "id": "1",
        "family": "matrix",
        "subtype": "nps",
        "heading": "Wie war es?",
        "answers": [{"row_id": "r", "choice_id": "c0", "choice_metadata": {"weight": "-100"}, "simple_text": "0"}],
    },
    {
        "id": "5",
        "family": "demographic",
        "subtype": "international",
        "heading": "Who are you?",
        "answers": [
            {"row_id": "1", "text": "Ada Wong", "simple_text": "Name | Ada Wong"},
            {"row_id": "2", "text": "1 Elm St", "simple_text": "Address | 1 Elm St"},
            {"row_id": "3", "text": "ada@example.com", "simple_text": "Email Address | ada@example.com"},
        ],
    },
]
_BARE = {
    **{name: _RESPONSE[name] for name in ("id", "date_created", "date_modified")},
    "pages": [
        {
            "questions": [
                {"id": "1", "answers": [{"choice_id": "c3", "choice_metadata": {"weight": "3"}}]},
                {"id": "3", "answers": [{"text": "Slow."}]},
            ]
        }
    ],
}

EXAMPLES = (
    Example(
        "a webhook names a response that has to be fetched",
        json_delivery(_EVENT),
        [
            Wanted(
                "9007199254740993",
                "/v3/surveys/77/responses/9007199254740993/details?simple=true",
                read_time("2026-03-01T09:02:30.182613Z", ConnectorConfig().zone_info),
            )
        ],
    ),
    Example("the fetched response: NPS 0, the text of other, rows of a matrix", json_delivery(_RESPONSE), [_READ]),
    Example(
        "an NPS question in any language; of a contact form only who it is",
        json_delivery({**_RESPONSE, "metadata": {}, "pages": [{"questions": _CONTACT}]}),
        [
            {
                **{name: value for name, value in _READ.items() if name != "turns"},
                "text": "",
                "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
                "customer": {"ref": "C-12", "email": "ada@example.com", "name": "Ada Wong"},
                "attributes": {"survey": "77", "response_status": "completed"},
            }
        ],
    ),
    Example("a page of responses", json_delivery({"per_page": 2, "data": [_RESPONSE]}), [_READ]),
    Example(
        "a page without headings: the settings name what the ids mean",
        json_delivery({"data": [_BARE]}),
        [
            {
                **{name: _READ[name] for name in ("external_id", "updated_at", "medium", "occurred_at")},
                "turns": [{"role": "customer", "text": "Slow.", "ref": "3", "question": "Why?"}],
                "attributes": {"1": "c3"},
            }
        ],
        config={"labels": {"3": "Why?"}},
    ),
    Example(
        "a page of mere ids",
        json_delivery({"data": [{"id": "5", "href": "https://api.surveymonkey.com/v3/surveys/77/responses/5"}]}),
        [Wanted("5", "/v3/surveys/77/responses/5/details?simple=true")],
    ),
    Example(
        "a response is deleted",
        json_delivery({**_EVENT, "event_type": "response_deleted"}),
        [Deleted("9007199254740993")],
    ),
    Example(
        "an event of a collector",
        json_delivery({**_EVENT, "event_type": "collector_created", "object_type": "collector"}),
        Ignored("an event that holds no answers"),
    ),
    Example(
        "a trial from the preview",
        json_delivery({**_RESPONSE, "collection_mode": "survey_preview"}),
        Ignored("no response, or only trials from the preview"),
    ),
    Example(
        "an event without its object",
        json_delivery({**_EVENT, "object_id": None, "resources": {"survey_id": "7"}}),
        "id_missing",
    ),
    Example("a response without id", json_delivery({**_RESPONSE, "id": ""}), "id_missing"),
)
