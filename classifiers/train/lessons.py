"""What the head for single mentions is asked while it learns.

Three kinds of lessons. Texts that judge several things differently, of restaurants and of all sectors, asked by topic.
Sentences of one feeling joined to a mixed text, asked by any words of a part: labels for nothing, in every domain.
Whole texts, asked as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifiers.sentiment.model import FOLDER
from classifiers.text.clean import clean
from classifiers.train.mix import kind_of
from classifiers.train.rows import NEGATIVE, NEUTRAL, POSITIVE, WRITTEN, Row, Shares, lines

_JOINED, _WHOLE, _PAIRS = 3000, 1500, 800
_SHORT = 110
_SOURCES = ("nhs", "tweets", "movie", "goemotions", "seeds", "written")
_LINKS = (" but ", ", but ", ", ", " and ", ". ", "; ", ". However, ", ", although ", " while ", ", yet ", " - ")
_BY_NAME = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}


@dataclass(frozen=True)
class Ask:
    """One question about a text: characters of a span, the name of a topic, or both; and the right answer."""

    span: tuple[int, int] | None
    topic: str | None
    feeling: Shares


@dataclass(frozen=True)
class Lesson:
    """A text with questions."""

    text: str
    asks: tuple[Ask, ...]


def read_mams(path: Path) -> list[Lesson]:
    """Restaurant sentences, asked by category."""
    return [
        Lesson(
            clean(line["text"]),
            tuple(Ask(None, aspect["category"], _BY_NAME[aspect["polarity"]]) for aspect in line["aspects"]),
        )
        for line in lines(path)
    ]


def read_mixed() -> list[Lesson]:
    """Texts of all sectors written for this purpose, asked by topic."""
    return [
        Lesson(clean(line["text"]), tuple(Ask(None, topic, _BY_NAME[felt]) for topic, felt in line["about"].items()))
        for line in lines(WRITTEN / "mixed.jsonl")
    ]


class Lessons:
    """Draws the lessons of an epoch."""

    def __init__(self, rows: Sequence[Row], mixed: Sequence[Lesson]) -> None:
        """Sort the texts by feeling."""
        self._mixed = mixed
        felt = [row for row in rows if row.source in _SOURCES and row.feeling is not None and max(row.feeling) > 2 / 3]
        self._long = felt
        self._by: dict[str, list[list[Row]]] = {}
        for row in felt:
            if len(row.text) <= _SHORT:
                self._by.setdefault(row.source, [[], [], []])[kind_of(row)].append(row)
        self._by = {source: kinds for source, kinds in self._by.items() if all(kinds)}
        self._pairs = json.loads((FOLDER / "seeds.json").read_text(encoding="utf-8"))["pairs"]

    def topics(self) -> list[str]:
        """Every name that a lesson asks for."""
        asked = {ask.topic for lesson in self._mixed for ask in lesson.asks if ask.topic}
        return sorted(asked | {_name(thing) for pairs in self._pairs for thing in pairs["things"]})

    def draw(self, rng: np.random.Generator) -> list[Lesson]:
        """Draw an epoch, in no order."""
        whole = [self._long[at] for at in rng.integers(len(self._long), size=_WHOLE)]
        return [
            *self._mixed,
            *(self._joined(rng) for _ in range(_JOINED)),
            *(self._paired(rng) for _ in range(_PAIRS)),
            *(Lesson(row.text, (Ask((0, len(row.text)), None, row.feeling or NEUTRAL),)) for row in whole),
        ]

    def _joined(self, rng: np.random.Generator) -> Lesson:
        kinds = self._by[str(rng.choice(sorted(self._by)))]
        parts = [kinds[at][rng.integers(len(kinds[at]))] for at in rng.permutation(3)[:2]]
        return _join([(row.text, row.feeling or NEUTRAL, None) for row in parts], rng)

    def _paired(self, rng: np.random.Generator) -> Lesson:
        pairs = self._pairs[rng.integers(len(self._pairs))]
        things = [pairs["things"][at] for at in rng.permutation(len(pairs["things"]))[:2]]
        names = [("bad", "plain", "good")[at] for at in rng.permutation(3)[:2]]
        said = [
            (f"{thing} {pairs[name][rng.integers(len(pairs[name]))]}", thing)
            for thing, name in zip(things, names, strict=True)
        ]
        feelings = [{"bad": NEGATIVE, "plain": NEUTRAL, "good": POSITIVE}[name] for name in names]
        return _join([(text, feeling, thing) for (text, thing), feeling in zip(said, feelings, strict=True)], rng)


def _join(parts: Sequence[tuple[str, Shares, str | None]], rng: np.random.Generator) -> Lesson:
    """Parts in one text; asked by topic where it is known, and by some words of each part."""
    text, asks = "", []
    for at, (part, feeling, thing) in enumerate(parts):
        if at:
            text = text.rstrip(" .!?,") + str(rng.choice(_LINKS))
        start = len(text)
        text += part
        if thing:
            asks.append(Ask(None, _name(thing), feeling))
            asks.append(Ask((start, start + len(thing)), None, feeling))
        else:
            asks += [Ask(span, None, feeling) for span in _words(part, start, rng)]
    return Lesson(text, tuple(asks))


def _words(part: str, start: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """All of a part but its last sign, or one to four words of it."""
    size = max(1, len(part.rstrip(" .!?,")))
    if rng.random() < 1 / 2:
        yield start, start + size
        return
    words = part.split(" ")
    first = int(rng.integers(len(words)))
    last = min(len(words), first + int(rng.integers(1, 5)))
    begin = start + len(" ".join(words[:first])) + (first > 0)
    yield begin, max(begin + 1, min(start + size, start + len(" ".join(words[:last]))))


def _name(thing: str) -> str:
    return (
        thing.removeprefix("the ").removeprefix("my ").removeprefix("this ").removeprefix("these ").removeprefix("our ")
    )
