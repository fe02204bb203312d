"""How grave the complaints about a theme are, from what their mentions already say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

VERY_NEGATIVE = -0.6
"""A mention whose sentiment is at most this is of medium severity by itself."""

SHARE = 0.2
"""A theme is as severe as the highest level that this share of its complaints reaches,"""

LEAST = 2
"""and at least so many of them: one angry customer is a case, not a theme."""


class Severity(StrEnum):
    """Levels of a complaint, mildest first: any; in very negative words; urgent; with a threat to escalate."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


def severity_of(complaints: int, reached: Mapping[Severity, int]) -> Severity:
    """The severity of a theme.

    Args:
        complaints: How many complaints it has.
        reached: How many of them are at least at each level.

    Returns:
        The highest level that at least a fifth of the complaints, and at least two, reach; ``low`` otherwise.
    """
    levels = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
    enough = max(SHARE * complaints, LEAST)
    return next((level for level in levels if reached.get(level, 0) >= enough), Severity.LOW)
