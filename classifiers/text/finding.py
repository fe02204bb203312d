"""Which spans of a conversation are read: the customer's, in a language that is spoken, with something in them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from classifiers.contract import Role, Span
from classifiers.text.content import Content, weigh
from classifiers.text.language import guess_language
from classifiers.text.spans import customer_spans
from classifiers.text.talk import Talk, small_talk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from classifiers.contract import Turn

_LOOKED_AT = 2000
_EMPTY_ALONE = frozenset({Talk.GREETING, Talk.FAREWELL})


@dataclass(frozen=True, slots=True)
class Heard:
    """What a conversation is spoken in.

    Attributes:
        language: ISO 639-1 code of most of the customer's turns, None where nobody can tell.
        foreign: Indices of the customer's turns that are not read.
    """

    language: str | None
    foreign: frozenset[int]


@dataclass(frozen=True, slots=True)
class Found:
    """A span on its way to becoming a mention.

    Attributes:
        conversation: Its index.
        span: Where it lies.
        text: Its words as they were written.
        verdict: What it amounts to: ``TEXT`` is to be read, anything else is an answer that says all by saying nothing.
    """

    conversation: int
    span: Span
    text: str
    verdict: Content


def listen(turns: Sequence[Turn], spoken: Collection[str] | None) -> Heard:
    """Tell which of the customer's turns the model can read.

    A turn too short to tell goes with the others of its conversation.

    Args:
        turns: The conversation.
        spoken: Codes of the languages that are read; None: whatever it is.
    """
    guesses = {
        index: guess_language(turn.text[:_LOOKED_AT]).code
        for index, turn in enumerate(turns)
        if turn.role == Role.CUSTOMER
    }
    known = [code for code in guesses.values() if code is not None]
    language = max(dict.fromkeys(known), key=known.count, default=None)
    if spoken is None:
        return Heard(language, frozenset())
    return Heard(
        language,
        frozenset(index for index, code in guesses.items() if (code or language) not in {None, *spoken}),
    )


def find(
    conversations: Sequence[Sequence[Turn]], questions: Sequence[str | None], heard: Sequence[Heard]
) -> Iterator[Found]:
    """Yield what is to be read, conversation by conversation, in reading order."""
    for at, (turns, question) in enumerate(zip(conversations, questions, strict=True)):
        spoken = [index for index, turn in enumerate(turns) if turn.role == Role.CUSTOMER]
        said = _answers(at, turns, spoken, question)
        spans = {turn: list(run) for turn, run in groupby(customer_spans(turns), key=lambda span: span.turn)}
        for turn in spoken:
            if turn not in said:
                yield from _told(at, turns, spans.get(turn, ()), heard[at], dialogue=len(spoken) < len(turns))
            elif (answer := said[turn]) is not None:
                yield answer


def _answers(at: int, turns: Sequence[Turn], spoken: Sequence[int], question: str | None) -> dict[int, Found | None]:
    """Turns that answer a question with something else than a text: what to make of them; None: they say nothing."""
    alone = len(spoken) == 1
    said: dict[int, Found | None] = {}
    for index in spoken if alone else (each for each in spoken if turns[each].question):
        text = turns[index].text
        verdict = weigh(text, turns[index].question or question)
        if verdict is Content.NONE:
            said[index] = None
        elif verdict is not Content.TEXT:
            span = Span(index, len(text) - len(text.lstrip()), len(text.rstrip()))
            said[index] = Found(at, span, text[span.start : span.end], verdict)
    return said


def _told(at: int, turns: Sequence[Turn], spans: Iterable[Span], heard: Heard, *, dialogue: bool) -> Iterator[Found]:
    for span in spans:
        text = turns[span.turn].text[span.start : span.end]
        verdict = weigh(text) if span.turn not in heard.foreign else Content.NONE
        # "No problem" is a courtesy in a dialogue, not praise.
        unsaid = Content.PRAISE if dialogue else None
        if verdict not in {Content.NONE, unsaid} and not _is_talk(text, dialogue=dialogue):
            yield Found(at, span, text, verdict)


def _is_talk(text: str, *, dialogue: bool) -> bool:
    """In a dialogue no small talk counts; alone, thanks are praise and a "yes" may be an answer."""
    talk = small_talk(text)
    return talk is not None and (dialogue or talk in _EMPTY_ALONE)
