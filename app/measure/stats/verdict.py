"""The answer of one look, and what lies behind it for the chart and the list "can this be trusted?"."""

from dataclasses import dataclass, field
from typing import Any

from app.domain.verdict import VerdictState
from app.measure.stats.folding import Blocks
from app.measure.stats.latent import Fit

METHOD = "closeloop-impact-3"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer; ratios are None where nothing can be estimated."""

    id: str
    day: int
    verdict: VerdictState
    rate_ratio: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    reasons: tuple[str, ...] = ()
    relapse: bool | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict was read from; `excluded` marks the target's trigger window, (blocks,)."""

    blocks: Blocks
    excluded: Any
    fit: Fit
    sd: float
    expected: float  # complaints that would have been expected after the change without it
    seen: float  # complaints counted after the change
    touched: tuple[str, ...]  # controls that look touched by the change and were not used for the common step
    look_level: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """Verdict and, where a fit was possible, its evidence."""

    verdict: Verdict
    evidence: Evidence | None = field(default=None, compare=False)


def dump_verdict(verdict: Verdict) -> dict[str, Any]:
    """The answer as plain JSON values, `relapse` only where it was asked for."""
    answer: dict[str, Any] = {
        "id": verdict.id,
        "day": verdict.day,
        "verdict": verdict.verdict.value,
        "rate_ratio": _rounded(verdict.rate_ratio),
        "ci_low": _rounded(verdict.ci_low),
        "ci_high": _rounded(verdict.ci_high),
        "p_value": _rounded(verdict.p_value),
        "reasons": list(verdict.reasons),
    }
    if verdict.relapse is not None:
        answer["relapse"] = verdict.relapse
    return answer


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
