"""`Prefer: wait=N`: the answer is held back until the item has been read."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.domain.actor import Scope
from app.store.label_tables import Mention
from app.store.tables import Feedback

ITEM = {"external_id": "r", "version": 2, "medium": "chat", "occurred_at": "2026-09-01T00:00:00Z", "text": "It is late"}
LONG = {"Prefer": "respond-async, wait=25"}


@pytest.fixture
def sender(app, key_for):
    """One event loop for all requests, as in a server."""
    with TestClient(app, headers={"Authorization": f"Bearer {key_for(Scope.INGEST_WRITE, Scope.ANALYST)}"}) as client:
        yield client


@pytest.fixture
def read(database):
    """Reads an item as soon as it is there, as a worker would."""

    def label(external_id="r", state="labelled"):
        for _ in range(400):
            with database.writing() as session:
                row = session.scalars(select(Feedback).where(Feedback.external_id == external_id)).one_or_none()
                if row is not None:
                    row.state = state
                    if state == "labelled":
                        session.add(_mention(row))
                    return
            time.sleep(0.05)
        raise AssertionError("it was never stored")

    return label


def _mention(row):
    judged = {"sentiment": -0.8, "sentiment_label": "negative", "sentiment_confidence": 0.9, "complaint": True}
    return Mention(
        feedback_id=row.id, content_rev=1, turn=0, start=0, end=10, topic_confidence=0.2, complaint_confidence=0.9,
        friction_confidence=0.1, fingerprint="model-1", **judged,
    )  # fmt: skip


def test_an_item_that_is_read_in_time_is_answered_with_its_mentions(sender, read):
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sender.post, "/v1/feedback", json=ITEM, headers=LONG)
        read()
        answer = waiting.result()
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=25"
    told = answer.json()
    assert (told["state"], told["duplicate"]) == ("created", False)
    assert [(each["text"], each["sentiment_label"]) for each in told["mentions"]] == [("It is late", "negative")]


def test_an_item_that_is_not_read_in_time_is_answered_as_always(sender):
    answer = sender.post("/v1/feedback", json=ITEM, headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    assert answer.json()["mentions"] is None
    assert answer.json()["status_url"]


def test_what_waits_for_a_person_is_not_waited_for(sender, read):
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sender.post, "/v1/feedback", json=ITEM, headers=LONG)
        read(state="parked")
        assert waiting.result().status_code == 202


def test_who_sends_an_older_version_is_not_shown_the_words_of_the_newer(sender, read):
    sender.post("/v1/feedback", json=ITEM)
    read()
    older = sender.post("/v1/feedback", json=ITEM | {"version": 1, "text": "Old"}, headers=LONG)
    assert (older.json()["state"], older.json()["mentions"]) == ("stale", None)
    assert "preference-applied" not in older.headers
    same = sender.post("/v1/feedback", json=ITEM, headers=LONG)
    assert (same.json()["state"], len(same.json()["mentions"])) == ("duplicate", 1)


def test_a_preference_that_says_nothing_is_no_preference(sender, problem):
    for text in ("wait=0", "wait=x", "wait", "await=5", "respond-async", ""):
        answer = sender.post("/v1/feedback", json=ITEM, headers={"Prefer": text})
        assert "preference-applied" not in answer.headers, text
    problem(sender.post("/v1/feedback", json={}, headers=LONG), 422, "invalid_request")


def test_eighty_who_wait_keep_nobody_waiting(sender, read):
    with ThreadPoolExecutor(80) as pool:
        waiting = [
            pool.submit(sender.post, "/v1/feedback", json=ITEM | {"external_id": str(number)}, headers=LONG)
            for number in range(80)
        ]
        for number in range(80):
            assert sender.get("/v1/feedback?limit=1").status_code == 200
            read(str(number))
        assert {each.result().status_code for each in waiting} == {200}
