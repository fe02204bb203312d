"""Transcripts as JSON: lists of segments, utterances, words or messages, whichever names a tool gives their parts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from app.payloads.cues import is_webvtt, spoken_cues
from app.payloads.prefixes import find_prefixes, split_prefixes
from app.payloads.talk import SpeakerRules, Spoken, joined, moment, speaker_name
from app.payloads.walk import at, first, ident, number, objects, text

_DEEPEST = 5
_LISTS = (
    ("utterances",),
    ("segments",),
    ("messages",),
    ("conversation",),
    ("turns",),
    ("sentences",),
    ("entries",),
    ("transcript",),
    ("Transcript",),
    ("transcription",),
    ("dialog",),
    ("dialogue",),
    ("chunks",),
    ("audio_segments",),
)
_INSIDE = (("results",), ("result",), ("transcript",), ("transcription",), ("body",), ("data",))
_WORDS = (
    ("text",),
    ("message",),
    ("transcript",),
    ("content",),
    ("Content",),
    ("body",),
    ("utterance",),
    ("sentence",),
)
_WHO = (
    ("speaker",),
    ("speaker_label",),
    ("speaker_name",),
    ("speakerName",),
    ("speakerId",),
    ("speaker_id",),
    ("role",),
    ("participant",),
    ("ParticipantRole",),
    ("ParticipantId",),
    ("from",),
    ("sender",),
    ("author",),
    ("party",),
    ("channel",),
    ("channel_tag",),
)
_SECONDS = (("start",), ("start_time",), ("startTime",), ("begin",), ("timestamp", 0), ("offset",))
_MILLISECONDS = (("start_ms",), ("startMs",), ("BeginOffsetMillis",), ("offsets", "from"))


@dataclass(frozen=True)
class Frame:
    """What a transcript's segments are read with.

    Attributes:
        rules: What the operator says about the speakers.
        start: When the recording began, where that is known.
        per_second: 1 where offsets are seconds, 1000 where they are milliseconds.
    """

    rules: SpeakerRules
    start: datetime | None = None
    per_second: int = 1


def spoken_in(value: object, frame: Frame, depth: int = 0) -> list[Spoken]:
    """The pieces of a transcript of any of the known shapes; empty if it is none.

    A text is read as captions, as lines of `Name: words`, or as one piece without a speaker.
    """
    if isinstance(value, str):
        return list(_lines(value, frame))
    if isinstance(value, list):
        return list(segments(objects(value), frame)) or [Spoken(one) for one in value if text(one) is not None]
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return []
    return next((found for found in _attempts(value, frame, depth) if found), [])


def _attempts(value: Mapping[str, Any], frame: Frame, depth: int) -> Iterator[list[Spoken]]:
    if isinstance(value.get("channels"), list):
        yield list(deepgram_channels(value, frame))
    for path in _LISTS:
        yield list(segments(objects(at(value, *path)), frame))
    yield list(joined(spoken_words(objects(value.get("words")))))
    for path in _INSIDE:
        yield spoken_in(at(value, *path), frame, depth + 1)
    words = text(first(value, *_WORDS))
    yield [] if words is None else list(_lines(words, frame))


def segments(found: Iterable[Mapping[str, Any]], frame: Frame) -> Iterator[Spoken]:
    """One piece for each segment that has words."""
    for one in found:
        words = text(first(one, *_WORDS))
        if words is not None:
            yield Spoken(
                words.strip(), _speaker(one), at=_at(one, frame), ref=ident(one.get("id")) if _has_id(one) else None
            )


def spoken_words(found: Iterable[Mapping[str, Any]], channel: str | None = None) -> Iterator[Spoken]:
    """One piece for each word, with its punctuation where there is one.

    Args:
        found: The words.
        channel: The speaker of all of them, where each has a channel of their own.
    """
    for one in found:
        words = text(first(one, ("punctuated_word",), ("word",), ("text",)))
        if words is not None:
            yield Spoken(words.strip(), channel or speaker_name(first(one, ("speaker",), ("speaker_label",))))


def deepgram_channels(results: Mapping[str, Any], frame: Frame) -> Iterator[Spoken]:
    """The results of Deepgram: utterances where there are some, else the words of each channel.

    Words of several channels are put in the order of their times.
    """
    channels = objects(results.get("channels"))
    several = len(channels) > 1
    utterances = objects(results.get("utterances"))
    if utterances:
        pieces = (
            Spoken(words.strip(), _deepgram_speaker(one, several=several), at=_at(one, frame))
            for one in utterances
            if (words := text(one.get("transcript"))) is not None
        )
        yield from joined(pieces)
        return
    timed = [
        word for place, channel in enumerate(channels) for word in _timed_words(channel, place if several else None)
    ]
    if timed:
        yield from joined(word for _, word in sorted(timed, key=itemgetter(0)))
        return
    for place, channel in enumerate(channels):
        whole = text(at(channel, "alternatives", 0, "transcript"))
        if whole is not None:
            yield Spoken(whole, f"channel {place}" if several else None)


def _timed_words(channel: Mapping[str, Any], place: int | None) -> Iterator[tuple[float, Spoken]]:
    name = None if place is None else f"channel {place}"
    last = 0.0
    for one in objects(at(channel, "alternatives", 0, "words")):
        last = max(last, number(one.get("start")) or 0.0)
        for word in spoken_words([one], name):
            yield last, word


def _deepgram_speaker(one: Mapping[str, Any], *, several: bool) -> str | None:
    channel, label = one.get("channel"), speaker_name(one.get("speaker"))
    if several and isinstance(channel, int):
        return f"channel {channel}" if label in {None, "0"} else f"channel {channel} speaker {label}"
    return label


def _speaker(one: Mapping[str, Any]) -> str | None:
    found = first(one, *_WHO)
    if isinstance(found, Mapping):
        found = first(found, ("name",), ("role",), ("label",), ("id",))
    return speaker_name(found)


def _at(one: Mapping[str, Any], frame: Frame) -> datetime | None:
    offset = number(first(one, *_MILLISECONDS))
    if offset is not None:
        return moment(frame.start, offset / 1000)
    offset = number(first(one, *_SECONDS))
    return None if offset is None else moment(frame.start, offset / frame.per_second)


def _has_id(one: Mapping[str, Any]) -> bool:
    return isinstance(one.get("id"), str) and len(one["id"]) <= 200  # noqa: PLR2004 - of a uuid or the like


def _lines(value: str, frame: Frame) -> Iterator[Spoken]:
    if is_webvtt(value):
        yield from spoken_cues(value, frame.rules, frame.start)
        return
    lines = [line for line in value.split("\n") if line.strip()]
    prefixes = find_prefixes(lines, frame.rules)
    if not prefixes.names:
        yield from [Spoken(value.strip())] if value.strip() else []
        return
    last: str | None = None
    for line in lines:
        for piece in split_prefixes(line, prefixes):
            last = piece.speaker or last
            if piece.text.strip():
                yield Spoken(piece.text.strip(), last)
