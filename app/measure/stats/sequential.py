"""Looking every day without false verdicts: a constant boundary over the information of the planned looks."""

import numpy as np
from scipy.special import ndtr, ndtri

FIRST_LOOK = 7  # days after the change
LONGEST_BASELINE = 90  # days of baseline that still say something about the level at the change
OVERSHOOT = 0.11  # by which daily looks may undercut the boundary of a path that is watched all the time


def crossing(boundary: float, horizon_days: int, baseline_days: int) -> float:
    """Chance that a statistic ever exceeds `boundary` between the first look and the horizon when nothing changed.

    Siegmund's approximation for Brownian motion (Siegmund 1985, ch. 4) in information time: after t days the variance
    of the log ratio is at least proportional to 1/t + 1/baseline, so that late looks add less than their days. Looks
    are daily and not continuous; `OVERSHOOT` is what that allows, found by simulation of the looks of 90 days.
    """
    height = boundary + OVERSHOOT
    if height <= 1.5:  # noqa: PLR2004 - the approximation is for the tail only
        return 1.0
    baseline = min(max(baseline_days, FIRST_LOOK), LONGEST_BASELINE)
    last = max(horizon_days, FIRST_LOOK + 1)
    ratio = (1 / FIRST_LOOK + 1 / baseline) / (1 / last + 1 / baseline)
    density = float(np.exp(-0.5 * height**2) / np.sqrt(2 * np.pi))
    return min(1.0, density * ((height - 1 / height) * float(np.log(ratio)) + 4 / height))


def level_per_look(alpha: float, horizon_days: int, baseline_days: int) -> float:
    """Level of each single look so that all looks together keep `alpha`."""
    low, high = 1.0, 8.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if crossing(middle, horizon_days, baseline_days) > alpha else (low, middle)
    return float(min(2 * ndtr(-high), alpha))


def corrected_p(p_value: float, horizon_days: int, baseline_days: int) -> float:
    """P-value of the whole watch from the one of a look."""
    return max(p_value, crossing(float(-ndtri(max(p_value, 1e-15) / 2)), horizon_days, baseline_days))
