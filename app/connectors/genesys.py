"""Genesys Cloud: the transcript file that speech and text analytics' `transcripturl` points to.

The shape is https://developer.genesys.cloud/analyticsdatamanagement/speechtextanalytics/transcript-url; read in public
code that uses it, not tried against a live account. `startTimeMs` is an instant there or an offset, both are taken.
Sentiment is not imported.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, make_item
from app.domain.feedback import Medium, Role
from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery
from app.payloads.facts import flat_facts
from app.payloads.languages import language_tag
from app.payloads.markup import plain_text
from app.payloads.schemes import StaticToken
from app.payloads.talk import SpeakerRules, Spoken, make_turns, moment, role_of_name, speaker_name
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, needed_id, needed_object, number, objects, text

_ROLES = {"user": Role.AGENT, "acd": Role.BOT, "ivr": Role.BOT, "voicemail": Role.CUSTOMER}
_MEDIA = {"message": Medium.CHAT, "chat": Medium.CHAT, "webmessaging": Medium.CHAT, "email": Medium.EMAIL}
_INSTANT_FROM = 10**11
"""As milliseconds since 1970 this is 1973; as an offset it is three years."""


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


SPEC = Spec(
    title="Genesys Cloud",
    auth=StaticToken(),
    setup=(
        "Turn on Admin > Speech and Text Analytics > Voice transcription for the queues.",
        "Fetch the transcript files with the API and `closeloop import FOLDER --connector genesys`, or:",
        "let a data action POST each file to {url} with the header X-Webhook-Token: {secret}.",
    ),
    also=("genesys_cloud", "purecloud"),
)


def reference(delivery: RawDelivery) -> None:
    """None: files have no id of their delivery."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of a transcript file.

    Raises:
        AppError: It is none, or has too many turns.
    """
    body = needed_object(delivery.json())
    transcripts = objects(body.get("transcripts"))
    if "transcripts" not in body:
        message = "The delivery has no list `transcripts`: it is no transcript of Genesys Cloud."
        raise AppError(Kind.INVALID, "not_a_transcript", message)
    start = time_or_none(first(body, ("conversationStartTime",), ("startTime",)), config.zone_info)
    start = start or time_or_none(at(transcripts, 0, "startTime"), config.zone_info)
    turns = make_turns(_spoken(transcripts, start, config), config)
    if not turns:
        return Ignored("the transcript has no words")
    values = {
        "external_id": _id(body),
        "medium": _MEDIA.get(str(body.get("mediaType")).lower(), Medium.PHONE),
        "occurred_at": start or turns[0]["at"],
        "language": language_tag(at(transcripts, 0, "language")),
        "turns": turns,
        "attributes": flat_facts({"duration_ms": at(body, "duration", "milliseconds"), "queue": body.get("queueName")}),
    }
    return [make_item(values, delivery)]


def _id(body: Mapping[str, Any]) -> str:
    return needed_id(body.get("conversationId"), "conversationId")


def _spoken(transcripts: list[Mapping[str, Any]], start: datetime | None, config: Config) -> Iterator[Spoken]:
    for transcript in transcripts:
        for one in objects(transcript.get("phrases")):
            words = text(first(one, ("decoratedText",), ("text",)))
            if words is None:
                continue
            purpose = speaker_name(one.get("participantPurpose"))
            role = _ROLES.get((purpose or "").lower()) or role_of_name(purpose or "")
            yield Spoken(plain_text(words), purpose, role, _when(one, start, config))


def _when(one: Mapping[str, Any], start: datetime | None, config: Config) -> datetime | None:
    told = number(one.get("startTimeMs"))
    if told is None:
        return None
    return time_or_none(told, config.zone_info) if told >= _INSTANT_FROM else moment(start, told / 1000)


def _json(value: object) -> RawDelivery:
    return RawDelivery(json.dumps(value).encode())


_FILE = {
    "organizationId": "o-1",
    "conversationId": "0a1b2c3d-0000-4000-8000-0000000000aa",
    "communicationId": "com-1",
    "mediaType": "call",
    "conversationStartTime": 1770818400000,
    "transcripts": [
        {
            "transcriptId": "t-1",
            "language": "en-us",
            "phrases": [
                {
                    "text": "how can i help",
                    "decoratedText": "How can I help?",
                    "startTimeMs": 1770818401000,
                    "participantPurpose": "internal",
                },
                {"text": "the meter is wrong", "startTimeMs": 4500, "participantPurpose": "external"},
                {"text": "goodbye", "startTimeMs": 9000, "participantPurpose": "acd"},
            ],
            "analytics": {"sentiment": [{"participant": "external", "phraseIndex": 1, "sentiment": -1}]},
        }
    ],
}

EXAMPLES = (
    Example(
        "a transcript file: internal and external parties, instants and offsets",
        _json(_FILE),
        [
            {
                "external_id": "0a1b2c3d-0000-4000-8000-0000000000aa",
                "medium": "phone",
                "occurred_at": "2026-02-11T14:00:00Z",
                "language": "en-US",
                "turns": [
                    {"role": "agent", "speaker": "internal", "at": "2026-02-11T14:00:01Z", "text": "How can I help?"},
                    {
                        "role": "customer",
                        "speaker": "external",
                        "at": "2026-02-11T14:00:04.5Z",
                        "text": "the meter is wrong",
                    },
                    {"role": "bot", "speaker": "acd", "at": "2026-02-11T14:00:09Z", "text": "goodbye"},
                ],
            }
        ],
    ),
    Example(
        "nothing was said",
        _json({"conversationId": "c-1", "transcripts": []}),
        Ignored("the transcript has no words"),
    ),
    Example("no transcript file", _json({"conversationId": "c-1"}), "not_a_transcript"),
)
