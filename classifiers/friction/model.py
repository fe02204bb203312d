"""Friction by the nearest seeds: few, readable examples instead of weights.

The score of a kind is the mean similarity of its three nearest seeds; "none" competes with seeds of its own, so that a
plain defect ("the food was cold") is not pressed into a kind. There is no public labelled set for these five kinds: the
confidence is the share of a softmax, not a calibrated probability.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifiers.contract import Friction, Judgement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from classifiers.contract import Floats

SEEDS = Path(__file__).parent / "seeds.json"
KINDS: tuple[str, ...] = tuple(kind.value for kind in Friction)
SCALE = 18.0
FLOOR = 0.38
"""Below this similarity to every seed nothing is known: the seat of "none" is never cheaper than that."""

_NEAREST = 3
_NONE = "none"


def seeds_fingerprint() -> str:
    """Hash of the seeds that this release ships."""
    return hashlib.sha256(SEEDS.read_bytes()).hexdigest()[:12]


class FrictionModel:
    """Five kinds of friction, from seeds and from corrections."""

    def __init__(self, encode: Callable[[Sequence[str]], Floats], labelled: Sequence[tuple[str, str]] = ()) -> None:
        """Embed the seeds.

        Args:
            encode: Gives unit vectors for texts, shape (n, dim).
            labelled: Corrected texts with their kind; the empty string says "none".
        """
        seeds = json.loads(SEEDS.read_text(encoding="utf-8"))
        rows = [(text, kind) for kind in (*KINDS, _NONE) for text in seeds[kind]]
        rows += [(text, kind or _NONE) for text, kind in labelled if not kind or kind in KINDS]
        self._vectors = encode([text for text, _ in rows])
        kinds = np.array([kind for _, kind in rows])
        self._columns = [np.flatnonzero(kinds == kind) for kind in (*KINDS, _NONE)]

    def probabilities(self, vectors: Floats) -> Floats:
        """Share of each kind, shape (n, 5); what is missing to 1 belongs to "none"."""
        similarity = vectors @ self._vectors.T
        scores = np.empty((len(vectors), len(self._columns)), np.float32)
        for at, columns in enumerate(self._columns):
            few = min(_NEAREST, len(columns))
            scores[:, at] = np.partition(similarity[:, columns], -few, axis=1)[:, -few:].mean(axis=1)
        scores[:, -1] = np.maximum(scores[:, -1], FLOOR)
        powers = np.exp(SCALE * (scores - scores.max(axis=1, keepdims=True, initial=-1)))
        share: Floats = (powers / powers.sum(axis=1, keepdims=True))[:, :-1].astype(np.float32)
        return share

    def judge(self, vectors: Floats, confidence: float = 0.5) -> list[Judgement]:
        """The kind of each text, or None where "none" or doubt wins."""
        answers = []
        for row in self.probabilities(vectors):
            best = int(row.argmax())
            share = float(row[best])
            answers.append(Judgement(KINDS[best] if share >= confidence else None, share))
        return answers
