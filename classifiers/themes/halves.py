"""The two parts that a group of texts falls into most clearly: two means on the sphere (Dhillon and Modha 2001)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from classifiers.contract import Floats

_ROUNDS = 30


def halves(vectors: Floats) -> np.ndarray:
    """Cut a group in two; the same vectors give the same parts.

    Args:
        vectors: Unit vectors, shape (n, dim); n at least 2.

    Returns:
        True for the texts of the smaller part, shape (n,); all False where all vectors are equal.
    """
    spread = vectors - vectors.mean(axis=0)
    # Where the group is longest is where it is cut first.
    _, _, axes = np.linalg.svd(spread[:: max(len(spread) // 2_000, 1)], full_matrices=False)
    apart: np.ndarray = spread @ axes[0] > 0
    for _ in range(_ROUNDS):
        if not 0 < apart.sum() < len(vectors):
            return np.zeros(len(vectors), dtype=bool)
        nearer = vectors @ _centre(vectors[apart]) > vectors @ _centre(vectors[~apart])
        if (nearer == apart).all():
            break
        apart = nearer
    return apart if apart.sum() <= len(vectors) / 2 else ~apart


def _centre(vectors: Floats) -> Floats:
    mean = vectors.mean(axis=0)
    centre: Floats = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return centre
