"""Delighted: webhooks of survey responses, and pages of its API.

One field holds the score of every kind of survey; `survey_type` says the scale. The comment often comes later, in an
update of the same response, so that the update time decides. Notes are the staff's and not read.
Source: app.delighted.com/docs/api (webhooks, survey responses).
"""

from collections.abc import Mapping
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, nothing_in
from app.payloads.answers import Answer, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.languages import language_tag
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person, id_in_body, tag_names
from app.payloads.questions import Scale, SurveySettings
from app.payloads.schemes import Hmac
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, number, objects, text

_SCALES: Mapping[str, Scale] = {
    "nps": Scale("nps", 0, 10),
    "csat": Scale("csat", 1, 5),
    "ces": Scale("ces", 1, 5),
    "five_star": Scale("stars", 1, 5),
    "smileys": Scale("smileys", 1, 5),
    "thumbs": Scale("thumbs", 0, 1),
    "pmf": Scale("pmf", 1, 3),
}
_OLD_CES = Scale("ces", 1, 7)


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: zone and what its additional questions ask."""


SPEC = Spec(
    title="Delighted",
    auth=Hmac(header="x-delighted-webhook-signature", prefix="sha256="),
    setup=(
        (
            "Delighted signs with the project's private API key: use a project of its own for this, and give this "
            "source that key as its secret."
        ),
        (
            "Open Integrations, then Webhooks, and add the address {url} for the events survey_response.created and "
            "survey_response.updated."
        ),
        "Send your own id of the customer as the property customer_id, that of the order as order_id.",
    ),
)


def reference(delivery: RawDelivery) -> str | None:
    """The `event_id`: the same when a delivery is repeated."""
    return id_in_body(delivery, "event_id")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The response of an event, or those of a page of the API.

    Raises:
        AppError: It is no such JSON, or a response has no id or no time.
    """
    body = delivery.json()
    if isinstance(body, list):
        return [_item(one, config) for one in objects(body)] or Ignored("the page holds no responses")
    event = needed_object(body)
    kind = event.get("event_type")
    if kind is None and "survey_type" in event:
        return [_item(event, config)]
    if not isinstance(kind, str) or not kind.startswith("survey_response."):
        return nothing_in(body, "an event that holds no survey response", "Delighted", ("event_type",))
    return [_item(needed_object(event.get("event_data")), config)]


def _item(response: Mapping[str, Any], config: Config) -> NativeItem:
    kind = text(response.get("survey_type")) or ""
    properties = response.get("person_properties")
    properties = properties if isinstance(properties, Mapping) else {}
    person = response.get("person")
    answers = [
        Answer("score", response.get("score"), "scale", key=kind, scale=_scale(kind, response.get("score"))),
        *[answer for one in objects(response.get("additional_answers")) if (answer := _additional(one))],
        *[Answer(name, value, "hidden") for name, value in properties.items() if name != "locale"],
    ]
    comment = text(response.get("comment"))
    if comment:
        answers.insert(1, Answer("comment", comment, "comment"))
    zone = config.zone_info
    return read_item(
        survey_item(
            Response(
                external_id=needed_id(response.get("id"), "id"),
                occurred_at=read_time(response.get("created_at"), zone),
                answers=answers,
                updated_at=time_or_none(first(response, ["updated_at"], ["created_at"]), zone),
                language=language_tag(properties.get("locale")),
                person=Person(ident(person) or at(person, "id"), at(person, "email"), at(person, "name")),
                facts={"survey_type": kind, "tags": tag_names(response.get("tags"))},
            ),
            config,
        )
    )


def _scale(kind: str, value: object) -> Scale | None:
    scale = _SCALES.get(kind)
    found = number(value)
    if kind == "ces" and scale and found is not None and not scale.fits(found):
        return _OLD_CES
    return scale


def _additional(answer: Mapping[str, Any]) -> Answer | None:
    value = answer.get("value")
    ref = first(answer, ["question", "id"], ["id"])
    ref, label = ident(ref) or "question", text(at(answer, "question", "text")) or ""
    words = text(at(value, "free_response"))
    if words:
        return Answer(ref, words, "words", label)
    if at(value, "scale") is not None:
        return Answer(ref, at(value, "scale"), "scale", label)
    picked = [text(at(one, "text")) for one in [at(value, "select_one"), *objects(at(value, "select_many"))]]
    return Answer(ref, [one for one in picked if one], "choice", label)


_PERSON = {"id": "5975", "email": "ada@example.com", "name": "Ada Wong"}
_DATA = {
    "id": "5435",
    "person": _PERSON,
    "survey_type": "nps",
    "score": 0,
    "comment": None,
    "created_at": 1768471200,
    "updated_at": 1768471200,
    "person_properties": {"locale": "de_DE", "plan": "pro"},
    "notes": [{"id": "1", "text": "Called her back."}],
    "tags": [],
    "additional_answers": [],
}
_CREATED = {"event_type": "survey_response.created", "event_id": "e-1", "event_data": _DATA}
_FIRST = {
    "external_id": "5435",
    "updated_at": "2026-01-15T10:00:00Z",
    "medium": "survey",
    "occurred_at": "2026-01-15T10:00:00Z",
    "language": "de-DE",
    "text": "",
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "customer": {"ref": "5975", "email": "ada@example.com", "name": "Ada Wong"},
    "attributes": {"survey_type": "nps", "plan": "pro"},
}
_ADDITIONAL = [
    {
        "id": "4",
        "value": {
            "free_response": None,
            "scale": None,
            "select_one": None,
            "select_many": [{"id": "D", "text": "Slow"}],
        },
        "question": {"id": "enum_1", "type": "select_many", "text": "What went wrong?"},
    },
    {
        "id": "5",
        "value": {"free_response": "Nobody told me.", "scale": None, "select_one": None, "select_many": None},
        "question": {"id": "open_1", "type": "free_response", "text": "Anything else?"},
    },
]
_LATER = {**_DATA, "updated_at": 1768471800, "comment": "Four mails and a call.", "additional_answers": _ADDITIONAL}


def _typed(kind: str, score: int) -> dict[str, object]:
    return {"id": "7", "survey_type": kind, "score": score, "created_at": 1768471200, "person": "42"}


def _scored(kind: str, score: Mapping[str, object]) -> dict[str, object]:
    return {
        **{name: _FIRST[name] for name in ("updated_at", "medium", "occurred_at", "text")},
        "external_id": "7",
        "scores": [score],
        "customer": {"ref": "42"},
        "attributes": {"survey_type": kind},
    }


EXAMPLES = (
    Example("the score comes first; the staff's notes stay out", json_delivery(_CREATED), [_FIRST]),
    Example(
        "the comment comes as an update",
        json_delivery({"event_type": "survey_response.updated", "event_id": "e-2", "event_data": _LATER}),
        [
            {
                **{name: value for name, value in _FIRST.items() if name != "text"},
                "updated_at": "2026-01-15T10:10:00Z",
                "turns": [
                    {"role": "customer", "text": "Four mails and a call.", "ref": "comment"},
                    {"role": "customer", "text": "Nobody told me.", "ref": "open_1", "question": "Anything else?"},
                ],
                "attributes": {"survey_type": "nps", "What went wrong?": "Slow", "plan": "pro"},
            }
        ],
    ),
    Example(
        "a page of the API: each kind has its scale",
        json_delivery([_typed("thumbs", 0), _typed("smileys", 2), _typed("ces", 7), _typed("five_star", 1)]),
        [
            _scored("thumbs", {"metric": "thumbs", "value": 0, "min": 0, "max": 1}),
            _scored("smileys", {"metric": "smileys", "value": 2, "min": 1, "max": 5}),
            _scored("ces", {"metric": "ces", "value": 7, "min": 1, "max": 7}),
            _scored("five_star", {"metric": "stars", "value": 1, "min": 1, "max": 5}),
        ],
    ),
    Example(
        "somebody unsubscribes",
        json_delivery({"event_type": "unsubscribe.created", "event_id": "e-3", "event_data": {"person": _PERSON}}),
        Ignored("an event that holds no survey response"),
    ),
    Example("a response without id", json_delivery({**_CREATED, "event_data": {**_DATA, "id": None}}), "id_missing"),
    Example(
        "a response without time", json_delivery({**_CREATED, "event_data": {**_DATA, "created_at": ""}}), "bad_time"
    ),
)
