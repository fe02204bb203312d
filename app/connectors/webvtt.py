"""WebVTT transcripts of calls, as files or posted as they are: voice tags or `Name:` before the words.

The shape is the W3C's (https://www.w3.org/TR/webvtt1/); Teams, Zoom and most recorders write it. A file says neither
when the call was nor which call it was: its name is the id, and the time is its arrival, unless the name has the form
of Zoom's recordings (`GMT20260211-140000_Recording.transcript.vtt`).
"""

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, Undated, make_item
from app.domain.feedback import Medium
from app.payloads.cues import decode_captions, language_of, recorded_at, spoken_cues
from app.payloads.delivery import RawDelivery
from app.payloads.facts import file_id
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.schemes import StaticToken
from app.payloads.talk import UNDATED, SpeakerRules, make_turns


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


SPEC = Spec(
    title="WebVTT",
    auth=StaticToken(),
    setup=(
        "Import files with `closeloop import call.vtt`, or POST them to {url} as text/vtt.",
        "Send the secret {secret} with them: Authorization: Bearer, or the header X-Webhook-Token.",
    ),
    also=("vtt", "zoom_vtt", "teams"),
    suffixes=(".vtt",),
)


def reference(delivery: RawDelivery) -> None:
    """None: files have no id of their delivery."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of the file.

    Raises:
        AppError: It is no caption file, or has too many turns.
    """
    text = decode_captions(delivery.body)
    start = recorded_at(delivery.name)
    turns = make_turns(spoken_cues(text, config, start), config)
    if not turns:
        return Ignored("the transcript has no words")
    values = {
        "external_id": file_id(delivery),
        "medium": Medium.PHONE,
        "occurred_at": start,
        "language": language_tag(language_of(text)),
        "turns": turns,
    }
    return [make_item(values, delivery)]


def _file(text: str, name: str = "call-7.vtt") -> RawDelivery:
    return RawDelivery(body=text.encode(), content_type="text/vtt", name=name)


_READ = {"external_id": "call-7.vtt", "medium": "phone", "occurred_at": UNDATED}
_VOICES = (
    "\ufeffWEBVTT - call 7\r\nLanguage: en_GB\r\n\r\nNOTE recorded with consent\r\n\r\n1\r\n"
    "00:01.000 --> 00:03.000 align:start\r\n<v Agent Ada>Good morning.\r\n\r\n"
    "00:03.500 --> 00:05.000\r\n<v Agent Ada>How can I help?\r\n\r\n"
    "00:00:06.000 --> 00:00:09.000\r\n<v Customer>My meter reading was <i>wrong</i>: 17 &lt; 71.\r\n"
)
_ZOOM = (
    "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nAda Obi: Thank you for calling Tern Energy.\n\n"
    "2\n00:00:03.000 --> 00:00:05.000\nJan de Wit: One thing: the bill is wrong.\n\n"
    "3\n00:00:05.000 --> 00:00:06.000\nJan de Wit: Twice now.\n"
)

EXAMPLES = (
    Example(
        "voice tags, a byte order mark, notes, settings; cues of one speaker are one turn",
        _file(_VOICES),
        [
            Undated(
                read_item(
                    _READ
                    | {
                        "language": "en-GB",
                        "turns": [
                            {"role": "agent", "speaker": "Agent Ada", "text": "Good morning. How can I help?"},
                            {"role": "customer", "speaker": "Customer", "text": "My meter reading was wrong: 17 < 71."},
                        ],
                    }
                )
            )
        ],
    ),
    Example(
        "Zoom: names before the words, the time in the file's name; the one who greets is the agent",
        _file(_ZOOM, "GMT20260211-140000_Recording.transcript.vtt"),
        [
            {
                "external_id": "GMT20260211-140000_Recording.transcript.vtt",
                "medium": "phone",
                "occurred_at": "2026-02-11T14:00:00Z",
                "turns": [
                    {
                        "role": "agent",
                        "speaker": "Ada Obi",
                        "at": "2026-02-11T14:00:01Z",
                        "text": "Thank you for calling Tern Energy.",
                    },
                    {
                        "role": "customer",
                        "speaker": "Jan de Wit",
                        "at": "2026-02-11T14:00:03Z",
                        "text": "One thing: the bill is wrong. Twice now.",
                    },
                ],
            }
        ],
    ),
    Example(
        "nobody is named: nobody's words count as a customer's",
        _file("WEBVTT\n\n00:01.000 --> 00:02.000\nThe bill is wrong.\n"),
        [Undated(read_item(_READ | {"turns": [{"role": "system", "text": "The bill is wrong."}]}))],
    ),
    Example(
        "the operator says that such recordings are customers, such as voice mail",
        _file("WEBVTT\n\n00:01.000 --> 00:02.000\nThe bill is wrong.\n"),
        [Undated(read_item(_READ | {"turns": [{"role": "customer", "text": "The bill is wrong."}]}))],
        config={"alone": "customer"},
    ),
    Example("no cues", _file("WEBVTT\n\nNOTE nothing was said\n"), Ignored("the transcript has no words")),
    Example("no caption file", _file("Dear Sir or Madam,\nthe bill is wrong."), "no_cues"),
)
