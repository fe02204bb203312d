"""Why this topic: the nearest known text and the words that carry the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from classifiers.contract import Encoded, Judgement
    from classifiers.topics.model import TopicModel

_WORD = re.compile(r"[\w'-]+")
_MOST_PARTS = 40
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Carrier:
    """Words that speak for the topic: ``text[start:end]``, and how much of the score goes when they go."""

    word: str
    weight: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Why:
    """What an answer rests on.

    Attributes:
        topic: The most probable topic.
        confidence: Its probability.
        nearest: The labelled text of this topic, or its description, that is most like the text.
        labelled: Whether ``nearest`` is a labelled text.
        similarity: Of the two, 0 to 1.
        words: Those that carry the answer, strongest first.
        runner_up: The next topic, None with one topic only.
    """

    topic: str
    confidence: float
    nearest: str
    labelled: bool
    similarity: float
    words: tuple[Carrier, ...]
    runner_up: Judgement | None


def explain(model: TopicModel, text: str, encode: Callable[[Sequence[str]], Encoded]) -> Why:
    """Explain the best topic of one cleaned text by leaving out one word at a time (one small batch is encoded).

    Long texts are left out in up to 40 runs of words.
    """
    parts = _parts(text)
    texts = [text, *(text[: part.start] + text[part.end :] for part in parts)]
    encoded = encode(texts)
    first = type(encoded)(encoded.vectors[:1], encoded.layers[:1])
    best, runner_up = model.ranked([text], first)
    column = model.keys.index(best.label or "")
    scores = model.scores(texts, encoded)[0][:, column]
    weights = scores[0] - scores[1:]
    order = np.argsort(-weights, kind="stable")[:_SHOWN]
    nearest, labelled, similarity = model.nearest(text, first, column)
    return Why(
        topic=best.label or "",
        confidence=best.confidence,
        nearest=nearest,
        labelled=labelled,
        similarity=similarity,
        words=tuple(
            Carrier(parts[at].word, float(weights[at]), parts[at].start, parts[at].end)
            for at in order
            if weights[at] > 0
        ),
        runner_up=runner_up,
    )


def _parts(text: str) -> list[Carrier]:
    words = list(_WORD.finditer(text))
    size = max(-(-len(words) // _MOST_PARTS), 1)
    runs = [words[at : at + size] for at in range(0, len(words), size)]
    return [Carrier(text[run[0].start() : run[-1].end()], 0.0, run[0].start(), run[-1].end()) for run in runs]
