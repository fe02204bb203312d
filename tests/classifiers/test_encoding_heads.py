from itertools import pairwise

import numpy as np
import pytest
import torch

from classifiers.contract import ClassifierError
from classifiers.embedders.encoder import Encoder


class Mean(torch.nn.Module):
    """The mean of the last layer: what the encoder itself makes the sentence vector of."""

    def forward(self, hidden, mask):
        weights = mask.to(hidden[-1].dtype)
        return weights @ hidden[-1] / weights.sum(2, keepdim=True).clamp(min=1)


class FirstNumbers(torch.nn.Module):
    """Two numbers of every token of the embedding output."""

    def forward(self, hidden, mask):
        return hidden[0][:, :, :2] * mask.sum(1).unsqueeze(-1)


class TooWide(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.last = torch.nn.Linear(1024, 3)

    def forward(self, hidden, mask):
        return self.last(hidden[-1] * mask.sum(1).unsqueeze(-1))


@pytest.fixture(scope="module")
def headed():
    return Encoder(heads={"mean": Mean(), "first": FirstNumbers()}, backend="float32")


TEXTS = ["Great food, slow service", "refund", "Great food, slow service", "a parcel that never came " * 9, "ok"]


def test_what_a_head_says_of_a_text_stands_in_the_row_of_the_text(headed):
    encoded = headed.encode(TEXTS, heads=["mean"])
    assert encoded.heads["mean"].shape == (5, headed.dim)
    unit = encoded.heads["mean"] / np.linalg.norm(encoded.heads["mean"], axis=1, keepdims=True)
    assert np.allclose(unit, encoded.vectors, atol=1e-5)
    assert encoded.tokens == {}
    assert encoded.offsets == []


def test_what_a_head_says_of_tokens_comes_text_by_text_without_padding(headed):
    encoded = headed.encode(TEXTS, heads=["first"], layers=False)
    for text, judged, offsets in zip(TEXTS, encoded.tokens["first"], encoded.offsets, strict=True):
        assert judged.shape == (len(offsets), 2)
        alone = headed.encode([text], heads=["first"])
        assert np.allclose(judged, alone.tokens["first"][0], atol=2e-3)
    assert encoded.tokens["first"][0] is encoded.tokens["first"][2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Café is CLOSED", ["Café", "is", "CLOSED"]),
        ("😀 slow  app 🤷🏽‍♀️!", None),
        ("naïve\tÜbergrößen\n", None),
        ("支払い failed", None),
        ("", []),
    ],
)
def test_tokens_point_at_their_characters(headed, text, words):
    offsets = headed.encode([text], heads=["first"]).offsets[0]
    assert all(0 <= start < end <= len(text) for start, end in offsets)
    assert all(before[1] <= after[0] for before, after in pairwise(offsets))
    assert not any(text[start:end].isspace() for start, end in offsets)
    if words is not None:
        assert [text[start:end] for start, end in offsets] == words


def test_words_beyond_the_longest_input_have_no_token(headed):
    encoded = headed.encode(["word " * 5000], heads=["first"])
    assert 200 < len(encoded.offsets[0]) < 260
    assert len(encoded.tokens["first"][0]) == len(encoded.offsets[0])


def test_a_head_runs_in_the_number_format_of_the_encoder_and_the_given_one_stays_as_it_was():
    layer = torch.nn.Linear(384, 3)

    class Head(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, hidden, mask):
            even = mask / mask.sum(2, keepdim=True).clamp(min=1)
            return self.layer(even.to(hidden[3].dtype) @ hidden[3])

    exact = Encoder(heads={"head": Head()}, backend="float32").encode(TEXTS, heads=["head"]).heads["head"]
    rough = Encoder(heads={"head": Head()}, backend="bfloat16").encode(TEXTS, heads=["head"]).heads["head"]
    assert layer.weight.dtype == torch.float32
    assert np.allclose(exact, rough, atol=0.05)
    assert not np.array_equal(exact, rough)


def test_an_unknown_head_is_named(headed):
    with pytest.raises(ClassifierError, match="no head 'tower'"):
        headed.encode(TEXTS, heads=["tower"])
    with pytest.raises(ClassifierError, match="It has: none"):
        Encoder(workers=1).encode(TEXTS, heads=["mean"])


def test_a_head_that_does_not_fit_the_model_fails_at_the_start():
    with pytest.raises(ClassifierError, match="'wide' does not fit"):
        Encoder(heads={"wide": TooWide()})
