"""Who says what in a conversation that was pasted as one text.

Recognised are lines or sentences that begin with a speaker ("Agent: ... Customer: ..."), names that a header gives a
role ("Agent: Kim Lee"), and WebVTT with voices. Conservative on purpose: a text is taken apart only when it begins with
a speaker and both sides speak; then what cannot be given to the customer is given to nobody.
"""

from __future__ import annotations

import heapq
import re
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING

from classifiers.contract import Role
from classifiers.text.captions import captioned, is_captioned
from classifiers.text.markup import plain_view
from classifiers.text.speakers import HEAD, HEADER, LABEL, LINE, NAMED, ROLES, Part, placed, role_of, speaks

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREAMBLE = 600
_MAY_BE = re.compile("[:\n\r<]")
_TELLS, _LINES_TELL = 3, 4
_PLAIN = frozenset(":])>")
"""Marks that end a label; where none does, more labels must tell that it is a transcript."""


def turns_of(text: str) -> Iterator[Part]:
    """Take a pasted transcript apart.

    Args:
        text: One text as it was pasted.

    Yields:
        Parts in order; nothing where the text is not plainly a transcript. Labels, time marks and notes are in no part.
    """
    if is_captioned(text):
        yield from captioned(text.replace("\r\n", " \n"))
        return
    if _MAY_BE.search(text) is None:
        return
    view = plain_view(text)
    if ":" in view or LINE.search(view, 0, HEAD):
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
    lower = text[:HEAD].islower()
    known = (_marks(pattern, text, lower=lower) for pattern in (LABEL, LINE))
    named = (
        (found.start(), found.end(), names[found["name"].lower()])
        for found in (NAMED.finditer(text) if names else ())
        if found["name"].lower() in names
    )
    last = 0
    for label in heapq.merge(*known, named):
        if label[0] >= last:
            yield label
            last = label[1]


def _marks(pattern: re.Pattern[str], text: str, *, lower: bool) -> Iterator[tuple[int, int, Role]]:
    for found in pattern.finditer(text):
        if speaks(found, lower=lower):
            yield found.start(), found.end(), role_of(found)


def _names(text: str) -> dict[str, Role]:
    """Names to which the head of the text gives a role; once there are any, another name that speaks is nobody's."""
    names: dict[str, Role] = {}
    for found in HEADER.finditer(text, 0, HEAD):
        full = found["name"].lower()
        role = ROLES[found["role"].lower()]
        names[full] = names[full.split()[0]] = role
    for found in islice(NAMED.finditer(text, 0, HEAD), 200):
        role_word = (found["kind"] or "").lower().split()
        if role_word and role_word[-1] in ROLES:
            names[found["name"].lower()] = ROLES[role_word[-1]]
    if not names:
        return placed(text, NAMED, lambda found: found["name"].lower())
    speaking = [found["name"].lower() for found in islice(NAMED.finditer(text, 0, HEAD), 200)]
    for name in speaking:
        if name not in names and name not in ROLES and speaking.count(name) > 1:
            names[name] = Role.SYSTEM
    return {name: role for name, role in names.items() if name in speaking and name not in ROLES}


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
