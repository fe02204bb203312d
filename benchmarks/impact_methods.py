"""The methods of the table: ours, what others do, and the bounds. Each takes a stream and gives an interval and a word.

The baselines see the case only. The bounds (`oracle`, `profile`, `blind`) also see how it was made.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from impact_bounds import blind, oracle, profiled
from impact_streams import Floats, Stream
from scipy import stats

from app.measure.stats.case import parse_case
from app.measure.stats.estimate import estimate

Answer = tuple[float, float, float]  # ratio, low, high; NaN where the method gives none
Judged = tuple[Answer, str]
Z95 = 1.959964
NOTHING = (np.nan, np.nan, np.nan)


def ours(stream: Stream) -> Judged:
    """The product's estimator."""
    verdict = estimate(parse_case(stream.case))
    if verdict.rate_ratio is None or verdict.ci_low is None or verdict.ci_high is None:
        return NOTHING, verdict.verdict.value
    return (verdict.rate_ratio, verdict.ci_low, verdict.ci_high), verdict.verdict.value


def t_test(stream: Stream) -> Judged:
    """Welch's test of daily rates; the ratio's interval by the delta method."""
    case = stream.case
    rate = np.array(case["target"]) / np.array(case["exposure"])
    before, after = rate[: case["change_day"]], rate[case["change_day"] :]
    base = before.mean()
    if base <= 0 or before.std() + after.std() == 0:
        return NOTHING, "inconclusive"
    low, high = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    return _called(after.mean() / base, 1 + low / base, 1 + high / base)


def poisson_test(stream: Stream) -> Judged:
    """Two Poisson rates, Wald interval of the log ratio."""
    case = stream.case
    counts, offered, day = np.array(case["target"]), np.array(case["exposure"]), case["change_day"]
    before, after = counts[:day].sum() + 0.5, counts[day:].sum() + 0.5
    step = np.log(after / offered[day:].sum()) - np.log(before / offered[:day].sum())
    return _wald(step, np.sqrt(1 / before + 1 / after))


def segmented(stream: Stream) -> Judged:
    """Interrupted time series: negative binomial regression with trend, step and weekdays."""
    design, offset = _its_design(stream.case)
    return _its(np.array(stream.case["target"], dtype=float), design, offset)


def segmented_with_controls(stream: Stream) -> Judged:
    """The same with the log rate of all controls together, smoothed over a week, as a regressor."""
    case = stream.case
    if not case["controls"]:
        return segmented(stream)
    design, offset = _its_design(case)
    together = np.sum([np.array(values, dtype=float) for values in case["controls"].values()], axis=0)
    week = np.ones(7)
    seen, offered = np.convolve(together, week, "same"), np.convolve(case["exposure"], week, "same")
    trend = np.log((seen + 0.5) / offered)
    return _its(np.array(case["target"], dtype=float), np.column_stack([design, trend - trend.mean()]), offset)


def causal_impact(stream: Stream) -> Judged:
    """CausalImpact (Brodersen et al. 2015; package `bsts-causalimpact`): daily rates, weekly season, default priors."""
    import pandas as pd  # noqa: PLC0415 - optional: only this baseline needs it
    from causal_impact import CausalImpact  # noqa: PLC0415

    case = stream.case
    per_day = 1000 / np.array(case["exposure"])
    rates = {"target": case["target"], **case["controls"]}
    frame = pd.DataFrame({name: np.array(values) * per_day for name, values in rates.items()})
    day, last = case["change_day"], len(frame) - 1
    arguments: dict[str, Any] = {"nseasons": 7, "seed": 1}
    found = CausalImpact(frame, [0, day - 1], [day, last], model_args=arguments).summary_stats
    seen = float(frame["target"][day:].mean())
    ends = [seen - found[key] for key in ("point_effect_mean", "ci_lower", "ci_upper")]
    ratio, low, high = (seen / end if end > 0 else np.inf for end in ends)
    return _called(ratio, low, high)


def _its_design(case: dict[str, Any]) -> tuple[Floats, Floats]:
    t = np.arange(len(case["target"]))
    weekdays = np.eye(7)[t % 7][:, 1:]
    design = np.column_stack([np.ones_like(t), t / len(t), t >= case["change_day"], weekdays]).astype(float)
    return design, np.log(np.array(case["exposure"], dtype=float))


def _its(counts: Floats, design: Floats, offset: Floats) -> Judged:
    import statsmodels.api as sm  # noqa: PLC0415 - optional: only these baselines need it

    try:
        first = sm.GLM(counts, design, family=sm.families.Poisson(), offset=offset).fit()
        spread = ((counts - first.mu) ** 2 - first.mu).sum() / (first.mu**2).sum()
        family = sm.families.NegativeBinomial(alpha=max(float(spread), 1e-4))
        fit = sm.GLM(counts, design, family=family, offset=offset).fit()
    except (ValueError, np.linalg.LinAlgError):
        return NOTHING, "inconclusive"
    return _wald(fit.params[2], fit.bse[2])


def _wald(step: float, error: float) -> Judged:
    with np.errstate(over="ignore"):
        return _called(np.exp(step), np.exp(step - Z95 * error), np.exp(step + Z95 * error))


def _called(ratio: float, low: float, high: float) -> Judged:
    verdict = "improved" if high < 1 else "worse" if low > 1 else "inconclusive"
    return (float(ratio), float(low), float(high)), verdict


def _bound(method: Callable[[Stream], Answer]) -> Callable[[Stream], Judged]:
    return lambda stream: _called(*method(stream))


METHODS: dict[str, Callable[[Stream], Judged]] = {
    "closeloop": ours,
    "t-test": t_test,
    "poisson": poisson_test,
    "ITS": segmented,
    "ITS+controls": segmented_with_controls,
    "CausalImpact": causal_impact,
    "blind": _bound(blind),
    "profile": _bound(profiled),
    "oracle": _bound(oracle),
}
