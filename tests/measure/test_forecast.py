"""Which change first: rate, kinship and ranges; coverage on worlds with known truth is in benchmarks/forecast.py."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from app.domain.actor import OPERATOR, Actor, Scope
from app.measure.forecast import forecast_changes
from app.measure.stats.expected import ranked, saving
from app.measure.stats.level import foresee
from app.measure.stats.shrinkage import Achieved, Kind, prospects
from app.store.act_tables import ActionItem
from app.store.tables import Measurement

START = date(2026, 1, 5)
CHANGE, DAYS = 84, 140
SAME, OTHER = Kind(1, 11, 111, "process_opacity"), Kind(2, 22, 222, "unnecessary_handoffs")


def noon(day):
    return datetime.combine(START + timedelta(days=day + 1), time(6), tzinfo=UTC)


def _quantile(level, share):
    return float(level.values[np.searchsorted(np.cumsum(level.weights), share)])


def test_a_steady_rate_is_foreseen_as_it_is():
    level = foresee([8, 7, 9, 8, 6, 10, 8, 8, 7, 9, 8, 9, 7] * 2, 12)
    assert level.mean == pytest.approx(8.0, rel=0.08)
    assert _quantile(level, 0.05) > 5.5
    assert level.weights.sum() == pytest.approx(1.0)


def test_a_spike_of_one_week_is_not_taken_for_the_rate():
    calm = [8.0, 7, 9, 8, 6, 10, 8, 8, 7, 9, 8, 9] * 2
    assert foresee([*calm[:-1], 30.0], 12).mean < 16


def test_a_rise_that_lasts_is_taken_for_the_rate():
    assert foresee([8.0] * 14 + [20.0, 22, 19, 21, 20, 22, 18, 21], 12).mean == pytest.approx(20, rel=0.15)


def test_a_theme_without_complaints_promises_next_to_nothing():
    level = foresee([0.0] * 26, 12)
    assert level.mean < 0.2
    assert np.isfinite(level.mean)


@pytest.mark.parametrize("counts", [[3.0], [0.0], [1e6] * 5, [0, 0, 500.0]])
def test_odd_histories_are_foreseen_too(counts):
    level = foresee(counts, 12)
    assert np.isfinite(level.mean)
    assert level.mean >= 0


def test_without_any_verified_change_the_prior_is_the_same_for_all():
    first, second = prospects([], [SAME, OTHER])
    assert first.ratio == pytest.approx(second.ratio)
    assert 0.85 < first.ratio < 1.0


def test_what_worked_on_the_same_step_promises_more_there_than_elsewhere():
    achieved = [Achieved(SAME, -0.7, 0.1), Achieved(SAME, -0.6, 0.1), Achieved(OTHER, 0.0, 0.1)]
    same, other, strange = prospects(achieved, [SAME, OTHER, Kind(9, 99, 999)])
    assert same.ratio < strange.ratio < other.ratio


def test_one_lucky_change_moves_less_than_many():
    one = prospects([Achieved(SAME, -1.0, 0.3)], [SAME])[0].ratio
    many = prospects([Achieved(SAME, -1.0, 0.3)] * 8, [SAME])[0].ratio
    assert np.exp(-1.0) < many < one < 1.0


def test_the_order_of_verified_changes_changes_nothing():
    achieved = [Achieved(SAME, -0.7, 0.1), Achieved(OTHER, 0.1, 0.2), Achieved(SAME, -0.2, 0.3)]
    forth, back = prospects(achieved, [SAME])[0], prospects(achieved[::-1], [SAME])[0]
    assert forth.ratio == pytest.approx(back.ratio)


def test_a_saving_has_nested_ranges_around_what_is_expected():
    one = saving(foresee([20.0] * 26, 12), prospects([Achieved(SAME, -0.6, 0.1)] * 5, [SAME])[0])
    assert one.range95[0] < one.range80[0] < one.expected < one.range80[1] < one.range95[1] < 25
    assert 0.5 < one.chance <= 1


def test_the_larger_saving_comes_first():
    effect = prospects([], [SAME])[0]
    savings = [saving(foresee([count] * 20, 12), effect) for count in (2.0, 30.0, 10.0)]
    assert ranked(savings) == [1, 2, 0]


def _item(session, world, topic, **more):
    fields = {
        "kind": "process", "theme_id": world.themes[topic].id, "process_id": world.topics[topic].process_id,
        "owner_id": world.item.owner_id, "title": f"Topic {topic}", "state": "new", "opened_at": noon(0),
        "goal_at": noon(10), "deadline_at": noon(20), "ladder": [], "updated_at": noon(0),
    }  # fmt: skip
    row = ActionItem(**(fields | more))
    session.add(row)
    session.flush()
    return row


def test_open_themes_are_ranked_by_what_a_change_would_avoid(session, world):
    world.flow(lambda topic, _day: (0.2, 2.5, 0.6, 1.0, 0.1)[topic], DAYS)
    items = [_item(session, world, topic).id for topic in (1, 2, 3)]
    forecast = forecast_changes(session, noon(DAYS - 1), OPERATOR)
    assert [one.undone.item_id for one in forecast.prospects] == [items[0], items[2], items[1]]
    first = forecast.prospects[0]
    assert first.per_week == pytest.approx(2.5 * 7, rel=0.2)
    assert first.recent_per_week == pytest.approx(first.per_week, rel=0.5)
    assert (forecast.judged_changes, forecast.complaint_cost) == (0, None)
    assert forecast.until == START + timedelta(days=DAYS - 1)


def test_items_whose_change_is_being_measured_or_has_worked_are_left_out(session, world):
    world.flow(lambda _topic, _day: 1.0, 60)
    _item(session, world, 1, state="improved")
    _item(session, world, 2, state="measuring")
    _item(session, world, 3, state="closed", closed_at=noon(30))
    open_again = _item(session, world, 4, state="no_effect")
    found = forecast_changes(session, noon(59), OPERATOR).prospects
    assert [one.undone.item_id for one in found] == [open_again.id]


def test_an_owner_sees_their_own_and_learns_from_all(session, world):
    world.flow(lambda _topic, _day: 1.0, DAYS)
    _item(session, world, 1)
    change = world.change(rollout_from=CHANGE)
    session.add(
        Measurement(
            change_id=change.id, day=START + timedelta(days=120), verdict="improved", rate_ratio=0.4, ci_low=0.3,
            ci_high=0.5, p_value=0.001, reasons=[], case={}, result={"headline": "It fell"}, method="m",
            measured_at=noon(120),
        )
    )  # fmt: skip
    session.flush()
    stranger = Actor("key:x", frozenset({Scope.ITEMS_READ}), owner_id=4711)
    nothing = forecast_changes(session, noon(DAYS - 1), stranger)
    assert (nothing.prospects, nothing.judged_changes) == ((), 1)
    mine = forecast_changes(session, noon(DAYS - 1), Actor("key:y", owner_id=world.item.owner_id))
    assert mine.prospects[0].kin == {"process": 0, "step": 0, "topic": 0, "friction": 0}
