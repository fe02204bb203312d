"""What the impact page draws: weekly rates, what was expected without the change, its band, and the pooled sizes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from app.measure.stats.case import Case
from app.measure.stats.folding import WEEK, daily, profile
from app.measure.stats.mixed import Floats
from app.measure.stats.verdict import Assessment, Evidence

PER = 1000.0
Z95 = 1.959964


def weekly(case: Case, assessment: Assessment) -> list[dict[str, Any]]:
    """One entry per 7-day block counted from the change.

    Returns:
        Entries with `start`, `stop` (ISO, stop is one past), `complaints`, `exposure`, `observed` (per 1,000),
        `expected`, `low`, `high` (per 1,000 without the change and the 95 % band of one week; None without a fit) and
        `phase`: before, trigger, rollout or after.
    """
    counts, _, _ = daily(case)
    raw = np.array([0.0 if value is None else value for value in case.exposure])
    evidence = assessment.evidence
    rate = None if evidence is None else _expected_rate(case, evidence)
    return [_week(case, (counts[0], raw), evidence, rate, edges) for edges in _weeks(case)]


def _weeks(case: Case) -> list[tuple[int, int]]:
    change = min(case.change_day, case.days)
    before = [(max(stop - WEEK, 0), stop) for stop in range(change, 0, -WEEK)][::-1]
    after = [(start, min(start + WEEK, case.days)) for start in range(change, case.days, WEEK)]
    return before + after


def _expected_rate(case: Case, evidence: Evidence) -> Floats:
    """Expected complaints per unit of raw exposure without the change, per day."""
    blocks, fit = evidence.blocks, evidence.fit
    theta = float((fit.weight * fit.theta).sum())
    without = fit.eta[0] - theta * blocks.post
    counts, exposure, _ = daily(case)
    days = np.interp(np.arange(case.days) + 0.5, blocks.middle, without)
    raw = np.array([0.0 if value is None else value for value in case.exposure])
    scale = np.divide(exposure, raw, out=np.zeros_like(raw), where=raw > 0)
    known = scale[scale > 0]
    per_raw = np.where(scale > 0, scale, float(known.mean()) if known.size else 0.0)
    return np.asarray(np.exp(days) * profile(case, counts, exposure) * per_raw)


def _week(
    case: Case,
    daily_values: tuple[Floats, Floats],
    evidence: Evidence | None,
    rate: Floats | None,
    edges: tuple[int, int],
) -> dict[str, Any]:
    start, stop = edges
    complaints = float(np.nansum(daily_values[0][start:stop]))
    raw = daily_values[1][start:stop]
    offered = float(raw.sum())
    entry: dict[str, Any] = {
        "start": (case.start_date + timedelta(days=start)).isoformat(),
        "stop": (case.start_date + timedelta(days=stop)).isoformat(),
        "complaints": complaints,
        "exposure": offered,
        "observed": PER * complaints / offered if offered else None,
        "expected": None,
        "low": None,
        "high": None,
        "phase": _phase(case, evidence, start),
    }
    if evidence is not None and rate is not None and offered:
        expected = float((rate[start:stop] * raw).sum())
        noise = evidence.fit.noise
        spread = np.sqrt(noise["white"] ** 2 + noise["own"] ** 2 + evidence.sd**2 / 2 + 1 / max(expected, 0.5))
        entry["expected"] = PER * expected / offered
        entry["low"] = PER * expected * float(np.exp(-Z95 * spread)) / offered
        entry["high"] = PER * expected * float(np.exp(Z95 * spread)) / offered
    return entry


def _phase(case: Case, evidence: Evidence | None, start: int) -> str:
    if start >= case.change_day:
        return "after"
    if case.rollout is not None and start >= case.rollout[0]:
        return "rollout"
    if evidence is not None:
        inside = (evidence.blocks.start <= start) & (start < evidence.blocks.stop)
        if bool((evidence.excluded & inside).any()):
            return "trigger"
    return "before"


def sizes(case: Case, assessment: Assessment) -> dict[str, Any]:
    """The second panel: pooled change and that of each comparison topic, as rate ratios with 95 % ranges."""
    verdict, evidence = assessment.verdict, assessment.evidence
    panel: dict[str, Any] = {
        "pooled": {"ratio": verdict.rate_ratio, "low": verdict.ci_low, "high": verdict.ci_high},
        "controls": [],
        "margin": case.margin,
    }
    if evidence is None:
        return panel
    blocks = evidence.blocks
    after = blocks.post > 0
    for row, name in enumerate(blocks.names, start=1):
        seen = [float(blocks.counts[row, side].sum()) + 0.5 for side in (~after, after)]
        offered = [max(float(blocks.exposure[row, side].sum()), 1e-9) for side in (~after, after)]
        step = np.log(seen[1] / offered[1]) - np.log(seen[0] / offered[0])
        error = Z95 * np.sqrt(1 / seen[0] + 1 / seen[1])
        panel["controls"].append(
            {
                "name": name,
                "ratio": float(np.exp(step)),
                "low": float(np.exp(step - error)),
                "high": float(np.exp(step + error)),
                "used": name not in evidence.touched,
            }
        )
    return panel


def avoided(case: Case, assessment: Assessment) -> dict[str, float] | None:
    """Complaints avoided since the change and per week, with the range that follows from that of the ratio."""
    verdict, evidence = assessment.verdict, assessment.evidence
    if evidence is None or verdict.rate_ratio is None or verdict.ci_low is None or verdict.ci_high is None:
        return None
    weeks = max(case.days - case.change_day, 1) / WEEK
    expected = evidence.expected
    return {
        "complaints": expected * (1 - verdict.rate_ratio),
        "low": expected * (1 - verdict.ci_high),
        "high": expected * (1 - verdict.ci_low),
        "per_week": expected * (1 - verdict.rate_ratio) / weeks,
    }
