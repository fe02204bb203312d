"""An encoder that remembers what it encoded, so that learning one more text costs one text."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from classifiers.contract import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from classifiers.contract import Floats, HalfFloats

MOST = 8192
"""Texts remembered: 50 MB with the packaged model."""


class Remembered:
    """Encodes texts that it has not seen lately and remembers the others. Safe to use from several threads."""

    def __init__(self, encode: Callable[[Sequence[str]], Encoded], most: int = MOST) -> None:
        """Wrap an encoder.

        Args:
            encode: Called with distinct texts only.
            most: How many texts are remembered; the longest unused are forgotten first.
        """
        self._encode, self._most = encode, most
        self._rows: OrderedDict[str, tuple[Floats, HalfFloats]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, texts: Sequence[str]) -> Encoded:
        """Encode; row i belongs to ``texts[i]``."""
        distinct = list(dict.fromkeys(texts))
        with self._lock:
            known = {text: self._rows[text] for text in distinct if text in self._rows}
        fresh = [text for text in distinct if text not in known]
        if fresh or not texts:
            found = self._encode(fresh)
            known |= {text: (found.vectors[at], found.layers[at]) for at, text in enumerate(fresh)}
            if not texts:
                return found
        with self._lock:
            for text in distinct:
                self._rows[text] = known[text]
                self._rows.move_to_end(text)
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)
        rows = [known[text] for text in texts]
        return Encoded(np.stack([vector for vector, _ in rows]), np.stack([layers for _, layers in rows]))
