"""The station from rows to a stored verdict."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.measure import effect
from app.measure.exposures import put_exposures
from app.measure.preview import preview_change
from app.measure.stats.case import parse_case
from app.measure.stats.estimate import assess
from app.measure.stats.verdict import dump_verdict
from app.store import impact
from app.store.tables import Measurement, Source

START = date(2026, 1, 5)
CHANGE, DAYS = 84, 140


def noon(day):
    return datetime.combine(START + timedelta(days=day + 1), time(6), tzinfo=UTC)


def falls(topic, day):
    return 0.6 if topic == 0 and day >= CHANGE else 1.8


def steady(topic, day):
    return 1.8


def look(session, day):
    batch = effect.claim(session, noon(day))
    if batch is None:
        return None
    effect.record(session, noon(day), effect.work(batch, None))
    return session.scalars(select(Measurement).order_by(Measurement.id.desc())).first()


def send_orders(session, days=DAYS, **odd):
    counts = {START + timedelta(days=day): 500.0 for day in range(days)}
    put_exposures(session, noon(days), OPERATOR, "orders", counts | odd)


def test_a_real_fall_is_found_with_its_interval_and_sentence(session, world):
    world.flow(falls, DAYS)
    send_orders(session)
    world.change(rollout_from=CHANGE)
    row = look(session, DAYS - 1)
    assert row.verdict == "improved"
    assert row.ci_low < 1 / 3 < row.ci_high < 1
    assert "fell by about" in row.result["headline"]
    assert "95 %" in row.result["detail"]
    assert row.day == START + timedelta(days=DAYS - 1)


def test_a_change_that_does_nothing_is_not_called_an_improvement(session, world):
    world.flow(steady, DAYS)
    send_orders(session)
    world.change(rollout_from=CHANGE)
    row = look(session, DAYS - 1)
    assert row.verdict in {"inconclusive", "no_change", "too_early"}
    assert row.ci_low < 1 < row.ci_high


def test_the_stored_case_recomputes_to_the_same_numbers(session, world):
    world.flow(falls, DAYS)
    world.change(rollout_from=CHANGE, rollout_to=CHANGE + 6)
    row = look(session, DAYS - 1)
    session.expire(row)
    again = dump_verdict(assess(parse_case(row.case)).verdict)
    assert again == row.result["estimate"]
    assert again["ci_low"] == float(f"{row.ci_low:.6g}")


def test_a_day_is_looked_at_once_and_running_again_changes_nothing(session, world):
    world.flow(falls, 120)
    world.change(rollout_from=CHANGE)
    first = look(session, 110)
    before = (first.id, first.verdict, first.rate_ratio, first.measured_at)
    assert effect.claim(session, noon(110)) is None
    assert (first.id, first.verdict, first.rate_ratio, first.measured_at) == before


def test_recording_the_same_look_twice_keeps_one_row(session, world):
    world.flow(falls, 120)
    world.change(rollout_from=CHANGE)
    outcome = effect.work(effect.claim(session, noon(110)), None)
    effect.record(session, noon(110), outcome)
    effect.record(session, noon(110), outcome)
    assert len(session.scalars(select(Measurement)).all()) == 1


def test_another_day_adds_a_look_and_leaves_yesterdays_alone(session, world):
    world.flow(falls, 120)
    change = world.change(rollout_from=CHANGE)
    first = look(session, 110)
    kept = (first.verdict, first.rate_ratio, first.case)
    look(session, 111)
    assert [row.day for row in impact.measurements_of(session, change.id)] == [
        START + timedelta(days=110),
        START + timedelta(days=111),
    ]
    assert (first.verdict, first.rate_ratio, first.case) == kept


def test_the_controls_are_frozen_when_the_change_is_first_seen(session, world):
    world.flow(steady, 100)
    change = world.change(rollout_from=CHANGE)
    look(session, 95)
    frozen = impact.find_registration(session, change.id).design
    assert frozen["control_names"] == sorted(frozen["control_names"], key=frozen["control_names"].index)
    assert world.topics[0].id not in frozen["controls"]
    assert len(frozen["controls"]) == 4
    world.topics[1].active = False
    look(session, 97)
    assert impact.find_registration(session, change.id).design == frozen


def test_a_topic_that_another_change_is_made_for_is_no_control(session, world):
    world.flow(steady, 100)
    change = world.change(rollout_from=CHANGE)
    world.change(rollout_from=CHANGE, topic=1)
    effect.claim(session, noon(95))
    assert world.topics[1].id not in impact.find_registration(session, change.id).design["controls"]


def test_topics_with_few_complaints_are_no_controls(session, world):
    world.flow(lambda topic, _: 0.02 if topic == 4 else 1.8, 100)
    change = world.change(rollout_from=CHANGE)
    effect.claim(session, noon(95))
    assert world.topics[4].id not in impact.find_registration(session, change.id).design["controls"]


def test_before_the_first_look_it_is_too_early_and_says_until_when(session, world):
    world.flow(steady, 90)
    world.change(rollout_from=CHANGE)
    row = look(session, CHANGE + 2)
    assert row.verdict == "too_early"
    assert row.result["headline"].startswith("Too early. Verdict on ")
    assert row.rate_ratio is None


def test_a_new_model_on_the_day_of_the_change_makes_the_verdict_invalid(session, world):
    world.flow(steady, CHANGE)
    for day in range(CHANGE, DAYS):
        for topic in range(5):
            world.complain(topic, day, 2, fingerprint="topics-2")
    world.change(rollout_from=CHANGE)
    row = look(session, DAYS - 1)
    assert row.verdict == "invalid"
    assert "the classifier changed on 2026-03-30" in row.result["headline"]


def test_a_source_that_is_added_on_the_day_of_the_change_makes_the_verdict_invalid(session, world):
    world.flow(steady, DAYS)
    added = Source(key="reviews", connector="native", config={}, created_at=noon(0))
    session.add(added)
    session.flush()
    for day in range(CHANGE, DAYS):
        world.complain(0, day, 3, source=added)
    world.change(rollout_from=CHANGE)
    assert look(session, DAYS - 1).verdict == "invalid"


def test_without_denominators_all_feedback_is_the_denominator_and_the_page_says_so(session, world):
    world.flow(steady, 100)
    for day in range(100):
        world.complain(None, day, 5)
    world.change(rollout_from=CHANGE)
    row = look(session, 95)
    assert row.result["facts"]["exposure"] == "feedback"
    assert row.case["exposure"][0] >= 5
    words = {check["name"]: check for check in row.result["checks"]}
    assert words["exposure_source"]["state"] == "warn"


def test_the_denominator_named_like_the_process_is_taken_first(session, world):
    world.flow(steady, 100)
    send_orders(session, 100)
    put_exposures(session, noon(100), OPERATOR, "process-0", {START + timedelta(days=day): 40.0 for day in range(100)})
    world.change(rollout_from=CHANGE)
    row = look(session, 95)
    assert row.result["facts"]["exposure"] == "process-0"
    assert row.case["exposure"][0] == 40.0
    words = {check["name"]: check["words"] for check in row.result["checks"]}
    assert words["volume_stable"] == "the volume moved by 0 %"


def test_several_complaints_in_one_feedback_count_once_and_people_beside(session, world):
    world.flow(steady, 100)
    world.change(rollout_from=CHANGE)
    world.complain(0, 90, 3, people="one person")
    row = look(session, 95)
    facts = row.result["facts"]
    assert facts["complaints_after"] - facts["people_after"] == 2
    assert facts["mentions_after"] == facts["complaints_after"]
    assert sum(row.case["target"][CHANGE:]) == facts["complaints_after"]


def test_the_rollout_is_not_counted_and_is_marked_in_the_chart(session, world):
    world.flow(falls, DAYS)
    world.change(rollout_from=CHANGE, rollout_to=CHANGE + 13)
    row = look(session, DAYS - 1)
    phases = [week["phase"] for week in row.result["weekly"]]
    assert phases.count("rollout") == 2
    assert row.case["rollout"] == [CHANGE, CHANGE + 14]


def test_the_chart_has_every_complaint_once_and_a_band_around_the_expectation(session, world):
    world.flow(falls, DAYS)
    world.change(rollout_from=CHANGE)
    row = look(session, DAYS - 1)
    weeks = row.result["weekly"]
    assert sum(week["complaints"] for week in weeks) == sum(row.case["target"])
    assert all(week["low"] < week["expected"] < week["high"] for week in weeks)
    after = [week for week in weeks if week["phase"] == "after"]
    assert sum(week["observed"] < week["low"] for week in after) >= 4


def test_a_change_that_was_withdrawn_or_not_deployed_is_not_looked_at(session, world):
    world.flow(steady, 90)
    world.change(rollout_from=CHANGE, withdrawn_at=noon(85))
    world.change(rollout_from=CHANGE, deployed_at=None)
    assert effect.claim(session, noon(100)) is None


def test_an_improvement_that_comes_back_is_a_relapse(session, world):
    world.flow(lambda topic, day: 0.5 if topic == 0 and CHANGE <= day < 150 else 2.0, 200)
    world.change(rollout_from=CHANGE)
    assert look(session, 140).verdict == "improved"
    row = look(session, 190)
    assert row.relapse
    assert "came back" in row.result["headline"]
    later = look(session, 192)
    assert not later.relapse
    assert later.verdict == "inconclusive"
    assert "came back" in later.result["headline"]


def test_a_planned_change_is_told_what_could_be_seen_and_when(session, world):
    world.flow(steady, CHANGE)
    change = world.change(rollout_from=CHANGE + 7, target_reduction=0.6, planned=True)
    preview = preview_change(session, noon(CHANGE - 1), change)
    assert 0.2 < preview.minimum_detectable < 1
    assert 0 < preview.chance < 1
    assert preview.controls == ("topic-1", "topic-2", "topic-3", "topic-4")
    assert preview.verdict_on > START + timedelta(days=CHANGE + 7)
    assert effect.claim(session, noon(CHANGE - 1)) is None


def test_a_change_planned_without_any_feedback_promises_nothing(session, world):
    change = world.change(rollout_from=CHANGE, planned=True)
    preview = preview_change(session, noon(CHANGE - 7), change)
    assert (preview.verdict_on, preview.minimum_detectable, preview.chance) == (None, None, None)
