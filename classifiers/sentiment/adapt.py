"""Corrections adapt a shipped head to a domain: little by few of them, more by many, by one mechanism.

Ridge regression on what the shipped head missed, over everything that the encoder pass gives of a text: the mean of a
Gaussian process with a linear kernel whose prior mean is the shipped head (Rasmussen & Williams 2006, ch. 2). Held-out
answers come in closed form (ibid. 5.4.2); they decide how far head and correction are believed. Constants were
chosen on two sets of tweets (docs/models.md); from about fifty texts on little depends on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import linalg
from scipy.optimize import minimize

from classifiers.sentiment.linear import Linear, softmax

if TYPE_CHECKING:
    from classifiers.contract import Floats

_NOISE = 3.0
"""Of a label, where a text's likeness to itself is 1: a text moves its likes by a quarter of what was missed."""

_SHIFT = 0.03
"""Likeness of any two texts beyond what they say: how much more often a label is right here than elsewhere."""

_BELIEF, _CORRECTION = (1.0, 0.3), (1.0, 1.0)
"""How far head and correction are believed before any label was seen: mean and spread."""

Ints = npt.NDArray[np.int64]


def adapt(shipped: Linear, parts: Sequence[Floats], right: Ints) -> Linear:
    """Adapt a head to labelled texts of one domain.

    Args:
        shipped: The head; it reads the first of the parts.
        parts: What is known of the labelled texts, each of shape (n, its width); all parts weigh the same.
        right: Column of the right label, shape (n,).

    Returns:
        A head that reads all parts side by side, calibrated on held-out answers; ``shipped`` where there are no two
        labels to tell apart.
    """
    if len(np.unique(right)) < 2:  # noqa: PLR2004 - said above
        return shipped
    scale = _Scale.of(parts)
    inputs = scale.apply(np.hstack(parts))
    said = (parts[0] @ shipped.weight + shipped.bias) / shipped.temperature
    missed = np.eye(len(shipped.labels), dtype=np.float32)[right] - softmax(said)
    weights, held = _regress(inputs, missed)
    belief, correction = _trust(said, held, right)
    found = correction * weights[:-1] / scale.spread[:, None]
    bias = shipped.bias * belief / shipped.temperature + correction * weights[-1] * _SHIFT**0.5 - scale.middle @ found
    found[: len(shipped.weight)] += shipped.weight * belief / shipped.temperature
    return replace(shipped, weight=found.astype(np.float32), bias=bias.astype(np.float32), temperature=1.0)


@dataclass(frozen=True)
class _Scale:
    """What brings parts to a common length: mean and spread of each column, shape (width of all parts,)."""

    middle: Floats
    spread: Floats

    @classmethod
    def of(cls, parts: Sequence[Floats]) -> _Scale:
        middles = [part.mean(axis=0) for part in parts]
        lengths = [
            max(float((part - middle).var(axis=0).sum()) * len(parts), 1e-9) ** 0.5
            for part, middle in zip(parts, middles, strict=True)
        ]
        spread = np.repeat(lengths, [len(middle) for middle in middles])
        return cls(np.concatenate(middles), spread.astype(np.float32))

    def apply(self, side_by_side: Floats) -> Floats:
        """The inputs of the regression: the scaled columns, and one for the shift."""
        found: Floats = np.pad(
            (side_by_side - self.middle) / self.spread, ((0, 0), (0, 1)), constant_values=_SHIFT**0.5
        )
        return found


def _regress(inputs: Floats, missed: Floats) -> tuple[Floats, Floats]:
    """Weights, shape (columns, labels), and what is foretold of each text by the others, shape (n, labels)."""
    texts, columns = inputs.shape
    if texts <= columns:
        similar = inputs @ inputs.T
        similar[np.diag_indices(texts)] += _NOISE
        inverse = linalg.inv(similar, overwrite_a=True)
        dual = inverse @ missed
        return inputs.T @ dual, missed - dual / np.diag(inverse)[:, None]
    spanned = inputs.T @ inputs
    spanned[np.diag_indices(columns)] += _NOISE
    root = linalg.cholesky(spanned, lower=True, overwrite_a=True)
    weights: Floats = linalg.cho_solve((root, True), inputs.T @ missed)
    leverage = (linalg.solve_triangular(root, inputs.T, lower=True) ** 2).sum(axis=0)
    return weights, missed - (missed - inputs @ weights) / (1 - leverage)[:, None]


def _trust(said: Floats, held: Floats, right: Ints) -> tuple[float, float]:
    """How far the head and its correction are believed: what makes the labels likeliest, near the prior."""
    rows = np.arange(len(right))

    def surprise(found: Floats) -> float:
        scores = found[0] * said + found[1] * held
        top = scores.max(axis=1)
        logs = scores[rows, right] - top - np.log(np.exp(scores - top[:, None]).sum(axis=1))
        prior = sum(
            ((value - mean) / spread) ** 2 for value, (mean, spread) in zip(found, (_BELIEF, _CORRECTION), strict=True)
        )
        return float(prior / 2 - logs.sum())

    start = [_BELIEF[0], _CORRECTION[0]]
    found = minimize(surprise, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-4}).x
    return max(float(found[0]), 0.0), max(float(found[1]), 0.0)
