"""WebVTT and SubRip files, as they are and not as they should be: one tolerant reader, in linear time.

Taken are byte order marks, any line ends, missing hours, point or comma, missing signatures, cues without an empty line
between them, voice tags, `Name:` prefixes, entities, empty lines inside a SubRip cue. Left out are headers, notes,
styles, regions, identifiers, settings, tags and cues whose timing cannot be read. Cues stay in the order of the file.
Source: https://www.w3.org/TR/webvtt1/ (section 6.1); SubRip has no specification.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape

from app.errors import AppError, Kind
from app.payloads.prefixes import Prefixes, find_prefixes, split_prefixes
from app.payloads.talk import SpeakerRules, Spoken, joined, moment, speaker_name

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 64 * 1024
_MOSTLY = 0.8
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_SIGNATURE = re.compile(r"\s*WEBVTT(?=\s|-|$)")
_CLOCK = r"(?:\d{1,5}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,6})?"
_TIMING = re.compile(rf"\s*({_CLOCK})\s*-{{1,3}}>\s*{_CLOCK}(?:\s|$)", re.ASCII)
_NOTES = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,100})?[ \t]+([^<>]{1,300})>|</v>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:v|c|i|b|u|s|ruby|rt|lang|font)(?:[.\s][^<>]{0,300})?>|<\d[\d:.]{3,14}>|\{\\[^{}]{0,100}\}", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
_LANGUAGE = re.compile(r"language:\s*([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2})\s*", re.IGNORECASE)
_HEADER_LINES = 50
_ZOOM_NAME = re.compile(r"GMT(\d{8})-(\d{6})_", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: seconds from the start, and its lines with voice tags still in them."""

    start: float
    text: str


def decode_captions(body: bytes, encoding: str | None = None) -> str:
    """The text of a caption file.

    Args:
        body: The bytes.
        encoding: A codec's name where the operator knows it; else UTF-8, UTF-16 with its mark, GB 18030 where the
            bytes come in pairs as Chinese does, and Windows-1252.
    """
    return body.decode(encoding or _encoding(body), "replace").replace("\x00", "\ufffd")


def language_of(text: str) -> str | None:
    """The language that a WebVTT header names; None if it does not."""
    for number, found in enumerate(_LINE.finditer(text)):
        if number > _HEADER_LINES or not found[1].strip():
            return None
        if told := _LANGUAGE.fullmatch(found[1]):
            return told[1]
    return None


def recorded_at(name: str) -> datetime | None:
    """When a recording began, from the name that Zoom gives its files; None for any other name."""
    found = _ZOOM_NAME.search(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def is_webvtt(text: str) -> bool:
    """Whether it has the signature."""
    return _SIGNATURE.match(text) is not None


def read_cues(text: str) -> Iterator[Cue]:
    """The cues of a file, in its order."""
    by_rule = is_webvtt(text)
    start: float | None = None
    lines: list[str] = []
    noted = False
    for found in _LINE.finditer(text):
        line = found[1]
        if by_rule and not line.strip():
            noted = False
            yield from _cue(start, lines)
            start, lines = None, []
        elif noted or (by_rule and start is None and _NOTES.match(line)):
            noted = True
        elif "->" in line and (start is None or _TIMING.match(line) or "-->" in line):
            if lines and lines[-1].strip().isdecimal():
                lines.pop()  # the number of the cue that begins here
            yield from _cue(start, lines)
            start, lines = _seconds(line), []
        elif start is not None:
            lines.append(line)
    yield from _cue(start, lines)


def spoken_cues(text: str, rules: SpeakerRules, start: datetime | None = None) -> Iterator[Spoken]:
    """What each speaker says, consecutive cues of one speaker joined.

    Args:
        text: Of the file.
        rules: What the operator says about the speakers.
        start: When the recording began, where that is known.

    Raises:
        AppError: ``no_cues``: it is no caption file.
    """
    if not is_webvtt(text) and next(read_cues(text), None) is None:
        message = (
            "The file has no cue with a timing such as 00:00:01.000 --> 00:00:04.000: it is no WebVTT or SRT file."
        )
        raise AppError(Kind.INVALID, "no_cues", message)
    prefixes = find_prefixes((_plain(_VOICE.sub("", cue.text)) for cue in read_cues(text)), rules)
    return joined(_spoken(text, prefixes, start))


def _spoken(text: str, prefixes: Prefixes, start: datetime | None) -> Iterator[Spoken]:
    last: str | None = None
    for cue in read_cues(text):
        at = moment(start, cue.start)
        for voice, words in _voices(cue.text):
            if voice is not None or not prefixes.names:
                yield Spoken(_one_line(_plain(words)), voice, at=at)
                continue
            for piece in split_prefixes(_plain(words), prefixes):
                last = piece.speaker or (None if prefixes.each else last)
                yield Spoken(_one_line(piece.text), last, at=at)


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    voice: str | None = None
    begin = 0
    for tag in _VOICE.finditer(text):
        if text[begin : tag.start()].strip():
            yield voice, text[begin : tag.start()]
        voice = speaker_name(_unescaped(tag[1])) if tag[1] else None
        begin = tag.end()
    if text[begin:].strip():
        yield voice, text[begin:]


def _cue(start: float | None, lines: list[str]) -> Iterator[Cue]:
    if start is not None and any(line.strip() for line in lines):
        yield Cue(start, "\n".join(line for line in lines if line.strip()))


def _seconds(line: str) -> float | None:
    found = _TIMING.match(line)
    if found is None:
        return None
    *hours, minutes, seconds = found[1].replace(",", ".").split(":")
    return int(hours[0] if hours else 0) * 3600.0 + int(minutes) * 60.0 + float(seconds)


def _plain(text: str) -> str:
    return _unescaped(_TAG.sub("", text))


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text) if "&" in text else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _encoding(body: bytes) -> str:
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    for name in ("utf-8", "gb18030"):
        if name == "gb18030" and not _in_pairs(body[:_SAMPLE]):
            continue
        try:
            body.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "cp1252"


def _in_pairs(sample: bytes) -> bool:
    """Whether bytes above ASCII come in runs of even length, as Chinese ones do and accented letters do not."""
    runs = [len(run) for run in re.findall(rb"[\x81-\xfe]+", sample)]
    return sum(run for run in runs if run % 2 == 0) >= _MOSTLY * sum(runs) and bool(runs)
