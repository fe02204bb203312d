from hypothesis import given
from hypothesis import strategies as st

from app.domain.learning import (
    Standing,
    Step,
    counts,
    dump_figures,
    load_figures,
    ratchet,
    refusal,
    sign_test,
    states_after_activating,
    taught_ids,
)


def figures(marks):
    """Gold texts in order: + judged right, - judged wrong."""
    return {"topic": {number: mark == "+" for number, mark in enumerate(marks)}}


def test_five_made_wrong_and_none_right_is_refused_and_four_is_not():
    before = figures("++++++")
    five, four = figures("-----+"), figures("----++")
    assert "topic: 5 of 6 gold texts" in refusal(Standing(before, {}), five)
    assert refusal(Standing(before, {}), four) is None
    assert refusal(Standing({}, {}), five) is None


def test_what_is_made_right_weighs_against_what_is_made_wrong():
    before, after = figures("++++++---"), figures("------+++")
    assert refusal(Standing(before, {}), after) is None


def test_a_slow_decline_is_refused_against_the_best_version_so_far():
    best = figures("++++++++++")
    before, after = figures("----++++++"), figures("-------+++")
    assert refusal(Standing(before, {}), after) is None
    assert "the best version so far" in refusal(Standing(before, best), after)
    assert ratchet(best, before) == best
    assert ratchet(before, best) == best
    assert ratchet({}, before) == before


def test_texts_that_only_one_of_them_has_judged_do_not_count():
    assert refusal(Standing({"topic": dict.fromkeys(range(6), True)}, {}), {"topic": {9: False}}) is None


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_sign_test_is_a_probability_that_falls_with_what_got_worse(worse, better):
    assert 0 < sign_test(worse + 1, better) < sign_test(worse, better) <= 1 or worse == 0
    assert sign_test(0, better) == 1


@given(st.dictionaries(st.sampled_from(["topic", "complaint"]), st.dictionaries(st.integers(1, 99), st.booleans())))
def test_figures_come_back_as_they_were_stored(found):
    assert load_figures(dump_figures(found)) == found
    assert all(one["right"] <= one["texts"] for one in counts(found).values())


def test_only_what_teaching_versions_added_is_taught():
    steps = [
        Step(1, 0, 3, "superseded"),
        Step(2, 3, 5, "refused"),
        Step(3, 5, 5, "superseded"),
        Step(4, 5, 8, "active"),
    ]
    assert taught_ids(steps, range(1, 12)) == {1, 2, 3, 6, 7, 8}


def test_going_back_withdraws_what_came_after_and_nothing_that_was_refused_comes_back():
    states = {1: "superseded", 2: "refused", 3: "superseded", 4: "active"}
    assert states_after_activating(states, 1) == {1: "active", 3: "withdrawn", 4: "withdrawn"}
    back = states | states_after_activating(states, 1)
    assert states_after_activating(back, 4) == {1: "superseded", 3: "superseded", 4: "active"}
    assert states_after_activating(states, 4) == {}
    assert states_after_activating(states, 2) == {2: "active", 3: "withdrawn", 4: "withdrawn"}
