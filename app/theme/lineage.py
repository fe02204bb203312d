"""What became of themes, judged from their newest mentions: rules without a database.

A theme retires when nothing was said about it for half a year and nobody works on it; it is the same theme again, with
its id, when it comes back. Two themes are one when their centres are closer than those of any two labelled intents
were (49 intents of six sets and their nearest neighbours: cosine up to .85, half of them below .6). One is two when its
halves lie further from each other than a mention may lie from its theme: so do 79 % of pairs of intents that are taken
for one, and 4 % of single intents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from app.theme.rule import NEAR

Floats = npt.NDArray[np.float32]

SILENT = timedelta(days=180)
"""Without any mention said in this time a theme retires."""

RECENT = timedelta(days=30)
COMES_BACK = 3
"""So many recent mentions reopen a retired theme: one alone is an echo."""

FEW = 24
"""Fewer mentions say too little about whether a theme is one, two, or part of another."""

SAME = 0.87
"""Cosine of two themes' centres from which they are one problem."""

HALF = 0.2
"""The smaller part has at least this share of a theme that falls in two."""

_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Kin:
    """One theme of a topic as its newest mentions show it.

    Attributes:
        theme_id: The theme; lower ids are older.
        retired: Whether it has fallen silent before.
        named: Whether its name is a person's.
        at_work: Whether somebody has an open item about it.
        last_at: When the newest of them was said; None without mentions.
        recent: How many were said within `RECENT`.
        vectors: Unit vectors of one encoder, shape (n, dim), newest first.
    """

    theme_id: int
    retired: bool
    named: bool
    at_work: bool
    last_at: datetime | None
    recent: int
    vectors: Floats


@dataclass(frozen=True, slots=True)
class Merge:
    """Two themes that have become one problem; `into_id` goes on."""

    theme_id: int
    into_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Halves:
    """A theme that has fallen in two: the members of its smaller part, and the centres of both."""

    smaller: npt.NDArray[np.bool_]
    centre: Floats  # of the larger part
    other: Floats  # of the smaller one
    similarity: float


def is_silent(kin: Kin, now: datetime) -> bool:
    """Whether a theme retires: nothing said for long, nobody at work on it."""
    return not kin.retired and not kin.at_work and kin.last_at is not None and now - kin.last_at > SILENT


def is_back(kin: Kin) -> bool:
    """Whether a retired theme reopens."""
    return kin.retired and kin.recent >= COMES_BACK


def find_merges(kin: Sequence[Kin]) -> list[Merge]:
    """Pairs of themes that have become one problem, the closest first; each theme is in one pair at most.

    The one that somebody works on goes on, else the one that a person named, else the older; where both have that,
    people decide.
    """
    live = [each for each in kin if not each.retired and len(each.vectors) >= FEW]
    centres = [centre_of(each.vectors) for each in live]
    near = [
        (float(centres[at] @ centres[other]), at, other)
        for at in range(len(live))
        for other in range(at + 1, len(live))
    ]
    found: list[Merge] = []
    taken: set[int] = set()
    for similarity, at, other in sorted(near, reverse=True):
        pair = _in_order(live[at], live[other])
        if similarity >= SAME and pair is not None and taken.isdisjoint({at, other}):
            taken |= {at, other}
            found.append(Merge(pair[0].theme_id, pair[1].theme_id, similarity))
    return found


def find_halves(kin: Kin) -> Halves | None:
    """The two parts of a theme that has fallen in two; None where it is one."""
    if kin.retired or len(kin.vectors) < 2 * FEW:
        return None
    smaller = two_means(kin.vectors)
    if smaller.mean() < HALF:
        return None
    centre, other = centre_of(kin.vectors[~smaller]), centre_of(kin.vectors[smaller])
    similarity = float(centre @ other)
    return Halves(smaller, centre, other, similarity) if similarity < NEAR else None


def centre_of(vectors: Floats) -> Floats:
    """The direction of the mean, of unit length."""
    mean = vectors.mean(axis=0)
    centre: Floats = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return centre


def _in_order(one: Kin, other: Kin) -> tuple[Kin, Kin] | None:
    """Which goes into which; None where only people can say."""
    if (one.at_work and other.at_work) or (one.named and other.named):
        return None
    goes_on = max(one, other, key=lambda kin: (kin.at_work, kin.named, -kin.theme_id))
    gone = other if goes_on is one else one
    return None if gone.named else (gone, goes_on)


def two_means(vectors: Floats) -> npt.NDArray[np.bool_]:
    """Members of the smaller of two clusters (Lloyd), begun along the direction in which they differ most."""
    apart = vectors - vectors.mean(axis=0)
    part = apart @ _main_axis(apart) > 0
    for _ in range(_ROUNDS):
        if part.all() or not part.any():
            break
        now = vectors @ (centre_of(vectors[part]) - centre_of(vectors[~part])) > 0
        if (now == part).all():
            break
        part = now
    smaller: npt.NDArray[np.bool_] = part if part.mean() <= 0.5 else ~part  # noqa: PLR2004 - a half
    return smaller


def _main_axis(apart: Floats) -> Floats:
    """The direction in which vectors differ most; only the largest eigenvalue of the smaller product is computed."""
    from scipy.linalg import eigh  # noqa: PLC0415 - scipy, which a web process seldom needs

    wide = len(apart) < apart.shape[1]
    product = apart @ apart.T if wide else apart.T @ apart
    last = len(product) - 1
    _, vector = eigh(product, subset_by_index=(last, last))
    axis: Floats = apart.T @ vector[:, 0] if wide else vector[:, 0]
    return axis
