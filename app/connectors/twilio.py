"""Twilio: Conversational (Voice) Intelligence transcripts, the event that one is ready, and transcribed voice mail.

Shapes: https://www.twilio.com/docs/conversation-intelligence-classic/api/transcript-sentence-subresource, the
transcript resource beside it, and the form that `<Record transcribe>` posts. Which channel is whose depends on who
called whom and how: it is taken from the transcript's participants, else from `agents: ["1"]`, never guessed. Of
several pages of sentences each adds its own.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

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
from app.domain.feedback import Medium, Role
from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery
from app.payloads.facts import flat_facts
from app.payloads.languages import language_tag
from app.payloads.native import read_item
from app.payloads.presets import TWILIO
from app.payloads.schemes import AnyOf, StaticToken
from app.payloads.talk import UNDATED, SpeakerRules, Spoken, joined, make_turns, moment, role_of_name, speaker_name
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, ident, needed_id, needed_object, number, objects, text

_READY = "voice_intelligence_transcript_available"
_SID = re.compile(r"GT[0-9a-fA-F]{32}")
_PAGE = re.compile(r"[?&]Page=(\d{1,6})")
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


def pull(wanted: Wanted, config: Config, token: str) -> Pull:
    """The request for the sentences of a transcript; the token is base64 of `ACCOUNT_SID:AUTH_TOKEN`."""
    del config
    return Pull(f"https://intelligence.twilio.com{wanted.path}", {"authorization": f"Basic {token}"})


SPEC = Spec(
    title="Twilio",
    auth=AnyOf((*TWILIO.schemes, StaticToken())),
    setup=(
        "In the console open Voice > Voice Intelligence > your service > Webhooks, set {url} with POST.",
        "Let this source's secret be the account's Auth Token: Twilio signs with it (X-Twilio-Signature).",
        "The event only names the transcript: turn on fetching, or post the sentences (with `transcript`) here.",
    ),
    also=("twilio_voice_intelligence", "twilio_vi"),
    pull=pull,
)


def reference(delivery: RawDelivery) -> str | None:
    """Twilio's token of this request, the same when it is sent again."""
    return delivery.headers.get("i-twilio-idempotency-token") or None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of sentences or voice mail, or the transcript that has to be fetched.

    Raises:
        AppError: It is none of them, or has too many turns.
    """
    body = _body(delivery)
    if "sentences" in body:
        return _conversation(body, delivery, config)
    if "TranscriptionText" in body or "TranscriptionStatus" in body:
        return _voice_mail(body, delivery)
    if body.get("event_type") != _READY:
        return nothing_in(body, "an event that holds no customer's words", "Twilio", ("event_type", "AccountSid"))
    sid = needed_id(body.get("transcript_sid"), "transcript_sid")
    if not _SID.fullmatch(sid):
        return Ignored("the event names no transcript")
    return [Wanted(sid, f"/v2/Transcripts/{sid}/Sentences?PageSize=1000")]


def _body(delivery: RawDelivery) -> Mapping[str, Any]:
    if delivery.content_type.partition(";")[0].strip().lower() != _FORM:
        return needed_object(delivery.json())
    try:
        return dict(parse_qsl(delivery.text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        message = f"The form has more than {_MOST_FIELDS} fields: it is none of Twilio's."
        raise AppError(Kind.INVALID, "bad_form", message) from None


def _voice_mail(body: Mapping[str, Any], delivery: RawDelivery) -> Parsed:
    words = text(body.get("TranscriptionText"))
    if words is None or body.get("TranscriptionStatus") == "failed":
        return Ignored("the transcript has no words")
    caller = ident(body.get("From"))
    values = {
        "external_id": needed_id(first(body, ("TranscriptionSid",), ("RecordingSid",)), "TranscriptionSid"),
        "medium": Medium.PHONE,
        "turns": make_turns([Spoken(words, role=Role.CUSTOMER)], SpeakerRules()),
        "customer": None if caller is None else {"ref": caller},
        "attributes": flat_facts({"call_sid": body.get("CallSid"), "to": body.get("To")}),
    }
    return [make_item(values, delivery)]


def _conversation(body: Mapping[str, Any], delivery: RawDelivery, config: Config) -> Parsed:
    transcript = body["transcript"] if isinstance(body.get("transcript"), Mapping) else body
    address = text(at(body, "meta", "url")) or ""
    found = _SID.search(address)
    sid = needed_id(first(transcript, ("sid",), ("transcript_sid",)) or (found[0] if found else None), "sid")
    start = time_or_none(first(transcript, ("media_start_time",), ("date_created",)), config.zone_info)
    page = _page(body, address)
    pieces = _spoken(body, transcript, start)
    turns = make_turns(joined(pieces) if page is None else pieces, config)
    if not turns:
        return Ignored("the transcript has no words")
    values = {
        "external_id": sid,
        "version": page,
        "merge": page is not None,
        "medium": Medium.PHONE,
        "occurred_at": start,
        "language": language_tag(transcript.get("language_code")),
        "case_id": ident(transcript.get("customer_key")),
        "turns": turns,
    }
    return [make_item(values, delivery)]


def _page(body: Mapping[str, Any], address: str) -> int | None:
    """The number of a page of several; None where all sentences are here."""
    number_of = _PAGE.search(address)
    page = int(number_of[1]) if number_of else 0
    return page if page > 0 or text(at(body, "meta", "next_page_url")) else None


def _spoken(body: Mapping[str, Any], transcript: Mapping[str, Any], start: Any) -> list[Spoken]:  # noqa: ANN401 - a time or None
    roles: dict[str | None, str] = {}
    for one in objects(at(transcript, "channel", "participants")):
        label = speaker_name(one.get("channel_participant"))
        roles[label] = text(first(one, ("role",), ("type",))) or ""
    pieces = []
    for one in objects(body.get("sentences")):
        label = speaker_name(one.get("media_channel"))
        offset = number(one.get("start_time"))
        when = None if offset is None else moment(start, offset)
        words = text(one.get("transcript"))
        if words is not None:
            pieces.append(Spoken(words, label, role_of_name(roles.get(label, "")), when, ident(one.get("sid"))))
    return pieces


def _json(**body: object) -> RawDelivery:
    return RawDelivery(json.dumps(body).encode())


_SID_A = "GT" + "0" * 31 + "a"
_SENTENCES = [
    {"media_channel": 1, "sentence_index": 0, "start_time": "0.5", "sid": "GX1", "transcript": "It leaks."},
    {"media_channel": 2, "sentence_index": 1, "start_time": "2.5", "sid": "GX2", "transcript": "I see."},
]
_META = {
    "key": "sentences",
    "url": f"https://intelligence.twilio.com/v2/Transcripts/{_SID_A}/Sentences?PageSize=2&Page=0",
}

EXAMPLES = (
    Example(
        "a transcript is ready",
        _json(event_type=_READY, transcript_sid=_SID_A, account_sid="AC1", service_sid="GA1"),
        [Wanted(_SID_A, f"/v2/Transcripts/{_SID_A}/Sentences?PageSize=1000")],
    ),
    Example(
        "sentences with their transcript: the participants say whose channel it is",
        _json(
            transcript={
                "sid": _SID_A,
                "media_start_time": "2026-02-11T14:00:00Z",
                "language_code": "en-US",
                "customer_key": "order-5",
                "channel": {
                    "participants": [
                        {"channel_participant": 1, "role": "Customer"},
                        {"channel_participant": 2, "role": "Agent"},
                    ]
                },
            },
            sentences=_SENTENCES,
        ),
        [
            {
                "external_id": _SID_A,
                "medium": "phone",
                "occurred_at": "2026-02-11T14:00:00Z",
                "language": "en-US",
                "case_id": "order-5",
                "turns": [
                    {
                        "role": "customer",
                        "speaker": "1",
                        "ref": "GX1",
                        "at": "2026-02-11T14:00:00.5Z",
                        "text": "It leaks.",
                    },
                    {"role": "agent", "speaker": "2", "ref": "GX2", "at": "2026-02-11T14:00:02.5Z", "text": "I see."},
                ],
            }
        ],
    ),
    Example(
        "the first of several pages: more turns will come",
        _json(sentences=_SENTENCES, meta=_META | {"next_page_url": "https://intelligence.twilio.com/v2/x"}),
        [
            Undated(
                read_item(
                    {
                        "external_id": _SID_A,
                        "version": 0,
                        "merge": True,
                        "medium": "phone",
                        "occurred_at": UNDATED,
                        "turns": [
                            {"role": "customer", "speaker": "1", "ref": "GX1", "text": "It leaks."},
                            {"role": "agent", "speaker": "2", "ref": "GX2", "text": "I see."},
                        ],
                    }
                )
            )
        ],
        config={"agents": ["2"]},
    ),
    Example(
        "voice mail: whoever leaves it is the customer",
        RawDelivery(
            b"TranscriptionSid=TR1&TranscriptionText=Nobody+called+back.&TranscriptionStatus=completed&From=%2B15005550006",
            content_type=_FORM,
        ),
        [
            Undated(
                read_item(
                    {
                        "external_id": "TR1",
                        "medium": "phone",
                        "occurred_at": UNDATED,
                        "customer": {"ref": "+15005550006"},
                        "turns": [{"role": "customer", "text": "Nobody called back."}],
                    }
                )
            )
        ],
    ),
    Example("another event", _json(event_type="x"), Ignored("an event that holds no customer's words")),
)
