"""Many changes at once: the share of false discoveries among the verdicts is kept (Benjamini & Hochberg 1995)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.domain.verdict import VerdictState
from app.measure.stats.verdict import Verdict

DISCOVERIES = (VerdictState.IMPROVED, VerdictState.WORSE)


def control_discoveries(verdicts: Sequence[Verdict], alpha: float) -> list[Verdict]:
    """Verdicts of the list with the false discovery rate kept at `alpha`: others become inconclusive.

    Verdicts without a p-value (too early, invalid) were not looked at and do not count. The order is kept.
    """
    tested = [index for index, verdict in enumerate(verdicts) if verdict.p_value is not None and _looked_at(verdict)]
    values = np.sort(np.array([verdicts[index].p_value for index in tested], dtype=float))
    passing = np.flatnonzero(values <= alpha * np.arange(1, len(values) + 1) / max(len(values), 1))
    limit = float(values[passing[-1]]) if passing.size else -1.0
    answers = list(verdicts)
    for index in tested:
        verdict = verdicts[index]
        if verdict.verdict in DISCOVERIES and float(verdict.p_value or 0.0) > limit:
            reason = f"among {len(tested)} changes judged together this difference can be chance"
            answers[index] = replace(verdict, verdict=VerdictState.INCONCLUSIVE, reasons=(reason, *verdict.reasons[1:]))
    return answers


def _looked_at(verdict: Verdict) -> bool:
    return verdict.verdict not in {VerdictState.TOO_EARLY, VerdictState.INVALID}
