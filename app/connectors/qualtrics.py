"""Qualtrics: event subscriptions (a signed form), the response that they name, and JSON exports.

An event holds no answers: its response is fetched, or comes by file or API. Values are choice numbers under question
ids; words stand under `QIDn_TEXT`; `QIDn_NPS_GROUP` shows that a question is the NPS. The wording is not sent: the
settings name it. What Text iQ thinks of a text is not read. Previews, tests and spam are left out.
Source: api.qualtrics.com (event subscriptions, get response, JSON export) and SAP kyma connector-tools for the
signature (exact field names of the event are unverified: both spellings in use are taken).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import StringConstraints

from app.connectors.contract import ConnectorConfig, Example, Found, Ignored, Parsed, Pull, Spec, Wanted
from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.payloads.answers import Answer, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.forms import read_form
from app.payloads.languages import language_tag
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person
from app.payloads.presets import QUALTRICS
from app.payloads.questions import Scale, SurveySettings
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import as_page, at, first, flag, ident, needed_id, needed_object, number, objects, text

_WORDS = re.compile(r"(?:\d+_)?(QID\d+(?:#\d+)?)((?:_\d+)*)_TEXT", re.ASCII)
_CHOICE = re.compile(r"(?:\d+_)?(QID\d+(?:#\d+)?)((?:_\d+)*)", re.ASCII)
_OURS = re.compile(
    r"(?:\d+_)?QID\d+.*|_recordId|.*(?:_DO|_NPS_GROUP|_TOPICS|_SENTIMENT\w*|Sentiment.*|Topics?)", re.DOTALL
)
_NOT_REAL = (1, 2, 8, 9, 12)
"""Values of `status`: preview, test, spam, and previews and tests that came offline."""
_TRIAL = re.compile(r"preview|test|spam", re.IGNORECASE)
_KNOWN = frozenset(
    (
        *("startDate", "endDate", "recordedDate", "status", "ipAddress", "progress", "duration", "finished"),
        *("locationLatitude", "locationLongitude", "distributionChannel", "userLanguage", "recipientFirstName"),
        *("recipientLastName", "recipientEmail", "externalDataReference"),
    )
)
_CHINESE = {"ZH-S": "zh-Hans", "ZH-T": "zh-Hant"}


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: zone, what its questions ask, and where the brand lives.

    Attributes:
        datacenter: Of the brand, such as `fra1`: needed to fetch what events name.
    """

    datacenter: Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9-]{0,62})?$")] = ""


def pull(wanted: Wanted, config: Config, token: str) -> Pull:
    """The call for a response.

    Raises:
        AppError: ``bad_source_config``: the source does not say where the brand lives.
    """
    if not config.datacenter:
        message = "To fetch responses, set `datacenter` of this source: Account Settings, Qualtrics IDs, User."
        raise AppError(Kind.MISCONFIGURED, "bad_source_config", message)
    return Pull(f"https://{config.datacenter}.qualtrics.com{wanted.path}", {"X-API-TOKEN": token})


SPEC = Spec(
    title="Qualtrics",
    auth=QUALTRICS,
    setup=(
        (
            "POST to https://DATACENTER.qualtrics.com/API/v3/eventsubscriptions: topics "
            "surveyengine.completedResponse.SURVEY_ID, publicationUrl {url}, sharedKey {secret}, encrypt false."
        ),
        "An event holds no answers: turn the puller of this source on and set its datacenter, or send a JSON export.",
        "Name questions in this source's settings: labels, scales and choices; ids are as QID7.",
        "Send your own id of the customer as external data reference.",
    ),
    pull=pull,
)


def reference(_delivery: RawDelivery) -> str | None:
    """None: an event has no id, and a response can be completed more than once."""
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What an event names, or the responses of an answer of the API or an export.

    Raises:
        AppError: It is none of them, or an id or a time is missing; an encrypted event as well.
    """
    if delivery.content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return _told(read_form(delivery), config)
    body = as_page(delivery.json(), "responses")
    if "Topic" in body and "values" not in body:
        return _told(body, config)
    if isinstance(body.get("responses"), list):
        responses: Sequence[Mapping[str, Any]] = objects(body["responses"])
    else:
        responses = [needed_object(body.get("result", body))]
    found = [_item(one, config) for one in responses if _is_real(at(one, "values", "status"))]
    return found or Ignored("no response, or only previews, tests and spam")


def _is_real(status: object) -> bool:
    """Whether a response is no trial; exports with labels write the status out."""
    return number(status) not in _NOT_REAL and not _TRIAL.search(text(status) or "")


def _told(form: Mapping[str, Any], config: Config) -> Parsed:
    message = form.get("MSG")
    told: Mapping[str, Any] = form if message is None else needed_object(decode_json(message.encode()))
    topic = form.get("Topic") or text(told.get("Topic")) or ""
    if "completedResponse" not in topic:
        return Ignored("an event that tells of no completed response")
    survey = needed_id(first(told, ["SurveyID"], ["SurveyId"]) or topic.rpartition(".")[2], "SurveyID")
    response = needed_id(first(told, ["ResponseID"], ["ResponseId"]), "ResponseID")
    path = f"/API/v3/surveys/{quote(survey, safe='')}/responses/{quote(response, safe='')}"
    wanted: Found = Wanted(response, path, time_or_none(told.get("CompletedDate"), config.zone_info))
    return [wanted]


def _item(response: Mapping[str, Any], config: Config) -> NativeItem:
    values = response.get("values")
    values, zone = values if isinstance(values, Mapping) else {}, config.zone_info
    name = " ".join(filter(None, (text(values.get(f"recipient{part}Name")) for part in ("First", "Last"))))
    return read_item(
        survey_item(
            Response(
                external_id=needed_id(first(response, ["responseId"], ["values", "_recordId"]), "responseId"),
                occurred_at=_when(values, config),
                answers=_answers(values, response.get("labels")),
                updated_at=time_or_none(values.get("recordedDate"), zone),
                language=_language(values.get("userLanguage")),
                person=Person(values.get("externalDataReference"), values.get("recipientEmail"), name or None),
                facts={
                    "survey": response.get("surveyId"),
                    "finished": flag(values.get("finished")) is True,
                    "distribution": values.get("distributionChannel"),
                },
            ),
            config,
        )
    )


def _when(values: Mapping[str, Any], config: Config) -> datetime:
    return read_time(first(values, ["recordedDate"], ["endDate"], ["startDate"]), config.zone_info)


def _language(value: object) -> str | None:
    return _CHINESE.get(text(value) or "") or language_tag(value)


def _answers(values: Mapping[str, Any], labels: object) -> list[Answer]:
    found = []
    for name, value in values.items():
        words, choice = _WORDS.fullmatch(name), _CHOICE.fullmatch(name)
        if words and text(value):
            found.append(Answer(name, value, "words", name, words[1]))
        elif choice:
            found.append(_picked(choice, value, values, labels))
        elif name not in _KNOWN and not _OURS.fullmatch(name) and not isinstance(value, Mapping | list):
            found.append(Answer(name, value, "hidden"))
    return found


def _picked(question: re.Match[str], value: object, values: Mapping[str, Any], labels: object) -> Answer:
    name, label = question[0], at(labels, question[0])
    if f"{name}_NPS_GROUP" in values:
        return Answer(name, value, "scale", key=question[1], scale=Scale("nps", 0, 10))
    if isinstance(value, str) and isinstance(labels, Mapping) and label is None:
        return Answer(name, value, key=question[1])  # a line of a form: what is picked has a label
    # The number of a choice is not its position on a scale, unless the settings say so: the label is the fact.
    told = [one for one in label if isinstance(one, str)] if isinstance(label, list) else text(label)
    return Answer(name, value, "choice", key=question[1], picked=told or ident(value))


def _form(body: str) -> RawDelivery:
    return RawDelivery(body=body.encode(), content_type="application/x-www-form-urlencoded")


_MSG = (
    "%7B%22Status%22%3A%22Complete%22%2C%22SurveyID%22%3A%22SV_1%22%2C%22ResponseID%22%3A%22R_1%22%2C"
    "%22CompletedDate%22%3A%222026-03-01+09%3A02%3A30%22%7D"
)
_TOPIC = "Topic=brand.surveyengine.completedResponse.SV_1"
_WANTED = Wanted(
    "R_1", "/API/v3/surveys/SV_1/responses/R_1", read_time("2026-03-01T08:02:30Z", ConnectorConfig().zone_info)
)
_VALUES = {
    "startDate": "2026-03-01T09:00:00Z",
    "endDate": "2026-03-01T09:02:30Z",
    "recordedDate": "2026-03-01T09:02:31.182Z",
    "status": 0,
    "ipAddress": "192.0.2.16",
    "progress": 100,
    "finished": 1,
    "userLanguage": "EN-GB",
    "distributionChannel": "email",
    "recipientFirstName": "Ada",
    "recipientLastName": "Wong",
    "recipientEmail": "ada@example.com",
    "externalDataReference": "C-12",
    "QID1": 0,
    "QID1_NPS_GROUP": 1,
    "QID2": 4,
    "QID3_TEXT": "Two departments, two answers.",
    "QID4": ["1", "3"],
    "QID4_3_TEXT": "By letter.",
    "QID3_TEXT_abc123SentimentScore": -2,
    "2_QID6_TEXT": "The second parcel as well.",
    "QID7_1": 2,
    "QID7_2": 5,
    "QID5": 3,
    "orderId": "A-9",
    "tier": "gold",
}
_RESPONSE = {"responseId": "R_1", "values": _VALUES, "labels": {"QID2": "Not satisfied", "QID4": ["Phone", "Other"]}}
_READ = {
    "external_id": "R_1",
    "updated_at": "2026-03-01T09:02:31.182Z",
    "medium": "survey",
    "occurred_at": "2026-03-01T09:02:31.182Z",
    "language": "en-GB",
    "turns": [
        {
            "role": "customer",
            "text": "Two departments, two answers.",
            "ref": "QID3_TEXT",
            "question": "What should we change?",
        },
        {"role": "customer", "text": "By letter.", "ref": "QID4_3_TEXT", "question": "QID4_3_TEXT"},
        {"role": "customer", "text": "The second parcel as well.", "ref": "2_QID6_TEXT", "question": "2_QID6_TEXT"},
    ],
    "scores": [
        {"metric": "nps", "value": 0, "min": 0, "max": 10},
        {"metric": "ces", "value": 3, "min": 1, "max": 7},
    ],
    "customer": {"ref": "C-12", "email": "ada@example.com", "name": "Ada Wong"},
    "case_id": "A-9",
    "attributes": {
        "finished": True,
        "distribution": "email",
        "QID2": "Not satisfied",
        "QID4": "Phone, Other",
        "QID7": "2",
        "QID7_2": "5",
        "tier": "gold",
    },
}
_SETTINGS = {"labels": {"QID3": "What should we change?"}, "scales": {"QID5": {"metric": "ces", "min": 1, "max": 7}}}

EXAMPLES = (
    Example(
        "an event names a response that has to be fetched; its time has no zone",
        _form(f"{_TOPIC}&MSG={_MSG}&HMAC=00"),
        [_WANTED],
        config={"zone": "Europe/Berlin"},
    ),
    Example(
        "the same without the field MSG",
        _form(f"{_TOPIC}&ResponseID=R_1&SurveyID=SV_1&Status=Complete&CompletedDate=2026-03-01+08%3A02%3A30"),
        [_WANTED],
    ),
    Example(
        "the fetched response: NPS 0, words, also of a loop, labels of choices, rows of a matrix, embedded data",
        json_delivery({"result": _RESPONSE, "meta": {"httpStatus": "200 - OK"}}),
        [_READ],
        config=_SETTINGS,
    ),
    Example(
        "an export; a preview is left out",
        json_delivery({"responses": [_RESPONSE, {"responseId": "R_2", "values": {**_VALUES, "status": 1}}]}),
        [_READ],
        config=_SETTINGS,
    ),
    Example(
        "an event of a survey",
        _form("Topic=brand.controlpanel.activateSurvey&SurveyID=SV_1"),
        Ignored("an event that tells of no completed response"),
    ),
    Example("an event without its response", _form(f"{_TOPIC}&SurveyID=SV_1"), "id_missing"),
    Example("an encrypted event", _form(f"{_TOPIC}&MSG=q2%2BhS9&HMAC=00"), "bad_json"),
    Example(
        "a response without time", json_delivery({"responseId": "R_1", "values": {"QID3_TEXT": "No."}}), "bad_time"
    ),
)
