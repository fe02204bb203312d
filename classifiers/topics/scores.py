"""From similarities to probabilities: softmax with a seat for "none of these", temperature, log-loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from classifiers.contract import Floats

SCALE = 15.0
"""Sharpness of the softmax over cosine similarities (calibration error 0.06 on 77 banking intents, names only)."""

NONE_AT = 0.35
"""The similarity at which "none of the topics" is as likely as a topic (share answered falls from 0.64 to 0.55 on
real bot traffic and stays at 0.71 on banking)."""

_TEMPERATURES = np.geomspace(0.2, 5.0, 41)


def softmax(scores: Floats) -> Floats:
    """Softmax of each row."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def from_similarity(similarity: Floats) -> Floats:
    """Probabilities of the topics, shape (n, topics); what is missing to 1 belongs to "none of these"."""
    none = np.full((len(similarity), 1), NONE_AT, np.float32)
    return softmax(np.hstack([similarity, none]) * SCALE)[:, :-1]


def familiar(similarity: Floats) -> Floats:
    """How likely a text is in scope at all, from its similarity to the nearest known text, shape (n,)."""
    gate: Floats = (1 / (1 + np.exp(-SCALE * (similarity - NONE_AT + 0.1)))).astype(np.float32)
    return gate


def temper(probabilities: Floats, temperature: float) -> Floats:
    """Sharpen (below 1) or soften (above 1) each row without changing its total."""
    total = probabilities.sum(axis=1, keepdims=True)
    logs = np.log(np.maximum(probabilities, 1e-9)) / temperature
    tempered: Floats = softmax(logs) * total
    return tempered


def log_loss(probabilities: Floats, targets: Floats) -> float:
    """Mean negative log-likelihood of the right topics, shape of both (n, topics)."""
    right = np.maximum((probabilities * targets).sum(axis=1), 1e-6)
    return float(-np.log(right).mean())


def best_temperature(probabilities: Floats, targets: Floats) -> float:
    """The temperature with the smallest log-loss on texts that the model has not seen."""
    losses = [log_loss(temper(probabilities, float(t)), targets) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])
