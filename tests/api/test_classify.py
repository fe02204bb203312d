from dataclasses import dataclass

import pytest

from app.domain.actor import Scope
from classifiers.contract import Reading


@dataclass
class Found:
    """A mention as a reader gives it."""

    turn: int
    start: int
    end: int
    topic: str | None = "refunds"
    topic_confidence: float = 0.8
    sentiment: float = -0.5
    sentiment_label: str = "negative"
    sentiment_confidence: float = 0.9
    complaint: bool = True
    complaint_confidence: float = 0.9
    friction: str | None = None
    friction_confidence: float = 0.1
    corrected: bool = False
    urgent: bool = False
    urgent_confidence: float = 0.0
    response_needed: bool = False
    response_needed_confidence: float = 0.0
    escalation_intent: bool = False
    escalation_intent_confidence: float = 0.0


class CountingReader:
    """Finds one mention in every customer turn."""

    fingerprint = "model-1"

    def read(self, conversations, _questions):
        return [Reading(tuple(_found(turns))) for turns in conversations]


def _found(turns):
    return [Found(number, 0, len(turn.text)) for number, turn in enumerate(turns) if turn.role == "customer"]


class Readers:
    """The readers of a process that has a model."""

    known = None

    def current(self, _known):
        return CountingReader()


@pytest.fixture
def sender(app, client_for):
    app.state.readers = Readers()
    yield client_for(Scope.INGEST_WRITE)
    app.state.readers = None


def test_texts_are_read_and_agents_are_not(sender):
    turns = [{"role": "agent", "text": "How can I help?"}, {"role": "customer", "text": "Where is my refund?"}]
    body = {"texts": [{"text": "The parcel is late."}, {"turns": turns, "question": "What went wrong?"}]}
    told = sender.post("/v1/classify", json=body).json()["texts"]
    assert [[mention["text"] for mention in text["mentions"]] for text in told] == [
        ["The parcel is late."],
        ["Where is my refund?"],
    ]
    assert told[1]["mentions"][0]["turn"] == 1
    assert told[0]["mentions"][0]["fingerprint"] == "model-1"


def test_what_cannot_be_read_at_once_is_refused(sender, problem):
    for texts in ([], [{"text": "x"}] * 101, [{}], [{"text": "x", "turns": [{"role": "customer", "text": "x"}]}]):
        problem(sender.post("/v1/classify", json={"texts": texts}), 422, "invalid_request")
    problem(sender.post("/v1/classify", json={"texts": [{"text": "a\u0000b"}]}), 400, "bad_json")


def test_what_is_wrong_is_told_without_the_words_of_a_library(sender, problem):
    answer = sender.post("/v1/classify", json={"texts": [{"question": "Why?"}]})
    detail = problem(answer, 422, "invalid_request")["detail"]
    assert detail.endswith("First: /texts/0: give `text` or `turns`, one of them.")
