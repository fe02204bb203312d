"""Corrections adapt a shipped head to a domain: little by few of them, more by many, by one mechanism.

Logistic regression whose starting point is the shipped head: the mode of a Gaussian process classifier with that head
as prior mean (Rasmussen & Williams 2006, ch. 3). How alike two texts are is a mean of radial kernels on what the
encoder pass gives of them, and of n-grams: rare ones weigh more, and those that one label has more often than another
(log-count ratios scale the columns: Wang & Manning 2012, ACL). Landmarks carry the radial part (Nystroem's method,
Rasmussen & Williams 8.1): an answer costs the same after ten thousand corrections as after one thousand. Constants were
chosen on two sets of tweets (docs/models.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import linalg

from classifiers.sentiment.linear import Linear, softmax
from classifiers.text import ngrams

if TYPE_CHECKING:
    from classifiers.contract import Array, Floats

LANDMARKS = 2000
"""Half as many cost half the time and .0002 of AUROC on two folds of nine thousand tweets."""

_DENSE, _NGRAMS = 0.5, 0.5
"""How much of a text's likeness to itself is what the pass gives, and what n-grams give."""

_RATIO_AFTER = 2.0
"""Texts that each n-gram is believed to have been in before, as often with each label as any text."""

_REACH = 3.0
"""Variance of a score before any label was seen, where a text's likeness to itself is 1."""

_BELIEF, _SHIFT = 0.3, 0.1
"""Spread of how far the head is believed, around 1, and of how much more often a label is right here than elsewhere."""

_SPREAD_AFTER = 100.0
"""Labelled texts after which half of what the columns of a part differ in spread is believed."""

_STEPS = 60
_JITTER = 1e-3

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """What is known of n texts.

    Attributes:
        parts: What the encoder pass gave, each of shape (n, its width); the shipped head reads the first.
        counted: Their n-grams, see :func:`classifiers.text.ngrams.count`.
    """

    parts: Sequence[Floats]
    counted: Any

    def rows(self, chosen: Sequence[int] | Array) -> Texts:
        """Some of them."""
        return Texts([part[chosen] for part in self.parts], self.counted[chosen])


@dataclass(frozen=True)
class Adapted:
    """``softmax(belief * what the shipped head says + bias + what is alike)``.

    Attributes:
        shipped: The head that was adapted.
        belief: How far it is believed.
        bias: Shape (labels,).
        landmarks: Texts whose likeness carries the answer.
        weights: Of their likeness, shape (landmarks, labels).
        words: N-grams that carry the answer.
        worded: Weights of these, shape (n-grams, labels).
    """

    shipped: Linear
    belief: float
    bias: Floats
    landmarks: _Landmarks
    weights: Floats
    words: _Words
    worded: Floats

    def probabilities(self, texts: Texts) -> Floats:
        """Probability of each label, shape (n, labels).

        Raises:
            ClassifierError: The first part is not what the shipped head reads.
        """
        scores = self.belief * self.shipped.scores(texts.parts[0]) + self.bias
        alike = self.landmarks.alike(texts.parts) @ self.weights + self.words.columns(texts.counted) @ self.worded
        return softmax(scores + alike)


def adapt(shipped: Linear, texts: Texts, right: Ints, landmarks: int = LANDMARKS) -> Linear | Adapted:
    """Adapt a head to labelled texts of one domain.

    Args:
        shipped: The head; it reads the first of the parts.
        texts: The labelled texts.
        right: Column of the right label, shape (n,).
        landmarks: So many of the texts carry what was learnt, at most.

    Returns:
        ``shipped`` where there are no two labels to tell apart.
    """
    if len(np.unique(right)) < 2:  # noqa: PLR2004 - said above
        return shipped
    carriers, words = _Landmarks.among(texts.parts, landmarks), _Words.of(texts.counted, right)
    between = carriers.alike([part[carriers.rows] for part in texts.parts])
    root = linalg.cholesky(between + _JITTER * np.eye(len(between), dtype=np.float32), lower=True)
    dense = linalg.solve_triangular(root, carriers.alike(texts.parts).T, lower=True).T
    inputs = _Inputs(shipped.scores(texts.parts[0]), dense.astype(np.float32), words.columns(texts.counted))
    found = inputs.regress(right)
    weights = linalg.solve_triangular(root, found.dense, lower=True, trans="T").astype(np.float32)
    return Adapted(shipped, found.belief, found.bias, carriers, weights, words, found.sparse)


@dataclass(frozen=True)
class _Landmarks:
    """Some of the labelled texts: which, mean and spread of each part over all, and their parts scaled by these."""

    rows: Array
    scales: Sequence[tuple[Floats, Floats]]
    units: Sequence[Floats]

    @classmethod
    def among(cls, parts: Sequence[Floats], most: int) -> _Landmarks:
        # Each text draws its number once: with one text more, at most one landmark is another.
        rows = np.argsort(np.random.default_rng(0).random(len(parts[0])), kind="stable")[:most]
        scales = [(part.mean(axis=0), _spread(part)) for part in parts]
        return cls(rows, scales, [_unit(part[rows], *scale) for part, scale in zip(parts, scales, strict=True)])

    def alike(self, parts: Sequence[Floats]) -> Floats:
        """Likeness of texts to the landmarks, shape (n, landmarks): ``exp(2 * cosine) - 1``, mean of the parts."""
        found = np.zeros((len(parts[0]), len(self.rows)), np.float32)
        for part, scale, own in zip(parts, self.scales, self.units, strict=True):
            near = (2 * _unit(part, *scale)) @ own.T
            found += np.expm1(near, out=near)
        found *= np.float32(_DENSE / len(parts) / np.expm1(2))
        return found


@dataclass(frozen=True)
class _Words:
    """Weight of each n-gram bucket, and the column of each that two labelled texts share."""

    weights: Floats
    known: Array

    @classmethod
    def of(cls, counted: Any, right: Ints) -> _Words:  # noqa: ANN401 - sparse matrices are not typed
        weights = ngrams.rarity(counted) * (1 + _ratios(counted, right))
        return cls(weights, ngrams.columns(np.flatnonzero(ngrams.documents(counted) > 1)))

    def columns(self, counted: Any) -> Any:  # noqa: ANN401 - as above
        """Weighed n-grams, shape (n, known)."""
        return ngrams.only(ngrams.weigh(counted, self.weights), self.known) * np.float32(_NGRAMS**0.5)


@dataclass(frozen=True)
class _Weights:
    belief: float
    bias: Floats
    dense: Floats
    sparse: Floats


@dataclass(frozen=True)
class _Inputs:
    """Of the regression: what the head said, likeness to landmarks made orthogonal, weighed n-grams."""

    said: Floats
    dense: Floats
    sparse: Any

    def regress(self, right: Ints) -> _Weights:
        """The likeliest weights, each believed to be about 0 before (the head's: 1)."""
        from scipy.optimize import minimize  # noqa: PLC0415 - 25 MB that only corrections need

        truth = np.eye(self.said.shape[1], dtype=np.float32)[right]
        spreads = self._join(
            _BELIEF, np.full(truth.shape[1], _SHIFT), *(np.full(shape, _REACH**0.5) for shape in self._shapes())
        )

        def surprise(flat: Floats) -> tuple[float, Floats]:
            weights = self._split(flat * spreads)
            scores = (1 + weights.belief) * self.said + weights.bias
            scores += self.dense @ weights.dense + self.sparse @ weights.sparse
            shares = softmax(scores)
            missed = shares - truth
            slopes = self._join(
                float((missed * self.said).sum()), missed.sum(axis=0), self.dense.T @ missed, self.sparse.T @ missed
            )
            loss = -np.log(np.maximum((shares * truth).sum(axis=1), 1e-9)).sum()
            return float(loss + flat @ flat / 2), slopes * spreads + flat

        found = minimize(surprise, np.zeros(len(spreads)), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
        weights = self._split(found.x * spreads)
        return _Weights(1 + weights.belief, weights.bias, weights.dense, weights.sparse)

    def _shapes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        labels = self.said.shape[1]
        return (self.dense.shape[1], labels), (self.sparse.shape[1], labels)

    def _join(self, belief: float, *others: Floats) -> Floats:
        return np.concatenate([[belief], *(other.ravel() for other in others)]).astype(np.float64)

    def _split(self, flat: Floats) -> _Weights:
        dense, sparse = self._shapes()
        ends = np.cumsum([1, dense[1], dense[0] * dense[1]])
        belief, bias, first, second = np.split(flat.astype(np.float32), ends)
        return _Weights(float(belief[0]), bias, first.reshape(dense), second.reshape(sparse))


def _ratios(counted: Any, right: Ints) -> Floats:  # noqa: ANN401 - as above
    """How unequally each n-gram bucket is spread over the labels: root mean square of its log-count ratios."""
    everywhere, squares, labels = ngrams.documents(counted), 0.0, np.unique(right)
    for label in labels:
        share = (right == label).mean()
        here = ngrams.documents(counted[right == label])
        odds = (here + _RATIO_AFTER * share) / (everywhere - here + _RATIO_AFTER * (1 - share))
        squares += np.log(odds * (1 - share) / share) ** 2
    found: Floats = np.sqrt(squares / len(labels)).astype(np.float32)
    return found


def _spread(part: Floats) -> Floats:
    """Standard deviation of each column, drawn towards the common one while texts are few."""
    spread = part.var(axis=0)
    believed = len(part) / (len(part) + _SPREAD_AFTER)
    found: Floats = np.sqrt(believed * spread + (1 - believed) * spread.mean() + 1e-9)
    return found


def _unit(part: Floats, middle: Floats, spread: Floats) -> Floats:
    """Rows less their mean, in units of the spread, scaled to length one."""
    rows = (part - middle) / spread
    scaled: Floats = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return scaled
