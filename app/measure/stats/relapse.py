"""Relapse: every day the likelihood of "back at the old rate" against "still improved" over the days just passed."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.measure.stats.assembly import assemble, enough_blocks, has_baseline, touched_controls
from app.measure.stats.case import Case
from app.measure.stats.folding import WEEK, daily, fold, profile
from app.measure.stats.latent import fit
from app.measure.stats.trigger import trigger_blocks

Floats = NDArray[np.float64]

THRESHOLD = 7.0
LONGEST_WINDOW = 28
CONTROL_WINDOW = 28
SHRINK = 30.0
DOUBT = 1.0  # how much of the doubt about the improved rate itself counts
UNKNOWN = (0.15, 0.1, 6.0)  # noise where nothing could be learned: per week, of the slow path, its weeks


def relapsed(case: Case) -> bool:
    """Whether the improvement that was declared has been lost since (False for any other declared verdict)."""
    declared = case.declared
    if declared is None or declared.verdict != "improved":
        return False
    ratio = declared.rate_ratio or 1.0
    if ratio >= 1:
        return False
    first = max(declared.day, case.change_day)
    if first >= case.days or case.change_day >= first:
        return False
    return bool(evidence(case, first, ratio).max() > THRESHOLD)


def evidence(case: Case, first: int, ratio: float) -> Floats:
    """Log likelihood ratio of the best window that ends on each day from `first` on, (days,).

    This is Page's CUSUM (Page 1954) written as a maximum over windows, so that each window can have the dispersion that
    its length has: counting error and short noise average out over days, a slow path does not. The noise is what the
    model learned from all topics until the verdict; both rates follow what the controls did since.
    """
    counts, exposure, _ = daily(case)
    weight = exposure * profile(case, counts, exposure)
    target = np.nan_to_num(counts[0])
    offered = np.where(np.isfinite(counts[0]), weight, 0.0)
    since = slice(case.change_day, first)
    counted = target[since].sum() + 0.5
    improved = counted / max(offered[since].sum(), 1e-9)
    noise = _Noise.of(case, first)
    moved = _controls_moved(counts[1:], weight, case.change_day, first)
    mean = improved * offered * moved
    seen, expected = (np.concatenate([[0.0], np.cumsum(values[first:])]) for values in (target, mean))
    shift = -np.log(ratio)
    known = 1 / counted + noise.of_mean(first - case.change_day)
    best = np.zeros(case.days - first)
    for length in range(1, min(LONGEST_WINDOW, len(best)) + 1):
        x, m = seen[length:] - seen[:-length], expected[length:] - expected[:-length]
        gain = x * shift - m * (1 / ratio - 1)
        inflation = 1 + m / np.sqrt(ratio) * (noise.of_mean(length) + DOUBT * known)
        best[length - 1 :] = np.maximum(best[length - 1 :], gain / inflation)
    return best


class _Noise:
    """Variance of a log rate beyond counting, by the number of days over which it is a mean."""

    def __init__(self, white: float, own: float, weeks: float) -> None:
        self.white, self.own, self.days = white, own, weeks * WEEK

    @classmethod
    def of(cls, case: Case, first: int) -> "_Noise":
        """What the model learned of the case until day `first`."""
        told = until(case, first)
        blocks = fold(told)
        if not has_baseline(told) or not enough_blocks(blocks):
            return cls(*UNKNOWN)
        known = fit(assemble(told, blocks, trigger_blocks(told, blocks), touched_controls(blocks))).noise
        return cls(known["white"], known["own"], known["own_length"])

    def of_mean(self, length: int) -> float:
        """Variance of the mean over so many days: independent noise falls with them, the slow path hardly."""
        a = max(length, 1) / self.days
        return float(self.white**2 * WEEK / max(length, 1) + self.own**2 * 2 * (a - 1 + np.exp(-a)) / a**2)


def until(case: Case, stop: int) -> Case:
    """The case as it was known when `stop` days were."""
    return replace(
        case,
        exposure=case.exposure[:stop],
        target=case.target[:stop],
        controls={name: values[:stop] for name, values in case.controls.items()},
        declared=None,
    )


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
