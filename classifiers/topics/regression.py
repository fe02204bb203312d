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
    from collections.abc import Sequence

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

    def __init__(self, kernel: Kernel, support: Features, rows: Array, kinds: Array, weights: Sequence[Floats]) -> None:
        """Keep what was learnt.

        Args:
            kernel: Compares features.
            support: Features of the rows that carry the regression.
            rows: Which of all rows these are, shape (n,).
            kinds: What each of them is: WRITTEN, LABELLED, OUTSIDE or GUESSED, shape (n,).
            weights: What each adds to the topics of a text that is like it, learnt from the known rows alone, shape
                (known, topics), and where there are guessed ones, from all of them, shape (n, topics).
        """
        self._kernel, self._support, self._rows, self._kinds, self._weights = kernel, support, rows, kinds, weights
        self._known = columns(np.flatnonzero(documents(support.sparse)))
        # The n-gram part is linear: one weight for each n-gram and topic replaces the rows.
        words = kernel.words(support, self._known)
        self._worded = [np.asarray(words[: len(each)].T @ each, np.float32) for each in weights]

    def predict(self, features: Features) -> tuple[list[Floats], Near]:
        """Predicted residuals by each lot of weights, shape (n, topics), and how near each text is to what is known."""
        found: list[list[Floats]] = [[] for _ in self._weights]
        close = []
        for at in range(0, len(features.dense), _CHUNK):
            part = features.rows(slice(at, at + _CHUNK))
            similar, words = self._kernel.near(part, self._support), self._kernel.words(part, self._known)
            close.append(nearness(similar, self._kinds))
            for told, weights, worded in zip(found, self._weights, self._worded, strict=True):
                told.append(similar[:, : len(weights)] @ weights + words @ worded)
        return [np.vstack(told) for told in found], joined(close)

    def similar(self, features: Features) -> tuple[Floats, Array]:
        """Similarity to the known rows that carry the regression, 0 to 1, shape (n, carriers), and which these are."""
        known = len(self._weights[0])
        return self._kernel.near(features, self._support.rows(slice(known))) / WHOLE, self._rows[:known]


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
