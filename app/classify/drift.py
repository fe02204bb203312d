"""Whether last week is like the weeks before it: shares of labels, abstention, sentiment, and the texts themselves.

Weeks are compared whole, so weekdays cancel out. How far apart weeks usually are is seen, not assumed: besides the
noise of counting there is a spread between weeks, estimated by moments from the earlier ones over all labels together
(as in a random-effects meta-analysis, DerSimonian & Laird 1986). The label that moved most decides, at a level that
pays for looking at all of them (Bonferroni).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

Floats = npt.NDArray[np.floating[Any]]

WEEKS = 12
"""Earlier weeks that last week is compared with."""

GAP = 1
"""Weeks right before the last one that are left out: they may belong to the same shift."""

FEWEST_WEEKS = 4
FEWEST_MENTIONS = 100
"""Weeks with fewer say nothing."""

OPENS_BELOW = 0.0005
"""p from which on an alarm opens. Four statistics a day, all year: the budget is one false alarm a year."""

CLOSES_ABOVE = 0.05
_STEADY = 0.1
"""Weeks are never taken to be more alike than this (standard deviation of the log odds): they have luck, too."""

_FEWEST_EXPECTED = 5
"""Labels that are rarer than this in a week are looked at together: counts that small are not normal on any scale."""

_RESTLESS = 1.5
_DIRECTIONS = 16
_TEXTS_A_DIRECTION = 150
_FLOOR = 0.03
_FAR = 0.1
_MOST_TOLD = 3


class Statistic(StrEnum):
    """What is watched."""

    TOPICS = "topics"  # share of each topic, of the mentions that have one
    ABSTENTION = "abstention"  # share of mentions without a topic
    SENTIMENT = "sentiment"  # share of each sentiment
    TEXTS = "texts"  # mean embedding along its main directions, and how much lies outside them


@dataclass(frozen=True)
class Week:
    """Mentions of seven days.

    Attributes:
        labels: How many per topic key (None: no topic) and sentiment.
        texts: Feedback that they come from: mentions of one text are not independent.
        vectors: Embeddings of a sample of them, shape (n, dim).
    """

    labels: dict[tuple[str | None, str], int]
    texts: int
    vectors: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32), compare=False)

    @property
    def size(self) -> int:
        """How many mentions."""
        return sum(self.labels.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """One statistic of the last week.

    Attributes:
        value: Share of the label that moved most; of texts, its shift in standard deviations of a text.
        low, high: Where it was expected; an alarm opens outside.
        p: How unusual the week is, paid for looking at all labels.
        facts: The label, and what else was seen.
    """

    statistic: Statistic
    value: float
    low: float
    high: float
    p: float
    facts: dict[str, Any]

    @property
    def opens(self) -> bool:
        """Whether it is unusual, and far enough from usual to care."""
        return self.p < OPENS_BELOW and not self.low <= self.value <= self.high


def read_drift(last: Week, earlier: Sequence[Week]) -> list[Reading]:
    """Every statistic that there is enough for; `earlier` in any order."""
    weeks = (last, *earlier)
    return [
        *_shares(Statistic.TOPICS, weeks, [_topics(week) for week in weeks]),
        *_shares(Statistic.ABSTENTION, weeks, [_abstentions(week) for week in weeks]),
        *_shares(Statistic.SENTIMENT, weeks, [_sentiments(week) for week in weeks]),
        *_texts([week.vectors for week in weeks]),
    ]


def alarmed(reading: Reading, *, before: bool) -> bool:
    """Whether the alarm is on after this reading, if it was (or was not) `before`: it closes later than it opens."""
    return reading.opens or (before and reading.p < CLOSES_ABOVE)


@dataclass(frozen=True, slots=True)
class _Shift:
    """How row 0 differs from the other rows, column by column."""

    usual: Floats
    p: Floats
    reach: Floats

    @property
    def order(self) -> list[int]:
        """Columns, the most unusual first."""
        return [int(column) for column in np.argsort(self.p, kind="stable")]


def _shift(means: Floats, sizes: Floats, weights: Floats) -> _Shift:
    """Compare weeks whose sampling variance is 1 / size and whose spread between weeks is tau^2 * weight.

    Args:
        means: Shape (weeks, columns); row 0 is last week.
        sizes: Shape (weeks,).
        weights: Shape (columns,).
    """
    weeks, columns = len(means) - 1, means.shape[1]
    usual = np.average(means[1:], axis=0, weights=sizes[1:])
    extra = ((means[1:] - usual) ** 2).sum(axis=0) / (weeks - 1) - (1 / sizes[1:]).mean()
    pooled = max(float(extra.sum() / weights.sum()), _STEADY**2)
    own = np.maximum(pooled, extra / weights)
    error = np.sqrt(1 / sizes[0] + 1 / sizes[1:].sum() + own * weights * (1 + 1 / weeks))
    z = (means[0] - usual) / error
    looks = columns if columns > 2 else 1  # noqa: PLR2004 - of two shares one says all
    # A label that is restless on its own account is known by its own weeks alone.
    freedom = np.where(own > _RESTLESS * pooled, 1, max(columns - 1, 1)) * (weeks - 1)
    p = np.minimum(1.0, 2 * looks * stdtr(freedom, -np.abs(z)))
    return _Shift(usual, p, -stdtrit(freedom, OPENS_BELOW / 2 / looks) * error)


def _shares(statistic: Statistic, weeks: Sequence[Week], counted: Sequence[Counter[str]]) -> list[Reading]:
    """Shares on the arcsine scale, where the noise of counting is the same for rare and common labels."""
    counted = _without_rare(counted)
    labels = sorted(set().union(*counted))
    table = np.array([[one[label] for label in labels] for one in counted], float).reshape(len(weeks), -1)
    totals = table.sum(axis=1)
    kept = np.r_[True, totals[1:] >= FEWEST_MENTIONS]
    if kept.sum() <= FEWEST_WEEKS or totals[0] < FEWEST_MENTIONS or len(labels) < 2:  # noqa: PLR2004 - one cannot shift
        return []
    sizes = totals[kept] * np.array([week.texts / max(week.size, 1) for week in weeks])[kept]
    shares = table[kept] / totals[kept][:, None]
    before = table[kept][1:].sum(axis=0) / totals[kept][1:].sum()
    shift = _shift(2 * np.arcsin(np.sqrt(shares)), sizes, np.maximum(before * (1 - before), 1e-4))
    column = shift.order[0]
    reach = shift.reach[column]
    low, high = _share(shift.usual[column] - reach), _share(shift.usual[column] + reach)
    usual = _share(shift.usual[column])
    moved = [
        {"label": labels[at], "before": round(float(before[at]), 4), "now": round(float(shares[0, at]), 4)}
        for at in shift.order[:_MOST_TOLD]
    ]
    facts = {"weeks": int(kept.sum()) - 1, "mentions": int(totals[0]), "label": labels[column], "moved": moved}
    value = float(shares[0, column])
    return [
        Reading(statistic, value, min(low, usual - _FLOOR), max(high, usual + _FLOOR), float(shift.p[column]), facts)
    ]


def _texts(vectors: Sequence[Floats]) -> list[Reading]:
    kept = [vectors[0], *(one for one in vectors[1:] if len(one) >= FEWEST_MENTIONS)]
    if len(kept) <= FEWEST_WEEKS or len(vectors[0]) < FEWEST_MENTIONS:
        return []
    before = np.concatenate(kept[1:])
    centre = before.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(before - centre, rowvar=False))
    # As many as the texts can tell: directions that fit the earlier texts by luck make later ones look far off.
    main = directions[:, -min(_DIRECTIONS, max(1, len(before) // _TEXTS_A_DIRECTION)) :]

    def seen(texts: Floats) -> Floats:
        along = (texts - centre) @ main
        outside = ((texts - centre) ** 2).sum(axis=1) - (along**2).sum(axis=1)
        return np.column_stack([along, outside])

    scale = seen(before)
    usual, spread = scale.mean(axis=0), np.maximum(scale.std(axis=0), 1e-6)
    means = np.array([((seen(one) - usual) / spread).mean(axis=0) for one in kept])
    shift = _shift(means, np.array([float(len(one)) for one in kept]), np.ones(means.shape[1]))
    column = shift.order[0]
    reach = max(float(shift.reach[column]), _FAR)
    middle = float(shift.usual[column])
    name = "outside" if column == means.shape[1] - 1 else f"direction {means.shape[1] - 1 - column}"
    facts = {"weeks": len(kept) - 1, "mentions": len(kept[0]), "label": name}
    return [
        Reading(Statistic.TEXTS, float(means[0, column]), middle - reach, middle + reach, float(shift.p[column]), facts)
    ]


def _without_rare(counted: Sequence[Counter[str]]) -> list[Counter[str]]:
    usual = sum(counted[1:], Counter[str]())
    rare = {label for one in counted for label in one if usual[label] < _FEWEST_EXPECTED * (len(counted) - 1)}
    together = [Counter({label: count for label, count in one.items() if label not in rare}) for one in counted]
    for one, whole in zip(together, counted, strict=True):
        one["(rare ones)"] = sum(whole[label] for label in rare)
    return together if any(one["(rare ones)"] for one in together) else list(counted)


def _topics(week: Week) -> Counter[str]:
    counted: Counter[str] = Counter()
    for (topic, _), count in week.labels.items():
        if topic is not None:
            counted[topic] += count
    return counted


def _abstentions(week: Week) -> Counter[str]:
    counted: Counter[str] = Counter()
    for (topic, _), count in week.labels.items():
        counted["no topic" if topic is None else "a topic"] += count
    return counted


def _sentiments(week: Week) -> Counter[str]:
    counted: Counter[str] = Counter()
    for (_, sentiment), count in week.labels.items():
        counted[sentiment] += count
    return counted


def _share(arc: float) -> float:
    return float(np.sin(np.clip(arc, 0, np.pi) / 2) ** 2)
