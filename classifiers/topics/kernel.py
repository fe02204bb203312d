"""How alike two texts are: sentence vectors, pooled layers and character n-grams in one kernel.

The kernel is a fixed mixture: a radial kernel on the sentence vector, one on each of three layers (a lower, a middle,
the last: lower layers keep wording that the sentence vector gives up), and the cosine of rare n-grams. The mixture was
chosen on five intent sets, a survey and an emotion set together; accuracy is flat around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.contract import Encoded
from classifiers.halves import widened
from classifiers.text import ngrams
from classifiers.topics.scores import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.contract import Array, Floats

VECTOR, LAYERS, NGRAMS = 0.50, 0.36, 0.14
"""Weights of the three parts; without layers the vector gets theirs."""

WHOLE = VECTOR + LAYERS
"""The dense part of a text with itself."""

_OFTEN = 0.1
_DEPTHS = (1 / 3, 2 / 3, 1.0)


@dataclass(frozen=True)
class Features:
    """What the kernel sees of n texts.

    Attributes:
        dense: Vector and centred layers side by side, each of length one.
        sparse: Weighed n-grams, rows of length one.
    """

    dense: Floats
    sparse: Any

    def rows(self, chosen: Array | slice) -> Features:
        """The features of some of the texts."""
        return Features(self.dense[chosen], self.sparse[chosen])


@dataclass(frozen=True)
class Wording:
    """Weighed n-grams of n texts, those that many of them have apart: they multiply faster with their zeros.

    Attributes:
        common: Shape (n, common).
        rare: Sparse, shape (n, rare).
    """

    common: Floats
    rare: Any

    def rows(self, chosen: Array | slice) -> Wording:
        """Those of some of the texts."""
        return Wording(self.common[chosen], self.rare[chosen])

    def alike(self, others: Wording) -> Floats:
        """The part of the kernel that n-grams make, from 0 to 0.14, shape (n, others)."""
        found: Floats = (self.rare @ others.rare.T).toarray()
        found += self.common @ others.common.T
        return found


class Kernel:
    """Turns texts into features, by means and rarities learnt from reference texts, and compares features."""

    def __init__(self, texts: Sequence[str], encoded: Encoded) -> None:
        """Learn the mean of each layer and the rarity of each n-gram.

        Args:
            texts: Reference texts; at least one.
            encoded: Their vectors and layers; layers may be of width 0.
        """
        self._layers = _chosen(encoded)
        self._means = [_layer(encoded, start, stop).mean(axis=0, keepdims=True) for start, stop in self._layers]
        weights = [VECTOR, *(LAYERS / len(self._layers) for _ in self._layers)] if self._layers else [VECTOR + LAYERS]
        self._weights = np.asarray(weights, np.float32)
        self._rare = ngrams.rarity(ngrams.count(texts))

    def features(self, texts: Sequence[str], encoded: Encoded) -> Features:
        """What is compared of each text."""
        count, width = encoded.vectors.shape
        dense = np.empty((count, len(self._weights), width), np.float32)
        dense[:, 0] = encoded.vectors
        for at, ((start, stop), mean) in enumerate(zip(self._layers, self._means, strict=True), 1):
            dense[:, at] = unit(_layer(encoded, start, stop) - mean)
        return Features(dense.reshape(count, len(self._weights) * width), ngrams.weigh(ngrams.count(texts), self._rare))

    def near(self, left: Features, right: Features) -> Floats:
        """The dense part of the kernel, shape (left, right), from 0 to 0.86."""
        found = np.zeros((len(left.dense), len(right.dense)), np.float32)
        width = left.dense.shape[1] // len(self._weights)
        for at, weight in enumerate(self._weights):
            part = slice(at * width, (at + 1) * width)
            # exp(-squared distance) of unit vectors, in place: this is where the time goes
            similar = (2 * left.dense[:, part]) @ right.dense[:, part].T
            similar -= 2
            np.exp(similar, out=similar)
            similar *= weight
            found += similar
        return found

    def words(self, features: Features, known: Array) -> Any:  # noqa: ANN401 - sparse matrices are not typed
        """Weighed n-grams of the known buckets only, shape (n, known), rooted weight of this part left in.

        Args:
            features: Of n texts.
            known: Column of each bucket, -1 where it is not wanted, shape (BUCKETS,).
        """
        return ngrams.only(features.sparse, known) * np.float32(NGRAMS**0.5)

    def wording(self, features: Features) -> Wording:
        """All n-grams of the texts."""
        counted = ngrams.documents(features.sparse)
        often = counted > _OFTEN * len(features.dense)
        common, rare = (ngrams.columns(np.flatnonzero(chosen)) for chosen in (often, (counted > 0) & ~often))
        return Wording(self.words(features, common).toarray(), self.words(features, rare))


def _chosen(encoded: Encoded) -> list[tuple[int, int]]:
    """Columns of the layers that are compared; none where the encoder shows no layers of the vector's width."""
    width, dim = encoded.layers.shape[1], encoded.vectors.shape[1]
    depth = width // dim if dim and width % dim == 0 else 0
    chosen = sorted({max(round(depth * share), 1) - 1 for share in _DEPTHS}) if depth else []
    return [(at * dim, (at + 1) * dim) for at in chosen]


def _layer(encoded: Encoded, start: int, stop: int) -> Floats:
    return widened(encoded.layers[:, start:stop])
