"""Plain arithmetic of scores: softmax, log-odds, unit length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from classifiers.contract import Floats

_EDGE = 1e-6


def softmax(scores: Floats) -> Floats:
    """Softmax of each row."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def sigmoid(scores: Any) -> Any:  # noqa: ANN401 - a number or an array
    """The probability that belongs to log-odds."""
    return 1 / (1 + np.exp(-np.clip(scores, -30, 30)))


def log_odds(probabilities: Any) -> Any:  # noqa: ANN401 - a number or an array
    """Log-odds, finite also at 0 and 1."""
    kept = np.clip(np.asarray(probabilities, np.float64), _EDGE, 1 - _EDGE)
    return np.log(kept / (1 - kept))


def unit(vectors: Floats) -> Floats:
    """Scale rows to length one; zero rows stay zero."""
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
    scaled: Floats = (vectors / np.where(length > 0, length, 1)).astype(np.float32)
    return scaled


def ranked_like(scores: Floats, order: Floats) -> Floats:
    """The scores of each row, dealt out in the order of another's."""
    found = np.empty_like(scores)
    np.put_along_axis(found, np.argsort(order, axis=1, kind="stable"), np.sort(scores, axis=1), axis=1)
    return found
