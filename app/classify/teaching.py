"""Which doubtful mentions teach most: uncertain, like many others, and not like one that is already chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.store.reviews import Doubtful

ALIKE = 0.8
"""Cosine similarity from which on one label speaks for both."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One mention to look at.

    Attributes:
        id: The mention.
        gain: Uncertainty times the damped number of mentions that its label speaks for.
        stands_for: How many other doubtful mentions are like it and not spoken for by one that was chosen before.
    """

    id: int
    gain: float
    stands_for: int


def choose(doubtful: Sequence[Doubtful], limit: int) -> list[Choice]:
    """The mentions that teach most, best first; the same rows give the same choice.

    Greedy: expected gain = (1 - confidence) * (1 + ln(1 + like ones)), information density as in Settles & Craven
    (2008); what is like a chosen one is spoken for: it adds to nobody's density, and nobody adds to its own.
    """
    alike = _alike(doubtful)
    doubt = np.array([1 - one.confidence for one in doubtful])
    waiting, spoken = np.ones(len(doubtful), bool), np.zeros(len(doubtful), bool)
    like = alike.sum(axis=1)
    chosen: list[Choice] = []
    while len(chosen) < limit and waiting.any():
        density = np.where(spoken, 0, like)
        gain = np.where(waiting, doubt * (1 + np.log1p(density)), -1.0)
        best = int(gain.argmax())
        chosen.append(Choice(doubtful[best].id, float(gain[best]), int(density[best])))
        newly = alike[best] & ~spoken
        newly[best] = not spoken[best]
        spoken |= newly
        like = like - alike[:, newly].sum(axis=1)
        waiting[best] = False
    return chosen


def _alike(doubtful: Sequence[Doubtful]) -> npt.NDArray[np.bool_]:
    """Who is like whom, by the vectors of the model that made most of them; nobody is like himself."""
    alike: npt.NDArray[Any] = np.zeros((len(doubtful), len(doubtful)), bool)
    models = Counter(one.model for one in doubtful if one.vector)
    if models:
        usual = models.most_common(1)[0][0]
        rows = [row for row, one in enumerate(doubtful) if one.vector and one.model == usual]
        vectors = np.frombuffer(b"".join(doubtful[row].vector or b"" for row in rows), "<f2").reshape(len(rows), -1)
        close = vectors.astype(np.float32)
        alike[np.ix_(rows, rows)] = close @ close.T >= ALIKE
        np.fill_diagonal(alike, val=False)
    return alike
