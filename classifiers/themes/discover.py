"""From texts and vectors to named groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifiers.themes.graph import communities
from classifiers.themes.names import name, terms

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


def discover(texts: Sequence[str], vectors: Floats, *, smallest: int, resolution: float = 1.0) -> list[Group]:
    """Find the recurring problems among texts.

    Args:
        texts: As the customers wrote them.
        vectors: Unit vectors of the texts, shape (n, dim).
        smallest: Groups with fewer texts are dropped.
        resolution: See :func:`classifiers.themes.graph.communities`.

    Returns:
        Groups, largest first; texts in no group are left over. The same input gives the same groups.
    """
    labels = communities(vectors, resolution=resolution)
    numbered = [np.flatnonzero(labels == number) for number in range(labels.max(initial=-1) + 1)]
    members = [rows for rows in numbered if len(rows) >= smallest]
    characteristic = terms([[texts[int(row)] for row in rows] for rows in members])
    groups = []
    for rows, found in zip(members, characteristic, strict=True):
        centroid = vectors[rows].mean(axis=0)
        centroid = (centroid / max(float(np.linalg.norm(centroid)), 1e-9)).astype(np.float32)
        central = rows[np.argsort(-(vectors[rows] @ centroid), kind="stable")]
        phrase = name([texts[int(row)] for row in central], found)
        groups.append(Group(phrase, tuple(found), tuple(int(row) for row in central), centroid))
    return groups
