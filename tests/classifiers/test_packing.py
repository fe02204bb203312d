"""Which texts share a row and a batch, and that sharing changes nothing."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.embedders.encoder import Encoder
from classifiers.embedders.packing import BUDGET, alone, packed
from classifiers.sentiment.feelings import shipped_heads

LENGTHS = st.lists(st.integers(2, 256), max_size=200)


@given(lengths=LENGTHS)
@pytest.mark.parametrize("grouped", [alone, packed])
def test_every_text_is_in_one_batch_and_fits(grouped, lengths):
    batches = list(grouped(lengths, str))
    assert sorted(chain.from_iterable(row for batch in batches for row in batch.rows)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch.rows) * batch.tokens <= BUDGET
        for row in batch.rows:
            assert 0 < len(row) <= batch.texts
            assert sum(lengths[text] for text in row) <= batch.tokens


@given(lengths=LENGTHS, seed=st.integers(0, 99))
def test_who_is_together_does_not_depend_on_the_order(lengths, seed):
    order = np.random.default_rng(seed).permutation(len(lengths))
    names = [f"{length} {at}" for at, length in enumerate(lengths)]
    moved = [names[at] for at in order]
    first = packed(lengths, names.__getitem__)
    second = packed([lengths[at] for at in order], moved.__getitem__)
    assert [[[names[text] for text in row] for row in batch.rows] for batch in first] == [
        [[moved[text] for text in row] for row in batch.rows] for batch in second
    ]


@given(lengths=LENGTHS, sides=st.integers(2, 4))
def test_every_side_has_something_to_do_where_rows_allow(lengths, sides):
    batches = list(packed(lengths, str, sides))
    assert sorted(chain.from_iterable(row for batch in batches for row in batch.rows)) == list(range(len(lengths)))
    assert len(batches) >= min(sides, sum(len(batch.rows) for batch in batches))


def test_thousands_of_texts_come_in_a_handful_of_shapes_and_hardly_any_padding():
    rng = np.random.default_rng(5)
    shapes, room, used = set(), 0, 0
    for _ in range(50):
        lengths = np.clip(rng.lognormal(2.7, 0.6, 200), 3, 256).astype(int).tolist()
        for batch in packed(lengths, str):
            shapes.add((len(batch.rows), batch.tokens))
            room += len(batch.rows) * batch.tokens
        used += sum(lengths)
    assert len(shapes) < 40
    assert used / room > 0.93


@pytest.mark.parametrize("backend", ["float32", "bfloat16"])
def test_texts_that_share_a_row_are_judged_as_if_each_were_alone(backend):
    encoder = Encoder(heads=shipped_heads(), backend=backend, workers=1)
    texts = ["", "ok", "Where is my refund?", "The driver was kind.", "late again " * 30, "a very long wait " * 80]
    together = encoder.encode(texts, heads=["sentiment", "mention"])
    near = 1e-5 if backend == "float32" else 0.02
    for at, text in enumerate(texts):
        single = encoder.encode([text], heads=["sentiment", "mention"])
        assert np.allclose(single.vectors[0], together.vectors[at], atol=near)
        assert np.allclose(single.layers[0], together.layers[at], atol=max(near, 2e-3) * 10)
        assert np.allclose(single.heads["sentiment"][0], together.heads["sentiment"][at], atol=near * 20)
        assert single.tokens["mention"][0].shape == together.tokens["mention"][at].shape
        assert np.allclose(single.tokens["mention"][0], together.tokens["mention"][at], atol=max(near * 20, 4e-3))
