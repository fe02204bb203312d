"""The head for single mentions: what a text says of one span, or of one topic.

Three kinds of lessons. Texts that judge several things differently, of restaurants and of all sectors, asked by the
topic's name and by the word that stands for it. Sentences of one feeling joined to a mixed text, asked by any words of
a part: labels for nothing, in every domain. Whole texts, asked as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from classifiers.sentiment.model import FOLDER
from classifiers.sentiment.network import WIDTH, Asking, TokenHead
from classifiers.text.clean import clean
from classifiers.train.batches import Batch, Source, descend
from classifiers.train.mix import kind_of
from classifiers.train.rows import NEGATIVE, NEUTRAL, POSITIVE, WRITTEN, Row, Shares, lines
from classifiers.train.text import Tell

_EPOCHS = 8
_JOINED, _WHOLE, _PAIRS = 3000, 1500, 800
_SHORT = 110
_SMOOTH = 0.06
_WORD = 3
_STANDS_OUT = 0.08
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


class Reading(nn.Module):
    """Tokens and question together, as they are trained."""

    def __init__(self, drop: float = 0.2) -> None:
        """Start from random weights."""
        super().__init__()
        self.tokens = TokenHead(drop)
        self.asking = Asking(drop)

    def forward(self, hidden: Sequence[Tensor], mask: Tensor, asked: Asked) -> Tensor:
        """Logits for each question, shape (questions, 3)."""
        tokens = self.tokens(hidden, mask)[asked.row]
        # The encoder gives the text's own tokens only, without its marks at both ends.
        every = mask.squeeze(1)
        own = torch.cat([torch.zeros_like(every[:, :1]), every[:, 2:], torch.zeros_like(every[:, :1])], 1)
        found: Tensor = self.asking(tokens, own[asked.row], asked.inside, asked.topic)
        return found


@dataclass(frozen=True)
class Asked:
    """The questions of a batch: which row, which tokens, which topic, which answer."""

    row: Tensor
    inside: Tensor
    topic: Tensor
    feeling: Tensor


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


class Questions:
    """Turns lessons into tensors; topics are embedded once."""

    def __init__(self, source: Source, topics: Sequence[str]) -> None:
        """Embed the topics' names."""
        self._source = source
        self._vectors: dict[str, Tensor] = {}
        for batch in source.batches(topics):
            with torch.inference_mode():
                vectors = source.network(batch.ids, batch.mask)[0].squeeze(1)
            self._vectors |= {topics[at]: vector.clone() for at, vector in zip(batch.rows, vectors, strict=True)}

    def asked(self, lessons: Sequence[Lesson], batch: Batch) -> Asked:
        """Questions of one batch of lessons."""
        rows, inside, topics, feelings = [], [], [], []
        for at, place in enumerate(batch.rows):
            lesson = lessons[place]
            spans = self._source.places(lesson.text) if any(ask.span for ask in lesson.asks) else None
            for ask in lesson.asks:
                rows.append(at)
                inside.append(_inside(spans, ask.span, batch.ids.shape[1]))
                topics.append(self._vectors[ask.topic] if ask.topic else torch.zeros(WIDTH))
                feelings.append(ask.feeling)
        return Asked(
            torch.tensor(rows), torch.from_numpy(np.stack(inside)), torch.stack(topics), torch.tensor(feelings)
        )

    def pointed(self, lessons: Sequence[Lesson]) -> list[Lesson]:
        """The lessons with more questions: for a category also by the word that is nearest to it and to no other."""
        names = sorted({ask.topic for lesson in lessons for ask in lesson.asks if ask.topic})
        topics = torch.stack([self._vectors[name] for name in names])
        found = []
        for batch in self._source.batches([lesson.text for lesson in lessons]):
            states = torch.nn.functional.normalize(self._source.hidden(batch)[-1], dim=2)
            near = states @ topics.T
            near = near - near.mean(2, keepdim=True)
            for at, place in enumerate(batch.rows):
                text = lessons[place].text
                spans = self._source.places(text)[: int(batch.mask[at].sum())]
                asks = lessons[place].asks
                points = [
                    _point(ask, near[at, : len(spans), names.index(ask.topic or "")], spans, text) for ask in asks
                ]
                found.append(Lesson(text, (*asks, *(point for point in points if point))))
        return found


def _point(ask: Ask, near: Tensor, spans: np.ndarray, text: str) -> Ask | None:
    words = [text[start:end].lower() for start, end in spans]
    said = torch.tensor([len(word) >= _WORD and word not in ENGLISH_STOP_WORDS for word in words])
    allowed = torch.where(said, near, torch.tensor(-1.0))
    best = int(allowed.argmax())
    if allowed[best] < _STANDS_OUT:
        return None
    return Ask((int(spans[best, 0]), int(spans[best, 1])), None, ask.feeling)


def _inside(spans: np.ndarray | None, asked: tuple[int, int] | None, width: int) -> np.ndarray:
    inside = np.zeros(width, np.float32)
    if asked is not None and spans is not None:
        touched = (spans[:, 0] < asked[1]) & (spans[:, 1] > asked[0])
        inside[: len(spans)] = touched[:width]
    return inside


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


def train_mentions(reading: Reading, source: Source, rows: Sequence[Row], mams: Sequence[Lesson], tell: Tell) -> None:
    """Teach mentions; in what we wrote no word stands for a topic, so it is asked by topic alone."""
    rng = np.random.default_rng(0)
    ours = read_mixed()
    plain = Questions(source, Lessons(rows, [*mams, *ours]).topics())
    lessons = Lessons(rows, [*plain.pointed(mams), *ours])
    first = lessons.draw(rng)
    batches = source.batches([lesson.text for lesson in first], rng)

    def losses() -> Iterator[Tensor]:
        drawn, grouped = first, batches
        for epoch in range(_EPOCHS):
            if epoch:
                drawn = lessons.draw(rng)
                grouped = source.batches([lesson.text for lesson in drawn], rng)
            for batch in grouped:
                asked = plain.asked(drawn, batch)
                hidden = source.hidden(batch)
                with torch.autocast("cpu", torch.bfloat16):
                    given = reading(hidden, batch.mask, asked)
                right = asked.feeling * (1 - 3 * _SMOOTH / 2) + _SMOOTH / 2
                yield -(right * log_softmax(given.float(), 1)).sum(1).mean()

    descend([(reading.tokens, 7e-4), (reading.asking, 1e-3)], _EPOCHS * len(batches), losses(), tell)


def judge(
    reading: Reading, questions: Questions, source: Source, lessons: Sequence[Lesson]
) -> tuple[np.ndarray, np.ndarray]:
    """Logits and right answers of all questions, in no order."""
    given, right = [], []
    for batch in source.batches([lesson.text for lesson in lessons]):
        asked = questions.asked(lessons, batch)
        with torch.inference_mode():
            given.append(reading(source.hidden(batch), batch.mask, asked).numpy())
        right.append(asked.feeling.argmax(1).numpy())
    return np.vstack(given), np.concatenate(right)
