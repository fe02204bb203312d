"""Which rows an epoch sees, and how they are changed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classifiers.train.rows import Row

_QUOTAS = {
    "goemotions": 2200,
    "movie": 2000,
    "tweets": 1400,
    "nhs": 1300,
    "nyt": 600,
    "banking": 900,
    "pairs": 800,
    "chats": 700,
    "unlabelled": 3000,
    "mams": 400,
    "seeds": 1200,
    "written": 5500,
}
"""Rows of each set in an epoch. Banking has problems but no praise: at full weight "refund" alone turns negative."""

_OFTENEST = 4
"""No row comes more often in an epoch."""

_JOINED = 0.2
_LOWER, _BARE, _UPPER = 0.1, 0.15, 0.17
_JOINABLE = frozenset({"goemotions", "movie", "tweets", "nhs", "mams", "seeds", "pairs", "written"})


class Mix:
    """Draws epochs of rows: so many of each set, rare classes more often than they stand in it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """Sort the rows by set and class."""
        self._sets: dict[str, dict[int, list[Row]]] = {}
        for row in rows:
            self._sets.setdefault(row.source, {}).setdefault(kind_of(row), []).append(row)

    def draw(self, rng: np.random.Generator) -> list[Row]:
        """Draw one epoch, in no order."""
        drawn = []
        for source, kinds in self._sets.items():
            whole = sum(len(rows) ** 0.5 for rows in kinds.values())
            for rows in kinds.values():
                count = min(round(_QUOTAS[source] * len(rows) ** 0.5 / whole), _OFTENEST * len(rows))
                order = np.concatenate([rng.permutation(len(rows)) for _ in range(count // len(rows) + 1)])
                drawn += [self._change(rows[at], rng) for at in order[:count]]
        return drawn

    def _change(self, row: Row, rng: np.random.Generator) -> Row:
        if row.source in _JOINABLE and row.feeling is not None and rng.random() < _JOINED:
            row = self._joined(row, rng)
        way = rng.random()
        if way < _LOWER:
            return replace(row, text=row.text.lower().rstrip(".!?"))
        if way < _BARE:
            return replace(row, text=row.text.rstrip(".!?"))
        return replace(row, text=row.text.upper()) if way < _UPPER else row

    def _joined(self, row: Row, rng: np.random.Generator) -> Row:
        """Two or three texts of one set that feel alike are one longer text."""
        others = self._sets[row.source][kind_of(row)]
        parts = [row, *(others[at] for at in rng.integers(len(others), size=rng.integers(1, 3)))]
        text = " ".join(part.text if part.text[-1:] in ".!?" else f"{part.text}." for part in parts)
        feelings = np.mean([part.feeling for part in parts], axis=0)
        told = [part.complaint for part in parts]
        return Row(
            row.source,
            text,
            (float(feelings[0]), float(feelings[1]), float(feelings[2])),
            None if None in told else any(told),
        )


def kind_of(row: Row) -> int:
    """The most likely class, -1 where the set does not say."""
    return -1 if row.feeling is None else int(np.argmax(row.feeling))
