"""Amazon Transcribe: Call Analytics files, files of plain jobs, and the events that a job has ended.

Call Analytics names the role of each turn (https://docs.aws.amazon.com/transcribe/latest/dg/call-analytics-output.html);
plain jobs only number speakers or channels. No file says when the call was: its time is the arrival. Sentiment and
categories of the vendor are not imported as truth.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.connectors.contract import (
    ConnectorConfig,
    Example,
    Ignored,
    Parsed,
    Spec,
    Undated,
    Wanted,
    make_item,
    nothing_in,
)
from app.domain.feedback import Medium
from app.payloads.delivery import RawDelivery
from app.payloads.facts import file_id, flat_facts
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.schemes import StaticToken
from app.payloads.segments import Frame, segments, spoken_words
from app.payloads.talk import UNDATED, SpeakerRules, Spoken, joined, make_turns, role_of_name, speaker_name
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, objects, text

_STATES = frozenset({"Call Analytics Job State Change", "Transcribe Job State Change"})


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set; `agents` may name labels of plain jobs, such as `spk_0` or `ch_0`."""


SPEC = Spec(
    title="Amazon Transcribe",
    auth=StaticToken(),
    setup=(
        "Import the output files of S3 with `closeloop import FOLDER --connector aws_transcribe_call_analytics`, or:",
        "in EventBridge make an API destination for {url} with the API key header X-Webhook-Token: {secret}.",
        "Let a Lambda function post each output file there; events alone are kept as waiting for their words.",
    ),
    also=("aws_transcribe", "amazon_transcribe", "transcribe"),
)


def reference(delivery: RawDelivery) -> None:
    """None: files have no id of their delivery."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of a file, or the job whose file has to be fetched.

    Raises:
        AppError: It is neither, or has too many turns.
    """
    body = needed_object(delivery.json())
    if text(body.get("detail-type")) in _STATES:
        return _event(body, config)
    turns = make_turns(_spoken(body, config), config)
    if not turns:
        return nothing_in(body, "the transcript has no words", "Transcribe", ("Transcript", "results", "JobName"))
    values = {
        "external_id": ident(first(body, ("JobName",), ("jobName",))) or file_id(delivery),
        "medium": Medium.CHAT if body.get("Channel") == "CHAT" else Medium.PHONE,
        "language": language_tag(first(body, ("LanguageCode",), ("results", "language_code"))),
        "turns": turns,
        "attributes": flat_facts(_facts(body)),
    }
    return [make_item(values, delivery)]


def _event(body: Mapping[str, Any], config: Config) -> Parsed:
    state = first(body, ("detail", "JobStatus"), ("detail", "TranscriptionJobStatus"))
    name = first(body, ("detail", "JobName"), ("detail", "TranscriptionJobName"))
    if state != "COMPLETED":
        return Ignored("a job that has no transcript")
    job = needed_id(name, "detail.JobName")
    return [Wanted(job, f"/calls/{job}", time_or_none(body.get("time"), config.zone_info))]


def _spoken(body: Mapping[str, Any], config: Config) -> Iterator[Spoken]:
    for one in objects(body.get("Transcript")):
        words = text(one.get("Content"))
        label = speaker_name(first(one, ("ParticipantRole",), ("ParticipantId",)))
        if words is not None:
            yield Spoken(words, label, role_of_name(label or ""), ref=ident(one.get("Id")))
    results = body.get("results")
    parts = list(joined(segments(objects(at(results, "audio_segments")), Frame(config))))
    yield from parts or joined(_items(results))
    if not parts and not at(results, "items"):
        yield from segments(objects(at(results, "transcripts")), Frame(config))


def _items(results: object) -> Iterator[Spoken]:
    channels = objects(at(results, "channel_labels", "channels"))
    for channel in channels:
        yield from _words(channel, speaker_name(channel.get("channel_label")))
    if not channels:
        yield from _words(results, None)


def _words(holder: object, label: str | None) -> Iterator[Spoken]:
    """Words with the punctuation marks that stand after them as items of their own."""
    held: Spoken | None = None
    for one in objects(at(holder, "items")):
        content = text(at(one, "alternatives", 0, "content"))
        if content is None:
            continue
        if one.get("type") == "punctuation" and held is not None:
            held = Spoken(held.text + content, held.speaker)
            continue
        if held is not None:
            yield held
        held = next(spoken_words([{"word": content, "speaker_label": one.get("speaker_label")}], label), None)
    if held is not None:
        yield held


def _facts(body: Mapping[str, Any]) -> dict[str, Any]:
    seconds = at(body, "ConversationCharacteristics", "TotalConversationDurationMillis")
    return {"duration_ms": seconds, "redacted": at(body, "ContentMetadata", "Output")}


def _json(value: object, name: str = "") -> RawDelivery:
    return RawDelivery(json.dumps(value).encode(), name=name)


_TURN = {"BeginOffsetMillis": 0, "EndOffsetMillis": 900, "Sentiment": "NEGATIVE", "LoudnessScores": [70.1]}
_PLAIN = {
    "jobName": "job-9",
    "results": {
        "language_code": "de-DE",
        "items": [
            {"type": "pronunciation", "speaker_label": "spk_0", "alternatives": [{"content": "Guten"}]},
            {"type": "pronunciation", "speaker_label": "spk_0", "alternatives": [{"content": "Tag"}]},
            {"type": "punctuation", "alternatives": [{"content": "."}]},
            {"type": "pronunciation", "speaker_label": "spk_1", "alternatives": [{"content": "Hallo"}]},
        ],
    },
}

EXAMPLES = (
    Example(
        "a Call Analytics file: roles as they are told, the vendor's sentiment left out",
        _json(
            {
                "JobName": "tern-0017",
                "JobStatus": "COMPLETED",
                "LanguageCode": "en-GB",
                "Channel": "VOICE",
                "Participants": [{"ParticipantRole": "AGENT"}, {"ParticipantRole": "CUSTOMER"}],
                "Transcript": [
                    _TURN | {"Id": "t-1", "ParticipantRole": "AGENT", "Content": "Tern Energy, hello."},
                    _TURN | {"Id": "t-2", "ParticipantRole": "CUSTOMER", "Content": "The meter is wrong."},
                ],
            }
        ),
        [
            Undated(
                read_item(
                    {
                        "external_id": "tern-0017",
                        "medium": "phone",
                        "occurred_at": UNDATED,
                        "language": "en-GB",
                        "turns": [
                            {"role": "agent", "speaker": "AGENT", "ref": "t-1", "text": "Tern Energy, hello."},
                            {"role": "customer", "speaker": "CUSTOMER", "ref": "t-2", "text": "The meter is wrong."},
                        ],
                    }
                )
            )
        ],
    ),
    Example(
        "a plain job: words become turns; the operator says which label is the agent",
        _json(_PLAIN),
        [
            Undated(
                read_item(
                    {
                        "external_id": "job-9",
                        "medium": "phone",
                        "occurred_at": UNDATED,
                        "language": "de-DE",
                        "turns": [
                            {"role": "agent", "speaker": "spk_0", "text": "Guten Tag."},
                            {"role": "customer", "speaker": "spk_1", "text": "Hallo"},
                        ],
                    }
                )
            )
        ],
        config={"agents": ["spk_0"]},
    ),
    Example(
        "a job has ended: its file waits to be fetched",
        _json(
            {
                "detail-type": "Call Analytics Job State Change",
                "time": "2026-02-11T14:00:00Z",
                "detail": {"JobName": "tern-0018", "JobStatus": "COMPLETED"},
            }
        ),
        [Wanted("tern-0018", "/calls/tern-0018", time_or_none("2026-02-11T14:00:00Z", Config().zone_info))],
    ),
    Example(
        "a job has failed",
        _json({"detail-type": "Call Analytics Job State Change", "detail": {"JobName": "x", "JobStatus": "FAILED"}}),
        Ignored("a job that has no transcript"),
    ),
)
