"""Looking daily, watching for a relapse, judging many changes together, planning."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.special import ndtri

from app.domain.verdict import VerdictState
from app.measure.stats.case import Case, Declared, Monitoring
from app.measure.stats.plan import plan
from app.measure.stats.portfolio import control_discoveries
from app.measure.stats.relapse import relapsed
from app.measure.stats.sequential import corrected_p, level_per_look
from app.measure.stats.verdict import Verdict

CHANGE = 126


@pytest.mark.parametrize("baseline", [28, 90, 180])
def test_all_looks_together_keep_the_level_on_a_random_walk(baseline):
    rng = np.random.default_rng(2)
    days = np.arange(7, 91)
    information = 1 / (1 / days + 1 / baseline)
    steps = np.sqrt(np.diff(np.concatenate([[0.0], information])))
    walks = np.cumsum(rng.normal(size=(8000, len(days))) * steps, axis=1) / np.sqrt(information)
    boundary = -ndtri(level_per_look(0.05, 90, baseline) / 2)
    assert 0.035 <= (np.abs(walks) > boundary).any(axis=1).mean() <= 0.06


def test_a_longer_watch_asks_more_of_each_look():
    levels = [level_per_look(0.05, days, 120) for days in (30, 90, 365)]
    assert 0.05 > levels[0] > levels[1] > levels[2] > 0


def test_the_p_value_of_the_watch_agrees_with_its_boundary():
    level = level_per_look(0.05, 90, 120)
    assert corrected_p(level, 90, 120) == pytest.approx(0.05, rel=1e-3)
    assert corrected_p(0.5, 90, 120) == 1.0


def verdict(p_value, state=VerdictState.IMPROVED):
    return Verdict("x", 100, state, 0.7, 0.5, 0.9, p_value, ("found",))


def test_one_discovery_among_many_nulls_must_be_strong():
    nulls = [verdict(0.5, VerdictState.INCONCLUSIVE) for _ in range(19)]
    weak, strong = verdict(0.03), verdict(0.0001)
    answers = control_discoveries([*nulls, weak, strong], 0.05)
    assert [answer.verdict for answer in answers[-2:]] == [VerdictState.INCONCLUSIVE, VerdictState.IMPROVED]
    assert "chance" in answers[-2].reasons[0]


def test_alone_a_verdict_keeps_its_own_level():
    assert control_discoveries([verdict(0.03)], 0.05)[0].verdict is VerdictState.IMPROVED


def test_changes_that_were_not_looked_at_do_not_count():
    early = replace(verdict(None, VerdictState.TOO_EARLY), rate_ratio=None)
    assert control_discoveries([early] * 50 + [verdict(0.04)], 0.05)[-1].verdict is VerdictState.IMPROVED
    assert control_discoveries([], 0.05) == []


def stream(rates, *, controls=3, seed=1, **more):
    """Poisson counts with the given daily mean."""
    rng = np.random.default_rng(seed)
    days = len(rates)
    fields = {
        "id": "x",
        "start_date": date(2026, 1, 5),
        "exposure": (100.0,) * days,
        "target": tuple(rng.poisson(rates).astype(float)),
        "controls": {f"c{k}": tuple(rng.poisson(6.0, days).astype(float)) for k in range(controls)},
        "change_day": CHANGE,
    }
    return Case(**(fields | more))


DECLARED = Declared("improved", 0.5, 0.4, 0.65, CHANGE + 28)


def improved(days_after, back_after=None):
    days = np.arange(CHANGE + days_after)
    back = np.inf if back_after is None else CHANGE + back_after
    return np.where((days >= CHANGE) & (days < back), 4.0, 8.0)


def test_a_lasting_improvement_is_seldom_called_a_relapse_in_ninety_days():
    alarms = [relapsed(stream(improved(118), seed=seed, declared=DECLARED)) for seed in range(40)]
    assert sum(alarms) <= 2


def test_an_improvement_that_is_lost_is_nearly_always_noticed_within_two_weeks():
    noticed = [relapsed(stream(improved(60, 46), seed=seed, declared=DECLARED)) for seed in range(20)]
    assert sum(noticed) >= 18


def test_only_an_improvement_can_relapse():
    other = replace(DECLARED, verdict="no_change", rate_ratio=1.0)
    assert not relapsed(stream(improved(60, 46), declared=other))
    assert not relapsed(stream(improved(60, 46)))


def test_more_complaints_let_smaller_effects_be_seen():
    few = plan(stream(np.full(CHANGE, 1.0)), 0.7)
    many = plan(stream(np.full(CHANGE, 30.0)), 0.7)
    assert few.minimum_detectable < many.minimum_detectable < 1


def test_a_larger_effect_has_an_earlier_verdict():
    case = stream(np.full(CHANGE, 20.0))
    large, small = plan(case, 0.7), plan(case, 0.8)
    assert CHANGE + 7 <= large.verdict_day < small.verdict_day
    assert large.verdict_day == CHANGE + large.days_after_change
    assert large.chance > small.chance > 0


def test_the_smallest_visible_change_is_the_same_whatever_was_asked_for():
    case = stream(np.full(CHANGE, 10.0))
    asked = [plan(case, ratio).minimum_detectable for ratio in (0.2, 0.5, 0.9)]
    assert max(asked) - min(asked) < 0.005


def test_watching_daily_asks_for_more_than_looking_once():
    case = stream(np.full(CHANGE, 10.0))
    daily = replace(case, monitoring=Monitoring("daily", 90))
    assert plan(daily, 0.5).minimum_detectable < plan(case, 0.5).minimum_detectable


def test_what_happened_after_the_change_does_not_move_the_plan():
    rates = np.concatenate([np.full(CHANGE, 10.0), np.full(30, 1.0)])
    case = stream(rates)
    cut = replace(
        case,
        target=case.target[:CHANGE],
        exposure=case.exposure[:CHANGE],
        controls={name: values[:CHANGE] for name, values in case.controls.items()},
    )
    assert plan(case, 0.5) == plan(cut, 0.5)


def test_without_a_baseline_there_is_no_plan():
    assert plan(stream(np.zeros(CHANGE)), 0.5).verdict_day is None
    assert plan(stream(np.full(20, 5.0), change_day=5), 0.5).minimum_detectable is None
