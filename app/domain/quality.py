"""How good the labels are, from what people said about reviewed mentions: precision and recall with intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

_Z = 1.959963984540054  # 97.5 % of the standard normal
_MOST_CONFUSIONS = 5


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One mention whose topic somebody has reviewed; None: no topic."""

    given: str | None
    truly: str | None
    random: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval (Wilson 1927); all None where nothing was reviewed.

    Attributes:
        hits, n: What was right, and of how many.
    """

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """The share."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval."""
        if not self.n:
            return None
        share, room = self.hits / self.n, _Z**2 / self.n
        middle = (share + room / 2) / (1 + room)
        half = sqrt(share * (1 - share) * room + room**2 / 4) / (1 + room)
        return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


@dataclass(frozen=True, slots=True)
class Quality:
    """One topic.

    Attributes:
        precision: Of the reviewed mentions that the model gave this topic, those confirmed.
        recall: Of the reviewed mentions that truly have this topic, those that the model gave it.
    """

    precision: Rate
    recall: Rate


def topic_quality(reviewed: Sequence[Reviewed], topic: str) -> Quality:
    """Precision and recall of one topic."""
    hits = sum(one.given == topic == one.truly for one in reviewed)
    return Quality(
        Rate(hits, sum(one.given == topic for one in reviewed)),
        Rate(hits, sum(one.truly == topic for one in reviewed)),
    )


def confusions(reviewed: Sequence[Reviewed], topic: str) -> list[tuple[str | None, str | None, int]]:
    """The commonest errors that the topic is part of: what the model gave, what is true, how often."""
    wrong = Counter(
        (one.given, one.truly) for one in reviewed if one.given != one.truly and topic in {one.given, one.truly}
    )
    ranked = sorted(wrong.items(), key=lambda pair: (-pair[1], pair[0][0] or "", pair[0][1] or ""))
    return [(given, truly, count) for (given, truly), count in ranked[:_MOST_CONFUSIONS]]
