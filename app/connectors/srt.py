"""SubRip transcripts (.srt) of calls, as files or posted as they are, in whatever encoding they have.

SubRip has no specification; what is read is what players accept. Names stand before the words, `Agent: ...`. The file's
name is the id, and the time is its arrival.
"""

import codecs

from pydantic import field_validator

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, Undated, make_item
from app.domain.feedback import Medium
from app.payloads.cues import decode_captions, spoken_cues
from app.payloads.delivery import RawDelivery
from app.payloads.facts import file_id
from app.payloads.native import read_item
from app.payloads.schemes import StaticToken
from app.payloads.talk import UNDATED, SpeakerRules, make_turns


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set.

    Attributes:
        encoding: Of the files, where they are not UTF-8 and what is recognised is wrong, such as `cp1251`.
    """

    encoding: str | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                bytes(1).decode(codecs.lookup(value).name, "replace")
        except (LookupError, ValueError):
            raise ValueError("there is no such text encoding; write it as cp1252 or gb18030") from None
        return value


SPEC = Spec(
    title="SubRip",
    auth=StaticToken(),
    setup=(
        "Import files with `closeloop import call.srt`, or POST them to {url}.",
        "Send the secret {secret} with them: Authorization: Bearer, or the header X-Webhook-Token.",
    ),
    also=("subrip",),
    suffixes=(".srt",),
)


def reference(delivery: RawDelivery) -> None:
    """None: files have no id of their delivery."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of the file.

    Raises:
        AppError: It is no caption file, or has too many turns.
    """
    turns = make_turns(spoken_cues(decode_captions(delivery.body, config.encoding), config), config)
    if not turns:
        return Ignored("the transcript has no words")
    return [make_item({"external_id": file_id(delivery), "medium": Medium.PHONE, "turns": turns}, delivery)]


def _file(text: str, encoding: str = "utf-8") -> RawDelivery:
    return RawDelivery(body=text.encode(encoding), content_type="application/x-subrip", name="call-8.srt")


def _read(*turns: tuple[str, str | None, str]) -> list[Undated]:
    told = [{"role": role, "speaker": speaker, "text": text} for role, speaker, text in turns]
    return [Undated(read_item({"external_id": "call-8.srt", "medium": "phone", "occurred_at": UNDATED, "turns": told}))]


EXAMPLES = (
    Example(
        "names before the words, lines joined, tags left out",
        _file(
            "1\r\n00:00:01,000 --> 00:00:02,000\r\nAgent: Tern Energy, hello.\r\n\r\n"
            "2\r\n00:00:02,500 --> 00:00:05,000\r\nCustomer: <i>My bill</i> shows\r\n17:30 as the time.\r\n\r\n"
            "3\r\n00:00:05,000 --> 00:00:06,000\r\nCustomer: Why?\r\n"
        ),
        _read(
            ("agent", "Agent", "Tern Energy, hello."),
            ("customer", "Customer", "My bill shows 17:30 as the time. Why?"),
        ),
    ),
    Example(
        "a cue without a name goes on where names stand only at a change; no empty lines between the cues",
        _file("1\n00:01 --> 00:02\nAgent: Hello.\n2\n00:02 --> 00:03\nCaller: It leaks.\n3\n00:03 --> 00:04\nAgain.\n"),
        _read(("agent", "Agent", "Hello."), ("customer", "Caller", "It leaks. Again.")),
    ),
    Example(
        "Chinese in its old encoding",
        _file("1\n00:00:01,000 --> 00:00:02,000\n客户: 账单又错了。\n", "gb2312"),
        _read(("customer", "客户", "账单又错了。")),
        config={"customers": ["客户"]},
    ),
    Example(
        "Western letters in their old encoding",
        _file("1\n00:00:01,000 --> 00:00:02,000\nKunde: Die Zähler laufen rückwärts.\n", "cp1252"),
        _read(("customer", "Kunde", "Die Zähler laufen rückwärts.")),
    ),
    Example("no caption file", _file("Dear Sir or Madam,"), "no_cues"),
)
