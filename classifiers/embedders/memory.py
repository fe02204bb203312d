"""Keeps what was encoded while a reader is built, so that the next one, with one correction more, need not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.contract import Encoded

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from classifiers.embedders.encoder import Encoder

Kept = dict[Any, Encoded]
"""What was encoded of one text, by the text and what was asked for."""


class Remembering:
    """An encoder that looks up what it has encoded before; for texts of the taxonomy, never for customers' streams.

    Attributes:
        used: What was asked for so far, to be handed to the next one: what is not used any more is so forgotten.
    """

    def __init__(self, encoder: Encoder, kept: Kept) -> None:
        """Remember `kept`, from another one's `known()`."""
        self._encoder = encoder
        self._kept: Kept | None = kept
        self.used: Kept = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the encoder has
        """Everything else is the encoder's."""
        return getattr(self._encoder, name)

    def encode(self, texts: Sequence[str], *, layers: bool = True, heads: Collection[str] = ()) -> Encoded:
        """As the encoder does it."""
        if self._kept is None or not texts:
            return self._encoder.encode(texts, layers=layers, heads=heads)
        asked = [(text, layers, tuple(heads)) for text in texts]
        for key in asked:
            if key in self._kept:
                self.used[key] = self._kept[key]
        new = [key for key in dict.fromkeys(asked) if key not in self.used]
        if new:
            found = self._encoder.encode([key[0] for key in new], layers=layers, heads=heads)
            self.used.update({key: _row(found, row) for row, key in enumerate(new)})
        return _joined([self.used[key] for key in asked])

    def known(self) -> Kept:
        """What the next one may look up."""
        return {**(self._kept or {}), **self.used}

    def forget(self) -> None:
        """From now on only pass on: the reader is built."""
        self._kept, self.used = None, {}


def _row(found: Encoded, row: int) -> Encoded:
    here = slice(row, row + 1)
    return Encoded(
        found.vectors[here].copy(),
        found.layers[here].copy(),
        heads={name: said[here].copy() for name, said in found.heads.items()},
        tokens={name: said[here] for name, said in found.tokens.items()},
        offsets=found.offsets[here],
    )


def _joined(rows: Sequence[Encoded]) -> Encoded:
    first = rows[0]
    return Encoded(
        np.concatenate([row.vectors for row in rows]),
        np.concatenate([row.layers for row in rows]),
        heads={name: np.concatenate([row.heads[name] for row in rows]) for name in first.heads},
        tokens={name: [row.tokens[name][0] for row in rows] for name in first.tokens},
        offsets=[one for row in rows for one in row.offsets],
    )
