"""Legal threats, danger and leaving are told from near misses; the sentences were written apart from the seeds."""

import json
from pathlib import Path

import numpy as np
import pytest

from classifiers.signals.risks import RISKS, Risks, seeds

ROWS = [json.loads(line) for line in (Path(__file__).parent / "data" / "risks.jsonl").read_text("utf-8").splitlines()]
LEAST = {"legal_threat": (0.85, 0.9), "safety": (0.8, 0.8), "churn_risk": (0.7, 0.55)}
"""Precision and recall at the default confidence, with room for another processor's rounding."""


@pytest.fixture(scope="module")
def vectors(encoder):
    return encoder.encode([row["text"] for row in ROWS]).vectors


@pytest.mark.parametrize("risk", RISKS)
def test_most_are_found_and_few_near_misses_fire(vectors, risk):
    truth = np.array([risk in row["risks"] for row in ROWS])
    fired = Risks().judge(vectors)[risk] >= 0.4
    precision, recall = (fired & truth).sum() / fired.sum(), (fired & truth).sum() / truth.sum()
    assert precision >= LEAST[risk][0]
    assert recall >= LEAST[risk][1]


def test_none_of_the_sentences_was_fitted():
    fitted = {text.casefold() for rows in seeds().values() for texts in rows.values() for text in texts}
    assert fitted.isdisjoint(row["text"].casefold() for row in ROWS)


def test_another_encoder_is_judged_by_the_seeds_alone(encoder, vectors):
    judged = Risks(encoder.encode).judge(vectors)
    for risk in RISKS:
        truth = np.array([risk in row["risks"] for row in ROWS])
        assert judged[risk][truth].mean() > 3 * judged[risk][~truth].mean()
