"""What no case may do to a verdict: whatever comes in, a worded verdict goes out, and only what matters moves it."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.verdict import VerdictState
from app.measure.evaluate import converse
from app.measure.stats.case import KnownEvent, parse_case
from app.measure.stats.estimate import estimate

SLOWLY = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = ("rate_ratio", "ci_low", "ci_high", "p_value")

count = st.one_of(
    st.none(), st.just(0), st.integers(0, 40), st.sampled_from([1e-9, 1e6, 1e12]), st.floats(0, 30, allow_nan=False)
)


@st.composite
def raw_cases(draw):
    days = draw(st.integers(0, 90))

    def series():
        kind = draw(st.sampled_from(["mixed", "zero", "steady", "missing", "huge"]))
        if kind == "mixed":
            return draw(st.lists(count, min_size=days, max_size=days))
        return [{"zero": 0, "steady": 7, "missing": None, "huge": 1e12}[kind]] * days

    day = st.integers(-5, 100)
    kinds = st.sampled_from(["classifier_version", "process_change", "intake_change"])
    return {
        "id": "x",
        "start_date": "2026-01-05",
        "exposure": series(),
        "target": series(),
        "controls": {f"c{k}": series() for k in range(draw(st.integers(0, 4)))},
        "change_day": draw(st.integers(0, 100)),
        "opened_day": draw(st.one_of(st.none(), day)),
        "holidays": draw(st.lists(day, max_size=5)),
        "known_events": [{"day": draw(day), "kind": draw(kinds)} for _ in range(draw(st.integers(0, 3)))],
        "monitoring": draw(st.sampled_from([{"mode": "single"}, {"mode": "daily", "horizon_days": 30}])),
        "declared": draw(
            st.sampled_from(
                [None, {"verdict": "improved", "rate_ratio": 0.6, "ci_low": 0.4, "ci_high": 0.8, "day": 50}]
            )
        ),
    }


@SLOWLY
@given(raw_cases())
def test_whatever_comes_in_a_worded_verdict_goes_out(raw):
    lines = [json.dumps({"op": operation, "case": raw, "cases": [raw, raw]}) for operation in ("estimate", "plan")]
    lines.append(json.dumps({"op": "portfolio", "cases": [raw, raw]}))
    answer, planned, listed = converse(lines)
    json.dumps([answer, planned, listed], allow_nan=False)
    assert answer["verdict"] in set(VerdictState)
    assert answer["reasons"]
    assert all(answer["reasons"])
    if answer["rate_ratio"] is not None:
        assert 0 <= answer["ci_low"] <= answer["rate_ratio"] <= answer["ci_high"]
        assert 0 <= answer["p_value"] <= 1
    assert ("relapse" in answer) == (raw["declared"] is not None)
    assert len(listed["verdicts"]) == 2


def usual(seed=1, rate=6.0, days=150, ratio=0.7):
    rng = np.random.default_rng(seed)
    after = np.arange(days) >= 100
    return parse_case(
        {
            "id": "x",
            "start_date": "2026-01-05",
            "exposure": (1000 * rng.uniform(0.8, 1.2, days)).tolist(),
            "target": rng.poisson(rate * np.where(after, ratio, 1.0)).tolist(),
            "controls": {f"c{k}": rng.poisson(rate, days).tolist() for k in range(5)},
            "change_day": 100,
        }
    )


def numbers(verdict):
    return [getattr(verdict, name) for name in NUMBERS]


@SLOWLY
@given(st.floats(1e-6, 1e6))
def test_another_unit_of_exposure_changes_nothing(factor):
    case = usual()
    scaled = replace(case, exposure=tuple(value * factor for value in case.exposure))
    assert numbers(estimate(scaled)) == pytest.approx(numbers(estimate(case)), rel=1e-6)


@SLOWLY
@given(st.permutations(range(5)))
def test_the_order_of_controls_changes_nothing(order):
    case = usual()
    names = list(case.controls)
    turned = replace(case, controls={names[k]: case.controls[names[k]] for k in order})
    assert numbers(estimate(turned)) == numbers(estimate(case))


def test_ten_times_the_exposure_with_ten_times_the_complaints_is_the_same_ratio_known_better():
    few, many = usual(rate=6.0), usual(rate=60.0)
    many = replace(many, exposure=tuple(10 * value for value in many.exposure))
    small, large = estimate(few), estimate(many)
    assert large.rate_ratio == pytest.approx(small.rate_ratio, rel=0.15)
    assert large.ci_high / large.ci_low < small.ci_high / small.ci_low


def test_a_new_day_never_changes_the_answer_of_yesterday():
    case = usual()

    def known(days):
        controls = {name: values[:days] for name, values in case.controls.items()}
        return replace(case, target=case.target[:days], exposure=case.exposure[:days], controls=controls)

    first = [estimate(known(days)) for days in range(110, 150, 5)]
    again = [estimate(known(days)) for days in range(145, 105, -5)][::-1]
    assert first == again


def test_what_is_announced_for_later_days_changes_nothing_today():
    case = usual()
    later = replace(case, holidays=(170, 171), known_events=(KnownEvent(165, "classifier_version"),))
    assert numbers(estimate(later)) == numbers(estimate(case))


@pytest.mark.parametrize("silent", [1, 3])
def test_controls_without_a_complaint_say_nothing(silent):
    case = usual()
    more = case.controls | {f"silent{k}": (0.0,) * case.days for k in range(silent)}
    assert numbers(estimate(replace(case, controls=more))) == numbers(estimate(case))


def test_a_known_event_on_every_other_day_is_answered_from_those_near_the_change():
    events = tuple(KnownEvent(day, "process_change") for day in range(1, 150, 2))
    verdict = estimate(replace(usual(), known_events=events))
    assert verdict.rate_ratio is not None
    assert any("6 nearest" in reason for reason in verdict.reasons)


def test_days_beyond_the_calendar_are_named_by_their_number():
    verdict = estimate(replace(usual(), start_date=date(9999, 12, 30), change_day=149))
    assert "day 156" in verdict.reasons[0]
