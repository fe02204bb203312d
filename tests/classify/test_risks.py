"""Risks are judged from what is stored, by the weights that fit the encoder it comes from."""

import pytest

from app.classify.loading import Readers
from app.classify.risks import RiskJudge
from classifiers.signals.risks import shipped_for


@pytest.fixture
def embedded(readers):
    """A threat and a thank-you as they are stored."""
    encoded = readers.encoder().encode(["My lawyer will sue you.", "Thank you, all is well."])
    return [vector.astype("<f2").tobytes() for vector in encoded.vectors]


def test_embeddings_of_the_packaged_encoder_are_judged_without_loading_it(embedded):
    judged = RiskJudge(Readers("no such model", 0.5)).judge(embedded, shipped_for())
    assert judged["legal_threat"][0] > 5 * judged["legal_threat"][1]


def test_embeddings_of_an_encoder_that_is_not_in_use_any_more_are_not_judged(embedded, readers):
    assert RiskJudge(readers).judge(embedded, "some older model") == {}
