"""What a change is judged by: chosen by rules, editable until it is deployed, then fixed."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from sqlalchemy import insert, select

from app.domain.actor import OPERATOR
from app.errors import AppError
from app.measure import effect
from app.measure.design import candidates_of, current_design, find_design, freeze_design, set_controls
from app.store.label_tables import Mention, MentionVector
from app.store.tables import AuditEvent, Registration

START = date(2026, 1, 5)
CHANGE, DAYS = 84, 100


def noon(day):
    return datetime.combine(START + timedelta(days=day + 1), time(6), tzinfo=UTC)


def steady(topic, day):
    return 1.8


@pytest.fixture
def planned(world):
    world.flow(steady, DAYS)
    return world.change(rollout_from=CHANGE, planned=True)


def _deploy(change):
    change.rollout_from, change.deployed_at = change.planned_for, noon(CHANGE)


def _reasons(session, change):
    return {one.key: one for one in candidates_of(session, change)}


def test_every_topic_has_a_reason_for_or_against_it(session, world, planned):
    found = _reasons(session, planned)
    assert set(found) == {"topic-1", "topic-2", "topic-3", "topic-4"}
    assert all(one.fits and one.why == "the change does not touch it" for one in found.values())
    assert found["topic-1"].per_week == pytest.approx(12.6, rel=0.2)


def test_a_topic_of_the_same_process_is_left_out_while_there_are_enough_others(session, world, planned):
    world.topics[4].process_id = world.topics[0].process_id
    found = _reasons(session, planned)
    assert not found["topic-4"].fits
    assert not found["topic-4"].barred
    assert "same process" in found["topic-4"].why


def test_a_topic_above_or_below_the_target_is_barred(session, world, planned):
    world.topics[2].parent_id = world.topics[0].id
    assert _reasons(session, planned)["topic-2"].barred


def test_a_topic_that_the_same_feedback_complains_about_is_a_second_target(session, world, planned):
    rows = session.execute(
        select(Mention.feedback_id).where(Mention.topic_id == world.topics[0].id, Mention.complaint)
    ).all()
    for number, (feedback,) in enumerate(rows):
        session.execute(insert(Mention), [world._mention(feedback, 3, "topics-1") | {"id": 9_000_000 + number}])
    one = _reasons(session, planned)["topic-3"]
    assert one.barred
    assert not one.fits
    assert one.why.startswith("nearly the same complaints")


def test_a_topic_with_the_same_words_is_a_second_target(session, world, planned):
    rng = np.random.default_rng(5)
    means = rng.normal(size=(5, 64))
    means[1] = means[0] + 0.1 * means[1]
    rows = session.execute(select(Mention.id, Mention.topic_id).where(Mention.complaint)).all()
    place = {topic.id: number for number, topic in enumerate(world.topics)}
    vectors = [
        {"mention_id": key, "model": "m", "vector": (means[place[topic]] + rng.normal(size=64)).astype("<f2").tobytes()}
        for key, topic in rows
    ]
    session.execute(insert(MentionVector), vectors)
    found = _reasons(session, planned)
    assert found["topic-1"].barred
    assert found["topic-1"].why == "nearly the same words as the target"
    assert not found["topic-2"].barred


def test_people_choose_the_comparison_of_a_planned_change_and_that_is_audited(session, world, planned):
    design = set_controls(session, noon(70), OPERATOR, planned.id, keys=["topic-1", "topic-2"])
    assert set(design.controls) == {world.topics[1].id, world.topics[2].id}
    assert (design.chosen_by, design.frozen_at) == ("cli", None)
    audited = session.scalars(select(AuditEvent).where(AuditEvent.action == "controls_chosen")).one()
    assert audited.subject == f"change:{planned.id}"
    assert set(audited.facts["controls"]) == set(design.controls)


def test_leaving_the_choice_to_the_rules_again_forgets_the_own_one(session, world, planned):
    set_controls(session, noon(70), OPERATOR, planned.id, keys=["topic-1"])
    design = set_controls(session, noon(71), OPERATOR, planned.id, keys=None)
    assert len(design.controls) == 4
    assert design.chosen_by is None
    assert session.get(Registration, planned.id) is None


def test_the_target_under_another_name_cannot_be_chosen(session, world, planned):
    world.topics[2].parent_id = world.topics[0].id
    for keys in (["topic-2"], ["topic-0"], ["nothing"]):
        with pytest.raises(AppError) as refused:
            set_controls(session, noon(70), OPERATOR, planned.id, keys=keys)
        assert refused.value.code == "bad_controls"


def test_once_deployed_nothing_can_be_chosen_any_more(session, world, planned):
    set_controls(session, noon(70), OPERATOR, planned.id, keys=["topic-3"])
    _deploy(planned)
    frozen = freeze_design(session, noon(CHANGE), OPERATOR, planned)
    assert frozen.controls == (world.topics[3].id,)
    assert frozen.frozen_at == noon(CHANGE)
    with pytest.raises(AppError) as refused:
        set_controls(session, noon(CHANGE), OPERATOR, planned.id, keys=["topic-1"])
    assert refused.value.code == "design_frozen"
    assert find_design(session, planned) == frozen


def test_a_withdrawn_change_is_compared_with_nothing(session, world, planned):
    planned.withdrawn_at = noon(71)
    with pytest.raises(AppError) as refused:
        set_controls(session, noon(72), OPERATOR, planned.id, keys=["topic-1"])
    assert refused.value.code == "change_withdrawn"


def test_freezing_twice_keeps_the_first(session, world, planned):
    _deploy(planned)
    first = freeze_design(session, noon(CHANGE), OPERATOR, planned)
    world.topics[1].active = False
    assert freeze_design(session, noon(CHANGE + 5), OPERATOR, planned) == first
    assert current_design(session, planned) == first
    assert session.query(AuditEvent).filter_by(action="design_frozen").count() == 1


def test_the_chosen_comparison_is_what_the_verdict_uses(session, world, planned):
    set_controls(session, noon(70), OPERATOR, planned.id, keys=["topic-3", "topic-4"])
    _deploy(planned)
    freeze_design(session, noon(CHANGE), OPERATOR, planned)
    batch = effect.claim(session, noon(CHANGE + 10))
    assert set(batch.looks[0].prepared.case.controls) == {"topic-3", "topic-4"}
    outcome = effect.work(batch, None)
    checks = {check["name"]: check for check in outcome.judged[0].result["checks"]}
    assert checks["fixed_before"]["state"] == "ok"
    assert "chosen by cli" in checks["fixed_before"]["words"]


def test_a_design_of_the_first_release_counts_as_frozen(session, world, planned):
    _deploy(planned)
    document = {
        "theme_id": None,
        "topic_id": world.topics[0].id,
        "first_day": "2026-01-05",
        "exposure": None,
        "controls": [world.topics[2].id],
        "control_names": ["Topic 2"],
    }
    session.add(Registration(change_id=planned.id, design=document, registered_at=noon(CHANGE) + timedelta(days=1)))
    session.flush()
    assert freeze_design(session, noon(CHANGE + 9), OPERATOR, planned).controls == (world.topics[2].id,)
