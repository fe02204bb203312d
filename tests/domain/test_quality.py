import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.quality import Rate, Reviewed, confusions, topic_quality


def test_precision_and_recall_are_those_of_the_textbook():
    reviewed = [
        Reviewed("a", "a", random=False), Reviewed("a", "a", random=False), Reviewed("a", "b", random=False),
        Reviewed(None, "a", random=True), Reviewed("b", "a", random=True), Reviewed("b", "b", random=True),
        Reviewed("a", None, random=True), Reviewed("a", "b", random=True),
    ]  # fmt: skip
    found = topic_quality(reviewed, "a")
    assert (found.precision, found.recall) == (Rate(2, 5), Rate(2, 4))
    assert confusions(reviewed, "a") == [("a", "b", 2), (None, "a", 1), ("a", None, 1), ("b", "a", 1)]


def test_the_interval_is_wilsons():
    # Agresti & Coull (1998): 9 of 10.
    low, high = Rate(9, 10).interval
    assert (low, high) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert Rate(0, 0).value is Rate(0, 0).interval is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_stays_within_bounds(pair):
    rate = Rate(*pair)
    low, high = rate.interval
    assert 0 <= low <= rate.value <= high <= 1
