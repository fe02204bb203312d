"""Speakers written before what they say, `Name: words` or `[Agent] words`, told from what is part of the words."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.payloads.talk import SpeakerRules, Spoken, listed_role, role_of_name

_PREFIX = re.compile(
    r"\s*(?P<led>>>+\s*|[-\u2013]\s+)?"
    r"(?:[\[(](?P<label>[^\[\]()\n]{1,40})[\])]\s*[:\uff1a]?|(?P<name>[^\s:\uff1a>][^:\uff1a\n]{0,60}?)\s*[:\uff1a])(?:\s+|$)"
)
_NAME = re.compile(
    r"[^\W\d_a-z][\w.'\u2019()&-]*(?: [^\W_a-z][\w.'\u2019()&-]*| \d{1,4}| (?:de|del|van|von|der|la|bin)){0,4}"
    r"(?: \([^()\n]{1,30}\))?"
)
_REMARKS = """
note question answer example warning ps re subject reason problem address email order total date time yes no
so well because also first second third finally step important remember update summary result error
"""
_NO_NAMES = frozenset(_REMARKS.split())
_MOST_NAMES = 500
_OFTEN, _MOSTLY = 2, 0.4


@dataclass(frozen=True)
class Prefixes:
    """How a transcript names its speakers.

    Attributes:
        names: Those who speak.
        each: Every piece is named; otherwise the name stands only where the speaker changes.
    """

    names: frozenset[str]
    each: bool


def find_prefixes(texts: Iterable[str], rules: SpeakerRules) -> Prefixes:
    """Look at all pieces of a transcript.

    A name counts if the operator lists it or it says a role, and it is no single remark; any other only where names
    stand before most pieces, or before the first one and again later.
    """
    counts: Counter[str] = Counter()
    repeated: set[str] = set()
    first = last = None
    total = named = 0
    for text in texts:
        name = _candidate(text, rules)
        first = name if total == 0 else first
        total, named = total + 1, named + (name is not None)
        if name is not None and (name in counts or len(counts) < _MOST_NAMES):
            counts[name] += 1
            if name == last:
                repeated.add(name)
        last = name
    mostly = named >= _MOSTLY * total
    names = frozenset(
        name
        for name, count in counts.items()
        if mostly or listed_role(name, rules) or (count >= _OFTEN and (role_of_name(name) or first is not None))
    )
    return Prefixes(names, bool(repeated & names))


def split_prefixes(text: str, prefixes: Prefixes) -> Iterator[Spoken]:
    """One piece as what each speaker says in it; the speaker of words before any name is None."""
    name: str | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        found = _PREFIX.match(line)
        said_by = found and (found["label"] or found["name"])
        if found is not None and said_by in prefixes.names:
            if lines:
                yield Spoken(" ".join(lines), name)
            name, lines = said_by, [line[found.end() :]]
        else:
            lines.append(line)
    yield Spoken(" ".join(line.strip() for line in lines), name)


def _candidate(text: str, rules: SpeakerRules) -> str | None:
    found = _PREFIX.match(text)
    if found is None:
        return None
    if label := found["label"]:  # what stands in brackets may be a remark as well, such as `[silence]`
        return label if listed_role(label, rules) or role_of_name(label) else None
    name = found["name"]
    if listed_role(name, rules) or (found["led"] or "").startswith(">>"):
        return name
    fits = _NAME.fullmatch(name) is not None and name.split()[0].lower() not in _NO_NAMES
    return name if fits or (name.lower() == name and len(name.split()) == 1 and role_of_name(name)) else None
