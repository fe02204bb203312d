"""Where the stations reach for the model library: late, so that the web process stays small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from app.theme.extract import Discover
    from app.theme.trace import Describe, Encode
    from classifiers.embedders.encoder import Encoder


def load_discover() -> Discover:
    """The function that finds recurring problems among texts."""
    from classifiers.themes.discover import discover  # noqa: PLC0415 - loads the model library: only workers do

    return discover


def load_describe() -> Describe:
    """The function that names texts."""
    from classifiers.themes.names import describe  # noqa: PLC0415 - as above

    return describe


def encode_with(encoder: Callable[[], Encoder]) -> Encode:
    """The function that reads texts as the classify room reads mentions; the encoder is loaded when it is called."""

    def encode(texts: Sequence[str]) -> tuple[str, np.ndarray]:
        from classifiers.text.clean import clean  # noqa: PLC0415 - as above

        chosen = encoder()
        return chosen.fingerprint, chosen.encode([clean(text) for text in texts], layers=False).vectors

    return encode
