"""Zoom: the event that a recording's transcript is ready, its handshake, and the transcript itself.

Events: https://developers.zoom.us/docs/api/meetings/events/ (`recording.transcript_completed`); the transcript is a
WebVTT file with `Name:` before the words, fetched from the event's `download_url`. Hosts and guests are both only
names there: list your own people in `agents`, otherwise words count as a customer's only where a greeting tells.
"""

import hmac
import json
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from app.connectors.contract import (
    ConnectorConfig,
    Example,
    Ignored,
    Parsed,
    Pull,
    Spec,
    Wanted,
    make_item,
    nothing_in,
)
from app.domain.feedback import Medium
from app.errors import AppError, Kind
from app.payloads.cues import decode_captions, is_webvtt, recorded_at, spoken_cues
from app.payloads.delivery import ASKED_AT, ASKED_ID, RawDelivery, Reply
from app.payloads.facts import file_id
from app.payloads.presets import ZOOM
from app.payloads.talk import SpeakerRules, make_turns
from app.payloads.times import time_or_none
from app.payloads.walk import at, first, needed_id, needed_object, objects, text

_VALIDATION = "endpoint.url_validation"
_COMPLETED = "recording.transcript_completed"
_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)*zoom(?:gov\.com|\.us|\.com)", re.ASCII)
_LONGEST_TOKEN = 500


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


def answer_handshake(delivery: RawDelivery, secrets: Sequence[str]) -> Reply | None:
    """The answer that Zoom wants before it saves the address, its token signed; None: it was no such question."""
    body = delivery.json_or_none()
    token = text(at(body, "payload", "plainToken"))
    if at(body, "event") != _VALIDATION or token is None or len(token) > _LONGEST_TOKEN or not secrets:
        return None
    signed = hmac.digest(secrets[0].encode("utf-8", "replace"), token.encode(), "sha256").hex()
    answer = {"plainToken": token, "encryptedToken": signed}
    return Reply(json.dumps(answer).encode(), "application/json")


def pull(wanted: Wanted, config: Config, token: str) -> Pull:
    """The request for the transcript of an event, with a token of the operator's Zoom app.

    Raises:
        AppError: ``foreign_address``: the event named a server that is not Zoom's.
    """
    del config
    _check_address(wanted.path)
    return Pull(wanted.path, {"authorization": f"Bearer {token}"})


SPEC = Spec(
    title="Zoom",
    auth=ZOOM,
    setup=(
        "In the Zoom App Marketplace open your app > Features > Access and copy the Secret Token into this source.",
        "Under Event subscriptions add the endpoint {url} with `Recording transcript files have completed`, Validate.",
        "In Zoom's account settings turn on Cloud recording > Create audio transcript.",
    ),
    also=("zoom_meetings", "zoom_recordings"),
    handshake=answer_handshake,
    pull=pull,
)


def reference(delivery: RawDelivery) -> None:
    """None: Zoom sends no id of an event."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What an event wants fetched, or the conversation of a fetched transcript.

    Raises:
        AppError: It is neither, or has too many turns.
    """
    captions = decode_captions(delivery.body) if delivery.body.lstrip()[:1] != b"{" else ""
    if is_webvtt(captions):
        return _conversation(captions, delivery, config)
    body = needed_object(delivery.json())
    if body.get("event") != _COMPLETED:
        return nothing_in(body, "an event that holds no customer's words", "Zoom", ("event",))
    meeting = at(body, "payload", "object")
    meeting_id = needed_id(first(meeting, ("uuid",), ("id",)), "payload.object.uuid")
    address = next(
        (
            one["download_url"]
            for one in objects(at(meeting, "recording_files"))
            if one.get("file_type") == "TRANSCRIPT" and isinstance(one.get("download_url"), str)
        ),
        None,
    )
    if address is None:
        return Ignored("the event names no transcript")
    _check_address(address)
    return [Wanted(meeting_id, address, time_or_none(at(meeting, "start_time"), config.zone_info))]


def _conversation(captions: str, delivery: RawDelivery, config: Config) -> Parsed:
    start = time_or_none(delivery.headers.get(ASKED_AT), config.zone_info) or recorded_at(delivery.name)
    turns = make_turns(spoken_cues(captions, config, start), config)
    if not turns:
        return Ignored("the transcript has no words")
    values = {
        "external_id": delivery.headers.get(ASKED_ID) or file_id(delivery),
        "medium": Medium.PHONE,
        "occurred_at": start,
        "turns": turns,
    }
    return [make_item(values, delivery)]


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        ours = parts.scheme == "https" and parts.netloc == parts.hostname and _HOST.fullmatch(parts.netloc or "")
    except ValueError:
        ours = None
    if not ours:
        message = "The event names an address that is not one of Zoom's. Check who sends to this source."
        raise AppError(Kind.INVALID, "foreign_address", message)


def _event(**meeting: object) -> RawDelivery:
    told = {"uuid": "Zm9vYmFyCg==", "id": 85746065432, "start_time": "2026-02-11T14:00:00Z", **meeting}
    event = {"event": _COMPLETED, "event_ts": 1770822000000, "payload": {"account_id": "acc-1", "object": told}}
    return RawDelivery(json.dumps(event).encode())


_URL = "https://us02web.zoom.us/rec/webhook_download/abc123"
_VTT = (
    b"WEBVTT\r\n\r\n1\r\n00:00:01.000 --> 00:00:02.000\r\nAda Obi: Hello.\r\n\r\n"
    b"2\r\n00:00:03.000 --> 00:00:04.000\r\nJan Bos: It leaks.\r\n"
)

EXAMPLES = (
    Example(
        "the transcript is ready and waits to be fetched",
        _event(recording_files=[{"file_type": "MP4"}, {"file_type": "TRANSCRIPT", "download_url": _URL}]),
        [Wanted("Zm9vYmFyCg==", _URL, time_or_none("2026-02-11T14:00:00Z", Config().zone_info))],
    ),
    Example(
        "an address that is not Zoom's is never fetched",
        _event(recording_files=[{"file_type": "TRANSCRIPT", "download_url": "https://zoom.us.evil.example/x"}]),
        "foreign_address",
    ),
    Example("no transcript in it", _event(recording_files=[]), Ignored("the event names no transcript")),
    Example(
        "another event",
        RawDelivery(b'{"event": "meeting.ended", "payload": {}}'),
        Ignored("an event that holds no customer's words"),
    ),
    Example(
        "the transcript that was asked for has the id and the time of its event",
        RawDelivery(
            _VTT, {ASKED_ID: "Zm9vYmFyCg==", ASKED_AT: "2026-02-11T14:00:00+00:00"}, "application/octet-stream"
        ),
        [
            {
                "external_id": "Zm9vYmFyCg==",
                "medium": "phone",
                "occurred_at": "2026-02-11T14:00:00Z",
                "turns": [
                    {"role": "system", "speaker": "Ada Obi", "at": "2026-02-11T14:00:01Z", "text": "Hello."},
                    {"role": "system", "speaker": "Jan Bos", "at": "2026-02-11T14:00:03Z", "text": "It leaks."},
                ],
            }
        ],
    ),
    Example(
        "a transcript as a file; who is not one of our people is a customer",
        RawDelivery(_VTT, content_type="text/vtt", name="GMT20260211-140000_Recording.transcript.vtt"),
        [
            {
                "external_id": "GMT20260211-140000_Recording.transcript.vtt",
                "medium": "phone",
                "occurred_at": "2026-02-11T14:00:00Z",
                "turns": [
                    {"role": "agent", "speaker": "Ada Obi", "text": "Hello.", "at": "2026-02-11T14:00:01Z"},
                    {"role": "customer", "speaker": "Jan Bos", "text": "It leaks.", "at": "2026-02-11T14:00:03Z"},
                ],
            }
        ],
        config={"agents": ["ada obi"]},
    ),
)
