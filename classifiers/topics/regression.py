"""Kernel regression on top of a prior guess: one mechanism from no labelled text to ten thousand.

It is the mean of a Gaussian process (Rasmussen & Williams 2006, ch. 2 and 8.3.4) whose prior mean is what the described
topics say: without labelled texts it returns the prior, each labelled text moves its neighbourhood, many of them make a
discriminative classifier. Leave-one-out predictions come in closed form (ibid. 5.4.2), so calibration,
thresholds and quality are always measured on texts as if they had not been seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from classifiers.text.ngrams import columns
from classifiers.topics.kernel import WHOLE

if TYPE_CHECKING:
    from classifiers.contract import Array, Floats
    from classifiers.topics.kernel import Features, Kernel

EXACT = 12_000
"""Up to so many rows the kernel is used whole (600 MB while it is fitted); above, as many landmarks carry it.

Landmarks cost accuracy: 0.929 became 0.919 when 2,500 carried 3,500 texts of 77 topics."""

WRITTEN, LABELLED, OUTSIDE, GUESSED = 0, 1, 2, 3
"""Kinds of rows: what is written about a topic, a text of a topic, a text of no topic, one whose topics are a guess."""

_NOISE = np.asarray([0.1, 0.2, 0.2, 2.0], np.float32)
_LATEST = 500
_NEAREST = 3
_CHUNK = 256
_BLOCK = 1024
_JITTER = 1e-3


@dataclass(frozen=True)
class Near:
    """How near texts are to what is known, as the dense part of the kernel from 0 to 1.

    Attributes:
        rows: Mean over the three nearest rows of any topic, written or labelled, shape (n,).
        texts: The nearest labelled text, 0 without any, shape (n,).
    """

    rows: Floats
    texts: Floats

    def part(self, rows: slice) -> Near:
        """The nearness of some of the texts."""
        return Near(self.rows[rows], self.texts[rows])


class Regression:
    """Predicts the residual of the prior guess.

    Attributes:
        held_out: Leave-one-out predictions for the rows, shape (n, topics).
        held_near: How near each row is to others, see :class:`Near`.
    """

    def __init__(self, kernel: Kernel, features: Features, residuals: Floats, kinds: Array, exact: int = EXACT) -> None:
        """Fit.

        Args:
            kernel: Compares features.
            features: Of the rows.
            residuals: Target less prior guess, shape (n, topics).
            kinds: What each row is: WRITTEN (these come first), LABELLED, OUTSIDE or GUESSED, shape (n,).
            exact: Above so many rows, as many landmarks carry the regression.
        """
        noise = _NOISE[kinds]
        self._kernel, self._kinds = kernel, kinds
        if len(residuals) <= exact:
            self._support, self._rows = features, np.arange(len(residuals))
            similar, self.held_near = self._compare(features, np.arange(len(residuals)))
            similar[np.diag_indices_from(similar)] += noise
            inverse = _inverse(similar)
            self._weights = inverse @ residuals
            self.held_out: Floats = residuals - self._weights / np.diag(inverse)[:, None]
        else:
            self._sparsely(features, residuals, noise, exact)
        self._known, self._worded = self._collapse()

    def predict(self, features: Features) -> tuple[Floats, Near]:
        """Predicted residuals, shape (n, topics), and how near each text is to what is known."""
        found, close = [], []
        for at in range(0, len(features.dense), _CHUNK):
            part = features.rows(slice(at, at + _CHUNK))
            similar = self._kernel.near(part, self._support)
            close.append(_nearness(similar, self._kinds[self._rows]))
            found.append(similar @ self._weights + self._kernel.words(part, self._known) @ self._worded)
        return np.vstack(found), _joined(close)

    def similar(self, features: Features) -> tuple[Floats, Array]:
        """Similarity to the rows that carry the regression, 0 to 1, shape (n, carriers), and which rows these are."""
        return self._kernel.near(features, self._support) / WHOLE, self._rows

    def _compare(self, features: Features, own: Array) -> tuple[Floats, Near]:
        """The kernel between rows and carriers, block by block: its parts together would be several times as large.

        Args:
            features: Of the rows.
            own: The carrier that each row is, -1 for none.
        """
        similar = np.empty((len(features.dense), len(self._rows)), np.float32)
        close = []
        for at in range(0, len(similar), _BLOCK):
            part = features.rows(slice(at, at + _BLOCK))
            block = self._kernel.near(part, self._support)
            close.append(_nearness(block, self._kinds[self._rows], own[at : at + _BLOCK]))
            block += self._kernel.worded(part, self._support)
            similar[at : at + _BLOCK] = block
        return similar, _joined(close)

    def _sparsely(self, features: Features, residuals: Floats, noise: Floats, exact: int) -> None:
        self._rows = chosen = _landmarks(len(residuals), int((self._kinds == WRITTEN).sum()), exact)
        self._support = features.rows(chosen)
        position = np.full(len(residuals), -1)
        position[chosen] = np.arange(len(chosen))
        near, self.held_near = self._compare(features, position)
        root = linalg.cholesky(near[chosen] + _JITTER * np.eye(len(chosen), dtype=np.float32), lower=True)
        lifted = linalg.solve_triangular(root, near.T, lower=True, overwrite_b=True).T
        scale = (1 / np.sqrt(noise)).astype(np.float32)[:, None]
        scaled = lifted * scale
        inverse = _inverse(scaled.T @ scaled + np.eye(len(chosen), dtype=np.float32))
        coefficients = inverse @ (scaled.T @ (residuals * scale))
        leverage = np.einsum("ij,ij->i", scaled @ inverse, scaled)
        missed = residuals - lifted @ coefficients
        self.held_out = residuals - missed / np.maximum(1 - leverage, 1e-3)[:, None]
        self._weights = linalg.solve_triangular(root, coefficients, lower=True, trans="T").astype(np.float32)

    def _collapse(self) -> tuple[Array, Floats]:
        """The n-gram part is linear: one weight for each n-gram and topic replaces the rows."""
        words = self._support.sparse
        seen = np.unique(words.indices)
        known = columns(seen)
        weights: Floats = np.asarray(self._kernel.words(self._support, known).T @ self._weights, np.float32)
        return known, weights


def _inverse(matrix: Floats) -> Floats:
    """Inverse of a positive definite matrix, in its place."""
    factor, _ = linalg.lapack.spotrf(matrix.T, lower=1, overwrite_a=1)
    found, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    whole: Floats = found.T
    for at in range(0, len(whole), _BLOCK):
        to = min(at + _BLOCK, len(whole))
        whole[to:, at:to] = whole[at:to, to:].T
        whole[at:to, at:to] = np.triu(whole[at:to, at:to]) + np.triu(whole[at:to, at:to], 1).T
    return whole


def _nearness(similar: Floats, kinds: Array, own: Array | None = None) -> Near:
    """Largest similarities of each row, its own column apart, in shares of what a text has to itself."""
    kept = similar / WHOLE
    if own is not None:
        with_own = np.flatnonzero(own >= 0)
        kept[with_own, own[with_own]] = 0
    among = kept[:, (kinds == WRITTEN) | (kinds == LABELLED)]
    count = min(_NEAREST, among.shape[1])
    rows: Floats = np.partition(among, -count, axis=1)[:, -count:].mean(axis=1)
    texts: Floats = kept[:, (kinds == LABELLED) | (kinds == OUTSIDE)].max(axis=1, initial=0)
    return Near(rows, texts)


def _joined(close: list[Near]) -> Near:
    return Near(np.concatenate([near.rows for near in close]), np.concatenate([near.texts for near in close]))


def _landmarks(rows: int, written: int, count: int) -> Array:
    """What is written, every latest text, so that a correction is felt at once, and a sample of the others."""
    early = (
        written + np.random.default_rng(0).permutation(rows - written - _LATEST)[: max(count - _LATEST - written, 1)]
    )
    return np.concatenate([np.arange(written), np.sort(early), np.arange(rows - _LATEST, rows)])
