"""What is known about a theme when it is routed."""

from datetime import timedelta

import pytest

from app.domain.scales import Scale, merge_scales
from app.domain.severity import Severity, severity_of
from app.route.keeping import read_facts, write_facts
from app.store.routings import facts_of, theme_facts, window_of


@pytest.fixture
def facts(session, now, theme_of):
    """The facts of the theme `slow` in the last 28 days."""
    theme = theme_of("slow")

    def read():
        return theme, facts_of(session, window_of(28, now), theme)

    return read


def test_segment_is_the_most_frequent_one(facts, complain):
    theme, _ = facts()
    complain(theme, 3, segment="Business")
    complain(theme, 2, segment="Private")
    complain(theme, 9)
    assert facts()[1].segment == "Business"


def test_growth_compares_with_the_window_of_the_same_length_before(facts, complain, now):
    theme, _ = facts()
    complain(theme, 6)
    complain(theme, 4, at=now - timedelta(days=30))
    complain(theme, 8, at=now - timedelta(days=60))
    known = facts()[1]
    assert (known.complaints, known.before, known.growth) == (6, 4, 1.5)


def test_a_theme_that_nobody_complained_about_before_has_grown_by_all_its_complaints(facts, complain):
    complain(facts()[0], 3)
    assert facts()[1].growth == 3


def test_sentiment_is_the_mean_and_the_share_of_negative_labels(facts, complain):
    theme, _ = facts()
    complain(theme, 3, sentiment=-0.8)
    complain(theme, 1, sentiment=0.0, label="neutral")
    known = facts()[1]
    assert known.sentiment == pytest.approx(-0.6)
    assert known.negative == 0.75


@pytest.mark.parametrize(
    ("grave", "severity"),
    [
        ({"escalates": True}, Severity.CRITICAL),
        ({"urgent": True}, Severity.HIGH),
        ({"sentiment": -0.9}, Severity.MEDIUM),
        ({"sentiment": -0.5}, Severity.LOW),
    ],
)
def test_severity_is_the_level_that_a_fifth_of_the_complaints_reach(facts, complain, grave, severity):
    theme, _ = facts()
    complain(theme, 8, sentiment=-0.2)
    complain(theme, 2, **{"sentiment": -0.2, **grave})
    assert facts()[1].severity is severity


def test_one_angry_customer_makes_no_theme_severe():
    assert severity_of(3, {Severity.CRITICAL: 1, Severity.HIGH: 1, Severity.MEDIUM: 2}) is Severity.MEDIUM
    assert severity_of(0, {}) is Severity.LOW


def test_scores_are_those_of_the_feedback_that_the_complaints_are_in_each_once(facts, complain, theme_of):
    theme, _ = facts()
    complain(theme, 3, scores=[("nps", 2, 0, 10), ("csat", 1, 1, 5)])
    complain(theme, 1, scores=[("nps", 10, 0, 10)])
    complain(theme_of("lost"), 5, scores=[("nps", 9, 0, 10)])
    known = facts()[1].scores
    assert (known["nps"].answers, known["nps"].mean, known["nps"].detractors) == (4, 4.0, 0.75)
    assert (known["csat"].answers, known["csat"].mean, known["csat"].detractors) == (3, 1.0, None)


def test_answers_on_several_scales_are_brought_to_the_one_that_most_are_on():
    merged = merge_scales([Scale(1, 5, 6, 2.0, 0), Scale(0, 100, 2, 75.0, 0)])
    assert merged.answers == 8
    assert merged.mean == pytest.approx(1 + 4 * (6 * 0.25 + 2 * 0.75) / 8)


def test_facts_are_kept_with_a_routing_and_come_back_the_same(session, now, facts, complain):
    complain(facts()[0], 4, friction="process_opacity", segment="Business", scores=[("nps", 3, 0, 10)])
    (known,) = theme_facts(session, window_of(28, now))
    assert read_facts(write_facts(known)) == known
    assert read_facts({}) is None
