"""Keeps what was encoded while a reader is built, so that the next one, with one correction more, need not wait."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.contract import Encoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.embedders.encoder import Encoder

Kept = dict[Any, tuple[Any, ...]]
"""By text and options of the pass: the text's row of each array."""


class Remembering:
    """An encoder that looks up what it has encoded before; for texts of the taxonomy, never for customers' streams.

    Attributes:
        used: What was asked for so far, to be handed to the next one: what is not used any more is so forgotten.
    """

    def __init__(self, encoder: Encoder, kept: Kept) -> None:
        """Remember `kept`, from another one's `used`."""
        self._encoder = encoder
        self._kept: Kept | None = kept
        self.used: Kept = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the encoder has
        """Everything else is the encoder's."""
        return getattr(self._encoder, name)

    def encode(self, texts: Sequence[str], **options: Any) -> Encoded:  # noqa: ANN401 - the encoder's
        """As the encoder does it."""
        if self._kept is None or not texts:
            return self._encoder.encode(texts, **options)
        how = tuple(sorted(options.items()))
        new = [text for text in dict.fromkeys(texts) if (text, how) not in self.used and (text, how) not in self._kept]
        found = self._encoder.encode(new, **options) if new else None
        for row, text in enumerate(new):
            self.used[text, how] = tuple(getattr(found, field.name)[row] for field in fields(Encoded))
        for text in texts:
            if (text, how) not in self.used:
                self.used[text, how] = self._kept[text, how]
        rows = [self.used[text, how] for text in texts]
        return Encoded(*(np.stack(column) for column in zip(*rows, strict=True)))

    def known(self) -> Kept:
        """What the next one may look up."""
        return {**(self._kept or {}), **self.used}

    def forget(self) -> None:
        """From now on only pass on: the reader is built."""
        self._kept, self.used = None, {}
