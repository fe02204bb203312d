"""Relapse: a CUSUM of daily likelihood ratios "back at the old rate" against "still improved"."""

import numpy as np
from numpy.typing import NDArray

from app.measure.stats.case import Case
from app.measure.stats.folding import daily, profile

Floats = NDArray[np.float64]

THRESHOLD = 5.5
CAUTION = 1.0
CONTROL_WINDOW = 28
SHRINK = 30.0


def relapsed(case: Case) -> bool:
    """Whether the improvement that was declared has been lost since (False for any other declared verdict)."""
    declared = case.declared
    if declared is None or declared.verdict != "improved" or not 0 < declared.rate_ratio < 1:
        return False
    first = max(declared.day, case.change_day)
    if first >= case.days or case.change_day >= first:
        return False
    return bool(cusum(case, first, declared.rate_ratio).max() > THRESHOLD)


def cusum(case: Case, first: int, ratio: float) -> Floats:
    """Path of the CUSUM from day `first` on, in units of log likelihood, (days,).

    Poisson likelihood ratios divided by the weekly dispersion seen until then; both rates follow what the controls
    did since.
    """
    counts, exposure, _ = daily(case)
    weight = exposure * profile(case, counts, exposure)
    target = np.nan_to_num(counts[0])
    offered = np.where(np.isfinite(counts[0]), weight, 0.0)
    since = slice(case.change_day, first)
    dispersion = _dispersion(target[:first], offered[:first], case.change_day)
    counted = target[since].sum() + 0.5
    improved = counted / max(offered[since].sum(), 1e-9)
    old = improved / ratio
    # The improved rate was itself read from few complaints: stand on the high side of what it may be.
    improved = min(improved * float(np.exp(CAUTION * np.sqrt(dispersion / counted))), improved**0.5 * old**0.5)
    moved = _controls_moved(counts[1:], weight, case.change_day, first)
    mean_new, mean_old = improved * offered * moved, old * offered * moved
    gain = (target * np.log(old / improved) - (mean_old - mean_new)) / dispersion
    path, level = [], 0.0
    for value in gain[first:]:
        level = max(0.0, level + float(value))
        path.append(level)
    return np.array(path)


def _controls_moved(controls: Floats, weight: Floats, change: int, first: int) -> Floats:
    """The controls' rate of the trailing weeks over the one on which the verdict rests, shrunk to 1, (days,)."""
    days = weight.shape[0]
    if controls.shape[0] == 0:
        return np.ones(days)
    seen = np.nansum(controls, axis=0)
    rate = seen[change:first].sum() / max(weight[change:first].sum(), 1e-9)
    moved = np.ones(days)
    for day in range(first, days):
        window = slice(max(first, day - CONTROL_WINDOW), day + 1)
        moved[day] = (seen[window].sum() + SHRINK) / (rate * weight[window].sum() + SHRINK)
    return moved


def _dispersion(target: Floats, offered: Floats, change: int) -> float:
    """Pearson dispersion of weekly counts around a running mean, at least 1."""
    total, weeks = 0.0, 0
    for start, stop in ((0, change), (change, len(target))):
        edges = range(stop, start + 6, -7)
        y = np.array([target[edge - 7 : edge].sum() for edge in edges])
        e = np.array([offered[edge - 7 : edge].sum() for edge in edges])
        if len(y) < 4 or y.sum() == 0:  # noqa: PLR2004 - too few weeks for a spread
            continue
        mean = y.sum() * e / max(e.sum(), 1e-9)
        total += float(((y - mean) ** 2 / np.maximum(mean, 0.5)).sum())
        weeks += len(y) - 1
    return max(1.0, total / weeks) if weeks else 1.0
