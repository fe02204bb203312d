"""Four signals by one mechanism: seeds that we wrote, a regression on one encoder pass, corrections that weigh more.

There are few public labelled texts for these signals, so the seeds are readable examples with near misses ("I'm not
in a hurry") instead of weights nobody can check. Features are the sentence embedding and the pooled layers, each at
unit length; an encoder that shows no layers works on embeddings alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifiers.contract import Friction, Judgement
from classifiers.signals.regression import Regression, fit, out_of_fold, phrasings
from classifiers.text.clean import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from classifiers.contract import Encoded, Floats

    Encode = Callable[[Sequence[str]], Encoded]

SEEDS = Path(__file__).parent / "seeds.json"
KINDS: tuple[str, ...] = tuple(kind.value for kind in Friction)
NONE = "none"
CLASSES: dict[str, tuple[str, ...]] = {
    "friction": (NONE, *KINDS),
    "urgent": ("no", "yes"),
    "response_needed": ("no", "yes"),
    "escalation_intent": ("no", "yes"),
}
"""The classes of each signal, the silent one first."""

VERSION = "1"
STRENGTH = 20.0
TAUGHT = 10.0
"""How much a correction weighs beside a seed."""

MOST_TAUGHT = 400
"""Corrections of one signal that are learnt from, the latest; it bounds the time of a new fit."""


@dataclass(frozen=True)
class Signalled:
    """What the signals say, row i for text i.

    Attributes:
        frictions: Kind of friction; label None where "none" or doubt wins.
        urgent: Probability that it cannot wait, shape (n,).
        response_needed: Probability that an answer is expected, shape (n,).
        escalation_intent: Probability that the customer goes, or threatens to go, further, shape (n,).
    """

    frictions: list[Judgement] = field(repr=False)
    urgent: Floats
    response_needed: Floats
    escalation_intent: Floats


@cache
def seeds_fingerprint() -> str:
    """Hash of the seeds that this release ships, and of the code version that learns from them."""
    return hashlib.sha256(VERSION.encode() + SEEDS.read_bytes()).hexdigest()[:12]


@cache
def seeds() -> dict[str, dict[str, list[str]]]:
    """Signal -> class -> sentences."""
    loaded = json.loads(SEEDS.read_text(encoding="utf-8"))
    return {signal: loaded[signal] for signal in CLASSES}


class Signals:
    """Friction, urgency, response needed and escalation intent."""

    def __init__(self, encode: Encode, labelled: Mapping[str, Sequence[tuple[str, str]]] | None = None) -> None:
        """Fit on seeds and corrections; the seeds of one encoder are encoded once in a process.

        Args:
            encode: Gives vectors and layers for texts, always of the same widths. Equal callables must encode equally.
            labelled: For each signal corrected texts with their class: a kind of friction or "none", "yes" or "no".
        """
        ground = _ground(encode)
        self._models = {
            signal: ground[signal].taught(encode, (labelled or {}).get(signal, ()), classes)
            for signal, classes in CLASSES.items()
        }

    def judge(self, encoded: Encoded, friction_confidence: float = 0.5) -> Signalled:
        """Judge texts.

        Args:
            encoded: One pass of the encoder that the seeds were encoded with.
            friction_confidence: Below this probability no friction is given.
        """
        x = _features(encoded)
        frictions = []
        for row in self._models["friction"].probabilities(x)[:, 1:]:
            best = int(row.argmax())
            share = float(row[best])
            frictions.append(Judgement(KINDS[best] if share >= friction_confidence else None, share))
        yes = {signal: self._models[signal].probabilities(x)[:, 1] for signal in CLASSES if signal != "friction"}
        return Signalled(frictions, **yes)


@dataclass(frozen=True)
class _Ground:
    """The seeds of one signal as one encoder sees them, and the regression on them alone."""

    x: Floats
    y: tuple[int, ...]
    model: Regression

    def taught(self, encode: Encode, rows: Sequence[tuple[str, str]], classes: tuple[str, ...]) -> Regression:
        known = [(clean(text), classes.index(label)) for text, label in rows if label in classes][-MOST_TAUGHT:]
        if not known:
            return self.model
        x = np.vstack([self.x, _features(encode([text for text, _ in known]))])
        weights = np.concatenate([np.ones(len(self.y)), np.full(len(known), TAUGHT)]).astype(np.float32)
        return fit(x, [*self.y, *(label for _, label in known)], weights, STRENGTH, self.model.temperature)


@lru_cache(maxsize=2)
def _ground(encode: Encode) -> dict[str, _Ground]:
    rows = [(signal, label, text) for signal, labels in seeds().items() for label in labels for text in labels[label]]
    encoded = encode([text for _, _, text in rows])
    features = _features(encoded)
    ground = {}
    for signal, classes in CLASSES.items():
        at = [row for row, (name, _, _) in enumerate(rows) if name == signal]
        x, y = features[at], tuple(classes.index(rows[row][1]) for row in at)
        _, temperature = out_of_fold(x, y, phrasings(encoded.vectors[at]), STRENGTH)
        ground[signal] = _Ground(x, y, fit(x, y, np.ones(len(y), np.float32), STRENGTH, temperature))
    return ground


def _features(encoded: Encoded) -> Floats:
    """Embedding and layers side by side, shape (n, dim + layer_dim), each of the two at unit length."""
    vectors: Floats = encoded.vectors.astype(np.float32)
    width, dim = encoded.layers.shape[1], vectors.shape[1]
    if not width:
        return vectors
    parts = encoded.layers.astype(np.float32).reshape(len(vectors), -1, dim if width % dim == 0 else width)
    parts = parts / np.maximum(np.linalg.norm(parts, axis=2, keepdims=True), 1e-6) / parts.shape[1] ** 0.5
    return np.hstack([vectors, parts.reshape(len(vectors), width)])
