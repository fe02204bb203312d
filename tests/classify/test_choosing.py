import numpy as np

from app.classify.teaching import choose
from app.store.reviews import Doubtful


def doubtful(number, confidence, *direction, model="m"):
    vector = np.array(direction, "<f2")
    return Doubtful(number, confidence, model, (vector / np.linalg.norm(vector)).astype("<f2").tobytes())


def test_of_a_crowd_one_is_chosen_and_then_something_else():
    crowd = [doubtful(number, 0.3, 1, 0.05 * number, 0) for number in range(5)]
    lone = doubtful(9, 0.25, 0, 0, 1)
    first, second, *rest = choose([*crowd, lone], 6)
    assert (first.id in range(5), first.stands_for) == (True, 4)
    assert (second.id, second.stands_for) == (9, 0)
    assert {one.stands_for for one in rest} == {0}
    assert len(rest) == 4


def test_what_is_less_sure_goes_first_where_all_else_is_equal():
    rows = [doubtful(1, 0.6, 1, 0, 0), doubtful(2, 0.2, 0, 1, 0), doubtful(3, 0.4, 0, 0, 1)]
    assert [one.id for one in choose(rows, 9)] == [2, 3, 1]


def test_the_same_rows_give_the_same_choice_and_a_limit_holds():
    draw = np.random.default_rng(3)
    rows = [doubtful(number, 0.3, *draw.standard_normal(4)) for number in range(60)]
    assert choose(rows, 7) == choose(rows, 7) == choose(rows, 60)[:7]
    assert choose([], 5) == []


def test_a_mention_without_a_vector_or_of_another_model_stands_for_itself():
    rows = [
        doubtful(1, 0.3, 1, 0),
        doubtful(2, 0.3, 1, 0),
        doubtful(3, 0.1, 1, 0, 0, model="old"),
        Doubtful(4, 0.2, None, None),
    ]
    assert {one.id: one.stands_for for one in choose(rows, 4)} == {1: 1, 3: 0, 4: 0, 2: 0}
