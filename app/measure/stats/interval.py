"""From the fit to an interval of the rate ratio that is right for three complaints as well as for three thousand.

log ratio = theta + s * z + log(G / n): a mixture over noise parameters of a normal part (baseline, controls, noise of
blocks) and the log of a gamma variable with shape n + 1/2 (the counts after the change; its mid-point is that of
exact mid-P Poisson limits).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, ndtri

Floats = NDArray[np.float64]

EDGE = 60.0  # log ratios beyond are nonsense

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)


@dataclass(frozen=True, slots=True)
class RatioDistribution:
    """Distribution of the log rate ratio.

    Attributes:
        weight, theta, spread: weight, centre and standard deviation of the normal part per point, (points,).
        seen: fitted complaints after the change.
    """

    weight: Floats
    theta: Floats
    spread: Floats
    seen: float

    def below(self, value: float) -> float:
        """Probability that the log ratio is below `value`."""
        shift = value - self.theta[:, None] - self.spread[:, None] * _NODES[None, :]
        inner = gammainc(self.seen + 0.5, self.seen * np.exp(np.clip(shift, -60, 60)))
        return float((self.weight[:, None] * inner * _WEIGHTS[None, :]).sum() / _WEIGHTS.sum())

    def quantile(self, probability: float) -> float:
        """Log ratio below which the probability lies."""
        from scipy.optimize import brentq  # noqa: PLC0415 - half a second that most commands need for nothing

        low, high = self._bracket(probability)
        if self.below(low) >= probability or self.below(high) <= probability:
            return low if self.below(low) >= probability else high
        return float(brentq(lambda value: self.below(value) - probability, low, high, xtol=1e-7))

    def _bracket(self, probability: float) -> tuple[float, float]:
        """Two values around the quantile, grown from the normal approximation."""
        mean, sd = float((self.weight * self.theta).sum()), self.sd()
        guess = mean + float(ndtri(probability)) * sd
        low, high = guess - 0.3 * sd, guess + 0.3 * sd
        while low > -EDGE and self.below(low) > probability:
            low -= 2 * (high - low)
        while high < EDGE and self.below(high) < probability:
            high += 2 * (high - low)
        return low, high

    def p_value(self) -> float:
        """Two-sided p-value of a ratio of 1."""
        below = self.below(0.0)
        return float(np.clip(2 * min(below, 1 - below), 0.0, 1.0))

    def sd(self) -> float:
        """Standard deviation of the log ratio, counting error included."""
        mean = float((self.weight * self.theta).sum())
        spread = float((self.weight * (self.spread**2 + (self.theta - mean) ** 2)).sum())
        return float(np.sqrt(spread + 1 / (self.seen + 0.5)))
