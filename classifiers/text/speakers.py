"""How a text says who speaks: labels, names with a role, names that give themselves away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from classifiers.contract import Role

if TYPE_CHECKING:
    from collections.abc import Callable

_ROLES_TEXT = {
    Role.CUSTOMER: "customer client caller user guest patient passenger visitor member subscriber claimant policyholder"
    " buyer shopper tenant resident cust",
    Role.AGENT: "agent rep representative advisor adviser operator support csr associate specialist consultant"
    " supervisor helpdesk staff dispatcher receptionist technician clerk representive assistant",
    Role.BOT: "bot chatbot ivr voicebot autoresponder",
    Role.SYSTEM: "system",
}
ROLES = {word: role for role, words in _ROLES_TEXT.items() for word in words.split()}
"""What speakers are called."""

_WORDS = "|".join(sorted(ROLES, key=len, reverse=True))
_DATE = r"(?:\d{4}-\d\d-\d\d[T ,]{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}[ ,]{1,2})?"
_CLOCK = (
    rf"(?:[\[(]?{_DATE}\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:[.,]\d{{1,6}})?(?:Z| ?[ap]m)?[\])]?"
    r"|\( ?(?:\d{1,3}[hms] ?){1,3}\))"
)
_TITLE = r"(?:customer (?:service|support|care) |support |service |call |live |virtual |chat |senior )?"
_SPEAKER = rf"(?P<title>{_TITLE})(?P<role>{_WORDS})(?:[ \t]?#?\d{{1,12}}| (?P<second>[^\W\d_]{{1,20}}))?"
LABEL = re.compile(
    rf"(?:(?<=\n)|(?<=\s)|\A)(?:{_CLOCK}[ \t]*[-\u2013|]?[ \t]*)?"
    rf"[*_]{{0,2}}{_SPEAKER}"
    rf"(?:[ \t]*\([^()\n]{{1,40}}\))?(?:[ \t]*{_CLOCK})?[*_]{{0,2}}[ \t]*:(?!//)[*_]{{0,2}}",
    re.IGNORECASE,
)
"""A speaker before a colon, at the head of a line or within one."""

LINE = re.compile(
    rf"^[ \t]*(?:{_CLOCK}[ \t]*[-\u2013|]?[ \t]*)?(?P<open>[\[(<])?{_SPEAKER}"
    rf"(?(open)[\])>][ \t]*:?|(?:[ \t]*{_CLOCK})?[ \t]*(?:[-\u2013\u2014|][ \t]|$))",
    re.MULTILINE | re.IGNORECASE,
)
"""A speaker at the head of a line and no colon: in brackets, before a dash, or alone on it."""

_PROPER = r"[^\W\d_][^\W\d_'\u2019.-]{0,24}"
NAMED = re.compile(
    rf"^[ \t]*(?:{_CLOCK}[ \t]*[-\u2013|]?[ \t]*)?(?P<name>{_PROPER}(?: {_PROPER}){{0,2}}(?: ?\d{{1,2}})?)"
    rf"(?:[ \t]*\((?P<kind>[^()\n]{{1,40}})\))?(?:[ \t]*{_CLOCK})?[ \t]*:(?!//)",
    re.MULTILINE,
)
"""A name before a colon at the head of a line, a role perhaps in brackets behind it."""

HEADER = re.compile(
    rf"^[ \t]*(?P<role>{_WORDS})(?: name)?[ \t]*:[ \t]*(?P<name>[^\W\d_]+(?:[ .'-][^\W\d_]+){{0,2}})[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
"""A line that gives a name its role."""

_SERVES = re.compile(
    r"\b(?:thank(?:s| you) for (?:calling|contacting|reaching out|holding|choosing)"
    r"|how (?:can|may|could) i (?:help|assist|be of)|what can i (?:do for|help) you"
    r"|anything else i can (?:help|do|assist)|(?:can|may|could) i (?:have|get|take) your)\b",
    re.IGNORECASE,
)
HEAD = 2000
"""Characters at the head of a text in which it must show how it says who speaks."""

_NO_SPEAKER_TEXT = (
    "said says told asked wrote name id number no ref reference email phone type since feedback comment"
    " comments review experience rating score issue problem complaint request satisfaction effort"
)
_NO_SPEAKER = frozenset(_NO_SPEAKER_TEXT.split())
_COMPANY = frozenset(["service", "support", "care", "relations", "team", "desk"])


@dataclass(frozen=True, slots=True)
class Part:
    """What one speaker says without a pause: ``text[start:end]``, without the label."""

    role: Role
    start: int
    end: int


def speaks(label: re.Match[str], *, lower: bool) -> bool:
    """Whether it is a label and not a word before a colon.

    Inside a line a label is capitalised or begins a sentence, unless nothing in the text is capitalised.
    """
    text, start = label.string, label.start()
    second = label["second"]
    if second and (second.lower() in _NO_SPEAKER or not (lower or second[0].isupper() or second in _COMPANY)):
        return False
    before = text[max(start - 40, 0) : start].rstrip(" \t")
    return lower or text[start].isupper() or not text[start].isalpha() or not before or before[-1] in "\n.!?"


def role_of(label: re.Match[str]) -> Role:
    """Whom a label announces."""
    word, title = label["role"].lower(), label["title"].lower()
    if (label["second"] or "").lower() in _COMPANY:
        return Role.AGENT
    if word in {"agent", "assistant"} and title.startswith(("virtual", "chat")):
        return Role.BOT
    return ROLES[word]


def placed(text: str, mark: re.Pattern[str], name: Callable[[re.Match[str]], str]) -> dict[str, Role]:
    """Two names that speak in turn and to which nobody gives a role: if one of them offers help, that is the agent."""
    said: dict[str, list[str]] = {}
    for label, following in pairwise([*islice(mark.finditer(text, 0, HEAD), 200), None]):
        if label is not None:
            said.setdefault(name(label), []).append(text[label.end() : following.start() if following else HEAD])
    voices = {voice: _SERVES.search(" ".join(words)) for voice, words in said.items() if len(words) > 1}
    if len(voices) != 2 or all(voices.values()) or not any(voices.values()):  # noqa: PLR2004 - one asks, one helps
        return {}
    return {voice: Role.AGENT if helps else Role.CUSTOMER for voice, helps in voices.items()}
