"""What texts are compared by when groups are looked for: their meaning, and a little of their wording.

An encoder puts "my card was declined" beside "my transfer was declined"; the words tell them apart. So the similarity
of two texts is that of their vectors, with a share for that of their words, weighed by TF-IDF. Small words count too:
"why was I charged" and "how am I charged" are two problems. Words are spread over `WIDTH` numbers by random signs,
which keep inner products (Achlioptas 2003), so that everything behind works on plain unit vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from classifiers.themes.names import words
from classifiers.themes.words import stem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.contract import Floats

WORDING = 0.3
"""Share of the similarity of two texts that their words decide; chosen on nine labelled sets."""

WIDTH = 256


def features(texts: Sequence[str], vectors: Floats) -> Floats:
    """Meaning and wording of texts side by side.

    Args:
        texts: As the customers wrote them, at least one.
        vectors: Unit vectors of the texts, shape (n, dim).

    Returns:
        Unit vectors, float32, shape (n, dim + `WIDTH`).
    """
    wording = _wordings(texts)
    return np.hstack([np.sqrt(1 - WORDING) * vectors, np.sqrt(WORDING) * wording]).astype(np.float32)


def _wordings(texts: Sequence[str]) -> Floats:
    # What has no word, an emoji say, has "no word" in common.
    said = [[stem_of(word) for word in words(text)] or [""] for text in texts]
    weighed = TfidfVectorizer(analyzer=list, sublinear_tf=True, dtype=np.float32).fit_transform(said)
    signs = np.random.default_rng(0).choice(np.asarray([-1, 1], np.float32), (weighed.shape[1], WIDTH))
    spread: Floats = weighed @ signs
    lengths: Floats = np.linalg.norm(spread, axis=1, keepdims=True)
    return spread / np.maximum(lengths, 1e-9)
