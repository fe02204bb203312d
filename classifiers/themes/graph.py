"""Clusters by communities of a nearest-neighbour graph (Louvain; Blondel et al. 2008): no number of clusters asked.

Every text votes for its nearest texts; two texts are joined with the weight of their similarity above ``FLOOR``. A
resolution above 1 gives smaller communities; four was best on intents, one on the few complaints of one topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

if TYPE_CHECKING:
    from classifiers.contract import Floats

NEIGHBOURS = 10
FLOOR = 0.3
_CHUNK = 1024


def communities(vectors: Floats, *, resolution: float = 1.0, floor: float = FLOOR, seed: int = 0) -> np.ndarray:
    """Group texts; the same vectors and seed give the same groups.

    Args:
        vectors: Unit vectors, shape (n, dim).
        resolution: Above 1 for more and smaller groups.
        floor: Similarity below which two texts are not joined.
        seed: Of the order in which Louvain visits texts.

    Returns:
        Group number of each text, shape (n,), 0 for the largest group; -1 where a text has no neighbour at all.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(len(vectors)))
    graph.add_weighted_edges_from(_edges(vectors, floor))
    labels = np.full(len(vectors), -1)
    found = nx.community.louvain_communities(graph, resolution=resolution, seed=seed)
    groups = sorted((sorted(group) for group in found if len(group) > 1), key=lambda group: (-len(group), group[0]))
    for number, group in enumerate(groups):
        labels[group] = number
    return labels


def _edges(vectors: Floats, floor: float) -> list[tuple[int, int, float]]:
    weights: dict[tuple[int, int], float] = {}
    few = min(NEIGHBOURS, len(vectors) - 1)
    if few < 1:
        return []
    for at in range(0, len(vectors), _CHUNK):
        similarity = vectors[at : at + _CHUNK] @ vectors.T
        rows = np.arange(len(similarity))
        similarity[rows, rows + at] = -1
        nearest = np.argpartition(-similarity, few - 1, axis=1)[:, :few]
        for row in rows:
            for other in nearest[row]:
                weight = float(similarity[row, other]) - floor
                if weight > 0:
                    pair = (min(at + int(row), int(other)), max(at + int(row), int(other)))
                    # Texts that choose each other are joined twice as strongly.
                    weights[pair] = weights.get(pair, 0.0) + weight
    return [(left, right, weight) for (left, right), weight in sorted(weights.items())]
