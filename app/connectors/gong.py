"""Gong: the webhook of an automation rule, and transcripts with their calls as the API gives them.

Shapes: https://help.gong.io/docs/create-a-webhook-rule, and `POST /v2/calls/transcript` and `/v2/calls/extensive` of
the public API; read there and in public code, not tried against a live account. The webhook has no words: the call
becomes `fetch_required`. Post the transcript together with its call, `{"callTranscripts": [...], "calls": [...]}`,
because only the call's parties say who is External. There is no puller: a transcript comes without the parties, and
a call of which nobody knows who was the customer would count as here. Ids have 19 digits and keep them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.connectors.contract import (
    ConnectorConfig,
    Example,
    Found,
    Ignored,
    Parsed,
    Spec,
    Undated,
    Wanted,
    make_item,
    nothing_in,
)
from app.domain.feedback import Medium, Role
from app.payloads.delivery import RawDelivery
from app.payloads.facts import flat_facts
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.presets import GONG
from app.payloads.schemes import AnyOf, StaticToken
from app.payloads.talk import UNDATED, SpeakerRules, Spoken, make_turns, moment, speaker_name
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, number, objects, text

_ROLES = {"internal": Role.AGENT, "external": Role.CUSTOMER}
_FIELDS = ("calls", "callTranscripts", "callData", "call", "metaData", "requestId")
_TOLD = ("title", "direction", "system", "scope", "media", "duration")


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


SPEC = Spec(
    title="Gong",
    auth=AnyOf((StaticToken(), GONG)),
    setup=(
        "In Gong open Company settings > Ecosystem > Automation rules, add a rule with the action `Fire webhook`.",
        "Set the address {url} and the authentication `Signed JWT header`; copy the public key into this source.",
        "The webhook has no words: post `callTranscripts` and `calls` of the API here, in one object.",
    ),
)


def reference(delivery: RawDelivery) -> None:
    """None: Gong sends no id of an event."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversations of transcripts, or the calls whose transcripts have to be fetched.

    Raises:
        AppError: It is neither, or a call has too many turns.
    """
    body = needed_object(delivery.json())
    if body.get("isTest") is True:
        return Ignored("a test of the webhook")
    if body.get("isPrivate") is True:
        return Ignored("a private call")
    calls = _calls(body)
    transcripts = objects(body.get("callTranscripts"))
    if not transcripts:
        transcripts = [one for one in calls.values() if isinstance(one.get("transcript"), list)]
    found: list[Found] = []
    for one in transcripts:
        call_id = needed_id(first(one, ("callId",), ("metaData", "id")), "callId")
        call = calls.pop(call_id, {})
        found += _conversation(call_id, one, call, delivery, config)
    found += [_wanted(call_id, call, config) for call_id, call in calls.items()]
    return found or nothing_in(body, "the delivery holds no calls with words", "Gong", _FIELDS)


def _calls(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    one = body.get("callData") or body.get("call") or body
    calls = objects(body.get("calls")) or ([one] if isinstance(one, Mapping) and "metaData" in one else [])
    return {needed_id(first(call, ("metaData", "id"), ("id",)), "metaData.id"): call for call in calls}


def _wanted(call_id: str, call: Mapping[str, Any], config: Config) -> Wanted:
    return Wanted(call_id, "/v2/calls/transcript", _started(call, config))


def _started(call: Mapping[str, Any], config: Config) -> datetime | None:
    return time_or_none(first(call, ("metaData", "started"), ("started",)), config.zone_info)


def _conversation(
    call_id: str, transcript: Mapping[str, Any], call: Mapping[str, Any], delivery: RawDelivery, config: Config
) -> Sequence[Found]:
    start = _started(call, config)
    parties = objects(call.get("parties"))
    turns = make_turns(_spoken(objects(transcript.get("transcript")), parties, start), config)
    if not turns:
        return []
    values = {
        "external_id": call_id,
        "medium": Medium.PHONE,
        "occurred_at": start,
        "language": language_tag(at(call, "metaData", "language")),
        "customer": _customer(parties),
        "turns": turns,
        "attributes": flat_facts({name: at(call, "metaData", name) for name in _TOLD}),
    }
    return [make_item(values, delivery)]


def _spoken(
    monologues: Sequence[Mapping[str, Any]], parties: Sequence[Mapping[str, Any]], start: datetime | None
) -> Iterator[Spoken]:
    known = {ident(one.get("speakerId")): one for one in parties}
    for one in monologues:
        label = ident(one.get("speakerId"))
        party = known.get(label, {}) if label else {}
        sentences = objects(one.get("sentences"))
        words = " ".join(said.strip() for each in sentences if (said := text(each.get("text"))) is not None)
        offset = number(at(sentences, 0, "start"))
        role = _ROLES.get(str(party.get("affiliation")).lower())
        when = None if offset is None else moment(start, offset / 1000)
        yield Spoken(words, speaker_name(party.get("name")) or label, role, when)


def _customer(parties: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The one party from outside; of several, nobody knows who is the customer."""
    outside = [one for one in parties if _ROLES.get(str(one.get("affiliation")).lower()) is Role.CUSTOMER]
    if len(outside) != 1:
        return None
    told = {
        "email": speaker_name(outside[0].get("emailAddress")),
        "name": speaker_name(outside[0].get("name")),
        "ref": speaker_name(outside[0].get("phoneNumber")) if not text(outside[0].get("emailAddress")) else None,
    }
    return {name: value for name, value in told.items() if value is not None} or None


def _json(value: object) -> RawDelivery:
    return RawDelivery(json.dumps(value).encode())


_ID = "7782342274025937895"
_CALL = {
    "metaData": {
        "id": _ID,
        "title": "Renewal",
        "started": "2026-02-11T15:00:00+01:00",
        "language": "eng",
        "direction": "Inbound",
    },
    "parties": [
        {"id": "1", "name": "Ada Obi", "speakerId": "6432345678555530067", "affiliation": "Internal"},
        {
            "id": "2",
            "name": "Jan Bos",
            "emailAddress": "jan@example.org",
            "speakerId": "5110676",
            "affiliation": "External",
        },
    ],
}
_TRANSCRIPT = {
    "callId": _ID,
    "transcript": [
        {
            "speakerId": "6432345678555530067",
            "topic": None,
            "sentences": [{"start": 460, "end": 900, "text": "Hello, Jan."}],
        },
        {
            "speakerId": "5110676",
            "topic": "Pricing",
            "sentences": [
                {"start": 1500, "end": 1900, "text": "It leaks."},
                {"start": 2000, "end": 2100, "text": "Again."},
            ],
        },
    ],
}
_READ = {
    "external_id": _ID,
    "medium": "phone",
    "occurred_at": "2026-02-11T14:00:00Z",
    "language": "en",
    "customer": {"email": "jan@example.org", "name": "Jan Bos"},
    "turns": [
        {"role": "agent", "speaker": "Ada Obi", "at": "2026-02-11T14:00:00.46Z", "text": "Hello, Jan."},
        {"role": "customer", "speaker": "Jan Bos", "at": "2026-02-11T14:00:01.5Z", "text": "It leaks. Again."},
    ],
    "attributes": {"title": "Renewal", "direction": "Inbound"},
}

EXAMPLES = (
    Example(
        "the webhook has no words: the call has to be fetched",
        _json({"callData": _CALL, "isTest": False}),
        [Wanted(_ID, "/v2/calls/transcript", time_or_none("2026-02-11T14:00:00Z", Config().zone_info))],
    ),
    Example(
        "a transcript with its call: affiliation says who is the customer",
        _json({"callTranscripts": [_TRANSCRIPT], "calls": [_CALL]}),
        [_READ],
    ),
    Example(
        "a transcript alone: nothing says who is who",
        _json({"callTranscripts": [_TRANSCRIPT]}),
        [
            Undated(
                read_item(
                    {
                        "external_id": _ID,
                        "medium": "phone",
                        "occurred_at": UNDATED,
                        "turns": [
                            {"role": "system", "speaker": "6432345678555530067", "text": "Hello, Jan."},
                            {"role": "system", "speaker": "5110676", "text": "It leaks. Again."},
                        ],
                    }
                )
            )
        ],
    ),
    Example("a test", _json({"callData": _CALL, "isTest": True}), Ignored("a test of the webhook")),
    Example("nothing in it", _json({"calls": []}), Ignored("the delivery holds no calls with words")),
)
