"""A regularised logistic regression for few rows and many columns, with a temperature from rows it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from classifiers.contract import Floats

_FOLDS = 5
_ALIKE = 0.45
_ITERATIONS = 300
_TEMPERATURES = np.geomspace(0.4, 2.5, 28)


@dataclass(frozen=True)
class Regression:
    """``softmax((x @ weight + bias) / temperature)``.

    Attributes:
        weight: Shape (columns, classes).
        bias: Shape (classes,).
        temperature: Above 1 where the bare regression is too sure.
    """

    weight: Floats
    bias: Floats
    temperature: float = 1.0

    def probabilities(self, x: Floats) -> Floats:
        """Probability of each class, shape (n, classes)."""
        scores = (x @ self.weight + self.bias) / self.temperature
        powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        answer: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return answer


def fit(x: Floats, y: Sequence[int], weights: Floats, strength: float, temperature: float = 1.0) -> Regression:
    """Fit on the span of the rows: with a squared penalty the solution lies there, so columns cost next to nothing.

    Args:
        x: Features, shape (n, columns).
        y: Class of each row; every class from 0 on occurs.
        weights: How much each row counts.
        strength: Inverse penalty (the C of scikit-learn).
        temperature: Taken over.
    """
    labels = np.asarray(y)
    mean = np.average(x, axis=0, weights=weights)
    centred = x - mean
    values, directions = np.linalg.eigh(centred @ centred.T)
    kept = values > values[-1] * 1e-6
    scale = np.sqrt(values[kept])
    directions = directions[:, kept]
    model = LogisticRegression(C=strength, max_iter=_ITERATIONS, class_weight="balanced")
    model.fit(directions * scale, labels, sample_weight=weights)
    coefficients, bias = model.coef_, model.intercept_
    if len(coefficients) == 1:
        coefficients, bias = np.vstack([-coefficients, coefficients]) / 2, np.concatenate([-bias, bias]) / 2
    weight = centred.T @ (directions @ (coefficients / scale).T)
    return Regression(weight.astype(np.float32), (bias - mean @ weight).astype(np.float32), temperature)


def phrasings(vectors: Floats) -> list[int]:
    """Group rows that say the same in other words, so that no test fold holds a paraphrase of what was trained on."""
    model = AgglomerativeClustering(n_clusters=None, distance_threshold=_ALIKE, metric="cosine", linkage="average")
    return [int(group) for group in model.fit_predict(vectors)]


def out_of_fold(x: Floats, y: Sequence[int], groups: Sequence[int], strength: float) -> tuple[Floats, float]:
    """Judge every row by a regression that saw no paraphrase of it.

    Returns:
        Probabilities at the best temperature, shape (n, classes), and that temperature.
    """
    labels = np.asarray(y)
    scores = np.zeros((len(labels), int(labels.max()) + 1), np.float32)
    for train, test in _folds(x, labels, groups):
        model = fit(x[train], labels[train].tolist(), np.ones(len(train), np.float32), strength)
        scores[test] = x[test] @ model.weight + model.bias
    plain = Regression(np.eye(scores.shape[1], dtype=np.float32), np.zeros(scores.shape[1], np.float32))
    best = min(
        (replace(plain, temperature=float(temperature)) for temperature in _TEMPERATURES),
        key=lambda model: -np.log(model.probabilities(scores)[np.arange(len(labels)), labels] + 1e-9).mean(),
    )
    return best.probabilities(scores), best.temperature


def _folds(x: Floats, y: Floats, groups: Sequence[int]) -> Iterator[tuple[Floats, Floats]]:
    yield from GroupKFold(_FOLDS).split(x, y, groups)
