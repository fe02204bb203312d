import numpy as np
import pytest

from app.theme.alarm.baseline import fit_baseline
from app.theme.alarm.life import AlertState, Course, EndReason, next_state
from app.theme.alarm.panel import HOLIDAY, Panel
from app.theme.alarm.surprise import learned_level, threshold, weigh

BUDGET = 1.0
WEEK = np.array([1.4, 1.2, 1.1, 1.0, 1.0, 0.7, 0.6])


def _panel(means, seed=5, *, overdispersion=0.0, kinds=None, counts=None):
    chance = np.random.default_rng(seed)
    rates = np.asarray(means, float)
    if overdispersion:
        rates = chance.gamma(rates / overdispersion, overdispersion)
    counts = chance.poisson(rates).astype(float) if counts is None else counts
    themes, days = counts.shape
    kinds = np.arange(days) % 7 if kinds is None else kinds
    return Panel(counts, np.ones(counts.shape), kinds, np.ones(counts.shape, bool), np.zeros(themes, np.int64))


def _evidence(panel, **limits):
    baseline = fit_baseline(panel)
    none = np.zeros(len(panel.counts))
    return weigh(panel, baseline, limits.get("starts", none.astype(int)), limits.get("penalty", none))


def _weekly(level, days, themes=20):
    return np.full((themes, days), level) * WEEK[np.arange(days) % 7]


def test_weekday_and_holiday_profiles_are_learned_from_all_themes():
    days = np.arange(364)
    kinds = np.where(days % 50 == 20, HOLIDAY, days % 7)
    factor = np.append(WEEK / WEEK.mean(), 0.3)[kinds]
    panel = _panel(np.linspace(0.5, 20, 20)[:, None] * factor, kinds=kinds)
    baseline = fit_baseline(panel)
    level, _ = learned_level(panel, baseline, np.full(20, 364))
    expected = level[:, None] * baseline.shape
    for kind in range(8):
        ratio = expected[:, kinds == kind].sum() / panel.counts[:, kinds == kind].sum()
        # Seven holidays are not trusted wholly: more is expected of the next one than they had.
        assert (0.85 < ratio < 1.15) if kind < HOLIDAY else (1 < ratio < 1.5), kind


def test_a_slow_trend_is_expected_to_go_on():
    days = np.arange(364)
    panel = _panel(np.full((20, 1), 10.0) * np.exp(0.6 * days / 364))
    baseline = fit_baseline(panel)
    level, _ = learned_level(panel, baseline, np.full(20, 364))
    assert np.mean(level * baseline.shape[:, -1]) == pytest.approx(10 * np.exp(0.6), rel=0.07)


def test_dispersion_is_shrunk_towards_that_of_all_themes():
    calm = fit_baseline(_panel(_weekly(8.0, 364)))
    loud = fit_baseline(_panel(_weekly(8.0, 364), overdispersion=1.5))
    assert np.mean(calm.extra) < 0.15
    assert 0.9 < np.mean(loud.extra) < 1.8
    assert np.std(loud.extra.mean(axis=1)) < 0.3


def test_an_outbreak_of_the_past_does_not_raise_what_is_expected():
    quiet = _panel(_weekly(5.0, 364))
    counts = quiet.counts.copy()
    counts[:4, 200:210] += 40
    loud = _panel(quiet.counts, counts=counts)
    expected = [
        learned_level(panel, fit_baseline(panel), np.full(20, 364))[0] * fit_baseline(panel).shape[:, -1]
        for panel in (quiet, loud)
    ]
    assert expected[1] == pytest.approx(expected[0], rel=0.1)


@pytest.mark.parametrize(("level", "times"), [(2.0, 8), (5.0, 5), (20.0, 3)])
def test_a_storm_is_found_on_its_first_day(level, times):
    panel = _panel(_weekly(level, 300))
    panel.counts[3, -1] = times * level * WEEK[299 % 7]
    found = _evidence(panel)
    assert found.log_evidence[3] > threshold(20, BUDGET)
    assert found.since[3] == 299
    assert np.flatnonzero(found.log_evidence > threshold(20, BUDGET)).tolist() == [3]


def test_slow_growth_is_found_within_weeks_and_dated():
    means = _weekly(8.0, 300)
    means[4, -21:] *= 1.6
    found = _evidence(_panel(means))
    assert found.log_evidence[4] > threshold(20, BUDGET)
    assert 270 <= found.since[4] <= 287


def test_themes_without_history_learn_from_the_others():
    panel = _panel(_weekly(3.0, 10))
    assert (_evidence(panel).log_evidence < threshold(20, BUDGET)).all()
    panel.counts[0, -1] = 40
    assert _evidence(panel).log_evidence[0] > threshold(20, BUDGET)


def test_what_grows_with_its_denominator_is_expected():
    means = _weekly(6.0, 300)
    means[:, -10:] *= 2.5
    panel = _panel(means)
    assert (_evidence(panel).log_evidence > threshold(20, BUDGET)).all()
    panel.exposure[:, -10:] = 2.5
    assert (_evidence(panel).log_evidence < threshold(20, BUDGET)).all()


def test_after_a_known_event_the_level_is_learned_anew():
    means = _weekly(6.0, 300)
    means[:, -20:] *= 3
    panel = _panel(means)
    panel.begins[:] = 280
    assert (_evidence(panel).log_evidence < threshold(20, BUDGET)).all()
    panel.counts[2, -1] = 130
    assert _evidence(panel).log_evidence[2] > threshold(20, BUDGET)


def test_a_theme_picked_from_many_needs_more_evidence():
    panel = _panel(_weekly(3.0, 300))
    panel.counts[1, -1] = 16
    plain, picked = _evidence(panel), _evidence(panel, penalty=np.full(20, np.log(500.0)))
    assert plain.log_evidence[1] - picked.log_evidence[1] == pytest.approx(np.log(500.0))


def test_evidence_grows_with_the_count_of_the_newest_day():
    panel = _panel(_weekly(3.0, 200, themes=1).repeat(30, axis=0))
    panel.counts[:] = panel.counts[0]
    panel.counts[:, -1] = np.arange(5, 35)
    evidence = weigh(panel, fit_baseline(_panel(_weekly(3.0, 200, 30))), np.zeros(30, int), np.zeros(30)).log_evidence
    assert (np.diff(evidence) > 0).all()


def test_the_threshold_divides_the_budget_over_all_themes_and_days():
    assert np.exp(threshold(200, 1.0)) == pytest.approx(1400)
    assert threshold(20, 1.0) == threshold(200, 1.0)
    assert np.exp(threshold(1000, 0.5)) == pytest.approx(14000)


def _course(observed, expected=5.0):
    observed = np.asarray(observed, float)
    return Course(observed, np.full(len(observed), expected), np.full(len(observed), 0.1), 0.1)


def test_an_alert_ends_after_seven_usual_days():
    going = _course([20, 18, 5, 4, 6, 5, 5, 4])
    assert next_state(AlertState.OPEN, 10, going)[:2] == (AlertState.OPEN, None)
    over = _course([20, 18, 5, 4, 6, 5, 5, 4, 5])
    assert next_state(AlertState.OPEN, 10, over)[:2] == (AlertState.ENDED, EndReason.OVER)


def test_an_alert_grows_when_its_excess_per_day_doubles_and_people_hear_of_that_once():
    state, _, pace = next_state(AlertState.OPEN, 10, _course([15, 25, 30, 35, 40]))
    assert state is AlertState.GROWING
    assert pace == pytest.approx(24)
    assert next_state(state, pace, _course([15, 25, 30, 35, 40, 40]))[2] == pace


def test_what_lasts_eight_weeks_is_the_new_level():
    assert next_state(AlertState.OPEN, 10, _course([15] * 57))[:2] == (AlertState.ENDED, EndReason.NEW_LEVEL)
