"""Sentences and clauses of the customer's turns, with offsets exact to the character.

Rule-based on purpose: linear in the length of the text, nothing to download, the same answer everywhere. A sentence
ends at terminal punctuation, a line break or an emoji after words; it is cut again where a "but" turns, and where it
runs on without punctuation (spoken or typed in one breath), so that no span is longer than ``MAX_SPAN``.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from classifiers.contract import Role, Span, Turn
from classifiers.text.clean import has_content, is_pictograph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_SPAN = 320
"""Longest span in characters; about 80 word pieces, far below what the encoder would cut off."""

MIN_CLAUSE_WORDS = 2
_SOFT_SPAN = 200

_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f]+[\"'\u2019\u201d)\]]*(?=\s|$)|[\u3002\uff01\uff1f]+|\n+|\r+|\u2028")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|approx|dept|inc|ltd|e\.g|i\.e|a\.m|p\.m|jan|feb|mar|apr|jun|jul"
    r"|aug|sept?|oct|nov|dec|[a-z])\.$",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"(?:[,;:\u2013\u2014-]\s*|\s)(?=(?:but|however|although|though|yet|whereas|unfortunately|except that|except for"
    r"|on the other hand|that said|having said that|nevertheless|other than that|apart from that)\b)"
    r"|;\s+|\s[\u2013\u2014-]\s",
    re.IGNORECASE,
)
_BREATH = re.compile(
    r"[,:]\s+|\s+(?=(?:and|so|then|because|when|after|also|plus|which|now|i|we|they|he|she|it|my)\b)", re.IGNORECASE
)
_WORD = re.compile(r"\w+")
_QUOTED_LINE = re.compile(r"^[ \t]*>[^\n]*$", re.MULTILINE)
_MAIL_TAIL = re.compile(
    r"^[ \t]*(?:--[ \t]*$|sent from my \w+|get outlook for \w+|-{3,} ?original message ?-{3,}"
    r"|on [^\n]{4,120} wrote:[ \t]*$|from: [^\n]{3,120}\n(?:sent|date|to): )",
    re.MULTILINE | re.IGNORECASE,
)


def customer_spans(turns: Sequence[Turn]) -> Iterator[Span]:
    """Yield the spans of every customer turn; what agents, bots and systems say gives none.

    Args:
        turns: The conversation in order; roles as in :class:`~classifiers.contract.Role`.

    Yields:
        Spans in reading order that do not overlap, each with at least one letter, digit or pictograph.
    """
    for index, turn in enumerate(turns):
        if turn.role == Role.CUSTOMER:
            for start, end in split(turn.text):
                yield Span(index, start, end)


def split(text: str) -> Iterator[tuple[int, int]]:
    """Split one text into sentences and clauses.

    Returns:
        Offsets (start, end) in order, without white space at the edges; quoted mail, signatures and reply headers are
        left out.
    """
    for start, end in _own_words(text):
        for sentence in _sentences(text, start, end):
            for clause in _clauses(text, *sentence):
                for piece in _breaths(text, *clause):
                    trimmed = _trim(text, *piece)
                    if has_content(text[slice(*trimmed)]):
                        yield trimmed


def _own_words(text: str) -> Iterator[tuple[int, int]]:
    """Cut away quoted lines and everything below a mail signature; a text that is nothing else is kept whole."""
    tail = _MAIL_TAIL.search(text)
    stop = tail.start() if tail and has_content(text[: tail.start()]) else len(text)
    at = 0
    for quoted in _QUOTED_LINE.finditer(text, 0, stop):
        if quoted.start() > at:
            yield at, quoted.start()
        at = quoted.end()
    if stop > at:
        yield at, stop


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for match in _END.finditer(text, start, end):
        if match[0] == "." and _ABBREVIATION.search(text, max(at, match.start() - 8), match.end()):
            continue
        yield from _at_pictographs(text, at, match.end())
        at = match.end()
    yield from _at_pictographs(text, at, end)


def _at_pictographs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """End a sentence after a run of emoji when words follow it."""
    if text[start:end].isascii():
        yield start, end
        return
    at, in_run, words = start, False, False
    for index in range(start, end):
        char = text[index]
        if is_pictograph(char):
            in_run = words
        elif char.isalnum():
            if in_run:
                yield at, index
                at = index
            in_run, words = False, True
    yield at, end


def _clauses(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for match in _TURN.finditer(text, start, end):
        if _enough(text, at, match.start()) and _enough(text, match.end(), end):
            yield at, match.start() + (1 if text[match.start()] in ",;" else 0)
            at = match.end()
    yield at, end


def _breaths(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut what is longer than ``MAX_SPAN`` at a comma or a joining word, else at white space, else anywhere."""
    while end - start > MAX_SPAN:
        cut = _last(_BREATH, text, start + _SOFT_SPAN // 2, start + MAX_SPAN)
        if cut is None:
            space = text.rfind(" ", start + 1, start + MAX_SPAN)
            cut = space if space > start else start + MAX_SPAN
        yield start, cut
        start = cut
    yield start, end


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> int | None:
    found = None
    for match in pattern.finditer(text, start, end):
        found = match.end()
        if found - start > _SOFT_SPAN // 2:
            break
    return found


def _enough(text: str, start: int, end: int) -> bool:
    return sum(1 for _ in islice(_WORD.finditer(text, start, end), MIN_CLAUSE_WORDS)) == MIN_CLAUSE_WORDS


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and (text[start].isspace() or text[start] in ",;:-\u2013\u2014"):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
