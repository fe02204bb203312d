"""Between the change and its verdict: pace, control over all changes, and verdicts that recompute."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from app.domain.verdict import Finding, VerdictState, say_verdict
from app.errors import AppError
from app.measure import effect
from app.measure.discoveries import judge_together
from app.measure.recheck import recheck
from app.measure.stats.case import Case, Monitoring
from app.measure.stats.pace import Known, days_until_verdict
from app.measure.stats.plan import Plan
from app.measure.stats.verdict import METHOD, Verdict
from app.measure.watch import Sharpness, verdict_at_pace
from app.store import impact
from app.store.tables import Measurement, Policy

START = date(2026, 1, 5)
CHANGE, DAYS = 84, 140
SHARP = Sharpness(spread=0.16, level=0.007)
KNOWN = Known(days=20, spread=0.2, horizon_days=90, spread_at_horizon=0.1, boundary=2.7)


def noon(day):
    return datetime.combine(START + timedelta(days=day + 1), time(6), tzinfo=UTC)


def look(session, day):
    while (batch := effect.claim(session, noon(day))) is not None:
        effect.record(session, noon(day), effect.work(batch, None))
    return session.scalars(select(Measurement).order_by(Measurement.id.desc())).first()


def test_a_larger_effect_is_told_sooner():
    large, small = (days_until_verdict(math.log(ratio), 0.2, KNOWN) for ratio in (0.6, 0.68))
    assert 20 <= large < small < 120


def test_the_pace_goes_through_both_points_that_are_known():
    assert days_until_verdict(-2.7 * 0.1 - 1e-9, 0.2, KNOWN) == 90


def test_no_effect_is_told_once_the_interval_fits_into_the_margin():
    calm = Known(days=20, spread=0.1, horizon_days=90, spread_at_horizon=0.05, boundary=2.7)
    assert days_until_verdict(0.0, 0.2, calm) > 20


def test_what_no_waiting_tells_apart_has_no_day():
    stuck = Known(days=20, spread=0.2, horizon_days=90, spread_at_horizon=0.199, boundary=2.7)
    assert days_until_verdict(math.log(0.9), 0.2, stuck) is None


def _undecided(days_seen, verdict=VerdictState.TOO_EARLY):
    """A case that saw so many days after its change, with a ratio of 0.7 between 0.45 and 1.09."""
    days = CHANGE + days_seen
    case = Case(
        id="c",
        start_date=START,
        exposure=(100.0,) * days,
        target=(2.0,) * days,
        controls={},
        change_day=CHANGE,
        monitoring=Monitoring("daily", 90),
    )
    return case, Verdict("c", days, verdict, 0.7, 0.45, 1.09, 0.2)


def test_an_undecided_change_has_a_day_at_this_pace():
    case, verdict = _undecided(20)
    planned = Plan(CHANGE + 40, 40, 0.75, 90, 0.8)
    reached = verdict_at_pace(case, verdict, planned, SHARP)
    assert START + timedelta(days=CHANGE + 20) < reached < START + timedelta(days=CHANGE + 90)


def test_a_decided_change_and_one_without_a_plan_have_none():
    case, verdict = _undecided(20, VerdictState.IMPROVED)
    assert verdict_at_pace(case, verdict, Plan(None, None, 0.75, 90, 0.8), SHARP) is None
    case, verdict = _undecided(20)
    assert verdict_at_pace(case, verdict, Plan(None, None, None, 90, None), SHARP) is None


def test_the_sentence_of_an_undecided_change_says_its_pace():
    finding = Finding("refunds", VerdictState.TOO_EARLY, START, pace_on=date(2026, 5, 7))
    assert say_verdict(finding).detail.endswith("At this pace the verdict will come on 7 May 2026")
    late = replace(finding, state=VerdictState.INCONCLUSIVE, rate_ratio=0.9, ci_low=0.7, ci_high=1.2)
    assert say_verdict(late).detail.endswith("At this pace the verdict will come on 7 May 2026")


def test_before_the_verdict_the_expectation_is_carried_on_to_its_day(session, world):
    world.flow(lambda _topic, _day: 1.8, DAYS)
    world.change(rollout_from=CHANGE)
    row = look(session, CHANGE + 10)
    assert row.verdict == "too_early"
    assert row.result["ahead"][0]["start"] == row.result["weekly"][-1]["stop"]
    assert row.result["ahead"][-1]["stop"] >= row.result["verdict_on"]


def test_a_decided_change_has_no_pace_and_nothing_ahead(session, world):
    world.flow(lambda topic, day: 0.5 if topic == 0 and day >= CHANGE else 1.8, DAYS)
    world.change(rollout_from=CHANGE)
    row = look(session, DAYS - 1)
    assert (row.verdict, row.result["pace_on"], row.result["ahead"]) == ("improved", None, [])


def test_what_is_avoided_has_an_interval_and_money_where_a_complaint_has_a_cost(session, world):
    world.flow(lambda topic, day: 0.5 if topic == 0 and day >= CHANGE else 1.8, DAYS)
    document = {"complaint_cost": {"amount": 10.0, "currency": "EUR"}}
    session.add(Policy(id=1, fallback_owner_id=world.item.owner_id, document=document, applied_at=noon(0)))
    world.change(rollout_from=CHANGE)
    avoided = look(session, DAYS - 1).result["avoided"]
    assert avoided["low"] < avoided["complaints"] < avoided["high"]
    assert avoided["complaints"] == pytest.approx(1.3 * (DAYS - CHANGE), rel=0.4)
    assert avoided["saved"]["amount"] == pytest.approx(10 * avoided["complaints"])
    assert avoided["saved"]["currency"] == "EUR"


def test_a_stored_verdict_recomputes_from_its_own_evidence_to_the_last_digit(session, world):
    world.flow(lambda topic, day: 0.5 if topic == 0 and CHANGE <= day < 150 else 2.0, 190)
    change = world.change(rollout_from=CHANGE, rollout_to=CHANGE + 6)
    for day in (CHANGE + 10, 110, 140, 185, 188):
        look(session, day)
    rows = impact.measurements_of(session, change.id)
    assert {row.verdict for row in rows} >= {"improved", "too_early"}
    for row in rows:
        session.expire(row)
        assert recheck(row).differs == ()


def test_a_stored_verdict_that_was_tampered_with_is_found(session, world):
    world.flow(lambda topic, day: 0.5 if topic == 0 and day >= CHANGE else 1.8, DAYS)
    world.change(rollout_from=CHANGE)
    row = look(session, DAYS - 1)
    row.ci_high = 0.4
    row.result = row.result | {"headline": "Complaints vanished"}
    assert recheck(row).differs == ("ci_high", "result.headline")


def test_a_newer_method_judges_later_days_and_leaves_what_an_older_one_stored(session, world):
    world.flow(lambda topic, day: 0.5 if topic == 0 and day >= CHANGE else 1.8, DAYS)
    world.change(rollout_from=CHANGE)
    old = look(session, DAYS - 2)
    old.method, old.ci_high = "closeloop-impact-1", 0.4
    new = look(session, DAYS - 1)
    session.refresh(old)
    assert (new.day - old.day).days == 1
    assert (old.method, old.ci_high, new.method) == ("closeloop-impact-1", 0.4, METHOD)
    assert (recheck(old).differs, recheck(old).method) == (("ci_high",), "closeloop-impact-1")


def test_a_look_of_an_older_release_cannot_be_recomputed_whole(session, world):
    world.flow(lambda _topic, _day: 1.8, DAYS)
    world.change(rollout_from=CHANGE)
    row = look(session, DAYS - 1)
    row.result = {key: value for key, value in row.result.items() if key != "look"}
    with pytest.raises(AppError) as refused:
        recheck(row)
    assert refused.value.code == "not_recomputable"


def _judged(world, session, p_values):
    changes = []
    for p in p_values:
        change = world.change(rollout_from=CHANGE)
        session.add(
            Measurement(
                change_id=change.id, day=START + timedelta(days=120), verdict="improved" if p < 0.05 else "no_change",
                rate_ratio=0.7, ci_low=0.5, ci_high=0.95, p_value=p, reasons=["a reason"], case={},
                result={"headline": "It fell"}, method="m", measured_at=noon(120),
            )
        )  # fmt: skip
        changes.append(change.id)
    session.flush()
    return changes


def test_among_many_changes_a_weak_verdict_does_not_hold(session, world):
    strong, weak, *others = _judged(world, session, [0.0001, 0.04, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9])
    found = judge_together(session, noon(121))
    assert (found[strong].holds, found[weak].holds) == (True, False)
    assert {found[one].holds for one in others} == {None}
    assert found[strong].together == 8
    assert found[strong].look.headline == "It fell"


def test_a_single_change_holds_by_itself(session, world):
    (alone,) = _judged(world, session, [0.04])
    assert judge_together(session, noon(121))[alone].holds is True


def test_withdrawn_changes_and_those_of_long_ago_are_not_judged_among(session, world):
    _judged(world, session, [0.04])
    assert judge_together(session, noon(120 + 400)) == {}
