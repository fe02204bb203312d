"""What others do: a score for every theme and day, and a limit. An alert is the first day above it in a week."""

import numpy as np
from scipy.stats import nbinom

RULES = ("z of 28 days", "mean + 2 SD", "EARS C2", "Farrington")
USUAL = {"z of 28 days": 1.5, "mean + 2 SD": 2.0, "EARS C2": 3.0, "Farrington": -np.log10(0.005)}
"""Limits as they are commonly set; Farrington's upper 99.5 % bound as in the R package surveillance."""

APART = 7


def score(rule: str, counts: np.ndarray) -> np.ndarray:
    """(K, days) score of each day against the days before it."""
    if rule == "z of 28 days":
        return _standard(counts, 28, 0)
    if rule == "mean + 2 SD":
        return _standard(counts, 84, 0)
    if rule == "EARS C2":
        return _standard(counts, 7, 2)
    return _farrington(counts)


def openings(scores: np.ndarray, limit: float, first: int) -> np.ndarray:
    """(K, days) True where an alert opens: above the limit, and not in the seven days before."""
    above = scores >= limit
    recent = np.zeros_like(above)
    for back in range(1, APART + 1):
        recent[:, back:] |= above[:, :-back]
    opened = above & ~recent
    opened[:, :first] = False
    return opened


def tune(scores: np.ndarray, first: int, wanted: float) -> float:
    """The smallest limit at which so many alerts a week, or fewer, open."""
    weeks = (scores.shape[1] - first) / 7
    low, high = 0.0, 60.0
    for _ in range(30):
        middle = (low + high) / 2
        if openings(scores, middle, first).sum() / weeks > wanted:
            low = middle
        else:
            high = middle
    return high


def _standard(counts: np.ndarray, days: int, lag: int) -> np.ndarray:
    """Distance from the mean of so many days before, in their standard deviations (at least that of Poisson of 0.2)."""
    sums = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    squares = np.cumsum(np.pad(counts**2, ((0, 0), (1, 0))), axis=1)
    scores = np.zeros_like(counts)
    stop = np.arange(days + lag, counts.shape[1]) - lag
    mean = (sums[:, stop] - sums[:, stop - days]) / days
    variance = (squares[:, stop] - squares[:, stop - days]) / days - mean**2
    scores[:, days + lag :] = (counts[:, days + lag :] - mean) / np.sqrt(np.maximum(variance * days / (days - 1), 0.2))
    return scores


def _farrington(counts: np.ndarray, weeks: int = 26) -> np.ndarray:
    """-log10 of the tail probability of a day among its weekday in 26 weeks before, the last four left out.

    As in Noufaily et al. 2013: quasi-Poisson mean (no trend), past outbreaks weighted down by their residuals (> 2.58),
    negative binomial quantiles.
    """
    scores = np.zeros_like(counts)
    first = 7 * (weeks + 4)
    for day in range(first, counts.shape[1]):
        back = np.stack([counts[:, day - 7 * at] for at in range(5, weeks + 5)], axis=1)
        weight = np.ones_like(back)
        for _ in range(2):
            mean = np.maximum((weight * back).sum(axis=1) / weight.sum(axis=1), 0.02)[:, None]
            phi = np.maximum((weight * (back - mean) ** 2 / mean).sum(axis=1) / (weight.sum(axis=1) - 1), 1.0)[:, None]
            residual = 1.5 * (back ** (2 / 3) - mean ** (2 / 3)) / (mean ** (1 / 6) * np.sqrt(phi))
            weight = np.where(residual > 2.58, (2.58 / np.maximum(residual, 2.58)) ** 2, 1.0)
        phi = np.maximum(phi[:, 0] + 1 / weeks, 1.001)
        size = mean[:, 0] / (phi - 1)
        tail = nbinom.sf(counts[:, day] - 1, size, 1 / phi)
        scores[:, day] = np.where(counts[:, day] >= 2, -np.log10(np.maximum(tail, 1e-60)), 0.0)
    return scores
