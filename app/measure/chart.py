"""What the impact page draws: weekly rates, what was expected without the change, its band, and the pooled sizes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.measure.stats.case import Case
from app.measure.stats.folding import WEEK, Blocks, daily, profile
from app.measure.stats.mixed import Floats
from app.measure.stats.verdict import Assessment, Evidence

Flags = NDArray[np.bool_]

PER = 1000.0
Z95 = 1.959964


RECENT = 4  # weeks whose exposure and expectation stand for those to come


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


def weeks_ahead(seen: list[dict[str, Any]], until: date) -> list[dict[str, Any]]:
    """The expectation carried on from the weeks that were seen to the day of the verdict: what is still open."""
    recent = [week for week in seen[-RECENT:] if week["expected"] is not None]
    if not recent:
        return []
    means = {key: float(np.mean([week[key] for week in recent])) for key in ("expected", "low", "high")}
    start = date.fromisoformat(seen[-1]["stop"])
    weeks = []
    while start < until:
        stop = start + timedelta(days=WEEK)
        weeks.append({"start": start.isoformat(), "stop": stop.isoformat()} | means)
        start = stop
    return weeks


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
        panel["controls"].append(_size(name, blocks, (~after, after), [row]) | {"used": name not in evidence.touched})
    if blocks.names:
        used = [row for row, name in enumerate(blocks.names, start=1) if name not in evidence.touched]
        panel["together"] = _size("all comparison topics", blocks, (~after, after), used)
    return panel


def _size(name: str, blocks: Blocks, sides: tuple[Flags, Flags], rows: list[int]) -> dict[str, Any]:
    """How topics moved over the change by themselves, with the range of their counts alone."""
    seen = [float(blocks.counts[rows][:, side].sum()) + 0.5 for side in sides]
    offered = [max(float(blocks.exposure[rows][:, side].sum(axis=1).mean()), 1e-9) for side in sides]
    step = np.log(seen[1] / offered[1]) - np.log(seen[0] / offered[0])
    error = Z95 * np.sqrt(1 / seen[0] + 1 / seen[1])
    ends = {"ratio": step, "low": step - error, "high": step + error}
    return {"name": name} | {key: float(np.exp(value)) for key, value in ends.items()}


def avoided(
    case: Case, assessment: Assessment, complaint_cost: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Complaints avoided since the change and per week, with the range that follows from that of the ratio.

    Args:
        case: What was judged.
        assessment: How.
        complaint_cost: `amount` and `currency` of one complaint; with it the answer has the `saved` money, too.
    """
    verdict, evidence = assessment.verdict, assessment.evidence
    if evidence is None or verdict.rate_ratio is None or verdict.ci_low is None or verdict.ci_high is None:
        return None
    weeks = max(case.days - case.change_day, 1) / WEEK
    expected = evidence.expected
    shares = {"complaints": 1 - verdict.rate_ratio, "low": 1 - verdict.ci_high, "high": 1 - verdict.ci_low}
    found: dict[str, Any] = {name: expected * share for name, share in shares.items()}
    rates = {"complaints": "per_week", "low": "low_per_week", "high": "high_per_week"}
    found |= {rates[name]: expected * share / weeks for name, share in shares.items()}
    if complaint_cost is not None:
        amount = float(complaint_cost["amount"])
        found["saved"] = {"currency": complaint_cost["currency"]}
        names = {"amount": "complaints", "low": "low", "high": "high", "per_week": "per_week"}
        found["saved"] |= {name: amount * found[source] for name, source in names.items()}
    return found
