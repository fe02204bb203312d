"""Jotform: webhooks (a form with the answers as JSON in its field `rawRequest`) and submissions of its API.

The webhook sends neither wording nor time nor types, and no signature: questions are called by their names, times are
those of arrival, and the secret stands in the address. The API has all three.
Source: api.jotform.com/docs and jotform.com/help/245 (unverified: written after public descriptions of the body, no
sample at hand).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec, Undated
from app.payloads.answers import Answer, Kind, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.forms import form_json, read_form
from app.payloads.native import read_item
from app.payloads.questions import SurveySettings
from app.payloads.schemes import StaticToken
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, objects, text

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_QUESTION = re.compile(r"q(\d{1,6})(?:_(.{1,200}))?", re.ASCII | re.DOTALL)
_KINDS: Mapping[str, Kind] = {
    "control_textbox": "words",
    "control_textarea": "words",
    "control_email": "email",
    "control_fullname": "name",
    "control_rating": "scale",
    "control_scale": "scale",
    "control_number": "scale",
    "control_spinner": "scale",
    "control_radio": "choice",
    "control_dropdown": "choice",
    "control_checkbox": "choice",
    "control_hidden": "hidden",
    "control_autoincrement": "choice",
}
_NAME_PARTS = frozenset(("prefix", "first", "middle", "last", "suffix"))


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: the account's zone and what its questions ask."""


SPEC = Spec(
    title="Jotform",
    auth=StaticToken(),
    setup=(
        "Open the form, choose Settings, Integrations, then Webhooks.",
        "Enter the address {url}?token={secret} and complete the integration: Jotform signs nothing.",
        "Give the questions speaking names (question's settings, Advanced, Field Details): only they are sent.",
        "State your scales, labels and picked answers in this source's settings.",
    ),
)


def reference(_delivery: RawDelivery) -> str | None:
    """None: an edited submission comes again under the same id, and nothing else tells two deliveries apart."""
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The submission of a webhook, or those of an answer of the API.

    Raises:
        AppError: It is neither, or a submission has no id, or one of the API no time.
    """
    if "json" in delivery.content_type or not delivery.content_type:
        return _pulled(needed_object(delivery.json()), config)
    form = read_form(delivery)
    if "rawRequest" not in form:
        return Ignored("a form without answers")
    raw = needed_object(form_json(form, "rawRequest"))
    answers = [answer for name, value in raw.items() for answer in _sent(name, value)]
    when = time_or_none(first(raw, ["submitDate"]), config.zone_info)
    item = read_item(
        survey_item(
            Response(
                external_id=needed_id(form.get("submissionID"), "submissionID"),
                occurred_at=when or delivery.arrived_at or _NEVER,
                answers=answers,
                updated_at=when or delivery.arrived_at,  # an edit comes as a second submission of the same id
                facts={"form": form.get("formTitle") or form.get("formID")},
            ),
            config,
        )
    )
    return [item if when else Undated(item)]


def _sent(name: str, value: object) -> list[Answer]:
    found = _QUESTION.fullmatch(name)
    if found is None:
        return []  # what the page measured, not what anybody answered
    number, label = found[1], found[2] or name
    if isinstance(value, Mapping):
        return _composed(number, label, value)
    return [Answer(number, value, key=label)]


def _composed(ref: str, label: str, value: Mapping[str, Any]) -> list[Answer]:
    """Names; rows of a matrix; phones, addresses and dates are nobody's opinion."""
    if value.keys() <= _NAME_PARTS:
        name = " ".join(filter(None, (text(value.get(part)) for part in ("first", "middle", "last"))))
        return [Answer(ref, name, "name", key=label)]
    if {"area", "phone", "full", "addr_line1", "day", "month", "year", "timeInput"} & value.keys():
        return []
    other = text(value.get("other"))
    rows = [
        Answer(f"{ref}.{row}", picked, "choice", f"{label}: {row}") for row, picked in value.items() if row != "other"
    ]
    return [*rows, *([Answer(f"{ref}.other", other, "words", label)] if other else [])]


def _pulled(body: Mapping[str, Any], config: Config) -> Parsed:
    content = body.get("content", body)
    found = [_submission(one, config) for one in (objects(content) if isinstance(content, list) else [content])]
    return found or Ignored("the page holds no submissions")


def _submission(value: object, config: Config) -> Found:
    submission = needed_object(value)
    external_id = needed_id(submission.get("id"), "id")
    if submission.get("status") == "DELETED":
        return Deleted(external_id)
    given = submission.get("answers")
    answers = [
        answer for ref, one in (given if isinstance(given, Mapping) else {}).items() for answer in _stored(ref, one)
    ]
    zone = config.zone_info
    return read_item(
        survey_item(
            Response(
                external_id=external_id,
                occurred_at=read_time(submission.get("created_at"), zone),
                answers=answers,
                updated_at=time_or_none(first(submission, ["updated_at"], ["created_at"]), zone),
                facts={"form": ident(submission.get("form_id"))},
            ),
            config,
        )
    )


def _stored(ref: str, answer: object) -> list[Answer]:
    kind = _KINDS.get(text(at(answer, "type")) or "")
    value, label, name = at(answer, "answer"), text(at(answer, "text")) or "", text(at(answer, "name")) or ""
    if at(answer, "type") == "control_matrix" and isinstance(value, Mapping):
        return _composed(ref, label or name, value)
    if kind is None:
        return []
    if isinstance(value, Mapping):
        return _composed(ref, label, value)
    return [Answer(ref, value, kind, label, name)]


_BOUNDARY = "----7MA4YWxkTrZu0gW"


def _multipart(fields: Mapping[str, str]) -> RawDelivery:
    parts = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body = "".join(parts) + f"--{_BOUNDARY}--\r\n"
    return RawDelivery(body=body.encode(), content_type=f"multipart/form-data; boundary={_BOUNDARY}")


_RAW = (
    '{"slug": "submit/2317", "buildDate": "1700000000000", "q2_name": {"first": "Ada", "last": "Wong"}, '
    '"q3_email": "ada@example.com", "q4_howLikelyToRecommend": "0", "q5_whatWentWrong": "Nobody called back, twice.", '
    '"q6_customerId": "C-12", "q7_phone": {"full": "(030) 123"}, "q8_topics": ["Late", "Rude"], "q9_more": "", '
    '"q10_matrix": {"Speed": "Bad"}, "event_id": "2317_x"}'
)
_FORM = {"formID": "231", "submissionID": "5308741572752112119", "formTitle": "After delivery", "rawRequest": _RAW}
_READ = {
    "external_id": "5308741572752112119",
    "medium": "survey",
    "occurred_at": "1970-01-01T00:00:00Z",
    "turns": [
        {"role": "customer", "text": "Nobody called back, twice.", "ref": "5", "question": "whatWentWrong"},
    ],
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "customer": {"ref": "C-12", "email": "ada@example.com", "name": "Ada Wong"},
    "attributes": {"form": "After delivery", "topics": "Late, Rude", "matrix: Speed": "Bad"},
}
_LONG = "It never works. " * 70_000
_SUBMISSION = {
    "id": "5308741572752112119",
    "form_id": "231",
    "created_at": "2026-03-01 04:00:00",
    "updated_at": None,
    "status": "ACTIVE",
    "answers": {
        "3": {"name": "email", "text": "E-mail", "type": "control_email", "answer": "ada@example.com"},
        "4": {"name": "pace", "text": "How easy was it?", "type": "control_scale", "answer": "2"},
        "5": {"name": "why", "text": "Why?", "type": "control_textarea", "answer": "Too many steps."},
        "6": {"name": "submit", "text": "Submit", "type": "control_button"},
    },
}

EXAMPLES = (
    Example("a webhook: NPS 0, words, the person", _multipart(_FORM), [Undated(read_item(_READ))]),
    Example(
        "a field of more than a mebibyte among more than a thousand others",
        _multipart(
            {
                **_FORM,
                **{f"extra{number}": "x" for number in range(1_100)},
                "rawRequest": f'{{"q5_why": "{_LONG}"}}',
            }
        ),
        [
            Undated(
                read_item(
                    {
                        **{name: _READ[name] for name in ("external_id", "medium", "occurred_at")},
                        "turns": [
                            {
                                "role": "customer",
                                "text": _LONG[start : start + 100_000],
                                "ref": "5" if start == 0 else f"5#{start // 100_000 + 1}",
                                "question": "why",
                            }
                            for start in range(0, len(_LONG), 100_000)
                        ],
                        "attributes": {"form": "After delivery"},
                    }
                )
            )
        ],
    ),
    Example(
        "submissions of the API, in the account's zone; one is deleted",
        json_delivery({"responseCode": 200, "content": [_SUBMISSION, {"id": "9", "status": "DELETED"}]}),
        [
            {
                "external_id": "5308741572752112119",
                "updated_at": "2026-03-01T09:00:00Z",
                "medium": "survey",
                "occurred_at": "2026-03-01T09:00:00Z",
                "turns": [{"role": "customer", "text": "Too many steps.", "ref": "5", "question": "Why?"}],
                "scores": [{"metric": "ces", "value": 2, "min": 1, "max": 5}],
                "customer": {"email": "ada@example.com"},
                "attributes": {"form": "231"},
            },
            Deleted("9"),
        ],
        config={"zone": "America/New_York"},
    ),
    Example("a form without answers", _multipart({"formID": "231"}), Ignored("a form without answers")),
    Example("a submission without id", _multipart({"rawRequest": "{}"}), "id_missing"),
    Example("answers that are no JSON", _multipart({**_FORM, "rawRequest": "{q:1}"}), "bad_json"),
    Example("no form at all", RawDelivery(b"hello", content_type="text/plain"), "not_a_form"),
)
