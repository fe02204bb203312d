from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from app.demo.generator import SEED, list_feedback, list_truth
from app.demo.phrases import load_phrases
from app.demo.story import STORY
from app.demo.volume import list_exposures


def weekly(truth, end, *, topic=None, theme=None):
    counts = [0] * STORY.weeks
    for one in truth.values():
        week = (one.day - STORY.first_day(end)).days // 7
        counts[week] += sum(m.complaint and topic in (None, m.topic) and theme in (None, m.theme) for m in one.mentions)
    return counts


def rate(truth, end, theme, weeks, seed=SEED):
    orders = [0.0] * STORY.weeks
    for exposure in list_exposures(end, seed):
        orders[(exposure.day - STORY.first_day(end)).days // 7] += exposure.count
    counts = weekly(truth, end, theme=theme)
    return sum(counts[week] for week in weeks) / sum(orders[week] for week in weeks)


BEFORE = [week for week in range(STORY.deploy_week) if not STORY.spike[0] <= week < STORY.spike[1]]
AFTER = range(STORY.deploy_week + 1, STORY.weeks)


def test_same_seed_gives_the_same_history_and_another_seed_another(history, end):
    assert list(list_feedback(end)) == history.items
    assert list_truth(end) == history.truth
    assert list(list_feedback(end, seed=7)) != history.items


def test_history_has_about_three_thousand_items_with_unique_ids(history):
    ids = [item["external_id"] for item in history.items]
    assert 2800 <= len(ids) <= 3600
    assert len(set(ids)) == len(ids)
    assert list(history.truth) == ids


def test_items_are_in_order_and_over_when_the_last_day_begins(history, end):
    moments = [datetime.fromisoformat(item["occurred_at"]) for item in history.items]
    assert all(later - earlier > timedelta(hours=-1) for earlier, later in pairwise(moments))
    assert {moment.date() for moment in moments} == {end - timedelta(days=day) for day in range(1, STORY.days + 1)}


@pytest.mark.parametrize("seed", [SEED, 1, 12, 14])
def test_working_change_cuts_its_complaint_rate_by_about_sixty_percent(end, seed):
    truth = list_truth(end, seed=seed)
    before, after = (rate(truth, end, STORY.working_theme, weeks, seed) for weeks in (BEFORE, AFTER))
    assert 0.22 < after / before < 0.5


@pytest.mark.parametrize("seed", [SEED, 1, 12, 14])
def test_idle_change_leaves_its_complaint_rate_as_it_was(end, seed):
    truth = list_truth(end, seed=seed)
    before, after = (rate(truth, end, STORY.idle_theme, weeks, seed) for weeks in (BEFORE, AFTER))
    assert 0.75 < after / before < 1.3


@pytest.mark.parametrize("later", range(7))
def test_the_demo_shows_both_changes_as_designed_on_any_day_of_the_week(end, later):
    last = end + timedelta(days=later)
    truth = list_truth(last)
    ratios = [
        rate(truth, last, theme, AFTER) / rate(truth, last, theme, BEFORE)
        for theme in (STORY.working_theme, STORY.idle_theme)
    ]
    assert 0.28 < ratios[0] < 0.45
    assert 0.9 < ratios[1] < 1.15


def test_both_changes_have_enough_complaints_before_them(history, end):
    for theme in (STORY.working_theme, STORY.idle_theme):
        counts = weekly(history.truth, end, theme=theme)
        assert 8 <= sum(counts[week] for week in BEFORE) / len(BEFORE) <= 14


def test_a_spike_makes_the_working_theme_noticed(history, end):
    before = rate(history.truth, end, STORY.working_theme, BEFORE)
    assert rate(history.truth, end, STORY.working_theme, range(*STORY.spike)) > 1.4 * before


def test_six_other_topics_are_steady_controls(history, end):
    steady = []
    for topic in {theme.topic for theme in load_phrases().themes} - {STORY.working_topic, STORY.idle_topic}:
        counts = weekly(history.truth, end, topic=topic)
        halves = sum(counts[:20]) / 20, sum(counts[20:]) / 20
        if min(halves) >= 5:
            assert max(halves) / min(halves) < 1.5
            steady.append(topic)
    assert len(steady) >= 6


def test_orders_grow_have_a_weekly_pattern_and_a_sale(end):
    counts = [exposure.count for exposure in list_exposures(end, SEED)]
    assert len(counts) == STORY.days
    weeks = [sum(counts[7 * week : 7 * week + 7]) for week in range(STORY.weeks)]
    assert sum(weeks[-4:]) / sum(weeks[:4]) > 1.15
    assert sum(weeks[9:12]) / sum(weeks[5:8]) > 1.2
    by_weekday = Counter()
    for exposure in list_exposures(end, SEED):
        by_weekday[exposure.day.weekday()] += exposure.count
    assert by_weekday[0] > 1.3 * by_weekday[5]


def test_some_customers_write_several_times(history):
    people = Counter(item["customer"]["ref"] for item in history.items)
    assert len(people) < 0.8 * len(history.items)
    assert max(people.values()) >= 4
