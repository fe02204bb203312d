"""LimeSurvey: exports of responses (JSON of RemoteControl 2, bare or in its answer, and CSV) and the webhook plug-in.

Answers are codes or words, both as text: what is neither code nor number, date, yes or no is taken for words, unless
the settings say otherwise. Ids count within one survey: its id stands before them where it is known. Times have
no zone: `zone` of the source is that of the server. A response without a submit date is an incomplete one.
Source: api.limesurvey.org (export_responses), the public plug-in LimeSurveyWebhook (headings of exports in other
languages than English are unverified: export them by question code).
"""

import csv
import io
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any

from pydantic import StringConstraints

from app.connectors.contract import ConnectorConfig, Example, Found, Ignored, Parsed, Spec, Undated, nothing_in
from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.payloads.answers import Answer, Response, survey_item
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.forms import read_form
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.particulars import Person
from app.payloads.questions import SurveySettings
from app.payloads.schemes import StaticToken
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, objects, text

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_ANONYMOUS = re.compile(r"1980-01-01.*|", re.DOTALL)
"""What stands for the time of submission in surveys that keep none."""
_OURS = {
    "response id": "id",
    "date submitted": "submitdate",
    "date started": "startdate",
    "start language": "startlanguage",
    "date last action": "datestamp",
    "last page": "lastpage",
    "ip address": "ipaddr",
    "referrer url": "refurl",
    "access code": "token",
    "seed": "seed",
    "token": "token",
    "total time": "interviewtime",
}
_NAMES = "id submitdate startdate datestamp lastpage startlanguage token seed ipaddr refurl"
_FACTS = frozenset(_NAMES.split())
_TIMING = re.compile(r"interviewtime|(?:group|question)time\d*|.*Time", re.ASCII)
_OTHER = re.compile(r"(.+)\[(?:other|comment)\]|(.+)_other", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"[A-Z]{1,3}\d{1,4}|-oth-|[A-Z]", re.ASCII)
_LONGEST_CELL = 4 * 1024 * 1024


class Config(ConnectorConfig, SurveySettings):
    """How a source of this connector is set: the server's zone and what its questions ask.

    Attributes:
        survey_id: The survey's id, for exports: they do not hold it.
    """

    survey_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,12}$")] = ""


SPEC = Spec(
    title="LimeSurvey",
    auth=StaticToken(form_field="api_token"),
    setup=(
        (
            "Exports: call export_responses of RemoteControl 2 with the document type json (or csv) and the heading "
            "type code, and send the answer to {url}?token={secret} or load it as a file; set survey_id of this source."
        ),
        "At once: install the plug-in LimeSurveyWebhook, set its Webhook URL to {url} and its API token to {secret}.",
        "Set the zone of this source to that of the server, and name questions: labels, scales, choices.",
    ),
    also=("lime_survey",),
    suffixes=(".json", ".csv"),
)


def reference(_delivery: RawDelivery) -> str | None:
    """None: neither exports nor the plug-in name their deliveries."""
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The responses of an export, or that of the plug-in.

    Raises:
        AppError: It is none of them, or a response has no id.
    """
    kind = delivery.content_type.partition(";")[0].strip().lower()
    if kind in ("text/csv", "application/csv") or delivery.name.lower().endswith(".csv"):
        return _export(_rows(delivery.text), delivery, config)
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return _told(_nested(read_form(delivery)), delivery, config)
    body: Mapping[str, Any] = {"responses": told} if objects(told := delivery.json()) else needed_object(told)
    if text(body.get("result")):
        return _answered(body["result"], delivery, config)
    if "respondId" in body or "event" in body:
        return _told(body, delivery, config)
    if "responses" not in body:
        return nothing_in(body, "no response in it", "LimeSurvey", ("result", "status"))
    return _export(_responses(body), delivery, config)


def _nested(form: Mapping[str, str]) -> Mapping[str, Any]:
    """The plug-in's first releases post a form: `response[CODE]` for each answer."""
    given = {name[len("response[") : -1]: value for name, value in form.items() if name.startswith("response[")}
    return {**form, "response": given}


def _answered(result: str, delivery: RawDelivery, config: Config) -> Parsed:
    try:
        content = b64decode(result, validate=True)
    except ValueError:
        raise _refused() from None
    if content.lstrip()[:1] in (b"{", b"["):
        return _export(_responses(decode_json(content)), delivery, config)
    return _export(_rows(RawDelivery(content).text), delivery, config)


def _responses(body: object) -> list[Mapping[str, Any]]:
    found = objects(at(body, "responses") if isinstance(body, Mapping) else body)
    # Older releases wrap each response in an object of its own, under its id.
    return [inner if len(one) == 1 and isinstance(inner := next(iter(one.values())), Mapping) else one for one in found]


def _rows(content: str) -> list[Mapping[str, Any]]:
    if csv.field_size_limit() < _LONGEST_CELL:
        csv.field_size_limit(_LONGEST_CELL)
    heading = content.partition("\n")[0]
    mark = max(",;\t", key=heading.count)
    try:
        rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=mark, strict=True))
    except csv.Error:
        raise _refused() from None
    names = rows[0] if rows else []
    return [dict(zip(names, row, strict=False)) for row in rows[1:] if any(row)]


def _export(responses: Sequence[Mapping[str, Any]], delivery: RawDelivery, config: Config) -> Parsed:
    found = [_found(_named(one), config.survey_id, delivery, config) for one in responses]
    return found or Ignored("no response in it")


def _named(response: Mapping[str, Any]) -> Mapping[str, Any]:
    return {_OURS.get(" ".join(name.split()).rstrip(".").lower(), name): value for name, value in response.items()}


def _told(body: Mapping[str, Any], delivery: RawDelivery, config: Config) -> Parsed:
    given, person = body.get("response"), body.get("participant")
    response = {**given} if isinstance(given, Mapping) else {}
    labels: dict[str, str] = {}
    for one in [*objects(body.get("answers")), *objects(body.get("questions"))]:  # releases differ
        code = text(one.get("question_code")) or ""
        labels[code] = text(one.get("question_text")) or ""
        if "answer" in one:
            response[code] = one["answer"]
    response["id"] = first(body, ["respondId"], ["responseId"]) or response.get("id")
    response["submitdate"] = first(response, ["submitdate"]) or body.get("submitDate")
    response["token"] = first(response, ["token"]) or body.get("token")
    name = " ".join(filter(None, (text(at(person, part)) for part in ("firstname", "lastname"))))
    known = Person(response["token"], at(person, "email"), name or None)
    return [_found(response, ident(body.get("survey")) or config.survey_id, delivery, config, known, labels)]


def _found(
    response: Mapping[str, Any],
    survey: str,
    delivery: RawDelivery,
    config: Config,
    person: Person | None = None,
    labels: Mapping[str, str] | None = None,
) -> Found:
    own_id, zone = needed_id(response.get("id"), "id"), config.zone_info
    submitted, changed, started = (_time(response, name, zone) for name in ("submitdate", "datestamp", "startdate"))
    when = submitted or changed or started
    answers = [one for name, value in response.items() if (one := _answer(name, value, (labels or {}).get(name, "")))]
    item = read_item(
        survey_item(
            Response(
                external_id=f"{survey}:{own_id}" if survey else own_id,
                occurred_at=when or delivery.arrived_at or _NEVER,
                answers=answers,
                updated_at=changed or submitted,
                language=language_tag(response.get("startlanguage")),
                person=person or Person(response.get("token")),
                facts={"survey": survey, "completed": bool(text(response.get("submitdate")))},
            ),
            config,
        )
    )
    return item if when else Undated(item)


def _time(response: Mapping[str, Any], name: str, zone: tzinfo) -> datetime | None:
    value = response.get(name)
    return None if isinstance(value, str) and _ANONYMOUS.fullmatch(value) else time_or_none(value, zone)


def _answer(name: str, value: object, label: str = "") -> Answer | None:
    if name in _FACTS or _TIMING.fullmatch(name) or not isinstance(value, str | int | float) or not name.strip():
        return None
    other = _OTHER.fullmatch(name)
    if other:
        return Answer(name, value, "words", label, (other[1] or other[2]).rstrip())
    if isinstance(value, str) and _CODE.fullmatch(value.strip()):
        return Answer(name, value, "choice", label)
    return Answer(name, value, label=label)


def _refused() -> AppError:
    message = "The delivery is no export of responses that can be read. Export JSON, or CSV with a heading line."
    return AppError(Kind.INVALID, "not_an_export", message)


_ROW = {
    "id": "42",
    "submitdate": "2026-03-01 10:02:30",
    "lastpage": "2",
    "startlanguage": "en",
    "token": "C-12",
    "startdate": "2026-03-01 10:00:00",
    "datestamp": "2026-03-01 10:02:31",
    "ipaddr": "192.0.2.16",
    "nps": "0",
    "why": "Nobody called back.",
    "channel[SQ001]": "Y",
    "channel[other]": "By letter, twice.",
    "satisfaction": "A2",
    "more": None,
}
_READ = {
    "external_id": "123456:42",
    "updated_at": "2026-03-01T09:02:31Z",
    "medium": "survey",
    "occurred_at": "2026-03-01T09:02:30Z",
    "language": "en",
    "turns": [
        {"role": "customer", "text": "Nobody called back.", "ref": "why", "question": "What went wrong?"},
        {"role": "customer", "text": "By letter, twice.", "ref": "channel[other]", "question": "channel"},
    ],
    "scores": [
        {"metric": "nps", "value": 0, "min": 0, "max": 10},
        {"metric": "csat", "value": 2, "min": 1, "max": 5, "raw": "A2"},
    ],
    "customer": {"ref": "C-12"},
    "attributes": {"survey": "123456", "completed": True, "channel[SQ001]": "Y"},
}
_SETTINGS = {
    "zone": "Europe/Berlin",
    "survey_id": "123456",
    "labels": {"why": "What went wrong?"},
    "scales": {"satisfaction": {"metric": "csat", "min": 1, "max": 5}},
}
_PARTIAL = {**_ROW, "submitdate": None, "datestamp": None, "startdate": None, "nps": "", "channel[other]": ""}
_CSV = (
    '\ufeff"Response ID";"Date submitted";"Start language";"nps";"why"\r\n'
    '"7";"2026-03-01 10:02:30";"de";"3";"Zu langsam; zweimal\nangerufen."\r\n'
)
_PLUGIN = {
    "api_token": "a secret of the source",
    "survey": 123456,
    "event": "afterSurveyComplete",
    "respondId": 42,
    "response": _ROW,
    "submitDate": "2026-03-01 10:02:30",
    "token": "C-12",
    "participant": {"firstname": "Ada", "lastname": "Wong", "email": "ada@example.com"},
}

EXAMPLES = (
    Example("an export of RemoteControl", json_delivery({"responses": [_ROW]}), [_READ], config=_SETTINGS),
    Example(
        "the same in base64, as the API answers, and wrapped as older releases do",
        json_delivery(
            {
                "id": 1,
                "error": None,
                "result": (
                    "eyJyZXNwb25zZXMiOiBbeyI3IjogeyJpZCI6ICI3IiwgInN1Ym1pdGRhdGUiOiAiMjAyNi0wMy0wMSAwOTowMjozMCIsICJ3aHki"
                    "OiAiU2xvdywgdmVyeSBzbG93LiJ9fV19"
                ),
            }
        ),
        [
            {
                "external_id": "7",
                "updated_at": "2026-03-01T09:02:30Z",
                "medium": "survey",
                "occurred_at": "2026-03-01T09:02:30Z",
                "turns": [{"role": "customer", "text": "Slow, very slow.", "ref": "why", "question": "why"}],
                "attributes": {"completed": True},
            }
        ],
    ),
    Example(
        "a CSV export with headings, a byte order mark and a line break in an answer",
        RawDelivery(_CSV.encode(), content_type="text/csv", name="results.csv"),
        [
            {
                "external_id": "7",
                "updated_at": "2026-03-01T10:02:30Z",
                "medium": "survey",
                "occurred_at": "2026-03-01T10:02:30Z",
                "language": "de",
                "turns": [
                    {"role": "customer", "text": "Zu langsam; zweimal\nangerufen.", "ref": "why", "question": "why"}
                ],
                "scores": [{"metric": "nps", "value": 3, "min": 0, "max": 10}],
                "attributes": {"completed": True},
            }
        ],
    ),
    Example(
        "the plug-in, with the participant",
        json_delivery(_PLUGIN),
        [{**_READ, "customer": {"ref": "C-12", "name": "Ada Wong", "email": "ada@example.com"}}],
        config={**_SETTINGS, "survey_id": ""},
    ),
    Example(
        "a later release of the plug-in, with the wording of the questions",
        json_delivery(
            {
                "survey": 123456,
                "event": "afterSurveyComplete",
                "respondId": 43,
                "submitDate": "2026-03-01 09:02:30",
                "answers": [
                    {"question_code": "id", "question_text": "", "answer": "43"},
                    {"question_code": "Q1", "question_text": "How likely are you to recommend us?", "answer": "0"},
                    {"question_code": "Q2", "question_text": "Why?", "answer": "Slow."},
                ],
            }
        ),
        [
            {
                "external_id": "123456:43",
                "updated_at": "2026-03-01T09:02:30Z",
                "medium": "survey",
                "occurred_at": "2026-03-01T09:02:30Z",
                "turns": [{"role": "customer", "text": "Slow.", "ref": "Q2", "question": "Why?"}],
                "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
                "attributes": {"survey": "123456", "completed": True},
            }
        ],
    ),
    Example(
        "the first release of the plug-in posts a form",
        RawDelivery(
            b"survey=123456&event=afterSurveyComplete&respondId=44&response%5Bsubmitdate%5D=2026-03-01+09%3A02%3A30"
            b"&response%5Bwhy%5D=Slow.&response%5Bch%5BSQ001%5D%5D=Y",
            content_type="application/x-www-form-urlencoded",
        ),
        [
            {
                "external_id": "123456:44",
                "updated_at": "2026-03-01T09:02:30Z",
                "medium": "survey",
                "occurred_at": "2026-03-01T09:02:30Z",
                "turns": [{"role": "customer", "text": "Slow.", "ref": "why", "question": "why"}],
                "attributes": {"survey": "123456", "completed": True, "ch[SQ001]": "Y"},
            }
        ],
    ),
    Example(
        "an incomplete response without any time",
        json_delivery({"responses": [_PARTIAL]}),
        [
            Undated(
                read_item(
                    {
                        **{name: _READ[name] for name in ("external_id", "medium", "language", "customer")},
                        "occurred_at": "1970-01-01T00:00:00Z",
                        "turns": [
                            {
                                "role": "customer",
                                "text": "Nobody called back.",
                                "ref": "why",
                                "question": "What went wrong?",
                            }
                        ],
                        "scores": [{"metric": "csat", "value": 2, "min": 1, "max": 5, "raw": "A2"}],
                        "attributes": {"survey": "123456", "completed": False, "channel[SQ001]": "Y"},
                    }
                )
            )
        ],
        config=_SETTINGS,
    ),
    Example("an empty export", json_delivery({"responses": []}), Ignored("no response in it")),
    Example("a bare list, a response without id", json_delivery([{"why": "Slow."}]), "id_missing"),
    Example("a result that is no base64", json_delivery({"result": "!"}), "not_an_export"),
)
