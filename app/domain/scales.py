"""Answers of one metric on one or several scales, as one mean and one share of detractors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.routing import Scores

NPS_HIGH = 10
"""NPS is asked from 0 to this."""

NPS_DETRACTOR = 6
"""Detractors answer at most this (Reichheld, The One Number You Need to Grow, HBR 2003)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The answers of one metric on one scale; ``detractors`` counts them where the scale is that of NPS."""

    low: float
    high: float
    answers: int
    mean: float
    detractors: int


def merge_scales(parts: Sequence[Scale]) -> Scores:
    """One mean on the scale that most answers are on; detractors among the answers on a scale from 0 to 10.

    Args:
        parts: At least one; each with ``low`` below ``high`` and at least one answer.
    """
    main = max(parts, key=lambda part: (part.answers, part.high, part.low))
    answers = sum(part.answers for part in parts)
    shares = sum((part.mean - part.low) / (part.high - part.low) * part.answers for part in parts) / answers
    rated = [part for part in parts if (part.low, part.high) == (0, NPS_HIGH)]
    asked = sum(part.answers for part in rated)
    return Scores(
        answers=answers,
        mean=main.low + shares * (main.high - main.low),
        detractors=sum(part.detractors for part in rated) / asked if asked else None,
    )
