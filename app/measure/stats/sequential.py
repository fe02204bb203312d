"""Looking every day without false verdicts: a constant boundary over the information of the planned looks."""

import numpy as np
from scipy.special import ndtr, ndtri

FIRST_LOOK = 7  # days after the change


def crossing(boundary: float, horizon_days: int) -> float:
    """Chance that |W(t)|/sqrt(t) ever exceeds `boundary` between the first look and the horizon when nothing changed.

    Siegmund's approximation for Brownian motion (Siegmund 1985, ch. 4); looks are daily and not continuous, so it
    errs on the safe side.
    """
    if boundary <= 1.5:  # noqa: PLR2004 - the approximation is for the tail only
        return 1.0
    ratio = max(horizon_days, FIRST_LOOK + 1) / FIRST_LOOK
    density = float(np.exp(-0.5 * boundary**2) / np.sqrt(2 * np.pi))
    return min(1.0, density * ((boundary - 1 / boundary) * float(np.log(ratio)) + 4 / boundary))


def level_per_look(alpha: float, horizon_days: int) -> float:
    """Level of each single look so that all looks together keep `alpha`."""
    low, high = 1.5, 8.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if crossing(middle, horizon_days) > alpha else (low, middle)
    return float(2 * ndtr(-high))


def corrected_p(p_value: float, horizon_days: int) -> float:
    """P-value of the whole watch from the one of a look."""
    return max(p_value, crossing(float(-ndtri(max(p_value, 1e-15) / 2)), horizon_days))
