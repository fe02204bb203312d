"""Sentences and clauses of the customer's turns, with offsets exact to the character.

Rule-based on purpose: linear in the length of the text, nothing to download, the same answer everywhere. A sentence
ends at terminal punctuation, a line break or an emoji after words; it is cut again where a "but" turns, where praise
meets blame ("great food and slow service"), and where it runs on without punctuation (spoken or typed in one breath),
so that no span is longer than ``MAX_SPAN``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from classifiers.contract import Role, Span, Turn
from classifiers.text.clean import has_content, has_words, is_pictograph
from classifiers.text.mail import own_words
from classifiers.text.markup import ENTITY, plain_view
from classifiers.text.polarity import polarity
from classifiers.text.transcript import customer_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_SPAN = 320
"""Longest span in characters; about 80 word pieces, far below what the encoder would cut off."""

_SOFT_SPAN = 200
_LOOK = 200
_BULLETS = frozenset(
    "-*\u2013\u2014\u2022\u00b7\u2023\u25aa\u25ab\u25cf\u25cb\u25e6\u25a0\u25a1\u27a2\u27a4\u2713\u2714,;:>|"
)

_STOP = ".!?\u2026\u3002\uff01\uff1f\uff0e\uff61\u061f\u06d4\u0964"
_FULL_STOP = "\u3002\uff01\uff1f\uff61\u06d4\u0964"
# Possessive, and only from the first mark of a run: a million exclamation marks are looked at once.
_END = re.compile(
    rf"[\n{_STOP}](?:(?<=[{_STOP}])(?<![{_STOP}]{{2}})[{_STOP}]*+[\"'\u2019\u201d)\]]*+(?=\s|$)"
    rf"|(?<=[{_FULL_STOP}])[{_FULL_STOP}]*+[\"'\u2019\u201d\u300d)\]]*+|(?<=\n)\n*)"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|approx|dept|inc|ltd|e\.g|i\.e|a\.m|p\.m|jan|feb|mar|apr|jun|jul"
    r"|aug|sept?|oct|nov|dec|[a-z])\.$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?<!\S)\(?(\d{1,2})\.$")
_TURNING = (
    r"(?=(?:but|however|(?:even )?though|although|whereas|unfortunately|sadly|except that|except for"
    r"|on the other hand|that said|having said that|nevertheless|other than that|apart from that)\b)"
)
# The first look ahead is for speed alone: nothing that is looked for begins with another character.
_TURN = re.compile(
    r"(?=[\s,;:\u2013\u2014\uff1b\u4f46\u4e0d\u3067-])"
    rf"(?:[,;:\u2013\u2014-]\s*{_TURNING}|\s{_TURNING}(?<!\beven\s)(?<!\bas\s)(?<!nothing\s)(?<!anything\s)"
    r"(?<!everything\s)(?<!\ball\s)(?<!\bnone\s)(?<!choice\s)(?<!\blast\s)"
    r"|[,;]\s*(?=yet\b)|;\s+|\s[\u2013\u2014-]\s|[\uff1b]|(?=\u4f46\u662f|\u4e0d\u8fc7|\u3067\u3082))",
    re.IGNORECASE,
)
_JOIN = re.compile(r",\s+(?:and\s)?|\s(?=and\s|&\s)", re.IGNORECASE)
_BREATH = re.compile(
    r"[,:]\s+|[\uff0c\u3001\uff1b\uff1a]|\s+(?=(?:and|so|then|because|when|after|also|plus|which|now|i|we|they"
    r"|he|she|it|my)\b)",
    re.IGNORECASE,
)
_TWO_WORDS = re.compile(r"\w\W+\w")


def customer_spans(turns: Sequence[Turn]) -> Iterator[Span]:
    """Yield the spans of every customer turn; what agents, bots and systems say gives none.

    Args:
        turns: The conversation in order; roles as in :class:`~classifiers.contract.Role`. A turn that is a pasted
            transcript is taken apart first.

    Yields:
        Spans in reading order that do not overlap, each with at least one letter, digit or pictograph.
    """
    for index, turn in enumerate(turns):
        if turn.role == Role.CUSTOMER:
            for begin, stop in customer_parts(turn.text):
                for start, end in split(turn.text[begin:stop]):
                    yield Span(index, begin + start, begin + end)


def split(text: str) -> Iterator[tuple[int, int]]:
    """Split one text into sentences and clauses.

    Returns:
        Offsets (start, end) in order, without white space at the edges; quoted mail, signatures, legal footers and
        markup between blocks are left out.
    """
    view = plain_view(text)
    for start, end in own_words(view, 0, len(view)):
        pieces = _with_pictographs(view, _pieces(view, start, end))
        yield from _whole_entities(text, pieces) if "&" in text else pieces


def _whole_entities(text: str, pieces: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """End behind an entity ("&quot;") of which the view has the character at its head."""
    for start, end in pieces:
        entity = ENTITY.match(text, end - 1)
        yield start, entity.end() if entity else end


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for sentence in _sentences(text, start, end):
        for clause in _clauses(text, *sentence):
            for piece in _breaths(text, *clause):
                trimmed = _trim(text, *piece)
                if has_content(text[slice(*trimmed)]):
                    yield trimmed


def _with_pictographs(text: str, pieces: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Leave emoji with the sentence that they follow on its line: alone they are about nothing."""
    held: tuple[int, int] | None = None
    for start, end in pieces:
        if held is not None and end - held[0] <= MAX_SPAN and _only_feels(text, held[1], start, end):
            held = held[0], end
            continue
        if held is not None:
            yield held
        held = start, end
    if held is not None:
        yield held


def _only_feels(text: str, before: int, start: int, end: int) -> bool:
    return "\n" not in text[before:start] and not has_words(text[start:end])


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at, number = start, 0
    for match in _END.finditer(text, start, end):
        if match[0] == ".":
            numbered = _NUMBERED.search(text, max(at, match.start() - 4), match.end())
            if numbered and int(numbered[1]) == number + 1:
                # "1. slow 2. rude": a list goes on before its next number, never behind it.
                number += 1
                yield from _at_pictographs(text, at, numbered.start())
                at = numbered.start()
                continue
            if _ABBREVIATION.search(text, max(at, match.start() - 8), match.end()):
                continue
        yield from _at_pictographs(text, at, match.end())
        at = match.end()
    if at < end:
        yield from _at_pictographs(text, at, end)


def _at_pictographs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """End a sentence after a run of emoji when words follow; a run behind a sentence on its line stands alone."""
    if text[start:end].isascii():
        yield start, end
        return
    at, in_run, words = start, False, start > 0 and text[start - 1] in _STOP
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
            stop = match.start() + (1 if text[match.start()] in ",;" else 0)
            yield from _opposites(text, at, stop)
            at = match.end()
    yield from _opposites(text, at, end)


def _opposites(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut where "and" or a comma joins plain praise with plain blame."""
    at = start
    if end - start <= MAX_SPAN:
        for match in _JOIN.finditer(text, start, end):
            if _enough(text, at, match.start()) and _enough(text, match.end(), end):
                left = polarity(text[at : match.start()])
                if left and left * polarity(text[match.end() : end]) < 0:
                    yield at, match.start()
                    at = match.end()
    yield at, end


def _breaths(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut what is longer than ``MAX_SPAN`` at a comma or a joining word, else at white space, else anywhere."""
    while end - start > MAX_SPAN:
        cut = _last(_BREATH, text, start + _SOFT_SPAN // 2, start + MAX_SPAN)
        if cut is None:
            space = text.rfind(" ", start + 1, start + MAX_SPAN)
            cut = space if space > start else _whole_character(text, start + MAX_SPAN)
        yield start, cut
        start = cut
    yield start, end


def _whole_character(text: str, cut: int) -> int:
    """Move a cut before a base character, so that no accent or joiner is torn off; long runs of marks are torn."""
    for at in range(cut, cut - 16, -1):
        if not unicodedata.category(text[at]).startswith("M") and text[at] != "\u200d" and text[at - 1] != "\u200d":
            return at
    return cut


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> int | None:
    found = None
    for match in pattern.finditer(text, start, end):
        found = match.end()
        if found - start > _SOFT_SPAN // 2:
            break
    return found


def _enough(text: str, start: int, end: int) -> bool:
    """Whether a piece has two words; near its start, so that no long run of punctuation is searched again and again."""
    return _TWO_WORDS.search(text, start, min(end, start + _LOOK)) is not None


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and (_blank(text[start]) or text[start] in _BULLETS):
        start += 1
    while end > start and _blank(text[end - 1]):
        end -= 1
    return start, end


def _blank(char: str) -> bool:
    return char.isspace() or (not char.isascii() and unicodedata.category(char) in {"Cf", "Zs"})
