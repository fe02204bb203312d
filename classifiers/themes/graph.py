"""Clusters by communities of a nearest-neighbour graph (Louvain; Blondel et al. 2008): no number of clusters asked.

Every text votes for its nearest texts; two texts are joined with the weight of their similarity above ``FLOOR``. How
fine the groups are is chosen from the texts: of several resolutions the coarsest whose silhouette (Rousseeuw 1987) is
nearly the best. Neighbours, floor and tolerance were chosen on nine labelled sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from sknetwork.clustering import Louvain

if TYPE_CHECKING:
    from classifiers.contract import Floats

NEIGHBOURS = 15
FLOOR = 0.21
RESOLUTIONS = (0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 16.0)
NEARLY = 0.04
"""Share of the best silhouette that a coarser grouping may lack."""

_CHUNK = 1024


def communities(seen: Floats, vectors: Floats, *, resolution: float | None = None) -> np.ndarray:
    """Group texts; the same texts give the same groups.

    Args:
        seen: Unit vectors of what texts are joined by, shape (n, width).
        vectors: Unit vectors of what they mean, shape (n, dim): how fine the groups are is chosen by meaning alone.
        resolution: Above 1 for more and smaller groups; None: as the texts themselves say.

    Returns:
        Group number of each text, shape (n,), 0 for the largest group; -1 where a text has no neighbour at all.
    """
    graph = _graph(seen)
    alone = np.asarray(graph.sum(axis=1)).ravel() == 0
    if alone.all():
        return np.full(len(seen), -1)
    tried = RESOLUTIONS if resolution is None else (resolution,)
    groupings = [Louvain(resolution=each).fit_predict(graph) for each in tried]
    return _numbered(_choose(vectors, groupings), alone)


def silhouette(vectors: Floats, labels: np.ndarray) -> float:
    """Mean silhouette by cosine distance; exact, in n x groups operations.

    Args:
        vectors: Unit vectors, shape (n, dim).
        labels: Group number of each, shape (n,).

    Returns:
        Between -1 and 1; 0 where there is only one group.
    """
    _, labels = np.unique(labels, return_inverse=True)
    sizes = np.bincount(labels).astype(np.float32)
    if len(sizes) == 1:
        return 0.0
    membership = sparse.csr_matrix((np.ones(len(labels), np.float32), (labels, np.arange(len(labels)))))
    sums = membership @ vectors
    similarity = vectors @ sums.T
    rows = np.arange(len(vectors))
    own = 1 - (similarity[rows, labels] - 1) / np.maximum(sizes[labels] - 1, 1)
    other = 1 - similarity / sizes
    other[rows, labels] = np.inf
    nearest = other.min(axis=1)
    score = (nearest - own) / np.maximum(np.maximum(nearest, own), 1e-9)
    return float(np.where(sizes[labels] > 1, score, 0).mean())


def _choose(vectors: Floats, groupings: Sequence[np.ndarray]) -> np.ndarray:
    if len(groupings) == 1:
        return groupings[0]
    scores = [silhouette(vectors, labels) for labels in groupings]
    best = max(scores)
    enough = best - NEARLY * abs(best)
    return next(labels for labels, score in zip(groupings, scores, strict=True) if score >= enough)


def _numbered(labels: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Largest group first, of equals the one with the first text; single texts count as alone."""
    _, first, groups, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    place = np.empty(len(sizes), int)
    place[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return np.where(alone | (sizes[groups] < 2), -1, place[groups])  # noqa: PLR2004 - a pair is the smallest group


def _graph(seen: Floats) -> sparse.csr_matrix:
    """Symmetric; texts that choose each other are joined twice as strongly."""
    count = len(seen)
    few = min(NEIGHBOURS, count - 1)
    if few < 1:
        return sparse.csr_matrix((count, count))
    columns, weights = [], []
    for at in range(0, count, _CHUNK):
        similarity = seen[at : at + _CHUNK] @ seen.T
        rows = np.arange(len(similarity))
        similarity[rows, rows + at] = -1
        nearest = np.argpartition(-similarity, few - 1, axis=1)[:, :few]
        columns.append(nearest.ravel())
        weights.append(np.maximum(np.take_along_axis(similarity, nearest, axis=1).ravel() - FLOOR, 0))
    rows = np.repeat(np.arange(count), few)
    chosen = sparse.csr_matrix((np.concatenate(weights), (rows, np.concatenate(columns))), (count, count))
    chosen.eliminate_zeros()
    return (chosen + chosen.T).tocsr()
