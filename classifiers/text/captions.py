"""Captions with time lines (WebVTT, SubRip): who says what between them."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from classifiers.contract import Role
from classifiers.text.speakers import HEAD, LABEL, NAMED, ROLES, Part, placed, role_of, speaks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CUE = re.compile(r"^(?:\d{2,}:)?\d{2}:\d{2}[.,]\d{3}[ \t]+-->[^\n]*$", re.MULTILINE)
_VOICE = re.compile(r"<v(?:\.[^\s<>]{1,40})?[ \t]+(?P<name>[^<>\n]{1,80})>")


def is_captioned(text: str) -> bool:
    """Whether the text has time lines."""
    return text.startswith(("WEBVTT", "\ufeffWEBVTT")) or (" --> " in text and bool(_CUE.search(text, 0, HEAD)))


def captioned(text: str) -> Iterator[Part]:
    """What stands between two time lines, without notes, styles and the number of the next cue."""
    marked, speakers, speaker = _cue_speakers(text)
    cues = _CUE.finditer(text)
    cue = next(cues, None)
    while cue:
        following = next(cues, None)
        stop = following.start() if following else len(text)
        blank = text.find("\n\n", cue.end(), stop)
        at, end = cue.end(), blank if blank >= 0 else stop
        for mark in marked.finditer(text, at, end):
            if text[at : mark.start()].strip():
                yield Part(speaker, at, mark.start())
            speaker = speakers(mark)
            at = mark.end()
        if text[at:end].strip():
            yield Part(speaker, at, end)
        cue = following


def _cue_speakers(text: str) -> tuple[re.Pattern[str], Callable[[re.Match[str]], Role], Role]:
    """How captions say who speaks, whom that makes it, and who speaks before anybody is named."""
    lower = text[:HEAD].islower()
    mark, voices = _VOICE, {_voice(found) for found in _VOICE.finditer(text)}
    if not voices and any(speaks(found, lower=lower) for found in islice(LABEL.finditer(text), 1)):
        return LABEL, role_of, Role.CUSTOMER
    if not voices:
        heads = Counter(_voice(one) for cue in _CUE.finditer(text) if (one := NAMED.match(text, cue.end() + 1)))
        mark, voices = NAMED, {name for name, count in heads.items() if count > 1}
        if len(voices) < 2:  # noqa: PLR2004 - a conversation has two sides
            return _VOICE, role_of, Role.CUSTOMER
    roles = {voice: _voice_role(voice) for voice in voices}
    if not any(roles.values()):
        roles |= placed(text, mark, _voice)
    stranger = _stranger(roles)
    return mark, lambda found: roles.get(_voice(found)) or stranger, Role.SYSTEM


def _voice(found: re.Match[str]) -> str:
    """A voice's name, with what stands in brackets behind it."""
    return " ".join(part.strip().lower() for part in found.groups() if part)


def _voice_role(voice: str) -> Role | None:
    return next((ROLES[word] for word in re.findall(r"[^\W\d_]+", voice.lower()) if word in ROLES), None)


def _stranger(roles: dict[str, Role | None]) -> Role:
    """The role of a voice that says nothing of its own: the customer where nobody else can be, otherwise nobody."""
    strangers = sum(role is None for role in roles.values())
    return Role.CUSTOMER if strangers <= 1 and Role.CUSTOMER not in roles.values() else Role.SYSTEM
