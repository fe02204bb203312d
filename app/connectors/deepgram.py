"""Deepgram: the result of a pre-recorded request, as callback or file; utterances, or words by speaker or channel.

The shape is https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded. Speakers are numbers and
channels are positions: `agents: ["0"]` or `agents: ["channel 0"]` says which is ours. The time is `metadata.created`,
that of the transcript: the recording's own is not sent, so that turns have no times.
"""

import json

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, make_item
from app.domain.feedback import Medium
from app.payloads.delivery import RawDelivery
from app.payloads.facts import file_id, flat_facts
from app.payloads.languages import language_tag
from app.payloads.presets import DEEPGRAM
from app.payloads.segments import Frame, deepgram_channels
from app.payloads.talk import SpeakerRules, make_turns
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, ident, needed_object


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


SPEC = Spec(
    title="Deepgram",
    auth=DEEPGRAM,
    setup=(
        "Add `callback={url}`, `diarize=true` (or `multichannel=true`), `utterances=true` and `punctuate=true`.",
        "Let this source's secret be the id of the API key that you transcribe with (Deepgram sends it as dg-token),",
        "or write the secret into the address: https://hook:{secret}@...",
    ),
)


def reference(delivery: RawDelivery) -> None:
    """None: a callback that comes again has the same bytes, and its item the same id."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of a result.

    Raises:
        AppError: It is no result, or has too many turns.
    """
    body = needed_object(delivery.json())
    if "err_code" in body or "err_msg" in body:
        return Ignored("the transcription failed")
    results = needed_object(body.get("results"))
    start = time_or_none(at(body, "metadata", "created"), config.zone_info)
    turns = make_turns(deepgram_channels(results, Frame(config)), config)
    if not turns:
        return Ignored("the transcript has no words")
    values = {
        "external_id": ident(at(body, "metadata", "request_id")) or file_id(delivery),
        "medium": Medium.PHONE,
        "occurred_at": start,
        "language": language_tag(
            first(
                results,
                ("channels", 0, "detected_language"),
                ("channels", 0, "alternatives", 0, "languages", 0),
            )
        ),
        "turns": turns,
        "attributes": flat_facts(at(body, "metadata", "extra"), {"duration_s": at(body, "metadata", "duration")}),
    }
    return [make_item(values, delivery)]


def _result(**results: object) -> RawDelivery:
    metadata = {"request_id": "r-1", "created": "2026-02-11T14:00:00.000Z", "extra": {"queue": "billing"}}
    return RawDelivery(json.dumps({"metadata": metadata, "results": results}).encode())


def _word(word: str, **rest: object) -> dict[str, object]:
    return {"word": word.lower().strip("."), "punctuated_word": word, "start": 1.0, **rest}


def _read(*turns: dict[str, object]) -> list[dict[str, object]]:
    return [
        {
            "external_id": "r-1",
            "medium": "phone",
            "occurred_at": "2026-02-11T14:00:00Z",
            "turns": list(turns),
            "attributes": {"queue": "billing"},
        }
    ]


EXAMPLES = (
    Example(
        "utterances by speaker: the one who greets is the agent",
        _result(
            channels=[{"alternatives": [{"transcript": "..."}]}],
            utterances=[
                {"start": 1.0, "channel": 0, "speaker": 0, "transcript": "Thanks for calling Tern."},
                {"start": 1.0, "channel": 0, "speaker": 1, "transcript": "The meter"},
                {"start": 2.0, "channel": 0, "speaker": 1, "transcript": "is wrong."},
            ],
        ),
        _read(
            {"role": "agent", "speaker": "0", "text": "Thanks for calling Tern."},
            {"role": "customer", "speaker": "1", "text": "The meter is wrong."},
        ),
    ),
    Example(
        "words by speaker, and nothing says who is who",
        _result(
            channels=[
                {
                    "alternatives": [
                        {"words": [_word("Yes", speaker=0), _word("well.", speaker=0), _word("No.", speaker=1)]}
                    ]
                }
            ]
        ),
        _read(
            {"role": "system", "speaker": "0", "text": "Yes well."},
            {"role": "system", "speaker": "1", "text": "No."},
        ),
    ),
    Example(
        "words by channel, and the operator says which channel is ours",
        _result(
            channels=[
                {"alternatives": [{"words": [_word("Hello.")]}]},
                {"alternatives": [{"words": [_word("It", start=2.0), _word("leaks.", start=2.4)]}]},
            ]
        ),
        _read(
            {"role": "agent", "speaker": "channel 0", "text": "Hello."},
            {"role": "customer", "speaker": "channel 1", "text": "It leaks."},
        ),
        config={"agents": ["channel 0"]},
    ),
    Example(
        "a failed transcription",
        RawDelivery(b'{"err_code": "BAD_AUDIO", "err_msg": "no audio", "request_id": "r-2"}'),
        Ignored("the transcription failed"),
    ),
    Example("no result", RawDelivery(b'{"metadata": {}}'), "not_an_object"),
)
