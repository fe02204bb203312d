"""The leading indicator of a change that is not judged yet: at this pace the verdict will come on that day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from scipy.special import ndtri

from app.domain.verdict import VerdictState
from app.measure.stats.case import Case
from app.measure.stats.pace import Known, days_until_verdict
from app.measure.stats.plan import POWER, Plan
from app.measure.stats.verdict import Assessment, Verdict

UNDECIDED = frozenset({VerdictState.INCONCLUSIVE, VerdictState.TOO_EARLY})


@dataclass(frozen=True, slots=True)
class Sharpness:
    """How sharp a look was: standard deviation of its log ratio, and the level of its interval."""

    spread: float
    level: float


def sharpness_of(assessment: Assessment) -> Sharpness | None:
    """Of a look that was fitted; None where nothing was."""
    evidence = assessment.evidence
    return None if evidence is None else Sharpness(evidence.sd, evidence.look_level)


def verdict_at_pace(case: Case, verdict: Verdict, planned: Plan, sharpness: Sharpness | None) -> date | None:
    """The day on which an undecided change is judged if its ratio stays what it is; None: decided, or not in a year."""
    days = case.days - case.change_day
    if verdict.verdict not in UNDECIDED or not verdict.rate_ratio or planned.minimum_detectable is None:
        return None
    if sharpness is None or days < 1:
        return None
    boundary = -float(ndtri(sharpness.level / 2))
    known = Known(
        days=days,
        spread=sharpness.spread,
        horizon_days=planned.horizon_days,
        spread_at_horizon=-math.log(planned.minimum_detectable) / (boundary + float(ndtri(POWER))),
        boundary=boundary,
    )
    reached = days_until_verdict(math.log(verdict.rate_ratio), case.margin, known)
    return None if reached is None else case.start_date + timedelta(days=case.change_day + max(reached, days + 1))
