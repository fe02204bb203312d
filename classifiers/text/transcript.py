"""Who says what in a conversation that was pasted as one text.

Recognised are lines or sentences that begin with a speaker ("Agent: ... Customer: ..."), names that a header gives a
role ("Agent: Kim Lee"), and WebVTT with voices. Conservative on purpose: a text is taken apart only when it begins with
a speaker and both sides speak; then what cannot be given to the customer is given to nobody.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING

from classifiers.contract import Role
from classifiers.text.markup import plain_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROLES_TEXT = {
    Role.CUSTOMER: "customer client caller user guest patient passenger visitor member subscriber claimant policyholder"
    " buyer shopper tenant resident cust",
    Role.AGENT: "agent rep representative advisor adviser operator support csr associate specialist consultant"
    " supervisor helpdesk staff dispatcher receptionist technician clerk representive assistant",
    Role.BOT: "bot chatbot ivr voicebot autoresponder",
    Role.SYSTEM: "system",
}
_ROLES = {word: role for role, words in _ROLES_TEXT.items() for word in words.split()}
_WORDS = "|".join(sorted(_ROLES, key=len, reverse=True))
_DATE = r"(?:\d{4}-\d\d-\d\d[T ,]{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}[ ,]{1,2})?"
_CLOCK = (
    rf"(?:[\[(]?{_DATE}\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:[.,]\d{{1,6}})?(?:Z| ?[ap]m)?[\])]?"
    r"|\( ?(?:\d{1,3}[hms] ?){1,3}\))"
)
_TITLE = r"(?:customer (?:service|support|care) |support |service |call |live |virtual |chat |senior )?"
_SPEAKER = rf"(?P<title>{_TITLE})(?P<role>{_WORDS})(?:[ \t]?#?\d{{1,12}}| (?P<second>[^\W\d_]{{1,20}}))?"
_LABEL = re.compile(
    rf"(?:(?<=\n)|(?<=\s)|\A)(?:{_CLOCK}[ \t]*[-\u2013|]?[ \t]*)?"
    rf"[*_]{{0,2}}{_SPEAKER}"
    rf"(?:[ \t]*\([^()\n]{{1,40}}\))?(?:[ \t]*{_CLOCK})?[*_]{{0,2}}[ \t]*:(?!//)[*_]{{0,2}}",
    re.IGNORECASE,
)
_LINE = re.compile(
    rf"^[ \t]*(?:{_CLOCK}[ \t]*[-\u2013|]?[ \t]*)?(?P<open>[\[(<])?{_SPEAKER}"
    rf"(?(open)[\])>][ \t]*:?|(?:[ \t]*{_CLOCK})?[ \t]*(?:[-\u2013\u2014|][ \t]|$))",
    re.MULTILINE | re.IGNORECASE,
)
"""A speaker at the head of a line and no colon: in brackets, before a dash, or alone on it."""

_PROPER = r"[^\W\d_][^\W\d_'\u2019.-]{0,24}"
_NAMED = re.compile(
    rf"^[ \t]*(?:{_CLOCK}[ \t]*[-\u2013|]?[ \t]*)?(?P<name>{_PROPER}(?: {_PROPER}){{0,2}}(?: ?\d{{1,2}})?)"
    rf"(?:[ \t]*\((?P<kind>[^()\n]{{1,40}})\))?(?:[ \t]*{_CLOCK})?[ \t]*:(?!//)",
    re.MULTILINE,
)
_HEADER = re.compile(
    rf"^[ \t]*(?P<role>{_WORDS})(?: name)?[ \t]*:[ \t]*(?P<name>[^\W\d_]+(?:[ .'-][^\W\d_]+){{0,2}})[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_SERVES = re.compile(
    r"\b(?:thank(?:s| you) for (?:calling|contacting|reaching out|holding|choosing)"
    r"|how (?:can|may|could) i (?:help|assist|be of)|what can i (?:do for|help) you"
    r"|anything else i can (?:help|do|assist)|(?:can|may|could) i (?:have|get|take) your)\b",
    re.IGNORECASE,
)
_HEAD = 2000
_PREAMBLE = 600
_MAY_BE = re.compile("[:\n\r<]")
_TELLS, _LINES_TELL = 3, 4
_PLAIN = frozenset(":])>")
"""Marks that end a label; where none does, more labels must tell that it is a transcript."""

_NO_SPEAKER_TEXT = (
    "said says told asked wrote name id number no ref reference email phone type since feedback comment"
    " comments review experience rating score issue problem complaint request satisfaction effort"
)
_NO_SPEAKER = frozenset(_NO_SPEAKER_TEXT.split())
_COMPANY = frozenset(["service", "support", "care", "relations", "team", "desk"])
_CUE = re.compile(r"^(?:\d{2,}:)?\d{2}:\d{2}[.,]\d{3}[ \t]+-->[^\n]*$", re.MULTILINE)
_VOICE = re.compile(r"<v(?:\.[^\s<>]{1,40})?[ \t]+(?P<name>[^<>\n]{1,80})>")


@dataclass(frozen=True, slots=True)
class Part:
    """What one speaker says without a pause: ``text[start:end]``, without the label."""

    role: Role
    start: int
    end: int


def turns_of(text: str) -> Iterator[Part]:
    """Take a pasted transcript apart.

    Args:
        text: One text as it was pasted.

    Yields:
        Parts in order; nothing where the text is not plainly a transcript. Labels, time marks and notes are in no part.
    """
    if text.startswith(("WEBVTT", "\ufeffWEBVTT")) or (" --> " in text and _CUE.search(text, 0, _HEAD)):
        yield from _cues(text.replace("\r\n", " \n"))
        return
    if _MAY_BE.search(text) is None:
        return
    view = plain_view(text)
    if ":" in view or _LINE.search(view, 0, _HEAD):
        names = _names(view)
        if _is_transcript(view, names):
            yield from _labelled(view, names)


def customer_parts(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of what the customer says; the whole text where it is no transcript."""
    transcript = False
    for part in turns_of(text):
        transcript = True
        if part.role is Role.CUSTOMER:
            yield part.start, part.end
    if not transcript:
        yield 0, len(text)


def _labelled(text: str, names: dict[str, Role]) -> Iterator[Part]:
    role, begin = None, 0
    for start, end, speaker in _labels(text, names):
        said = text[begin:start].strip().lower()
        if said and said not in names:
            yield Part(role or _preamble(text, start), begin, start)
        role, begin = speaker, end
    if role is not None and text[begin:].strip():
        yield Part(role, begin, len(text))


def _labels(text: str, names: dict[str, Role]) -> Iterator[tuple[int, int, Role]]:
    """Start and end of each label, and whom it announces."""
    lower = text[:_HEAD].islower()
    known = (_marks(pattern, text, lower=lower) for pattern in (_LABEL, _LINE))
    named = (
        (found.start(), found.end(), names[found["name"].lower()])
        for found in (_NAMED.finditer(text) if names else ())
        if found["name"].lower() in names
    )
    last = 0
    for label in heapq.merge(*known, named):
        if label[0] >= last:
            yield label
            last = label[1]


def _marks(pattern: re.Pattern[str], text: str, *, lower: bool) -> Iterator[tuple[int, int, Role]]:
    for found in pattern.finditer(text):
        if _speaks(found, lower=lower):
            yield found.start(), found.end(), _role(found)


def _speaks(label: re.Match[str], *, lower: bool) -> bool:
    """Whether it is a label and not a word before a colon.

    Inside a line a label is capitalised or begins a sentence, unless nothing in the text is capitalised.
    """
    text, start = label.string, label.start()
    second = label["second"]
    if second and (second.lower() in _NO_SPEAKER or not (lower or second[0].isupper() or second in _COMPANY)):
        return False
    before = text[max(start - 40, 0) : start].rstrip(" \t")
    return lower or text[start].isupper() or not text[start].isalpha() or not before or before[-1] in "\n.!?"


def _role(label: re.Match[str]) -> Role:
    word, title = label["role"].lower(), label["title"].lower()
    if (label["second"] or "").lower() in _COMPANY:
        return Role.AGENT
    if word in {"agent", "assistant"} and title.startswith(("virtual", "chat")):
        return Role.BOT
    return _ROLES[word]


def _names(text: str) -> dict[str, Role]:
    """Names to which the head of the text gives a role; once there are any, another name that speaks is nobody's."""
    names: dict[str, Role] = {}
    for found in _HEADER.finditer(text, 0, _HEAD):
        full = found["name"].lower()
        role = _ROLES[found["role"].lower()]
        names[full] = names[full.split()[0]] = role
    for found in islice(_NAMED.finditer(text, 0, _HEAD), 200):
        role_word = (found["kind"] or "").lower().split()
        if role_word and role_word[-1] in _ROLES:
            names[found["name"].lower()] = _ROLES[role_word[-1]]
    if not names:
        return _placed(text, _NAMED, lambda found: found["name"].lower())
    speaking = [found["name"].lower() for found in islice(_NAMED.finditer(text, 0, _HEAD), 200)]
    for name in speaking:
        if name not in names and name not in _ROLES and speaking.count(name) > 1:
            names[name] = Role.SYSTEM
    return {name: role for name, role in names.items() if name in speaking and name not in _ROLES}


def _placed(text: str, mark: re.Pattern[str], name: Callable[[re.Match[str]], str]) -> dict[str, Role]:
    """Two names that speak in turn and to which nobody gives a role: if one of them offers help, that is the agent."""
    said: dict[str, list[str]] = {}
    for label, following in pairwise([*islice(mark.finditer(text, 0, _HEAD), 200), None]):
        if label is not None:
            said.setdefault(name(label), []).append(text[label.end() : following.start() if following else _HEAD])
    voices = {voice: _SERVES.search(" ".join(words)) for voice, words in said.items() if len(words) > 1}
    if len(voices) != 2 or all(voices.values()) or not any(voices.values()):  # noqa: PLR2004 - one asks, one helps
        return {}
    return {voice: Role.AGENT if helps else Role.CUSTOMER for voice, helps in voices.items()}


def _is_transcript(text: str, names: dict[str, Role]) -> bool:
    """Whether the text begins with a speaker, perhaps under a header, and both sides say something."""
    roles: set[Role] = set()
    told = 0
    labels = chain(_labels(text, names), [(len(text), len(text), Role.SYSTEM)])
    for count, ((start, end, role), (following, _, _)) in enumerate(pairwise(labels), start=1):
        if count == 1 and not _begins(text, start):
            return False
        words = len(text[end : min(following, end + 200)].strip().split("\n", 1)[0].split())
        if words:
            roles.add(role)
            told = max(told, words if role is Role.CUSTOMER else 0)
        if Role.CUSTOMER in roles and roles & {Role.AGENT, Role.BOT}:
            plain = not _PLAIN.isdisjoint(text[end - 3 : end])
            if count >= (_TELLS if plain else _LINES_TELL) or (plain and told >= _TELLS):
                return True
    return False


def _begins(text: str, start: int) -> bool:
    before = text[:start]
    return not before.strip() or (start <= _PREAMBLE and before.rstrip(" \t").endswith("\n"))


def _preamble(text: str, end: int) -> Role:
    """Words above the first speaker are the sender's own when they read like sentences, else a header."""
    sentences = [line for line in text[:end].splitlines() if ": " not in line and len(line.split()) > 4]  # noqa: PLR2004
    return Role.CUSTOMER if sentences else Role.SYSTEM


def _cues(text: str) -> Iterator[Part]:
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
    lower = text[:_HEAD].islower()
    mark, voices = _VOICE, {_voice(found) for found in _VOICE.finditer(text)}
    if not voices and any(_speaks(found, lower=lower) for found in islice(_LABEL.finditer(text), 1)):
        return _LABEL, _role, Role.CUSTOMER
    if not voices:
        heads = Counter(_voice(one) for cue in _CUE.finditer(text) if (one := _NAMED.match(text, cue.end() + 1)))
        mark, voices = _NAMED, {name for name, count in heads.items() if count > 1}
        if len(voices) < 2:  # noqa: PLR2004 - a conversation has two sides
            return _VOICE, _role, Role.CUSTOMER
    roles = {voice: _voice_role(voice) for voice in voices}
    if not any(roles.values()):
        roles |= _placed(text, mark, _voice)
    stranger = _stranger(roles)
    return mark, lambda found: roles.get(_voice(found)) or stranger, Role.SYSTEM


def _voice(found: re.Match[str]) -> str:
    """A voice's name, with what stands in brackets behind it."""
    return " ".join(part.strip().lower() for part in found.groups() if part)


def _voice_role(voice: str) -> Role | None:
    return next((_ROLES[word] for word in re.findall(r"[^\W\d_]+", voice.lower()) if word in _ROLES), None)


def _stranger(roles: dict[str, Role | None]) -> Role:
    """The role of a voice that says nothing of its own: the customer where nobody else can be, otherwise nobody."""
    strangers = sum(role is None for role in roles.values())
    return Role.CUSTOMER if strangers <= 1 and Role.CUSTOMER not in roles.values() else Role.SYSTEM
