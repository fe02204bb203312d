"""A regularised logistic regression for few rows and many columns, with a temperature from rows it has not seen.

What fits loads scikit-learn when it is first called: most services only read, with shipped weights, and do without its
60 MB.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

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
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - see above

    labels = np.asarray(y)
    mean = np.average(x, axis=0, weights=weights)
    centred = x - mean
    directions, scale = _span(centred) if len(x) <= x.shape[1] else (centred, np.ones(x.shape[1]))
    model = LogisticRegression(C=strength, max_iter=_ITERATIONS)
    model.fit(directions * scale, labels, sample_weight=weights)
    coefficients, bias = model.coef_, model.intercept_
    if len(coefficients) == 1:
        coefficients, bias = np.vstack([-coefficients, coefficients]) / 2, np.concatenate([-bias, bias]) / 2
    weight = coefficients.T if directions is centred else centred.T @ (directions @ (coefficients / scale).T)
    return Regression(weight.astype(np.float32), (bias - mean @ weight).astype(np.float32), temperature)


def adapt(model: Regression, x: Floats, y: Sequence[int], weights: Floats, strength: float) -> Regression:
    """Move a regression as little as the rows demand: the penalty is on the distance from where it was.

    Args:
        model: What is known; its temperature stays.
        x: Features of anchors and of new rows, shape (n, columns).
        y: Class of each row.
        weights: How much each row counts.
        strength: Inverse penalty on the change.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - see above

    offset = (x @ model.weight + model.bias) / model.temperature
    directions, scale = _span(x)
    seat = np.hstack([directions * scale, np.ones((len(x), 1), np.float32)])
    right = np.eye(offset.shape[1], dtype=np.float32)[np.asarray(y)]

    def loss(flat: Floats) -> tuple[float, Floats]:
        change = flat.reshape(seat.shape[1], -1)
        scores = offset + seat @ change
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances = powers / powers.sum(axis=1, keepdims=True)
        value = -(weights * np.log((chances * right).sum(axis=1) + 1e-12)).sum() + (change**2).sum() / 2 / strength
        slope = seat.T @ (weights[:, None] * (chances - right)) + change / strength
        return float(value), slope.ravel().astype(np.float64)

    start = np.zeros(seat.shape[1] * offset.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    change = found.x.reshape(seat.shape[1], -1)
    weight = x.T @ (directions @ (change[:-1] / scale[:, None])) * model.temperature
    bias = model.bias + change[-1] * model.temperature
    return Regression((model.weight + weight).astype(np.float32), bias.astype(np.float32), model.temperature)


def _span(x: Floats) -> tuple[Floats, Floats]:
    """Orthogonal directions of the rows and how far they reach: x x' = directions scale^2 directions'."""
    values, directions = np.linalg.eigh(x @ x.T)
    kept = values > values[-1] * 1e-6
    return directions[:, kept], np.sqrt(values[kept])


def phrasings(vectors: Floats) -> list[int]:
    """Group rows that say the same in other words, so that no test fold holds a paraphrase of what was trained on."""
    from sklearn.cluster import AgglomerativeClustering  # noqa: PLC0415 - see above

    model = AgglomerativeClustering(n_clusters=None, distance_threshold=_ALIKE, metric="cosine", linkage="average")
    return [int(group) for group in model.fit_predict(vectors)]


def out_of_fold(
    x: Floats, y: Sequence[int], groups: Sequence[int], strength: float, weights: Floats
) -> tuple[Floats, float]:
    """Judge every row by a regression that saw no paraphrase of it.

    Returns:
        Probabilities at the best temperature, shape (n, classes), and that temperature.
    """
    labels = np.asarray(y)
    scores = np.zeros((len(labels), int(labels.max()) + 1), np.float32)
    for train, test in _folds(x, labels, groups):
        model = fit(x[train], labels[train].tolist(), weights[train], strength)
        scores[test] = x[test] @ model.weight + model.bias
    plain = Regression(np.eye(scores.shape[1], dtype=np.float32), np.zeros(scores.shape[1], np.float32))
    best = min(
        (replace(plain, temperature=float(temperature)) for temperature in _TEMPERATURES),
        key=lambda model: -(weights * np.log(model.probabilities(scores)[np.arange(len(labels)), labels] + 1e-9)).sum(),
    )
    return best.probabilities(scores), best.temperature


def _folds(x: Floats, y: Floats, groups: Sequence[int]) -> Iterator[tuple[Floats, Floats]]:
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415 - see above

    yield from GroupKFold(_FOLDS).split(x, y, groups)
