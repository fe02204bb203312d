"""What a change that was not made yet may achieve, from what verified changes of the same kind achieved.

Each verified change gave a log rate ratio with its standard error. What they have in common is told apart by kinship: a
share for all changes, one for the process, one for the step, one for the topic, one for the friction, and the rest that
belongs to the single change. The shares are Gaussian, so that everything linear is exact; how large the shares are and
how much single changes differ is summed over a small grid (an empirical Bayes normal-normal model, Efron and Morris
1975, with kinship in place of one exchangeable group). Without any verified change the prior below is what is left.

The prior: changes lower the rate by 12 % in the middle, and in two thirds of all cases the ratio lies between .63 and
1.2. Of changes that were tested with controls in companies that test much, a third helped, a third did nothing and a
third did harm (Kohavi et al. 2009); changes to a process that customers complain about are chosen better than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR_MEAN, PRIOR_SD = -0.13, 0.12
"""Of the mean log ratio of all changes; (with `OWN`) documented in docs/impact.md."""

KINDS = ("process", "step", "topic", "friction")
KIN = {"process": 0.08, "step": 0.08, "topic": 0.08, "friction": 0.05}
"""Standard deviation of what changes of the same kind have in common, at scale 1."""
SCALES = ((0.3, 0.2), (1.0, 0.35), (2.0, 0.25), (3.5, 0.2))
"""How strong kinship is, with prior weights."""
OWN = ((0.1, 0.25), (0.2, 0.35), (0.3, 0.25), (0.45, 0.1), (0.7, 0.05))
"""Standard deviation of what belongs to the single change, with prior weights."""
HIGHEST = 0.7  # log ratio above which no change is believed to go (twice the complaints)
NODES = 41


@dataclass(frozen=True, slots=True)
class Kind:
    """Of which kind a change is; None where that is not known (it then has no kin in that respect)."""

    process: int | None = None
    step: int | None = None
    topic: int | None = None
    friction: str | None = None


@dataclass(frozen=True, slots=True)
class Achieved:
    """What a verified change achieved: log rate ratio and its standard error."""

    kind: Kind
    log_ratio: float
    error: float


@dataclass(frozen=True, slots=True)
class Prospect:
    """Log rate ratio of a change not yet made: a mixture of normals, one per member of the grid."""

    weight: Floats
    mean: Floats
    spread: Floats

    def nodes(self) -> tuple[Floats, Floats]:
        """Points and weights that stand for the mixture; beyond `HIGHEST` and -3 the ends stand for the rest."""
        x, w = np.polynomial.hermite_e.hermegauss(NODES)
        points = self.mean[:, None] + self.spread[:, None] * x[None]
        weights = self.weight[:, None] * (w / w.sum())[None]
        return np.clip(points, -3.0, HIGHEST).ravel(), weights.ravel()

    @property
    def ratio(self) -> float:
        """Expected rate ratio."""
        points, weights = self.nodes()
        return float(np.exp(points) @ weights)


def prospects(achieved: Sequence[Achieved], wanted: Sequence[Kind]) -> list[Prospect]:
    """Prospects of changes of the wanted kinds.

    Args:
        achieved: every change with a verdict, those that did nothing too: leaving them out would promise too much.
        wanted: kinds of the changes that are thought about.
    """
    kinds = [*(one.kind for one in achieved), *wanted]
    known = len(achieved)
    seen = np.array([one.log_ratio for one in achieved])
    noise = np.array([one.error**2 for one in achieved])
    alike = _kinship(kinds)
    members = [(scale, own, ws * wo) for scale, ws in SCALES for own, wo in OWN]
    scores, means, spreads = [], [], []
    for scale, own, weight in members:
        shared = PRIOR_SD**2 + scale**2 * alike
        score, mean, variance = _condition(shared, own**2, (seen, noise), known)
        scores.append(np.log(weight) + score)
        means.append(mean)
        spreads.append(np.sqrt(variance))
    weights = np.exp(np.array(scores) - max(scores))
    weights /= weights.sum()
    table = (np.array(means), np.array(spreads))
    return [Prospect(weights, table[0][:, at], table[1][:, at]) for at in range(len(wanted))]


def _kinship(kinds: Sequence[Kind]) -> Floats:
    """Covariance of what changes share by their kinds, (changes, changes)."""
    total = np.zeros((len(kinds), len(kinds)))
    for name in KINDS:
        values = [getattr(kind, name) for kind in kinds]
        codes = {value: code for code, value in enumerate(sorted({v for v in values if v is not None}, key=str))}
        column = np.array([codes[value] if value is not None else -1 - at for at, value in enumerate(values)])
        total += KIN[name] ** 2 * (column[:, None] == column[None])
    return total


def _condition(shared: Floats, own: float, data: tuple[Floats, Floats], known: int) -> tuple[float, Floats, Floats]:
    """Log likelihood of what was achieved; mean and variance of what is wanted, its own share included."""
    seen, noise = data
    new = shared[known:, known:].diagonal() + own
    if not known:
        return 0.0, np.full(len(new), PRIOR_MEAN), new
    cover = shared[:known, :known] + np.diag(own + noise)
    factor = np.linalg.cholesky(cover)
    left = np.linalg.solve(factor, seen - PRIOR_MEAN)
    across = np.linalg.solve(factor, shared[:known, known:])
    score = -0.5 * float(left @ left) - float(np.log(np.diag(factor)).sum())
    return score, PRIOR_MEAN + across.T @ left, new - (across**2).sum(axis=0)
