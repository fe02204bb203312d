"""AskNicely: its webhook, sent anew whenever a score or a comment changes, and pages of its responses API.

Everything is text, times are seconds since 1970, and `count` counts the states of a response. What the AI asked for and
what it made of it lie in fields of one kind: they are read as words only where the settings list them in `answers`.
Source: AskNicely's article "Triggering Webhooks", as recorded by github.com/api-evangelist/asknicely (the responses API
is unverified: written after public clients, no sample at hand).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec
from app.payloads.answers import Answer, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person
from app.payloads.questions import Scale, ScaleSetting, SurveySettings
from app.payloads.schemes import StaticToken
from app.payloads.times import read_time
from app.payloads.walk import at, first, needed_id, needed_object, number, objects, text

_SCALES: Mapping[str, Scale] = {
    "nps": Scale("nps", 0, 10),
    "csat": Scale("csat", 1, 5),
    "5star": Scale("stars", 1, 5),
    "five_star": Scale("stars", 1, 5),
    "ces": Scale("ces", 1, 7),
}
_FACTS = ("segment", "deliverymethod", "survey_template", "review_site", "theme", "life_cycle")


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set.

    Attributes:
        score: What the scores of this account measure.
        answers: Fields beside the comment that hold the customer's own words, such as `ai_question_2`.
    """

    score: ScaleSetting = ScaleSetting(metric="nps", min=0, max=10)
    answers: Sequence[str] = ()


SPEC = Spec(
    title="AskNicely",
    auth=StaticToken(),
    setup=(
        "Open the App Store, then Webhooks, and enter the address {url}.",
        "Add the custom header X-Webhook-Token with the value {secret}: AskNicely signs nothing.",
        "If the account asks another question than NPS, set `score` of this source.",
    ),
    also=("ask_nicely",),
)


def reference(_delivery: RawDelivery) -> str | None:
    """None: a webhook has no id of its own; a response and its count are known by the item."""
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The response of a webhook, or those of a page of the API.

    Raises:
        AppError: It is neither, or an id or a time is missing.
    """
    body = needed_object(delivery.json())
    if isinstance(body.get("data"), list):
        found = [_pulled(one, config) for one in objects(body["data"]) if _has_answer(one)]
        return found or Ignored("the page holds no answers")
    return [_told(body, config)]


def _has_answer(response: Mapping[str, Any]) -> bool:
    return first(response, ["answer"], ["comment"]) is not None


def _told(body: Mapping[str, Any], config: Config) -> NativeItem:
    question, person = needed_object(body.get("question")), body.get("person")
    scale = _scale(question, config)
    answers = [Answer("score", question.get("score"), "scale", scale=scale), *_words(question, config)]
    count = number(body.get("count"))
    return _item(
        Response(
            external_id=needed_id(question.get("id"), "question.id"),
            occurred_at=read_time(question.get("responded"), config.zone_info),
            answers=answers,
            version=int(count) if count is not None and 0 <= count < 2**53 else None,
            person=Person(at(person, "id"), at(person, "email"), at(person, "name")),
            facts={name: question.get(name) for name in _FACTS},
        ),
        config,
    )


def _pulled(response: Mapping[str, Any], config: Config) -> NativeItem:
    return _item(
        Response(
            external_id=needed_id(response.get("response_id"), "response_id"),
            occurred_at=read_time(response.get("responded"), config.zone_info),
            answers=[
                Answer("answer", response.get("answer"), "scale", scale=_scale(response, config)),
                *_words(response, config),
            ],
            person=Person(first(response, ["contact_id"], ["person_id"]), response.get("email"), response.get("name")),
            facts={name: response.get(name) for name in _FACTS},
        ),
        config,
    )


def _scale(fields: Mapping[str, Any], config: Config) -> Scale:
    told = Scale(config.score.metric, config.score.min, config.score.max)
    return _SCALES.get((text(fields.get("question_type")) or "").lower(), told)


def _words(fields: Mapping[str, Any], config: Config) -> list[Answer]:
    comment = text(fields.get("comment"))
    found = [Answer("comment", comment, "comment")] if comment else []
    more = [(name, text(fields.get(name))) for name in config.answers]
    return found + [Answer(name, value, "words") for name, value in more if value and value != comment]


def _item(response: Response, config: Config) -> NativeItem:
    return read_item(survey_item(response, config))


_EVENT: dict[str, Any] = {
    "count": 1,
    "person": {
        "id": "163012",
        "name": "Ada Wong",
        "firstname": "Ada",
        "email": "ada@example.com",
        "segment": "general",
    },
    "question": {
        "id": "345094",
        "score": "0",
        "comment": "",
        "sent": "1774990116",
        "responded": "1774990125",
        "segment": "general",
        "deliverymethod": "email",
        "review_site": None,
        "ai_question_1": "Abc",
    },
}
_FIRST = {
    "external_id": "345094",
    "version": 1,
    "medium": "survey",
    "occurred_at": "2026-03-31T20:48:45Z",
    "text": "",
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "customer": {"ref": "163012", "email": "ada@example.com", "name": "Ada Wong"},
    "attributes": {"segment": "general", "deliverymethod": "email"},
}
_LATER = {
    **_EVENT["question"],
    "comment": "I asked twice.",
    "ai_question_1": "I asked twice.",
    "ai_question_2": "No help",
}

EXAMPLES = (
    Example("a score as text; 0 is a score", json_delivery(_EVENT), [_FIRST]),
    Example(
        "the comment comes later, under a higher count; listed fields are words, too",
        json_delivery({**_EVENT, "count": 2, "question": _LATER}),
        [
            {
                **{name: value for name, value in _FIRST.items() if name != "text"},
                "version": 2,
                "turns": [
                    {"role": "customer", "text": "I asked twice.", "ref": "comment"},
                    {"role": "customer", "text": "No help", "ref": "ai_question_2", "question": "ai_question_2"},
                ],
            }
        ],
        config={"answers": ["ai_question_1", "ai_question_2"]},
    ),
    Example(
        "a page of the API; who was only asked is left out, the staff's note stays out",
        json_delivery(
            {
                "success": True,
                "data": [
                    {
                        "response_id": "345095",
                        "contact_id": "7",
                        "name": "Bo",
                        "email": "bo@example.com",
                        "answer": "4",
                        "question_type": "csat",
                        "comment": "Fine.",
                        "note": "Called him.",
                        "responded": "1774990125",
                    },
                    {"response_id": "345096", "answer": None, "comment": "", "responded": "0"},
                ],
            }
        ),
        [
            {
                "external_id": "345095",
                "medium": "survey",
                "occurred_at": "2026-03-31T20:48:45Z",
                "turns": [{"role": "customer", "text": "Fine.", "ref": "comment"}],
                "scores": [{"metric": "csat", "value": 4, "min": 1, "max": 5}],
                "customer": {"ref": "7", "email": "bo@example.com", "name": "Bo"},
            }
        ],
    ),
    Example("a page without answers", json_delivery({"data": []}), Ignored("the page holds no answers")),
    Example("a response without id", json_delivery({**_EVENT, "question": {"score": "3"}}), "id_missing"),
    Example("a body of another sender", json_delivery({"hello": 1}), "not_an_object"),
)
