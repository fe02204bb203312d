"""Corrections adapt a shipped head to a domain, and never for the worse by what they themselves show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from classifiers.sentiment.linear import Linear, softmax

if TYPE_CHECKING:
    from classifiers.contract import Floats

FEWEST = 12
"""Fewer labels say too little to check anything."""

_FOLDS = 5
_PULLS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""How strongly the shipped weights hold on to the adapted ones, in labels."""

Ints = npt.NDArray[np.int64]


def adapt(shipped: Linear, features: Floats, right: Ints) -> Linear:
    """Refit a head on labelled texts of one domain, shrunk towards the shipped head.

    The strength of the shrinkage is the one that makes left-out labels likeliest. Where that gain is not larger than
    its standard error, or fewer answers are right than before, the shipped head stays.

    Args:
        shipped: The head, which reads the same features.
        features: Of the labelled texts, shape (n, features).
        right: Column of the right label, shape (n,).

    Returns:
        The adapted head with a temperature of its own, or ``shipped``.
    """
    if len(right) < FEWEST or len(np.unique(right)) == 1:
        return shipped
    before = np.log(np.maximum(shipped.probabilities(features), 1e-9))
    best, chosen, scores = 0.0, None, before
    for pull in _PULLS:
        given = np.zeros_like(before)
        for kept, out in _folds(right):
            part = _fit(shipped, features[kept], right[kept], pull)
            given[out] = features[out] @ part.weight + part.bias
        gain = (_log(given) - before)[np.arange(len(right)), right]
        surely = float(gain.mean() - gain.std() / len(right) ** 0.5)
        if surely > best:
            best, chosen, scores = surely, pull, given
    if chosen is None or _hits(scores, right) < _hits(before, right):
        return shipped
    return replace(_fit(shipped, features, right, chosen), temperature=_temperature(scores, right))


def _fit(shipped: Linear, features: Floats, right: Ints, pull: float) -> Linear:
    """Logistic regression whose prior is the shipped head (a Gaussian around its weights)."""
    size, labels = features.shape[1], len(shipped.labels)
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-2
    inputs = ((features - middle) / spread / size**0.5).astype(np.float64)
    start = (features @ shipped.weight + shipped.bias) / shipped.temperature
    wanted = np.eye(labels)[right]

    def loss(change: Floats) -> tuple[float, Floats]:
        moved, shift = change[:-labels].reshape(size, labels), change[-labels:]
        log = _log(start + inputs @ moved + shift)
        error = np.exp(log) - wanted
        value = -(log * wanted).sum() + pull * ((moved**2).sum() / 20 + (shift**2).sum()) / 2
        slope = np.concatenate([(inputs.T @ error + pull * moved / 20).ravel(), error.sum(axis=0) + pull * shift])
        return float(value), slope

    found = minimize(loss, np.zeros((size + 1) * labels), jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    moved, shift = found[:-labels].reshape(size, labels), found[-labels:]
    scaled = moved / spread[:, None] / size**0.5
    weight = (shipped.weight / shipped.temperature + scaled).astype(np.float32)
    bias = (shipped.bias / shipped.temperature + shift - middle @ scaled).astype(np.float32)
    return replace(shipped, weight=weight, bias=bias, temperature=1.0)


def _folds(right: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Parts in which every label has its share, the same for the same labels."""
    place = np.empty(len(right), np.int64)
    order = np.argsort(right, kind="stable")
    place[order] = np.arange(len(right)) % _FOLDS
    for fold in range(_FOLDS):
        yield np.flatnonzero(place != fold), np.flatnonzero(place == fold)


def _log(scores: Floats) -> Floats:
    top = scores.max(axis=1, keepdims=True)
    logs: Floats = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    return logs


def _likely(logs: Floats, right: Ints) -> float:
    return float(logs[np.arange(len(right)), right].mean())


def _hits(scores: Floats, right: Ints) -> int:
    return int((scores.argmax(axis=1) == right).sum())


def _temperature(scores: Floats, right: Ints) -> float:
    tried = [round(float(one), 4) for one in np.geomspace(0.5, 3, 40)]
    return max(tried, key=lambda one: _likely(np.log(np.maximum(softmax(scores / one), 1e-9)), right))
