"""How the kernel regression is learnt: one Cholesky factor for everything.

The same factor gives the weights, what held-back texts would have been told (leave-one-out in closed form, Rasmussen &
Williams 2006, 5.4.2: calibration, thresholds and quality are always measured on texts as if they had not been seen)
and, as rows of guessed topics come last, both the regression without these and the one with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from classifiers.topics.regression import GUESSED, WRITTEN, Near, Regression, joined, nearness

if TYPE_CHECKING:
    from collections.abc import Callable

    from classifiers.contract import Array, Floats
    from classifiers.topics.kernel import Features, Kernel

EXACT = 12_000
"""Up to so many rows the kernel is used whole (600 MB while it is fitted); above, as many landmarks carry it.

Landmarks cost accuracy: 0.929 became 0.919 when 2,500 carried 3,500 texts of 77 topics."""

_NOISE = np.asarray([0.1, 0.2, 0.2, 2.0], np.float32)
"""Of each kind of row."""

_LATEST = 500
_BLOCK = 384
_JITTER = 1e-3


@dataclass(frozen=True)
class Learnt:
    """What there is to know after learning.

    Attributes:
        regression: From the rows whose topics are known, and with guessed ones as well where there are any.
        held_out: Leave-one-out predictions for the known rows, shape (n, topics).
        held_near: How near each of them is to the others.
    """

    regression: Regression
    held_out: Floats
    held_near: Near


class Factor:
    """Cholesky factor of a symmetric positive definite matrix, used in blocks; works in the place of what it is given.

    Every step is a product of blocks, which processors are best at, and no part of the factor is copied.
    """

    def __init__(self, matrix: Floats) -> None:
        """Factorise in place.

        Args:
            matrix: Of which the lower triangle is read, shape (n, n).
        """
        upper, _ = linalg.lapack.spotrf(matrix.T, lower=0, overwrite_a=1)
        self.lower: Floats = upper.T
        blocks = (self.lower[at : at + _BLOCK, at : at + _BLOCK] for at in range(0, len(matrix), _BLOCK))
        self._inverses = [linalg.lapack.strtri(block, lower=1)[0] for block in blocks]

    def forward(self, right: Floats, start: int = 0) -> Floats:
        """Solve ``L[rows, rows] @ x = right`` for as many rows from ``start``, a multiple of the block size, on."""
        for at in range(0, len(right), _BLOCK):
            here = right[at : at + _BLOCK]
            rows = slice(start + at, start + at + len(here))
            rest = here - self.lower[rows, start : start + at] @ right[:at]
            here[:] = self._inverses[(start + at) // _BLOCK][: len(here), : len(here)] @ rest
        return right

    def backward(self, right: Floats) -> Floats:
        """Solve ``L[:n, :n].T @ x = right`` for the first n rows."""
        for at in reversed(range(0, len(right), _BLOCK)):
            here, after = right[at : at + _BLOCK], right[at + _BLOCK :]
            rest = here - self.lower[at + _BLOCK : len(right), at : at + len(here)].T @ after
            here[:] = self._inverses[at // _BLOCK][: len(here), : len(here)].T @ rest
        return right

    def inverse_diagonal(self, count: int) -> Floats:
        """Diagonal of the inverse of the matrix of the first rows, shape (count,)."""
        found = np.empty(count, np.float32)
        for at in range(0, count, _BLOCK):
            part = self.forward(np.eye(count - at, min(_BLOCK, count - at), dtype=np.float32), at)
            found[at : at + _BLOCK] = np.einsum("ij,ij->j", part, part)
        return found


def learn(
    kernel: Kernel,
    features: Features,
    kinds: Array,
    residuals: Floats,
    guess: Callable[[Floats, Near], Floats] | None = None,
    exact: int = EXACT,
) -> Learnt:
    """Learn from rows whose topics are known, then once more with those whose topics are guessed by what was learnt.

    Args:
        kernel: Compares features.
        features: Of the rows.
        kinds: What each row is: WRITTEN ones come first, GUESSED ones last, shape (n,).
        residuals: Target less prior guess of the known rows, shape (known, topics).
        guess: Gives the same of the guessed rows, from predicted residuals and nearness; None without such rows.
        exact: Above so many rows, none of them guessed, as many landmarks carry the regression.
    """
    if len(kinds) > exact:
        return _by_landmarks(kernel, features, kinds, residuals, exact)
    matrix, near = _alike(kernel, features, kinds)
    factor = Factor(matrix)
    count = len(residuals)
    half = factor.forward(residuals.copy())
    expected = factor.lower[count:, :count] @ half
    weights = [factor.backward(half)]
    held_out = residuals - weights[0] / factor.inverse_diagonal(count)[:, None]
    if guess:
        targets = np.vstack([residuals, guess(expected, near.part(slice(count, None)))])
        weights.append(factor.backward(factor.forward(targets)))
    regression = Regression(kernel, features, np.arange(len(kinds)), kinds, weights)
    return Learnt(regression, held_out, near.part(slice(count)))


def _alike(kernel: Kernel, features: Features, kinds: Array) -> tuple[Floats, Near]:
    """The noisy kernel of the rows, its lower triangle right, and how near each row is to known others."""
    count, known = len(kinds), int((kinds != GUESSED).sum())
    alike = np.empty((count, count), np.float32)
    starts = range(0, count, _BLOCK)
    for at in starts:
        to = min(at + _BLOCK, count)
        alike[at:to, :to] = kernel.near(features.rows(slice(at, to)), features.rows(slice(to)))
        if at < known:
            alike[:at, at:to] = alike[at:to, :at].T
    close = [nearness(alike[at : at + _BLOCK], kinds, np.arange(at, min(at + _BLOCK, count))) for at in starts]
    wording = kernel.wording(features)
    for at in starts:
        to = min(at + _BLOCK, count)
        alike[at:to, :to] += wording.rows(slice(at, to)).alike(wording.rows(slice(to)))
    alike[np.diag_indices(count)] += _NOISE[kinds]
    return alike, joined(close)


def _by_landmarks(kernel: Kernel, features: Features, kinds: Array, residuals: Floats, count: int) -> Learnt:
    """Subset of regressors (Rasmussen & Williams 2006, 8.3.1)."""
    chosen = _landmarks(len(kinds), int((kinds == WRITTEN).sum()), count)
    support = features.rows(chosen)
    position = np.full(len(kinds), -1)
    position[chosen] = np.arange(len(chosen))
    similar = np.empty((len(kinds), len(chosen)), np.float32)
    wording, close = kernel.wording(features), []
    worded = wording.rows(chosen)
    for at in range(0, len(kinds), _BLOCK):
        here = slice(at, at + _BLOCK)
        block = kernel.near(features.rows(here), support)
        close.append(nearness(block, kinds[chosen], position[here]))
        similar[here] = block + wording.rows(here).alike(worded)
    root = Factor(similar[chosen] + _JITTER * np.eye(len(chosen), dtype=np.float32))
    scale = (1 / np.sqrt(_NOISE[kinds]))[:, None]
    lifted = root.forward(similar.T).T
    scaled = lifted * scale
    factor = Factor(scaled.T @ scaled + np.eye(len(chosen), dtype=np.float32))
    coefficients = factor.backward(factor.forward(scaled.T @ (residuals * scale)))
    missed = residuals - lifted @ coefficients
    halves = factor.forward(scaled.T)
    leverage = np.einsum("ij,ij->j", halves, halves)
    held_out = residuals - missed / np.maximum(1 - leverage, 1e-3)[:, None]
    regression = Regression(kernel, support, chosen, kinds[chosen], [root.backward(coefficients)])
    return Learnt(regression, held_out, joined(close))


def _landmarks(rows: int, written: int, count: int) -> Array:
    """What is written, every latest text, so that a correction is felt at once, and a sample of the others."""
    early = (
        written + np.random.default_rng(0).permutation(rows - written - _LATEST)[: max(count - _LATEST - written, 1)]
    )
    return np.concatenate([np.arange(written), np.sort(early), np.arange(rows - _LATEST, rows)])
