"""The head for whole texts: a teacher with tuned layers of its own teaches a small network.

The teacher would cost another two thirds of the encoder pass for every text; the small network learns
its soft answers beside the labels (distillation, Hinton et al. 2015).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

from classifiers.embedders.bert import Bert, sight_of
from classifiers.sentiment.network import DEPTH, FEATURES, WIDTH, TextHead, side_by_side
from classifiers.train.batches import Batch, Source, descend
from classifiers.train.mix import Mix
from classifiers.train.rows import Row

_TUNED = 4
_TEACHER_EPOCHS = 3
_EPOCHS = 5
_TRUST_IN_TEACHER = 0.5
_SMOOTH = 0.04
_COMPLAINT, _EMOTION = 0.5, 0.2

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Aims:
    """What the rows of a batch should be judged as; ``known`` is 0 where nobody says.

    Attributes:
        feeling: Shape (n, 3).
        felt: Shape (n,), whether ``feeling`` is known.
        complaint: Shape (n,).
        told: Shape (n,), whether ``complaint`` is known.
        emotions: Shape (n, emotions).
        moved: Shape (n,), whether ``emotions`` is known.
    """

    feeling: Tensor
    felt: Tensor
    complaint: Tensor
    told: Tensor
    emotions: Tensor
    moved: Tensor


class Student(nn.Module):
    """The head with its linear answers: three feelings, complaint, and emotions that only training asks for."""

    def __init__(self, emotions: int, drop: float = 0.15) -> None:
        """Start from random weights."""
        super().__init__()
        self.head = TextHead(drop)
        self.drop = nn.Dropout(drop)
        self.answers = nn.Linear(FEATURES, 4 + emotions)

    def forward(self, hidden: Sequence[Tensor], mask: Tensor) -> Tensor:
        """Answer for each text, shape (n, 4 + emotions); a text has a row of its own."""
        found: Tensor = self.answers(self.drop(self.head(hidden, mask).squeeze(1)))
        return found


class Teacher(nn.Module):
    """Two opinions: of the encoder with its upper layers tuned, and of a linear model on all layers as they are.

    The first understands more, the second forgets less of what the encoder knew of domains that no set covers.
    """

    def __init__(self, network: Bert, emotions: int) -> None:
        """Copy the upper layers of the encoder."""
        super().__init__()
        self.layers = copy.deepcopy(network.layers[DEPTH - _TUNED :])
        self.layers.requires_grad_(requires_grad=True)
        self.query = nn.Linear(WIDTH, 2)
        self.drop = nn.Dropout(0.1)
        self.answers = nn.Linear(4 * WIDTH, 4 + emotions)
        self.linear = nn.Linear(DEPTH * WIDTH, 4 + emotions)

    def forward(self, hidden: Sequence[Tensor], mask: Tensor) -> Tensor:
        """Both answers for each text, shape (2, n, 4 + emotions)."""
        lower = state = hidden[DEPTH - _TUNED]
        sight = sight_of(mask, state.dtype)
        for layer in self.layers:
            state = layer(state, sight)
        asked = self.query(state).masked_fill(mask.transpose(1, 2) == 0, -1e4).softmax(1)
        pooled = torch.bmm(asked.transpose(1, 2).to(state.dtype), state).flatten(1)
        means = _means((state, lower), mask)
        tuned = self.answers(self.drop(torch.cat([pooled, means], 1)))
        plain = self.linear(_means([side_by_side(hidden)], mask))
        return torch.stack([tuned, plain])


def _means(states: Sequence[Tensor], mask: Tensor) -> Tensor:
    even = mask / mask.sum(2, keepdim=True)
    return torch.cat([torch.bmm(even.to(state.dtype), state).squeeze(1) for state in states], 1)


class Texts:
    """The rows, drawn and read anew for each stage of training."""

    def __init__(self, source: Source, rows: Sequence[Row], tell: Tell) -> None:
        """Remember what to train on; ``tell`` hears how it goes."""
        self._source, self._mix, self._tell = source, Mix(rows), tell
        self._emotions = sorted({emotion for row in rows for emotion in row.emotions})

    def teacher(self) -> Teacher:
        """A teacher that knows nothing yet but what the encoder knows."""
        torch.manual_seed(0)
        return Teacher(self._source.network, len(self._emotions))

    def tune(self, teacher: Teacher) -> None:
        """Tune a teacher on the labels."""
        plan = _Plan(self._source, self._mix, self._emotions, _TEACHER_EPOCHS)
        losses = (
            sum((_loss(opinion, aims) for opinion in _auto(teacher, hidden, batch)), torch.zeros(()))
            for batch, hidden, aims in plan.batches()
        )
        opinions = [(teacher.query, 1e-3), (teacher.answers, 1e-3), (teacher.linear, 1e-3)]
        descend([(teacher.layers, 1e-4), *opinions], plan.steps, losses, self._tell)

    def student(self) -> Student:
        """A student that knows nothing."""
        torch.manual_seed(0)
        return Student(len(self._emotions))

    def teach(self, student: Student, teacher: Teacher) -> None:
        """Let a tuned teacher teach a student."""
        teacher.eval()
        plan = _Plan(self._source, self._mix, self._emotions, _EPOCHS)

        def losses() -> Iterator[Tensor]:
            for batch, hidden, aims in plan.batches():
                with torch.no_grad():
                    advice = _auto(teacher, hidden, batch)
                yield _loss(_auto(student, hidden, batch), _advised(aims, advice))

        descend([(student, 1.5e-3)], plan.steps, losses(), self._tell)


class _Plan:
    """The batches of some epochs, drawn as they are needed."""

    def __init__(self, source: Source, mix: Mix, emotions: Sequence[str], epochs: int) -> None:
        self._source, self._mix, self._rng, self._epochs = source, mix, np.random.default_rng(epochs), epochs
        self._emotions = {name: at for at, name in enumerate(emotions)}
        self._first = self._epoch()
        self.steps = epochs * len(self._first[1])

    def batches(self) -> Iterator[tuple[Batch, list[Tensor], Aims]]:
        for epoch in range(self._epochs):
            rows, batches = self._first if epoch == 0 else self._epoch()
            for batch in batches:
                yield batch, self._source.hidden(batch), self._aims([rows[at] for at in batch.rows])

    def _epoch(self) -> tuple[list[Row], list[Batch]]:
        rows = self._mix.draw(self._rng)
        return rows, self._source.batches([row.text for row in rows], self._rng)

    def _aims(self, rows: Sequence[Row]) -> Aims:
        emotions = torch.zeros(len(rows), len(self._emotions))
        for at, row in enumerate(rows):
            for name in row.emotions:
                emotions[at, self._emotions[name]] = 1
        feeling = torch.tensor([row.feeling or (0.0, 0.0, 0.0) for row in rows])
        return Aims(
            feeling * (1 - 3 * _SMOOTH / 2) + _SMOOTH / 2,
            torch.tensor([float(row.feeling is not None) for row in rows]),
            torch.tensor([float(bool(row.complaint)) for row in rows]) * (1 - 2 * _SMOOTH) + _SMOOTH,
            torch.tensor([float(row.complaint is not None) for row in rows]),
            emotions,
            torch.tensor([float(bool(row.emotions)) for row in rows]),
        )


def _auto(model: nn.Module, hidden: Sequence[Tensor], batch: Batch) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        found: Tensor = model(hidden, batch.mask)
    return found.float()


def _loss(given: Tensor, aims: Aims) -> Tensor:
    feeling = -(aims.feeling * log_softmax(given[:, :3], 1)).sum(1)
    complaint = binary_cross_entropy_with_logits(given[:, 3], aims.complaint, reduction="none")
    emotions = binary_cross_entropy_with_logits(given[:, 4:], aims.emotions, reduction="none").sum(1)
    return (feeling * aims.felt + _COMPLAINT * complaint * aims.told + _EMOTION * emotions * aims.moved).mean()


def _advised(aims: Aims, advice: Tensor) -> Aims:
    """Labels and the mean of the teacher's opinions, half and half; without a label the teacher alone."""
    feeling, complaint = advice[:, :, :3].softmax(2).mean(0), advice[:, :, 3].sigmoid().mean(0)
    trust_feeling = 1 - (1 - _TRUST_IN_TEACHER) * aims.felt
    trust_complaint = 1 - (1 - _TRUST_IN_TEACHER) * aims.told
    known = torch.ones_like(aims.felt)
    return Aims(
        feeling * trust_feeling[:, None] + aims.feeling * (1 - trust_feeling)[:, None],
        known,
        complaint * trust_complaint + aims.complaint * (1 - trust_complaint),
        known,
        aims.emotions,
        aims.moved,
    )
