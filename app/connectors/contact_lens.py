"""Contact Lens for Amazon Connect: the analysis files of voice contacts and chats, and the events that name them.

The shape is https://docs.aws.amazon.com/connect/latest/adminguide/contact-lens-example-output-files.html; it was read
there and in public code, not tried against a live account. The file's name carries the time of the analysis
(`CONTACT_analysis_2026-02-11T14:00:00Z.json`); chats carry the time of each message. Sentiment is not imported.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, Wanted, make_item, nothing_in
from app.domain.feedback import Medium
from app.payloads.delivery import RawDelivery
from app.payloads.facts import file_id
from app.payloads.languages import language_tag
from app.payloads.markup import plain_text
from app.payloads.schemes import StaticToken
from app.payloads.talk import SpeakerRules, Spoken, make_turns, role_of_name, speaker_name
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, ident, needed_object, objects, text

_NAMED_TIME = re.compile(r"_(\d{4}-\d\d-\d\dT\d\d[:_]\d\d[:_]\d\dZ)")
_RECORDED = re.compile(r"_(\d{4})(\d\d)(\d\d)T(\d\d:\d\d)_UTC", re.ASCII)
_CONTACT = re.compile(r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})[^/]*\.json")
_ARN = re.compile(r"arn:aws[\w-]*:connect:[^/\s]{1,100}/[^/\s]{1,100}/contact/([^/\s]{1,100})")


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


SPEC = Spec(
    title="Contact Lens (Amazon Connect)",
    auth=StaticToken(),
    setup=(
        "Import the bucket's Analysis folder with `closeloop import FOLDER --connector contact_lens`, or:",
        "in EventBridge make an API destination for {url} with the API key header X-Webhook-Token: {secret}.",
        "Let a Lambda function post each analysis file there; events alone are kept as waiting for their words.",
    ),
    also=("amazon_connect", "aws_connect", "connect"),
)


def reference(delivery: RawDelivery) -> None:
    """None: files have no id of their delivery."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of a file, or the contact whose file has to be fetched.

    Raises:
        AppError: It is neither, or has too many turns.
    """
    body = needed_object(delivery.json())
    if "detail-type" in body:
        return _event(body, config)
    start = _start(body, delivery, config)
    turns = make_turns(_spoken(body, config), config)
    if not turns:
        return nothing_in(body, "the transcript has no words", "Contact Lens", ("Transcript", "Participants"))
    values = {
        "external_id": ident(at(body, "CustomerMetadata", "ContactId")) or file_id(delivery),
        "medium": Medium.CHAT if body.get("Channel") == "CHAT" else Medium.PHONE,
        "occurred_at": start,
        "language": language_tag(body.get("LanguageCode")),
        "turns": turns,
    }
    return [make_item(values, delivery)]


def _start(body: Mapping[str, Any], delivery: RawDelivery, config: Config) -> datetime | None:
    said = first(body, ("Transcript", 0, "AbsoluteTime"))
    key = f"{delivery.name} {text(at(body, 'CustomerMetadata', 'InputS3Uri')) or ''}"
    named, recorded = _NAMED_TIME.search(key), _RECORDED.search(key)
    told = named[1].replace("_", ":") if named else recorded and "{}-{}-{}T{}Z".format(*recorded.groups())
    return time_or_none(said or told, config.zone_info)


def _spoken(body: Mapping[str, Any], config: Config) -> Iterator[Spoken]:
    roles = {
        label: speaker_name(one.get("ParticipantRole"))
        for one in objects(body.get("Participants"))
        if (label := ident(one.get("ParticipantId"))) is not None
    }
    for one in objects(body.get("Transcript")):
        words = text(one.get("Content"))
        if words is None or one.get("Type") not in (None, "MESSAGE") or "event" in str(one.get("ContentType")):
            continue
        label = ident(first(one, ("ParticipantId",), ("ParticipantRole",)))
        told = roles.get(label or "") or speaker_name(one.get("ParticipantRole")) or label
        when = time_or_none(one.get("AbsoluteTime"), config.zone_info)
        yield Spoken(plain_text(words), label, role_of_name(told or ""), when, ident(one.get("Id")))


def _event(body: Mapping[str, Any], config: Config) -> Parsed:
    key = unquote(text(first(body, ("detail", "object", "key"))) or "")
    found = _CONTACT.search(key) or _ARN.search(text(at(body, "detail", "contactArn")) or "")
    if found is None:
        return Ignored("an event that names no contact")
    path = f"/{key}" if key else f"/contacts/{found[1]}"
    return [Wanted(found[1], path, time_or_none(body.get("time"), config.zone_info))]


def _json(value: object, name: str = "") -> RawDelivery:
    return RawDelivery(json.dumps(value).encode(), name=name)


_ID = "0a1b2c3d-0000-4000-8000-00000000002a"
_CALL = {
    "Channel": "VOICE",
    "CustomerMetadata": {"ContactId": _ID, "InstanceId": "i-1"},
    "LanguageCode": "en-US",
    "Participants": [
        {"ParticipantId": "p-1", "ParticipantRole": "CUSTOMER"},
        {"ParticipantId": "p-2", "ParticipantRole": "AGENT"},
    ],
    "Transcript": [
        {"Id": "1", "ParticipantId": "p-2", "Content": "How can I help?", "BeginOffsetMillis": 500},
        {"Id": "2", "ParticipantId": "p-1", "Content": "Nobody called back.", "BeginOffsetMillis": 2500},
    ],
}
_CHAT = {
    "Channel": "CHAT",
    "CustomerMetadata": {"ContactId": "c-2"},
    "Participants": [
        {"ParticipantId": "a", "ParticipantRole": "CUSTOMER"},
        {"ParticipantId": "b", "ParticipantRole": "CUSTOM_BOT"},
    ],
    "Transcript": [
        {
            "Id": "1",
            "ParticipantId": "b",
            "Content": "Hi.",
            "Type": "MESSAGE",
            "AbsoluteTime": "2026-02-11T14:00:00.123Z",
        },
        {
            "Id": "2",
            "ParticipantId": "a",
            "Content": "Where is it?",
            "Type": "MESSAGE",
            "AbsoluteTime": "2026-02-11T14:01:00Z",
        },
        {
            "Id": "3",
            "ParticipantId": "a",
            "Type": "EVENT",
            "ContentType": "application/vnd.amazonaws.connect.event.participant.left",
        },
    ],
}

_RECORDING = f"s3://calls/CallRecordings/2026/02/11/{_ID}_20260211T14:00_UTC.wav"
_CALLED = {
    "external_id": _ID,
    "medium": "phone",
    "occurred_at": "2026-02-11T14:00:00Z",
    "language": "en-US",
    "turns": [
        {"role": "agent", "speaker": "p-2", "ref": "1", "text": "How can I help?"},
        {"role": "customer", "speaker": "p-1", "ref": "2", "text": "Nobody called back."},
    ],
}

EXAMPLES = (
    Example(
        "a call: roles by participant, the time in the file's name",
        _json(_CALL, f"Analysis/Voice/{_ID}_analysis_2026-02-11T14:00:00Z.json"),
        [_CALLED],
    ),
    Example(
        "the same; the time in the name of the recording",
        _json({**_CALL, "CustomerMetadata": {"ContactId": _ID, "InputS3Uri": _RECORDING}}),
        [_CALLED],
    ),
    Example(
        "a chat: the bot's words are the bot's, comings and goings are no turns",
        _json(_CHAT),
        [
            {
                "external_id": "c-2",
                "medium": "chat",
                "occurred_at": "2026-02-11T14:00:00.123Z",
                "turns": [
                    {"role": "bot", "speaker": "b", "ref": "1", "at": "2026-02-11T14:00:00.123Z", "text": "Hi."},
                    {
                        "role": "customer",
                        "speaker": "a",
                        "ref": "2",
                        "at": "2026-02-11T14:01:00Z",
                        "text": "Where is it?",
                    },
                ],
            }
        ],
    ),
    Example(
        "a new file in the bucket",
        _json(
            {
                "detail-type": "Object Created",
                "time": "2026-02-11T14:05:00Z",
                "detail": {"object": {"key": f"Analysis/Voice/{_ID}_analysis_2026-02-11T14%3A00%3A00Z.json"}},
            }
        ),
        [
            Wanted(
                _ID,
                f"/Analysis/Voice/{_ID}_analysis_2026-02-11T14:00:00Z.json",
                time_or_none("2026-02-11T14:05:00Z", Config().zone_info),
            )
        ],
    ),
    Example("another event", _json({"detail-type": "x"}), Ignored("an event that names no contact")),
)
