"""Four signals by one mechanism: seeds that we wrote, a regression on one encoder pass, corrections that weigh more.

Seeds are readable examples with near misses ("I'm not in a hurry"). For the packaged encoder a regression on them and
on everyday texts of permissively licensed sets is shipped (``python -m classifiers.train.signals``); seeds alone fire
on every second tweet. Another encoder gets a regression on the seeds alone, with the odds lowered to those of everyday
traffic. Features are the sentence embedding and the pooled layers; without layers the embedding alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifiers.contract import ClassifierError, Friction, Judgement
from classifiers.halves import widened
from classifiers.signals.regression import Regression, adapt, fit, out_of_fold, phrasings
from classifiers.signals.weights import load
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

FILE = Path(__file__).parent / "signals.safetensors"
STRENGTH = 20.0
EVERYDAY = 0.1
"""Assumed share of texts that carry a signal, where no everyday texts were seen in training."""

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
    """Hash of the seeds and weights that this release ships."""
    return hashlib.sha256(SEEDS.read_bytes() + FILE.read_bytes()).hexdigest()[:12]


@cache
def seeds() -> dict[str, dict[str, list[str]]]:
    """Signal -> class -> sentences."""
    loaded = json.loads(SEEDS.read_text(encoding="utf-8"))
    return {signal: loaded[signal] for signal in CLASSES}


class Signals:
    """Friction, urgency, response needed and escalation intent."""

    def __init__(
        self, encode: Encode, labelled: Mapping[str, Sequence[tuple[str, str]]] | None = None, *, packaged: bool = False
    ) -> None:
        """Take the shipped weights or fit on the seeds, then learn from corrections.

        Args:
            encode: Gives vectors and layers for texts, always of the same widths. Equal callables must encode equally:
                the seeds are encoded once in a process.
            labelled: For each signal corrected texts with their class: a kind of friction or "none", "yes" or "no".
            packaged: Whether ``encode`` is the packaged model with its layers, which the shipped weights fit.

        Raises:
            ClassifierError: The shipped weights are missing or damaged, or there is no signal of that name.
        """
        if unknown := sorted(set(labelled or {}) - set(CLASSES)):
            raise ClassifierError(f"There is no signal {unknown[0]!r}. There are: {', '.join(CLASSES)}.")
        ground = dict(_shipped()) if packaged else {name: seen.model for name, seen in _ground(encode).items()}
        for signal, rows in (labelled or {}).items():
            known = [(text, label) for text, label in rows if label in CLASSES[signal]][-MOST_TAUGHT:]
            if known:
                ground[signal] = _taught(ground[signal], _ground(encode)[signal], encode, known, CLASSES[signal])
        self._models = ground

    def judge(self, encoded: Encoded, friction_confidence: float = 0.5) -> Signalled:
        """Judge texts.

        Args:
            encoded: One pass of the encoder that the seeds were encoded with.
            friction_confidence: Below this probability no friction is given.
        """
        x = features(encoded)
        rubs = self._models["friction"].probabilities(x)[:, 1:]
        frictions = [
            Judgement(KINDS[best] if share >= friction_confidence else None, share)
            for best, share in zip(rubs.argmax(axis=1).tolist(), rubs.max(axis=1).tolist(), strict=True)
        ]
        yes = {signal: self._models[signal].probabilities(x)[:, 1] for signal in CLASSES if signal != "friction"}
        return Signalled(frictions, **yes)


@dataclass(frozen=True)
class _Ground:
    """The seeds of one signal as one encoder sees them, and the regression on them alone."""

    x: Floats
    y: tuple[int, ...]
    model: Regression


@cache
def _shipped() -> dict[str, Regression]:
    return load(FILE)


@lru_cache(maxsize=2)
def _ground(encode: Encode) -> dict[str, _Ground]:
    rows = [(signal, label, text) for signal, labels in seeds().items() for label in labels for text in labels[label]]
    encoded = encode([text for _, _, text in rows])
    found = features(encoded)
    ground = {}
    for signal, classes in CLASSES.items():
        at = [row for row, (name, _, _) in enumerate(rows) if name == signal]
        x, y = found[at], tuple(classes.index(rows[row][1]) for row in at)
        even = np.ones(len(y), np.float32)
        _, temperature = out_of_fold(x, y, phrasings(encoded.vectors[at]), STRENGTH, even)
        model = fit(x, y, even, STRENGTH, temperature)
        ground[signal] = _Ground(x, y, to_everyday(model, y))
    return ground


def to_everyday(model: Regression, y: Sequence[int]) -> Regression:
    """Lower the odds of a signal from its share of the seeds to its share of everyday traffic."""
    share = sum(label > 0 for label in y) / len(y)
    bias = model.bias.copy()
    bias[1:] -= model.temperature * (np.log(share / (1 - share)) - np.log(EVERYDAY / (1 - EVERYDAY)))
    return replace(model, bias=bias)


def _taught(
    model: Regression, seen: _Ground, encode: Encode, rows: Sequence[tuple[str, str]], classes: tuple[str, ...]
) -> Regression:
    x = np.vstack([seen.x, features(encode([clean(text) for text, _ in rows]))])
    weights = np.concatenate([np.ones(len(seen.y)), np.full(len(rows), TAUGHT)]).astype(np.float32)
    return adapt(model, x, [*seen.y, *(classes.index(label) for _, label in rows)], weights, STRENGTH)


def features(encoded: Encoded) -> Floats:
    """Embedding and layers side by side, shape (n, dim + layer_dim), each of the two at unit length."""
    width, dim = encoded.layers.shape[1], encoded.vectors.shape[1]
    found: Floats = np.hstack([encoded.vectors, widened(encoded.layers)])
    if width:
        parts = found[:, dim:].reshape(len(found), *((width // dim, dim) if width % dim == 0 else (1, width)))
        lengths = np.sqrt(np.einsum("nkd,nkd->nk", parts, parts)) * parts.shape[1] ** 0.5
        parts /= np.maximum(lengths, 1e-6)[:, :, None]
    return found
