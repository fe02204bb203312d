"""What the shipped models make of written texts of many sectors that nothing was fitted on."""

from pathlib import Path

import numpy as np
import pytest

from classifiers.contract import SENTIMENTS
from classifiers.reader import load_encoder
from classifiers.sentiment.feelings import About, Feelings
from classifiers.signals.model import Signals
from classifiers.signals.risks import RISKS, Risks
from classifiers.train.rows import WRITTEN, lines

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


def judged(name):
    return list(lines(DATA / name))


def test_texts_of_many_sectors_are_mostly_felt_right(encoder):
    rows = judged("feelings.jsonl")
    felt = Feelings(encoder).judge([row["text"] for row in rows])
    right = np.array([SENTIMENTS.index(row["label"]) for row in rows])
    assert np.mean(felt.sentiments.argmax(axis=1) == right) > 0.68


def test_several_things_in_one_text_are_told_apart_in_many_sectors(encoder):
    rows = [(row["text"], topic, label) for row in judged("mixed.jsonl") for topic, label in row["about"].items()]
    vectors = encoder.encode([topic for _, topic, _ in rows]).vectors
    asked = [About(text, topic=vector) for (text, _, _), vector in zip(rows, vectors, strict=True)]
    right = np.array([SENTIMENTS.index(label) for _, _, label in rows])
    assert np.mean(Feelings(encoder).ask(asked).argmax(axis=1) == right) > 0.62


LEAST = {
    "friction": 0.78,
    "urgent": 0.88,
    "response_needed": 0.88,
    "escalation_intent": 0.83,
    "legal_threat": 0.85,
    "safety": 0.82,
    "churn_risk": 0.7,
}
"""Share of right answers at the default confidence, with room for another processor's rounding."""


@pytest.mark.parametrize("signal", LEAST)
def test_signals_are_told_from_near_misses_in_texts_that_nothing_was_fitted_on(encoder, signal):
    rows = [row for row in judged("signals.jsonl") if row["signal"] == signal]
    encoded = encoder.encode([row["text"] for row in rows])
    if signal == "friction":
        told = [one.label or "none" for one in Signals(encoder.encode, packaged=True).judge(encoded).frictions]
    elif signal in RISKS:
        told = ["yes" if sure >= 0.4 else "no" for sure in Risks().judge(encoded.vectors)[signal]]
    else:
        sure = getattr(Signals(encoder.encode, packaged=True).judge(encoded), signal)
        told = ["yes" if one >= 0.5 else "no" for one in sure]
    assert np.mean([found == row["label"] for found, row in zip(told, rows, strict=True)]) > LEAST[signal]


@pytest.mark.parametrize("name", ["feelings.jsonl", "mixed.jsonl", "signals.jsonl"])
def test_nothing_that_is_judged_was_trained_on(name):
    trained = {row["text"] for part in WRITTEN.glob("*.jsonl") for row in lines(part)}
    assert len(trained) > 10_000
    assert trained.isdisjoint(row["text"] for row in judged(name))
