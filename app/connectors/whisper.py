"""Whisper and its kin: verbose JSON, timestamped words, diarized JSON, and what whisper.cpp and WhisperX write.

The shapes are those of https://platform.openai.com/docs/api-reference/audio/createTranscription and of the projects'
own files. Files have no id: the file's name is the id, and its time is the arrival. Where no speakers are named, the
words are nobody's (see `alone`).
"""

import json

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, Undated, make_item, nothing_in
from app.domain.feedback import Medium
from app.payloads.delivery import RawDelivery
from app.payloads.facts import file_id, flat_facts
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.schemes import StaticToken
from app.payloads.segments import Frame, spoken_in
from app.payloads.talk import UNDATED, SpeakerRules, joined, make_turns
from app.payloads.walk import first, needed_object


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


SPEC = Spec(
    title="Whisper",
    auth=StaticToken(),
    setup=(
        "Import files with `closeloop import FOLDER --connector whisper`, or POST them to {url} as application/json.",
        "Send the secret {secret} with them: Authorization: Bearer, or the header X-Webhook-Token.",
    ),
    also=("openai", "whisperx", "faster_whisper", "whisper_cpp"),
)


def reference(delivery: RawDelivery) -> None:
    """None: files have no id of their delivery."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of a file.

    Raises:
        AppError: It is no JSON object, or has too many turns.
    """
    body = needed_object(delivery.json())
    turns = make_turns(joined(spoken_in(body, Frame(config))), config)
    if not turns:
        return nothing_in(body, "the transcript has no words", "Whisper", ("text", "segments", "words", "language"))
    values = {
        "external_id": file_id(delivery),
        "medium": Medium.PHONE,
        "language": language_tag(first(body, ("language",), ("result", "language"))),
        "turns": turns,
        "attributes": flat_facts({"duration_s": body.get("duration")}),
    }
    return [make_item(values, delivery)]


def _json(**body: object) -> RawDelivery:
    return RawDelivery(json.dumps(body).encode(), name="call-3.json")


def _read(*turns: dict[str, str], **more: object) -> list[Undated]:
    told = {"external_id": "call-3.json", "medium": "phone", "occurred_at": UNDATED, "turns": list(turns)}
    return [Undated(read_item(told | more))]


EXAMPLES = (
    Example(
        "verbose JSON: no speakers, one turn whose author is unclear",
        _json(
            task="transcribe",
            language="english",
            duration=8.5,
            text="The meter is wrong. Twice.",
            segments=[
                {"id": 0, "start": 0.0, "end": 3.3, "text": " The meter is wrong."},
                {"id": 1, "start": 3.3, "end": 4.0, "text": " Twice."},
            ],
        ),
        _read(
            {"role": "system", "text": "The meter is wrong. Twice."},
            language="en",
            attributes={"duration_s": 8.5},
        ),
    ),
    Example(
        "diarized JSON: one side is known, so the one speaker left is the other side",
        _json(
            text="Agent: Hello.\nA: It leaks.",
            segments=[
                {"type": "transcript.text.segment", "id": "seg_1", "start": 0, "speaker": "agent", "text": "Hello."},
                {"type": "transcript.text.segment", "id": "seg_2", "start": 5, "speaker": "A", "text": "It leaks."},
            ],
        ),
        _read(
            {"role": "agent", "speaker": "agent", "ref": "seg_1", "text": "Hello."},
            {"role": "customer", "speaker": "A", "ref": "seg_2", "text": "It leaks."},
        ),
    ),
    Example(
        "whisper.cpp, of customers' voice mail",
        _json(result={"language": "de"}, transcription=[{"offsets": {"from": 0, "to": 90}, "text": " Es tropft."}]),
        _read({"role": "customer", "text": "Es tropft."}, language="de"),
        config={"alone": "customer"},
    ),
    Example("silence", _json(text="", segments=[]), Ignored("the transcript has no words")),
)
