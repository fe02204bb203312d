"""From scores to probabilities that mean what they say, and thresholds with a promise.

Everything is fitted on held-out scores by maximum a posteriori: the priors are what other taxonomies taught, so that
with few labelled texts the answer stays near them, and with many only the texts count. Nothing switches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

from classifiers.topics.scores import log_odds, sigmoid, softmax

if TYPE_CHECKING:
    from classifiers.contract import Array, Floats

SHARPNESS = 14.0
_SHARPNESS_SPREAD = 0.25
_GRID = np.geomspace(3.0, 60.0, 61)
_OFFSET_SPREAD = 0.5
_STEPS = 12


@dataclass(frozen=True)
class Prior:
    """What is believed of a link before any text was seen: normal, independent.

    Attributes:
        slope: Mean of the slope.
        intercept: Mean of the intercept.
        slope_spread: Standard deviation of the slope.
        intercept_spread: Standard deviation of the intercept.
    """

    slope: float
    intercept: float
    slope_spread: float
    intercept_spread: float


@dataclass(frozen=True)
class Link:
    """Log-odds that a topic is right: ``slope * evidence + intercept + offset of the topic``.

    Attributes:
        slope: Common to all topics.
        intercept: Common to all topics.
        offsets: Of each topic, shrunk towards 0, shape (topics,).
    """

    slope: float
    intercept: float
    offsets: Floats

    def chance(self, evidence: Floats, topics: Array | slice) -> Floats:
        """Probability that the topics are right, in the shape of the evidence."""
        found: Floats = sigmoid(self.slope * evidence + self.intercept + self.offsets[topics])
        return found


@dataclass(frozen=True)
class Outcomes:
    """What held-back texts showed, one entry for each text and topic.

    Attributes:
        evidence: Shape (n,).
        topics: Topic that each piece of evidence speaks for, shape (n,).
        right: Whether it was right, shape (n,).
        weights: How much each entry says, shape (n,).
    """

    evidence: Floats
    topics: Array
    right: Array
    weights: Floats


def fit_link(seen: Outcomes, count: int, prior: Prior) -> Link:
    """Fit a link by Newton's method: first what is common, then each topic's offset (spread 0.5).

    Args:
        seen: Held-back evidence.
        count: Number of topics.
        prior: What to believe without evidence.
    """
    topics, right, weights = seen.topics, seen.right, seen.weights
    means = np.array([prior.slope, prior.intercept])
    precision = np.diag([prior.slope_spread**-2, prior.intercept_spread**-2])
    inputs = np.column_stack([seen.evidence, np.ones(len(right))]).astype(np.float64)
    found = means.copy()
    for _ in range(_STEPS):
        chance = sigmoid(inputs @ found)
        gradient = inputs.T @ (weights * (chance - right)) + precision @ (found - means)
        curvature = (inputs * (weights * chance * (1 - chance) + 1e-6)[:, None]).T @ inputs + precision
        found = found - np.linalg.solve(curvature, gradient)
        found[0] = max(found[0], 0.05)
    common = inputs @ found
    offsets = np.zeros(count)
    for _ in range(_STEPS):
        chance = sigmoid(common + offsets[topics])
        gradient = np.bincount(topics, weights * (chance - right), count) + offsets / _OFFSET_SPREAD**2
        curvature = np.bincount(topics, weights * chance * (1 - chance), count) + _OFFSET_SPREAD**-2
        offsets = offsets - gradient / curvature
    return Link(float(found[0]), float(found[1]), offsets.astype(np.float32))


def sharpness(scores: Floats, targets: Floats, weights: Floats) -> float:
    """How sharp the softmax over the scores must be: least log-loss, near 14 unless many texts say otherwise.

    Args:
        scores: Held-out scores, shape (n, topics).
        targets: 1 at the right topic, shape (n, topics).
        weights: How much each text says, shape (n,).
    """
    losses = []
    for value in _GRID:
        right = (softmax(scores * value) * targets).sum(axis=1)
        surprise = -(weights * np.log(np.maximum(right, 1e-6))).sum()
        losses.append(surprise + np.log(value / SHARPNESS) ** 2 / (2 * _SHARPNESS_SPREAD**2))
    return float(_GRID[int(np.argmin(losses))])


def f1_threshold(chances: Array, targets: Array) -> float | None:
    """The probability from which answering gives the best F1; None without a right answer."""
    order = np.argsort(-np.ravel(chances), kind="stable")
    hits = np.cumsum(np.ravel(targets)[order])
    if not len(hits) or not hits[-1]:
        return None
    found = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    best = int(np.argmax(found))
    ranked = np.ravel(chances)[order]
    after = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float(np.clip((ranked[best] + after) / 2, 0.02, 0.98))


def topic_thresholds(chances: Floats, targets: Floats, shrink: float = 30.0) -> Floats:
    """Thresholds of several topics for the best F1, rare topics' drawn towards the common one, shape (topics,).

    Args:
        chances: Held-out probabilities, shape (n, topics).
        targets: 1 where the topic is right, shape (n, topics).
        shrink: Number of right texts at which a topic's own threshold and the common one weigh the same.
    """
    common = log_odds(f1_threshold(chances, targets) or 0.5)
    found = np.full(chances.shape[1], common)
    for topic in range(chances.shape[1]):
        own = f1_threshold(chances[:, topic], targets[:, topic])
        if own is not None:
            right = targets[:, topic].sum()
            found[topic] = (right * log_odds(own) + shrink * common) / (right + shrink)
    thresholds: Floats = sigmoid(found).astype(np.float32)
    return thresholds


def promised(confidences: Array, right: Array, error_rate: float, doubt: float = 0.1) -> float | None:
    """The lowest confidence above which the share of wrong answers is at most ``error_rate``.

    Selection with guaranteed risk by fixed-sequence testing (Geifman & El-Yaniv 2017; Learn then Test, Angelopoulos et
    al. 2021): from the surest text downwards, as long as the exact binomial upper bound of the error is below the rate.

    Args:
        confidences: Of held-out answers, shape (n,).
        right: Whether they were right, shape (n,).
        error_rate: Wanted share of wrong answers among those given.
        doubt: Probability with which the promise may fail.

    Returns:
        The threshold, or None where the texts are too few or too often wrong to promise it.
    """
    order = np.argsort(-np.asarray(confidences), kind="stable")
    wrong = np.cumsum(~np.asarray(right, bool)[order])
    ranked = np.asarray(confidences)[order]
    given = np.arange(1, len(order) + 1)
    least = int(np.ceil(np.log(doubt) / np.log1p(-error_rate))) if 0 < error_rate < 1 else len(order) + 1
    if least > len(order):
        return None
    # A few steps only: each is a test, and the sequence stops at the first that fails.
    steps = np.unique(np.linspace(max(least, len(order) // 10), len(order), 60).astype(int))
    kept = None
    for count in steps:
        bound = betaincinv(wrong[count - 1] + 1, given[count - 1] - wrong[count - 1], 1 - doubt)
        if not bound <= error_rate:
            break
        kept = float(ranked[count - 1])
    return kept


def wilson(hits: float, total: float) -> tuple[float, float, float] | None:
    """A share with its 95 % interval (Wilson 1927): share, low, high; None without any."""
    if not total:
        return None
    z = 1.959964
    share = hits / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * float(np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)))
    return share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share)
