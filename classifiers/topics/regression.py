"""Kernel regression on top of a prior guess: one mechanism from no labelled text to ten thousand.

It is the mean of a Gaussian process (Rasmussen & Williams 2006, ch. 2 and 8.3.4) whose prior mean is what the described
topics say: without labelled texts it returns the prior, each labelled text moves its neighbourhood, many of them make a
discriminative classifier. How it is learnt stands in :mod:`classifiers.topics.fitting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifiers.text.ngrams import columns, documents
from classifiers.topics.kernel import WHOLE

if TYPE_CHECKING:
    from classifiers.contract import Array, Floats
    from classifiers.topics.kernel import Features, Kernel

WRITTEN, LABELLED, OUTSIDE, GUESSED = 0, 1, 2, 3
"""Kinds of rows: what is written about a topic, a text of a topic, a text of no topic, one whose topics are a guess.

Wherever rows have kinds those WRITTEN come first and those GUESSED last."""

_NEAREST = 3
_CHUNK = 256


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
    """Predicts the residual of the prior guess."""

    def __init__(self, kernel: Kernel, support: Features, rows: Array, kinds: Array, weights: Floats) -> None:
        """Keep what was learnt.

        Args:
            kernel: Compares features.
            support: Features of the rows that carry the regression.
            rows: Which of all rows these are, shape (n,).
            kinds: What each of them is: WRITTEN, LABELLED, OUTSIDE or GUESSED, shape (n,).
            weights: What each of them adds to the topics of a text that is like it, shape (n, topics).
        """
        self._kernel, self._support, self._rows, self._kinds, self._weights = kernel, support, rows, kinds, weights
        # The n-gram part is linear: one weight for each n-gram and topic replaces the rows.
        self._known = columns(np.flatnonzero(documents(support.sparse)))
        self._worded = np.asarray(kernel.words(support, self._known).T @ weights, np.float32)

    def predict(self, features: Features) -> tuple[Floats, Near]:
        """Predicted residuals, shape (n, topics), and how near each text is to what is known."""
        found, close = [], []
        for at in range(0, len(features.dense), _CHUNK):
            part = features.rows(slice(at, at + _CHUNK))
            similar = self._kernel.near(part, self._support)
            close.append(nearness(similar, self._kinds))
            found.append(similar @ self._weights + self._kernel.words(part, self._known) @ self._worded)
        return np.vstack(found), joined(close)

    def similar(self, features: Features) -> tuple[Floats, Array]:
        """Similarity to the rows that carry the regression, 0 to 1, shape (n, carriers), and which rows these are."""
        return self._kernel.near(features, self._support) / WHOLE, self._rows


def nearness(similar: Floats, kinds: Array, own: Array | None = None) -> Near:
    """Largest similarities of each text, in shares of what a text has to itself.

    Args:
        similar: Dense part of the kernel between texts and rows, shape (n, rows).
        kinds: What each row is, shape (rows,).
        own: The row that each text is itself and that does not count, -1 for none, shape (n,).
    """
    written, named, told = (int((kinds <= most).sum()) for most in (WRITTEN, LABELLED, OUTSIDE))
    kept = similar[:, :told] / WHOLE
    every = np.arange(len(kept))
    if own is not None:
        with_own = np.flatnonzero((own >= 0) & (own < told))
        kept[with_own, own[with_own]] = 0
    texts: Floats = kept[:, written:].max(axis=1, initial=0)
    kept[:, kinds[:told] == OUTSIDE] = 0
    best = np.empty((len(kept), min(_NEAREST, named)), np.float32)
    for turn in range(best.shape[1]):
        at = kept.argmax(axis=1)
        best[:, turn] = kept[every, at]
        kept[every, at] = 0
    rows: Floats = best.mean(axis=1)
    return Near(rows, texts)


def joined(close: list[Near]) -> Near:
    """The nearness of several lots of texts, one after the other."""
    return Near(np.concatenate([near.rows for near in close]), np.concatenate([near.texts for near in close]))
