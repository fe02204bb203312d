"""Formbricks: webhooks of responses (created, updated, finished) and pages of its management API.

The answers are a map from question id to value; neither wording nor type nor scale is sent, and hidden fields lie among
them. What is no clear case of a number, an id or an address is taken for the customer's words; the settings say
otherwise: `choices`, `skip`, `scales`, `labels`. A response grows, so that its update time decides.
Source: formbricks/formbricks docs/platform/features/integrations/webhooks.mdx.
"""

from collections.abc import Mapping
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec
from app.payloads.answers import Answer, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.languages import language_tag
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person, tag_names
from app.payloads.presets import STANDARD_WEBHOOKS
from app.payloads.questions import SurveySettings
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, needed_id, needed_object, objects, text

_EVENTS = ("responseCreated", "responseUpdated", "responseFinished")


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: zone and what its questions ask."""


SPEC = Spec(
    title="Formbricks",
    auth=STANDARD_WEBHOOKS,
    setup=(
        "Open the workspace's settings, choose Integrations, then Webhooks, then Add webhook.",
        "Enter the address {url}, choose the triggers Response Created, Response Updated and Response Finished.",
        "Give this source the signing secret (whsec_...) that Formbricks shows.",
        "Name questions in this source's settings: scales for numbers, choices for picked answers, labels for wording.",
    ),
)


def reference(delivery: RawDelivery) -> str | None:
    """The `webhook-id`: the same when a delivery is repeated."""
    return delivery.headers.get("webhook-id")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The response of an event, or those of a page of the API.

    Raises:
        AppError: It is no such JSON, or a response has no id or no time.
    """
    body = needed_object(delivery.json())
    if "event" not in body:
        data = body.get("data")
        page = objects(data) if isinstance(data, list) else [body if "id" in body else needed_object(data)]
        return [_item(one, config) for one in page] or Ignored("the page holds no responses")
    if body["event"] not in _EVENTS:
        return Ignored("an event that holds no response")
    return [_item(needed_object(body.get("data")), config)]


def _item(response: Mapping[str, Any], config: Config) -> NativeItem:
    data, zone = response.get("data"), config.zone_info
    answers = [
        answer for name, value in (data if isinstance(data, Mapping) else {}).items() for answer in _read(name, value)
    ]
    known = first(response, ["contactAttributes"], ["personAttributes"])
    person = first(response, ["contact"], ["person"])
    return read_item(
        survey_item(
            Response(
                external_id=needed_id(response.get("id"), "id"),
                occurred_at=read_time(response.get("createdAt"), zone),
                answers=answers,
                updated_at=time_or_none(first(response, ["updatedAt"], ["createdAt"]), zone),
                language=language_tag(response.get("language")),
                person=Person(
                    first(person, ["userId"]) or at(known, "userId") or first(response, ["userId"], ["contact", "id"]),
                    at(known, "email"),
                    _name(known),
                ),
                facts={
                    "survey": first(response, ["survey", "title"], ["survey", "name"], ["surveyId"]),
                    "finished": response.get("finished"),
                    "country": at(response, "meta", "country"),
                    "device": at(response, "meta", "userAgent", "device"),
                    "tags": tag_names(response.get("tags")),
                },
            ),
            config,
        )
    )


def _name(attributes: object) -> str | None:
    parts = [text(at(attributes, part)) for part in ("firstName", "lastName")]
    return text(at(attributes, "name")) or " ".join(filter(None, parts)) or None


def _read(name: str, value: object) -> list[Answer]:
    if isinstance(value, Mapping):  # a matrix: one answer a row
        return [Answer(f"{name}.{row}", picked, "choice", f"{name}: {row}") for row, picked in value.items()]
    if isinstance(value, list) and (address := next(filter(_is_address, value), None)):  # first, last, e-mail, phone
        full = " ".join(part for part in value[: min(2, value.index(address))] if isinstance(part, str) and part)
        return [Answer(name, full, "name"), Answer(name, address, "email")]
    return [Answer(name, value, "hidden" if name.startswith("hidden") else "any")]


def _is_address(value: object) -> bool:
    return isinstance(value, str) and "@" in value and " " not in value


_DATA = {
    "id": "cmresp1",
    "surveyId": "cmsurv1",
    "createdAt": "2026-03-01T09:00:00.507Z",
    "updatedAt": "2026-03-01T09:00:00.507Z",
    "finished": False,
    "language": "de",
    "contact": {"id": "cmcont1", "userId": "C-12"},
    "contactAttributes": {"userId": "C-12", "email": "ada@example.com"},
    "data": {"nps_q1": 0},
    "tags": [],
    "meta": {"country": "DE", "userAgent": {"device": "desktop"}},
    "survey": {"title": "Nach dem Kontakt"},
}
_CREATED = {"webhookId": "cmhook1", "event": "responseCreated", "data": _DATA}
_FIRST = {
    "external_id": "cmresp1",
    "updated_at": "2026-03-01T09:00:00.507Z",
    "medium": "survey",
    "occurred_at": "2026-03-01T09:00:00.507Z",
    "language": "de",
    "text": "",
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "customer": {"ref": "C-12", "email": "ada@example.com"},
    "attributes": {"survey": "Nach dem Kontakt", "finished": False, "country": "DE", "device": "desktop"},
}
_ANSWERS = {
    "nps_q1": 0,
    "why_q2": "Ich musste alles zweimal sagen …",
    "hidden_order": "A-9",
    "consent": "accepted",
    "channels": ["Chat", "Phone"],
    "who": ["Ada", "Wong", "ada@example.com", "+49 30 123", ""],
    "matrix": {"Speed": "Bad"},
    "q7": 6,
    "q8": "Billing",
}
_FINISHED = {**_DATA, "updatedAt": "2026-03-01T09:01:00.116Z", "finished": True, "data": _ANSWERS}

EXAMPLES = (
    Example("the first answer; NPS 0 is a score", json_delivery(_CREATED, {"webhook-id": "msg_1"}), [_FIRST]),
    Example(
        "the finished response: words, an order, and facts",
        json_delivery({**_CREATED, "event": "responseFinished", "data": _FINISHED}),
        [
            {
                **{name: value for name, value in _FIRST.items() if name != "text"},
                "updated_at": "2026-03-01T09:01:00.116Z",
                "turns": [
                    {
                        "role": "customer",
                        "text": "Ich musste alles zweimal sagen …",
                        "ref": "why_q2",
                        "question": "Warum?",
                    }
                ],
                "scores": [
                    {"metric": "nps", "value": 0, "min": 0, "max": 10},
                    {"metric": "ces", "value": 6, "min": 1, "max": 7},
                ],
                "customer": {"ref": "C-12", "email": "ada@example.com", "name": "Ada Wong"},
                "case_id": "A-9",
                "attributes": {
                    "survey": "Nach dem Kontakt",
                    "finished": True,
                    "country": "DE",
                    "device": "desktop",
                    "consent": "accepted",
                    "channels": "Chat, Phone",
                    "matrix: Speed": "Bad",
                    "q8": "Billing",
                },
            }
        ],
        config={
            "scales": {"q7": {"metric": "ces", "min": 1, "max": 7}},
            "labels": {"why_q2": "Warum?"},
            "choices": ["q8"],
        },
    ),
    Example(
        "a page of the API; nobody is known",
        json_delivery({"data": [{**_DATA, "contact": None, "contactAttributes": None, "language": "default"}]}),
        [{name: value for name, value in _FIRST.items() if name not in ("customer", "language")}],
    ),
    Example("one response of the API", json_delivery({"data": _DATA}), [_FIRST]),
    Example(
        "a trial of the endpoint",
        json_delivery({"webhookId": "w", "event": "testEndpoint"}),
        Ignored("an event that holds no response"),
    ),
    Example("a response without id", json_delivery({**_CREATED, "data": {**_DATA, "id": ""}}), "id_missing"),
)
