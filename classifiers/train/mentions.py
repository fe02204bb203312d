"""The head for single mentions: what a text says of one span, or of one topic.

In restaurant sentences a category is also asked for by the word that stands for it, where one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from classifiers.sentiment.network import WIDTH, Asking, TokenHead
from classifiers.train.batches import Batch, Source, descend
from classifiers.train.lessons import Ask, Lesson, Lessons, read_mixed
from classifiers.train.rows import Row
from classifiers.train.text import Tell

_EPOCHS = 8
_SMOOTH = 0.06
_WORD = 3
_STANDS_OUT = 0.08


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
