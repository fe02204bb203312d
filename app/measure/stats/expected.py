"""Complaints avoided per week by a change that was not made yet: rate times effect, as a distribution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.measure.stats.level import Level
from app.measure.stats.shrinkage import Prospect


@dataclass(frozen=True, slots=True)
class Saving:
    """Complaints per week that a change would avoid: expected, and the ranges that hold with 80 % and 95 %.

    Below zero means more complaints than without the change.
    """

    expected: float
    range80: tuple[float, float]
    range95: tuple[float, float]
    chance: float  # that fewer complaints come with the change than without


def saving(level: Level, prospect: Prospect) -> Saving:
    """Combine what is known about the rate with what is known about the effect; both are taken as independent."""
    points, chances = prospect.nodes()
    kept = level.weights > 1e-9  # noqa: PLR2004 - the rest moves nothing
    rates, weights = level.values[kept], level.weights[kept] / level.weights[kept].sum()
    avoided = (rates[:, None] * (1 - np.exp(points))[None]).ravel()
    joint = (weights[:, None] * chances[None]).ravel()
    order = np.argsort(avoided)
    values, reached = avoided[order], np.cumsum(joint[order])
    ends = [float(np.interp(share, reached, values)) for share in (0.025, 0.1, 0.9, 0.975)]
    return Saving(
        expected=float(avoided @ joint),
        range80=(ends[1], ends[2]),
        range95=(ends[0], ends[3]),
        chance=float(joint[avoided > 0].sum()),
    )


def ranked(savings: Sequence[Saving]) -> list[int]:
    """Positions by expected saving, largest first; the order is kept among equals."""
    return sorted(range(len(savings)), key=lambda at: -savings[at].expected)
