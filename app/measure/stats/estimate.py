"""One case in, one verdict out: deterministic, about 30 ms, no I/O."""

import warnings

import numpy as np
from threadpoolctl import ThreadpoolController

from app.domain.verdict import VerdictState
from app.measure.stats.assembly import (
    FEWEST_BASELINE_DAYS,
    MOST_EVENTS,
    Flags,
    assemble,
    enough_blocks,
    touched_controls,
)
from app.measure.stats.case import Case
from app.measure.stats.folding import Blocks, fold
from app.measure.stats.interval import RatioDistribution
from app.measure.stats.latent import Fit
from app.measure.stats.latent import fit as fit_model
from app.measure.stats.mixed import Floats
from app.measure.stats.relapse import relapsed
from app.measure.stats.sequential import FIRST_LOOK, corrected_p, level_per_look
from app.measure.stats.trigger import trigger_blocks
from app.measure.stats.verdict import Assessment, Evidence, Verdict

# The matrices are small: several threads for one of them mostly wait for each other, ten times as long as they compute
# when two processes measure at the same time.
_LINEAR_ALGEBRA = ThreadpoolController()

CONFOUNDERS = {"classifier_version": "the classifier", "intake_change": "the intake of feedback"}


def estimate(case: Case) -> Verdict:
    """Judge a case. Never raises for a case that could be parsed; what cannot be answered ends in a worded verdict."""
    return assess(case).verdict


def assess(case: Case) -> Assessment:
    """Judge a case and keep what the verdict was read from."""
    refusal = _refusal(case)
    if refusal is not None:
        return Assessment(refusal)
    blocks = fold(case)
    if not enough_blocks(blocks):
        return Assessment(_without(case, VerdictState.TOO_EARLY, "not enough counted days on both sides of the change"))
    if blocks.counts[0].sum() == 0:
        return Assessment(_without(case, VerdictState.TOO_EARLY, "no complaints about this were ever counted"))
    excluded = trigger_blocks(case, blocks)
    touched = touched_controls(blocks)
    with warnings.catch_warnings(), _LINEAR_ALGEBRA.limit(limits=1):
        warnings.simplefilter("ignore", RuntimeWarning)
        fit = fit_model(assemble(case, blocks, excluded, touched))
    return _judge(case, blocks, excluded, touched, fit)


def _judge(case: Case, blocks: Blocks, excluded: Flags, touched: Floats, fit: Fit) -> Assessment:
    after = blocks.post > 0
    seen = float(blocks.counts[0, after].sum())
    fitted = max(float((blocks.exposure[0] * np.exp(fit.eta[0]))[after].sum()), 0.05)
    spread = np.sqrt(np.maximum(fit.variance - 1.0 / fitted, 0.05 * fit.variance))
    ratio = RatioDistribution(fit.weight, fit.theta, spread, fitted)
    daily = case.monitoring.mode == "daily"
    level = level_per_look(case.alpha, case.monitoring.horizon_days, case.change_day) if daily else case.alpha
    low, high = ratio.quantile(level / 2), ratio.quantile(1 - level / 2)
    p_value = ratio.p_value()
    if daily:
        p_value = corrected_p(p_value, case.monitoring.horizon_days, case.change_day)
    centre = float((fit.weight * fit.theta).sum())
    expected = fitted * float(np.exp(-centre))
    state, reason = _state(case, (low, high), _silence(ratio, expected, centre) > level / 2, expected)
    names = tuple(name for name, loose in zip(blocks.names, touched[1:], strict=True) if loose)
    verdict = Verdict(
        id=case.id,
        day=case.days,
        verdict=state,
        rate_ratio=float(np.exp(centre)),
        ci_low=float(np.exp(low)),
        ci_high=float(np.exp(high)),
        p_value=p_value,
        reasons=(reason, *_reasons(case, blocks, excluded, names)),
        relapse=None if case.declared is None else relapsed(case),
    )
    evidence = Evidence(blocks, excluded, fit, ratio.sd(), expected, seen, names, level)
    return Assessment(verdict, evidence)


def _state(case: Case, interval: tuple[float, float], blind: bool, expected: float) -> tuple[VerdictState, str]:  # noqa: FBT001
    low, high = interval
    edge = -np.log(1 - case.margin)
    words = f"between {_percent(low)} and {_percent(high)}"
    if high < 0:
        return VerdictState.IMPROVED, f"the whole range, {words}, lies below no change"
    if low > 0:
        return VerdictState.WORSE, f"the whole range, {words}, lies above no change"
    if -edge < low and high < edge:
        return VerdictState.NO_CHANGE, f"the whole range, {words}, lies within the margin of {case.margin:.0%}"
    if blind:
        return (
            VerdictState.TOO_EARLY,
            f"{expected:.1f} complaints expected so far: even none at all would not have told",
        )
    return VerdictState.INCONCLUSIVE, f"the range, {words}, holds both a change and none"


def _silence(ratio: RatioDistribution, expected: float, centre: float) -> float:
    """Chance of no complaint at all after the change when it did nothing."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    log_mean = np.log(expected) + (ratio.theta - centre)[:, None] * -1 + ratio.spread[:, None] * nodes[None]
    chance = np.exp(-np.exp(np.clip(log_mean, -30, 30)))
    return float((ratio.weight[:, None] * chance * weights[None]).sum() / weights.sum())


def _percent(log_ratio: float) -> str:
    change = float(np.exp(np.clip(log_ratio, -20, 20))) - 1
    return f"{abs(change):.0%} {'down' if change < 0 else 'up'}"


def _without(case: Case, state: VerdictState, reason: str) -> Verdict:
    relapse = None if case.declared is None else relapsed(case)
    return Verdict(case.id, case.days, state, None, None, None, None, (reason,), relapse)


def _refusal(case: Case) -> Verdict | None:
    """What can be said without any fit."""
    first = case.change_day if case.rollout is None else min(case.rollout[0], case.change_day)
    for event in case.known_events:
        if event.kind in CONFOUNDERS and first <= event.day <= case.change_day:
            what = CONFOUNDERS[event.kind]
            on = case.date_of(event.day)
            return _without(case, VerdictState.INVALID, f"{what} changed on {on}, together with the change itself")
    if not any(case.exposure):
        return _without(case, VerdictState.INVALID, "no exposure: without a denominator a rate cannot be compared")
    missing = _missing_share(case)
    if missing > 1 / 3:
        return _without(
            case, VerdictState.INVALID, f"exposure or counts are missing on {missing:.0%} of the days since the change"
        )
    if case.change_day < FEWEST_BASELINE_DAYS:
        days = FEWEST_BASELINE_DAYS
        return _without(
            case, VerdictState.TOO_EARLY, f"{case.change_day} days before the change, at least {days} are needed"
        )
    if case.days - case.change_day < FIRST_LOOK:
        on = case.date_of(case.change_day + FIRST_LOOK)
        return _without(case, VerdictState.TOO_EARLY, f"the first look is on {on}, {FIRST_LOOK} days after the change")
    return None


def _missing_share(case: Case) -> float:
    days = range(case.change_day, case.days)
    lacking = sum(case.exposure[day] is None or case.target[day] is None for day in days)
    return lacking / max(len(days), 1)


def _reasons(case: Case, blocks: Blocks, excluded: Flags, touched: tuple[str, ...]) -> list[str]:
    reasons = []
    if not blocks.names:
        reasons.append("no comparison topics: whatever else happened at the change counts as its effect")
    else:
        reasons.append(f"compared with {len(case.controls)} topics that the change does not touch")
    if excluded.any():
        reasons.append(f"the spike that opened this ({int(excluded.sum())} blocks) is left out of the baseline")
    if touched:
        reasons.append(f"moved on their own and not used for the comparison: {', '.join(touched)}")
    happened = {event.day for event in case.known_events if 0 < event.day < case.days} - {case.change_day}
    if len(happened) > MOST_EVENTS:
        reasons.append(f"of {len(happened)} days with known events, the {MOST_EVENTS} nearest to the change count")
    if case.rollout is not None:
        reasons.append("the roll-out is not counted")
    if case.monitoring.mode == "daily":
        reasons.append(f"range widened for looking daily up to {case.monitoring.horizon_days} days")
    return reasons
