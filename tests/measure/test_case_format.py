"""What can be read as a case, and what the reader says about the rest."""

import pytest

from app.measure.stats.case import CaseError, Monitoring, parse_case

GOOD = {
    "id": "a",
    "start_date": "2026-01-05",
    "exposure": [1, 2],
    "target": [0, 1],
    "controls": {"c": [1, 1]},
    "change_day": 1,
}


def test_a_minimal_case_takes_the_documented_defaults():
    case = parse_case({key: GOOD[key] for key in ("id", "start_date", "exposure", "target", "change_day")})
    assert (case.alpha, case.margin, case.monitoring.mode, case.controls) == (0.05, 0.2, "single", {})


def test_remarks_of_the_author_are_ignored():
    assert parse_case(GOOD | {"truth": 0.7}).days == 2


@pytest.mark.parametrize(
    ("odd", "named"),
    [
        ({"target": None}, "target"),
        ({"target": [1, "2"]}, r"target\[1\]"),
        ({"target": [1, -1]}, r"target\[1\]"),
        ({"target": [1, float("inf")]}, r"target\[1\]"),
        ({"target": [1, True]}, r"target\[1\]"),
        ({"target": [1, 10**400]}, r"target\[1\]"),
        ({"exposure": [1]}, "exposure has 1 days, target has 2"),
        ({"controls": {"c": [1]}}, "controls.c has 1 days"),
        ({"controls": [1]}, "controls must be a JSON object"),
        ({"change_day": 1.5}, "change_day must be a whole number"),
        ({"change_day": None}, "change_day"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"known_events": [{"day": 1, "kind": "rain"}]}, "known_events kind"),
        ({"monitoring": {"mode": "hourly"}}, "monitoring.mode"),
        ({"declared": {"verdict": "improved"}}, "declared.rate_ratio"),
        ({"alpha": 2}, "alpha"),
        ({"rollout": [5, 1]}, "rollout"),
    ],
)
def test_what_cannot_be_read_is_named(odd, named):
    with pytest.raises(CaseError, match=named):
        parse_case(GOOD | odd)


def test_what_is_null_takes_its_default_and_nan_is_a_missing_day():
    odd = {"alpha": None, "margin": None, "monitoring": {"mode": None, "horizon_days": None}, "id": None}
    case = parse_case(GOOD | odd | {"target": [float("nan")] * len(GOOD["target"])})
    assert (case.id, case.alpha, case.margin, case.monitoring) == ("", 0.05, 0.2, Monitoring())
    assert set(case.target) == {None}


def test_an_earlier_answer_without_a_ratio_can_be_declared():
    undecided = {"verdict": "too_early", "rate_ratio": None, "ci_low": None, "ci_high": None, "day": 3}
    assert parse_case(GOOD | {"declared": undecided}).declared.rate_ratio is None


@pytest.mark.parametrize("raw", [None, [], "x", 3])
def test_what_is_no_object_is_no_case(raw):
    with pytest.raises(CaseError, match="JSON object"):
        parse_case(raw)
