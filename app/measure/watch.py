"""The leading indicator of a change that is not judged yet: at this pace the verdict will come on that day."""

from __future__ import annotations

import math
from datetime import date, timedelta

from scipy.special import ndtri

from app.domain.verdict import VerdictState
from app.measure.stats.case import Case
from app.measure.stats.pace import Known, days_until_verdict
from app.measure.stats.plan import POWER, Plan
from app.measure.stats.sequential import level_per_look
from app.measure.stats.verdict import Verdict

UNDECIDED = frozenset({VerdictState.INCONCLUSIVE, VerdictState.TOO_EARLY})


def verdict_at_pace(case: Case, verdict: Verdict, planned: Plan) -> date | None:
    """The day on which an undecided change is judged if its ratio stays what it is; None: decided, or not in a year."""
    days = case.days - case.change_day
    unknown = verdict.rate_ratio is None or verdict.ci_low is None or verdict.ci_high is None
    if verdict.verdict not in UNDECIDED or unknown or planned.minimum_detectable is None or days < 1:
        return None
    boundary = boundary_of(case.alpha, case.monitoring.horizon_days)
    known = Known(
        days=days,
        spread=math.log(_positive(verdict.ci_high) / _positive(verdict.ci_low)) / (2 * boundary),
        horizon_days=planned.horizon_days,
        spread_at_horizon=-math.log(planned.minimum_detectable) / (boundary + float(ndtri(POWER))),
        boundary=boundary,
    )
    reached = days_until_verdict(math.log(_positive(verdict.rate_ratio)), case.margin, known)
    return None if reached is None else case.start_date + timedelta(days=case.change_day + max(reached, days + 1))


def boundary_of(alpha: float, horizon_days: int) -> float:
    """How many standard deviations the interval of a daily look reaches to each side."""
    return -float(ndtri(level_per_look(alpha, horizon_days) / 2))


def _positive(ratio: float | None) -> float:
    return max(ratio or 0.0, 1e-9)
