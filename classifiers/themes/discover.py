"""From texts and vectors to named groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifiers.themes.features import features
from classifiers.themes.graph import communities
from classifiers.themes.names import name, terms, weigh_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.contract import Floats


@dataclass(frozen=True)
class Group:
    """Texts that tell of the same problem.

    Attributes:
        name: A readable phrase.
        terms: Characteristic words, best first.
        members: Indices of the texts, most central first.
        centroid: Unit vector, float32, shape (dim,).
    """

    name: str
    terms: tuple[str, ...]
    members: tuple[int, ...]
    centroid: Floats


COHERENT_AT = 0.3
"""Mean similarity of a group's texts to each other; a looser group is a topic, not a problem."""

BELONGS_AT = 0.42
"""Similarity to the centroid below which a text is left over."""


def discover(texts: Sequence[str], vectors: Floats, *, smallest: int, resolution: float | None = None) -> list[Group]:
    """Find the recurring problems among texts.

    Args:
        texts: As the customers wrote them.
        vectors: Unit vectors of the texts, shape (n, dim).
        smallest: Groups with fewer texts are dropped, as are loose ones.
        resolution: See :func:`classifiers.themes.graph.communities`; None: chosen from the texts.

    Returns:
        Groups, largest first; texts in no group are left over. The same input gives the same groups.
    """
    if not texts:
        return []
    labels = communities(features(texts, vectors), vectors, resolution=resolution)
    numbered = [np.flatnonzero(labels == number) for number in range(labels.max(initial=-1) + 1)]
    found = [_tighten(rows, vectors) for rows in numbered]
    kept = [(rows, centroid) for rows, centroid in found if _stands(vectors[rows], smallest)]
    said = [[texts[int(row)] for row in rows] for rows, _ in kept]
    grouped = {int(row) for rows, _ in kept for row in rows}
    others = [text for row, text in enumerate(texts) if row not in grouped]
    groups = []
    for (rows, centroid), own, words, weights in zip(
        kept, said, terms(said, others), weigh_words(said, others), strict=True
    ):
        central = rows[np.argsort(-(vectors[rows] @ centroid), kind="stable")]
        groups.append(Group(name(own, weights), tuple(words), tuple(int(row) for row in central), centroid))
    return groups


def _tighten(rows: np.ndarray, vectors: Floats) -> tuple[np.ndarray, Floats]:
    """Leave out what is far from the centre, and find the centre of the rest."""
    kept = rows[vectors[rows] @ _centre(vectors[rows]) >= BELONGS_AT]
    return kept, _centre(vectors[kept if len(kept) else rows])


def _stands(own: Floats, smallest: int) -> bool:
    count = len(own)
    if count < max(smallest, 2):
        return False
    square = float(np.square(own.sum(axis=0)).sum())
    return (square - count) / (count * (count - 1)) >= COHERENT_AT


def _centre(vectors: Floats) -> Floats:
    mean = vectors.mean(axis=0)
    centre: Floats = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return centre
