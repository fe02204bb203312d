"""Who belongs to a theme: one rule for mentions that arrive and for those that were there when it was found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.store.anchors import Anchor

NEAR = 0.5
"""Cosine similarity to an anchor from which a mention belongs to its theme."""

_NONE = -1


def choose_anchors(
    vectors: npt.NDArray[np.float32], anchors: Sequence[Anchor]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The anchor that takes each mention: of those near enough the ones of the lowest rank, the nearest of them.

    Older anchors go first, so that a theme's rate does not fall on the day on which another is found beside it.

    Args:
        vectors: Unit vectors of the anchors' encoder, shape (n, dim).
        anchors: At least one.

    Returns:
        Index into `anchors` of each mention (-1 where none is near enough), and its similarity to it, shape (n,).
    """
    similarity = vectors @ np.stack([anchor.vector for anchor in anchors]).T
    ranks = np.asarray([anchor.rank for anchor in anchors], np.float32)
    # A rank outweighs any similarity: cosines differ by two at most.
    worth = np.where(similarity >= NEAR, similarity - 3 * ranks, -np.inf)
    best = worth.argmax(axis=1)
    rows = np.arange(len(vectors))
    best = np.where(np.isfinite(worth[rows, best]), best, _NONE)
    return best, similarity[rows, best]


def stack_vectors(vectors: Sequence[bytes]) -> npt.NDArray[np.float32]:
    """Stored vectors (float16) of one encoder as a matrix."""
    return np.frombuffer(b"".join(vectors), np.float16).reshape(len(vectors), -1).astype(np.float32)
