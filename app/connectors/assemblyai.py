"""AssemblyAI: the callback that a transcript is ready, and the transcript object.

The shape is https://www.assemblyai.com/docs/api-reference/transcripts/get. Speakers are letters, or names where speaker
identification is on. Neither callback nor transcript says when the call was: its time is the arrival.
"""

import json
from typing import Literal

from app.connectors.contract import (
    ConnectorConfig,
    Example,
    Ignored,
    Parsed,
    Pull,
    Spec,
    Undated,
    Wanted,
    make_item,
    nothing_in,
)
from app.domain.feedback import Medium
from app.payloads.delivery import RawDelivery
from app.payloads.facts import flat_facts
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.schemes import StaticToken
from app.payloads.segments import Frame, spoken_words
from app.payloads.segments import segments as read_segments
from app.payloads.talk import UNDATED, SpeakerRules, Spoken, joined, make_turns
from app.payloads.walk import needed_id, needed_object, objects, text


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set.

    Attributes:
        region: Where your account's API is.
    """

    region: Literal["us", "eu"] = "us"


def pull(wanted: Wanted, config: Config, token: str) -> Pull:
    """The request for a transcript."""
    host = "api.eu.assemblyai.com" if config.region == "eu" else "api.assemblyai.com"
    return Pull(f"https://{host}{wanted.path}", {"authorization": token})


SPEC = Spec(
    title="AssemblyAI",
    auth=StaticToken(),
    setup=(
        "Transcribe with `webhook_url: {url}` and `speaker_labels: true` (or `multichannel: true`).",
        "Add `webhook_auth_header_name: X-Webhook-Token` and `webhook_auth_header_value: {secret}`.",
        "The callback only names the transcript: turn on fetching, or post the transcript object here.",
    ),
    also=("assembly_ai",),
    pull=pull,
)


def reference(delivery: RawDelivery) -> None:
    """None: a callback that comes again has the same bytes."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of a transcript, or the transcript that has to be fetched.

    Raises:
        AppError: It is neither, or has too many turns.
    """
    body = needed_object(delivery.json())
    if body.get("status") == "error":
        return Ignored("the transcription failed")
    if "transcript_id" in body:
        transcript = needed_id(body["transcript_id"], "transcript_id")
        if not transcript.replace("-", "").isalnum():
            return Ignored("the callback names no transcript")
        return [Wanted(transcript, f"/v2/transcript/{transcript}")]
    if body.get("status") in ("queued", "processing"):
        return Ignored("the transcription is not ready")
    utterances = objects(body.get("utterances"))
    pieces = joined(
        read_segments(utterances, Frame(config)) if utterances else spoken_words(objects(body.get("words")))
    )
    whole = text(body.get("text"))
    turns = make_turns(pieces, config) or make_turns([] if whole is None else [Spoken(whole)], config)
    if not turns:
        return nothing_in(body, "the transcript has no words", "AssemblyAI", ("id", "text", "words", "utterances"))
    values = {
        "external_id": needed_id(body.get("id"), "id"),
        "medium": Medium.PHONE,
        "language": language_tag(body.get("language_code")),
        "turns": turns,
        "attributes": flat_facts({"duration_s": body.get("audio_duration")}),
    }
    return [make_item(values, delivery)]


def _json(**body: object) -> RawDelivery:
    return RawDelivery(json.dumps(body).encode())


EXAMPLES = (
    Example(
        "a callback: the transcript has to be fetched",
        _json(transcript_id="5551722-f677-48a6-9287-39c0aafd9ac1", status="completed"),
        [Wanted("5551722-f677-48a6-9287-39c0aafd9ac1", "/v2/transcript/5551722-f677-48a6-9287-39c0aafd9ac1")],
    ),
    Example("a failed transcription", _json(transcript_id="5", status="error"), Ignored("the transcription failed")),
    Example(
        "a transcript with speakers",
        _json(
            id="t-1",
            status="completed",
            language_code="en_us",
            audio_duration=12,
            utterances=[
                {"speaker": "A", "start": 10, "end": 20, "text": "Tern Energy, how can I help?"},
                {"speaker": "B", "start": 30, "end": 40, "text": "The meter is wrong."},
            ],
        ),
        [
            Undated(
                read_item(
                    {
                        "external_id": "t-1",
                        "medium": "phone",
                        "occurred_at": UNDATED,
                        "language": "en-US",
                        "turns": [
                            {"role": "agent", "speaker": "A", "text": "Tern Energy, how can I help?"},
                            {"role": "customer", "speaker": "B", "text": "The meter is wrong."},
                        ],
                        "attributes": {"duration_s": 12},
                    }
                )
            )
        ],
    ),
    Example("it is not ready", _json(id="t-2", status="processing"), Ignored("the transcription is not ready")),
)
