"""A finished item's problem is back only when the rate says so: rarely on a flat stream, soon when it doubles."""

import numpy as np
import pytest
from scipy.stats import binom

from app.domain.coming_back import BEFORE_WEEKS, LEVEL, Week, look, p_value

FLAT = [Week(10, 100.0)] * BEFORE_WEEKS


def test_one_message_or_a_few_more_are_no_reason():
    quiet = [Week(0, 100.0)] * BEFORE_WEEKS
    assert not look(quiet, [Week(1, 100.0)]).back
    assert not look(FLAT, [Week(13, 100.0)]).back


def test_a_rate_that_doubles_is_back_and_says_by_how_much():
    found = look(FLAT, [Week(20, 100.0)] * 4)
    assert found.back
    assert (found.weeks, found.rate_ratio) == (4, pytest.approx(2.0))
    assert found.p_value < LEVEL


def test_twice_as_many_people_among_twice_as_many_orders_is_the_same_rate():
    assert not look(FLAT, [Week(20, 200.0)] * 12).back


def test_a_small_rise_of_a_rare_problem_is_seen_in_the_long_window():
    rare = [Week(2, 100.0)] * BEFORE_WEEKS
    assert not look(rare, [Week(6, 100.0)] * 3).back
    found = look(rare, [Week(6, 100.0)] * 12)
    assert found.back


def test_weeks_that_scatter_make_it_harder():
    scattered = [Week(count, 100.0) for count in (2, 18) * (BEFORE_WEEKS // 2)]
    rise = [Week(20, 100.0)] * 4
    assert look(scattered, rise).p_value > 10 * look(FLAT, rise).p_value


def test_nothing_to_compare_is_no_answer():
    assert look([], [Week(5, 100.0)]) is None
    assert look(FLAT, []) is None
    assert look(FLAT, [Week(5, 0.0)]) is None


def test_the_tail_is_that_of_the_beta_binomial_distribution():
    stats = pytest.importorskip("scipy.stats")
    before, after = [Week(7, 50.0)] * 6, [Week(15, 100.0)] * 3
    # Nine weeks share the total as the exposures do, 300 to 300; scatter 0.1 is a shape of 10 for each week.
    expected = stats.betabinom.sf(44, 87, 45.0, 45.0)
    assert p_value(before, after, 0.1) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("mean", "scatter", "weeks"), [(3, 0.0, 26), (10, 0.0, 6), (10, 0.1, 12)])
def test_a_flat_year_reopens_one_item_in_twenty_at_most_and_a_doubled_rate_is_found(mean, scatter, weeks):
    rng = np.random.default_rng(20261126)
    false = [first_return(rng, mean, scatter, 1) for _ in range(150)]
    found = [first_return(rng, mean, scatter, 2) for _ in range(60)]
    assert sum(week is not None for week in false) <= binom.ppf(0.995, len(false), 0.05)
    late = sorted(week or 99 for week in found)
    assert late[len(late) // 2] <= weeks


def first_return(rng, mean, scatter, factor):
    def week(rate):
        return Week(int(rng.poisson(rng.gamma(1 / scatter, rate * scatter) if scatter else rate)), 7.0)

    before, after = [week(mean) for _ in range(BEFORE_WEEKS)], []
    for number in range(1, 53):
        after.append(week(mean * factor))
        if look(before, after).back:
            return number
    return None
