"""Whether a text is about any of the topics at all.

Labels are nearly always of texts that have a topic. What is calibrated on them alone is right about these, and as sure
of a text about nothing: eight labels for each of a few topics gave a topic to four of five texts that had none. So a
text that is much less familiar than labelled ones are when held back counts as outside, whatever topic leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifiers.topics.scores import sigmoid

if TYPE_CHECKING:
    from classifiers.contract import Floats

_EDGE, _STEEP = 2.0, 8.0
"""So many spreads below the usual half of the texts count as outside, and how fast that changes around there."""

_SPREAD, _SPREAD_TEXTS = 0.12, 8.0
_TRUSTED_TEXTS = 4.0


@dataclass(frozen=True)
class Scope:
    """How familiar labelled texts are.

    Attributes:
        usual: Their mean.
        spread: Root mean square of what lies below it, near 0.12 unless many texts say otherwise.
        trust: How far this is heeded, from 0 without labelled texts to 1.
    """

    usual: float
    spread: float
    trust: float

    @classmethod
    def fit(cls, familiar: Floats, weights: Floats) -> Scope:
        """Learn from texts that have a topic, held back.

        Args:
            familiar: How familiar each is, shape (n,).
            weights: How much each says, shape (n,).
        """
        count = float(weights.sum())
        if not count:
            return cls(0.0, _SPREAD, 0.0)
        usual = float(weights @ familiar) / count
        below = np.minimum(familiar - usual, 0)
        squares = _SPREAD_TEXTS * _SPREAD**2 + 2 * float(weights @ below**2)
        return cls(usual, float(np.sqrt(squares / (_SPREAD_TEXTS + count))), count / (count + _TRUSTED_TEXTS))

    def inside(self, familiar: Floats) -> Floats:
        """The chance that texts as familiar as this are about one of the topics, shape (n,)."""
        steps = (familiar - self.usual) / self.spread
        inside: Floats = 1 - self.trust * (1 - sigmoid(_STEEP * (steps + _EDGE)))
        return inside
