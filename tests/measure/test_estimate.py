"""The estimator on cases whose truth is known, and what must not change its answer."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from app.domain.verdict import VerdictState
from app.measure.stats.case import Case, Declared, KnownEvent, Monitoring, dump_case, parse_case
from app.measure.stats.estimate import assess, estimate
from app.measure.stats.mixed import TOGETHER, Data, solve, working
from app.measure.stats.verdict import dump_verdict

CHANGE, DAYS = 126, 182


def case(ratio=1.0, *, rate=8.0, controls=4, seed=1, days=DAYS, **more):
    """Poisson counts around a constant rate; the target's is multiplied by `ratio` from the change on."""
    rng = np.random.default_rng(seed)
    after = np.arange(days) >= CHANGE
    fields = {
        "id": "x",
        "start_date": date(2026, 1, 5),
        "exposure": (1000.0,) * days,
        "target": tuple(rng.poisson(rate * np.where(after, ratio, 1.0)).astype(float)),
        "controls": {f"c{k}": tuple(rng.poisson(rate, days).astype(float)) for k in range(controls)},
        "change_day": CHANGE,
    }
    return Case(**(fields | more))


def numbers(verdict):
    return verdict.verdict, verdict.rate_ratio, verdict.ci_low, verdict.ci_high, verdict.p_value


@pytest.mark.parametrize("ratio", [0.4, 0.6, 1.8])
def test_a_clear_effect_is_found_and_its_interval_holds_the_truth(ratio):
    verdict = estimate(case(ratio))
    assert verdict.verdict is (VerdictState.IMPROVED if ratio < 1 else VerdictState.WORSE)
    assert verdict.ci_low < ratio < verdict.ci_high


def test_no_effect_is_found_where_there_is_none():
    verdicts = [estimate(case(1.0, seed=seed)).verdict for seed in range(100, 200)]
    assert sum(verdict in {VerdictState.IMPROVED, VerdictState.WORSE} for verdict in verdicts) <= 5


def test_large_counts_and_no_effect_end_in_no_change():
    assert estimate(case(1.0, rate=200.0)).verdict is VerdictState.NO_CHANGE


def test_the_same_case_gives_the_same_number():
    assert numbers(estimate(case(0.7))) == numbers(estimate(case(0.7)))


def test_the_order_and_names_of_controls_change_nothing():
    usual = case(0.7)
    turned = {f"z{name}": usual.controls[name] for name in reversed(usual.controls)}
    assert numbers(estimate(replace(usual, controls=turned))) == numbers(estimate(usual))


def test_another_unit_of_exposure_changes_nothing():
    usual = case(0.7)
    scaled = replace(usual, exposure=tuple(value * 256 for value in usual.exposure))
    assert numbers(estimate(scaled))[1:] == pytest.approx(numbers(estimate(usual))[1:], rel=1e-9)


def test_twice_the_exposure_and_twice_the_complaints_after_the_change_is_no_effect():
    double = np.where(np.arange(DAYS) >= CHANGE, 2.0, 1.0)

    def grown(seed):
        rng = np.random.default_rng(seed)
        topics = {name: tuple(rng.poisson(8 * double).astype(float)) for name in ("a", "b", "c", "d")}
        counts = tuple(rng.poisson(8 * double).astype(float))
        return replace(case(), exposure=tuple(1000 * double), target=counts, controls=topics)

    verdicts = [estimate(grown(seed)) for seed in range(200, 212)]
    assert sum(verdict.verdict in {VerdictState.IMPROVED, VerdictState.WORSE} for verdict in verdicts) <= 1
    assert np.mean([verdict.rate_ratio for verdict in verdicts]) == pytest.approx(1.0, abs=0.06)


def test_a_shock_to_all_topics_at_the_change_is_not_its_effect():
    after = np.arange(DAYS) >= CHANGE
    rng = np.random.default_rng(8)
    rate = 8 * np.where(after, 0.6, 1.0)
    shocked = replace(
        case(),
        target=tuple(rng.poisson(rate).astype(float)),
        controls={f"c{k}": tuple(rng.poisson(rate).astype(float)) for k in range(5)},
    )
    verdict = estimate(shocked)
    assert verdict.ci_low < 1 < verdict.ci_high


def test_a_control_that_the_change_helps_too_is_named_and_does_not_hide_the_effect():
    after = np.arange(DAYS) >= CHANGE
    helped = tuple(np.random.default_rng(3).poisson(8 * np.where(after, 0.4, 1.0)).astype(float))
    usual = case(0.5, controls=5)
    verdict = estimate(replace(usual, controls=usual.controls | {"helped": helped}))
    assert verdict.verdict is VerdictState.IMPROVED
    assert any("helped" in reason for reason in verdict.reasons)


def test_the_spike_that_opened_the_item_is_no_baseline():
    usual = case(1.0, rate=10.0)
    days = np.arange(DAYS)
    spike = (days >= CHANGE - 21) & (days < CHANGE)
    spiked = tuple(np.random.default_rng(4).poisson(np.where(spike, 22.0, 10.0)).astype(float))
    naive = estimate(replace(usual, target=spiked))
    told = estimate(replace(usual, target=spiked, opened_day=CHANGE - 14))
    assert told.ci_low < 1 < told.ci_high
    assert told.rate_ratio > naive.rate_ratio
    assert any("spike" in reason for reason in told.reasons)


@pytest.mark.parametrize("kind", ["classifier_version", "intake_change"])
def test_another_cause_on_the_same_day_is_invalid(kind):
    verdict = estimate(case(0.5, known_events=(KnownEvent(CHANGE, kind),)))
    assert verdict.verdict is VerdictState.INVALID
    assert verdict.rate_ratio is None
    assert "2026-05-11" in verdict.reasons[0]


def test_a_classifier_that_changed_during_the_rollout_is_invalid():
    during = case(0.5, known_events=(KnownEvent(CHANGE - 3, "classifier_version"),), rollout=(CHANGE - 7, CHANGE))
    assert estimate(during).verdict is VerdictState.INVALID


def test_a_classifier_that_changed_before_is_no_effect_of_the_change():
    rng = np.random.default_rng(9)
    days = np.arange(DAYS)
    rate = 8 * np.where(days >= CHANGE - 35, 0.6, 1.0)
    topics = {f"c{k}": tuple(rng.poisson(8.0, DAYS).astype(float)) for k in range(4)}
    moved = replace(case(), target=tuple(rng.poisson(rate).astype(float)), controls=topics)
    verdict = estimate(replace(moved, known_events=(KnownEvent(CHANGE - 35, "classifier_version"),)))
    assert verdict.ci_low < 1 < verdict.ci_high


@pytest.mark.parametrize("seen", [0, 1, 6])
def test_less_than_a_week_after_the_change_is_too_early(seen):
    verdict = estimate(case(0.5, days=CHANGE + seen))
    assert verdict.verdict is VerdictState.TOO_EARLY
    assert "2026-05-18" in verdict.reasons[0]


def test_a_handful_of_expected_complaints_is_too_early_and_says_so():
    verdict = estimate(case(1.0, rate=0.15, days=CHANGE + 8, controls=2))
    assert verdict.verdict is VerdictState.TOO_EARLY
    assert "expected so far" in verdict.reasons[0]


def test_no_complaint_at_all_after_the_change_has_a_finite_interval():
    usual = case(0.5, rate=2.0)
    gone = replace(usual, target=usual.target[:CHANGE] + (0.0,) * (DAYS - CHANGE))
    verdict = estimate(gone)
    assert verdict.verdict is VerdictState.IMPROVED
    assert 0 < verdict.ci_low < verdict.ci_high < 0.2


def test_looking_every_day_has_a_wider_interval_than_looking_once():
    once, daily = estimate(case(0.7)), estimate(case(0.7, monitoring=Monitoring("daily", 90)))
    assert daily.ci_low < once.ci_low < once.ci_high < daily.ci_high
    assert daily.p_value >= once.p_value


def test_the_rollout_is_not_counted():
    usual = case(0.5)
    wild = list(usual.target)
    wild[CHANGE - 7 : CHANGE] = [500.0] * 7
    with_rollout = replace(usual, target=tuple(wild), rollout=(CHANGE - 7, CHANGE))
    calm = replace(usual, rollout=(CHANGE - 7, CHANGE))
    assert numbers(estimate(with_rollout)) == numbers(estimate(calm))


def test_a_verdict_is_read_from_evidence_that_adds_up():
    evidence = assess(case(0.5)).evidence
    assert evidence.seen == sum(case(0.5).target[CHANGE:])
    assert evidence.expected == pytest.approx(8 * (DAYS - CHANGE), rel=0.15)
    assert evidence.fit.weight.sum() == pytest.approx(1)


ABSURD = {
    "one day": {"exposure": (1.0,), "target": (1.0,), "controls": {}, "change_day": 0},
    "no day": {"exposure": (), "target": (), "controls": {}, "change_day": 0},
    "change before the first day": {"change_day": 0},
    "change after the last day": {"change_day": 500},
    "no complaints": {"target": (0.0,) * DAYS},
    "silent controls": {"controls": {"a": (0.0,) * DAYS, "b": (0.0,) * DAYS}},
    "no exposure": {"exposure": (None,) * DAYS},
    "zero exposure": {"exposure": (0.0,) * DAYS},
    "half the days missing": {"target": tuple(1.0 if day % 2 else None for day in range(DAYS))},
    "a control without data": {"controls": {"a": (None,) * DAYS}},
    "huge counts": {"target": (1e12,) * DAYS},
    "tiny exposure": {"exposure": (1e-9,) * DAYS},
    "one complaint ever": {"target": (1.0,) + (0.0,) * (DAYS - 1)},
    "complaints only after": {"target": (0.0,) * CHANGE + (5.0,) * (DAYS - CHANGE)},
    "opened after the change": {"opened_day": 150},
    "opened long ago": {"opened_day": -5},
    "events outside": {"known_events": (KnownEvent(-9, "intake_change"), KnownEvent(9999, "process_change"))},
    "an event on every day": {"known_events": tuple(KnownEvent(day, "process_change") for day in range(0, DAYS, 9))},
    "everything is roll-out": {"rollout": (0, DAYS)},
    "holidays every day": {"holidays": tuple(range(DAYS))},
    "identical controls": {"controls": {"a": (3.0,) * DAYS, "b": (3.0,) * DAYS}},
}


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_case_ends_in_a_worded_verdict(name):
    verdict = estimate(replace(case(1.0, controls=1), **ABSURD[name]))
    assert verdict.reasons
    answer = dump_verdict(verdict)
    assert answer["verdict"] in set(VerdictState)
    for key in ("rate_ratio", "ci_low", "ci_high", "p_value"):
        assert answer[key] is None or np.isfinite(answer[key])


def test_a_path_without_memory_over_years_has_a_finite_likelihood():
    blocks = 80
    weeks = np.arange(blocks) - 60.0
    data = Data(
        counts=np.full((2, blocks), 70.0),
        exposure=np.full((2, blocks), 7000.0),
        middle=7 * weeks + 3.5,
        length=np.full(blocks, 7.0),
        post=(weeks >= 0).astype(float),
        steps=np.zeros((0, blocks)),
        step_sd=np.zeros((2, 0)),
        loose=np.zeros(2),
    )
    noise = {"white": 1.2, "own": 2.9, "own_length": 0.02, "slope": 0.3, "shared": 2.4, "shared_length": 0.7}
    points = np.log([[(noise | {"tau": 0.4, "common": 1.2})[name] for name in TOGETHER]])
    found = solve(data, working(data, np.log(data.counts / data.exposure)), TOGETHER, points)
    assert np.isfinite(found.covariance).all()
    assert np.isfinite(found.evidence).all()


def test_a_case_survives_writing_and_reading():
    full = case(
        0.7,
        opened_day=100,
        holidays=(3, 9),
        known_events=(KnownEvent(5, "intake_change"),),
        monitoring=Monitoring("daily", 60),
        declared=Declared("improved", 0.6, 0.5, 0.8, 150),
        rollout=(CHANGE - 2, CHANGE),
    )
    assert parse_case(dump_case(full)) == full
