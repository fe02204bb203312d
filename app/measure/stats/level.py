"""How often a theme will be complained about in the coming weeks if nothing is done: its rate, noise and trend.

The log rate of a week is a random walk with drift on a grid of values; the counts around it are negative binomial. Both
are summed exactly over the grid (a histogram filter: Kitagawa 1987), for every combination of noise, mobility and drift
on another small grid whose members are weighed by how well they foretold the weeks. A spike that fades is noise, not
level, if the weeks before and after it say so: no window has to be cut out. No random numbers; some 5 ms a theme.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

MOBILITY = (0.0, 0.05, 0.1, 0.2, 0.35)
"""Standard deviation of the weekly step of the log rate."""
MOBILITY_PRIOR = (0.2, 0.3, 0.25, 0.15, 0.1)
DISPERSION = (0.0, 0.04, 0.12, 0.35, 1.0)
"""Variance of a week's count beyond Poisson, per squared mean."""
DISPERSION_PRIOR = (0.15, 0.25, 0.25, 0.2, 0.15)
DRIFT = (-0.03, -0.015, 0.0, 0.015, 0.03)
"""Weekly drift of the log rate; most themes have next to none, and drift fades (see `RATE_OF_DRIFT`)."""
DRIFT_PRIOR = (0.07, 0.13, 0.6, 0.13, 0.07)
RATE_OF_DRIFT = 0.5  # share of the drift that goes on after the last week
POINTS = 81
REACH = 3.5  # the grid spans so far to both sides of the mean, in log units


@dataclass(frozen=True, slots=True)
class Level:
    """What is known about the mean complaints per week over the weeks to come: values with weights that sum to 1."""

    values: Floats
    weights: Floats

    @property
    def mean(self) -> float:
        """Expected complaints per week."""
        return float(self.values @ self.weights)


def foresee(counts: Sequence[float], horizon_weeks: int) -> Level:
    """Foresee the mean weekly count over the coming weeks.

    Args:
        counts: complaints per week, oldest first; at least one week.
        horizon_weeks: how many weeks are foreseen.
    """
    seen = np.asarray(counts, dtype=float)
    grid = np.log(max(float(seen.mean()), 0.15)) + np.linspace(-REACH, REACH, POINTS)
    likelihood = np.array([_likelihood(seen, np.exp(grid), dispersion) for dispersion in DISPERSION])
    ends, scores = [], []
    for mobility, mobile in zip(MOBILITY, MOBILITY_PRIOR, strict=True):
        for drift, drifting in zip(DRIFT, DRIFT_PRIOR, strict=True):
            state, score = _filtered(likelihood, _kernel(drift, mobility))
            ahead = drift * RATE_OF_DRIFT * (horizon_weeks + 1) / 2
            # The mean of a random walk over h weeks has a third of the variance of its end.
            spread = mobility * float(np.sqrt(horizon_weeks / 3 + 0.5))
            ends.append(state @ _kernel(ahead, spread))
            scores.append(score + np.log(mobile * drifting * np.array(DISPERSION_PRIOR)))
    weight = np.exp(np.concatenate(scores) - np.max(scores))
    return Level(np.exp(grid), (weight / weight.sum()) @ np.concatenate(ends))


def _filtered(likelihood: Floats, step: Floats) -> tuple[Floats, Floats]:
    """Weights of the last week's log rate, (dispersions, points), and log likelihoods of all weeks, (dispersions,)."""
    state = np.full(likelihood[:, 0].shape, 1 / POINTS)
    score = np.zeros(len(likelihood))
    for week in range(likelihood.shape[1]):
        joint = (state @ step if week else state) * likelihood[:, week]
        chance = np.maximum(joint.sum(axis=1), 1e-300)
        score += np.log(chance)
        state = joint / chance[:, None]
    return state, score


def _likelihood(seen: Floats, mean: Floats, dispersion: float) -> Floats:
    """Chance of each week's count at each rate, (weeks, points)."""
    y, mu = seen[:, None], mean[None]
    if dispersion == 0.0:
        log = y * np.log(mu) - mu - gammaln(y + 1)
    else:
        size = 1 / dispersion
        log = gammaln(y + size) - gammaln(size) - gammaln(y + 1)
        log = log + size * np.log(size / (size + mu)) + y * np.log(mu / (size + mu))
    return np.asarray(np.exp(np.clip(log, -700, 0)))


@cache
def _kernel(drift: float, spread: float) -> Floats:
    """Chance to get from one point of the grid to another; what would leave it stays at its edge."""
    if spread == 0.0 and drift == 0.0:
        return np.eye(POINTS)
    width = 2 * REACH / (POINTS - 1)
    # Half a cell of blur keeps a drift of less than a cell from vanishing.
    blur = max(spread, width / 2)
    places = width * np.arange(POINTS)
    apart = (places[None] - places[:, None] - drift) / blur
    weights = np.exp(-0.5 * np.minimum(apart**2, 1400))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
