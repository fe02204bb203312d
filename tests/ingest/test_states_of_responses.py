"""Responses and reviews that grow, are edited, are told of out of order: the newest state counts, nothing is twice."""

import json
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app.ingest import unpack
from app.store.tables import Delivery, Feedback, Score, Source, Turn

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def deliver(database, now):
    """Deliveries of one source, read one after the other, a minute apart."""
    count = 0

    def send(connector, *bodies, kind="application/json"):
        nonlocal count
        with database.writing() as session:
            source = session.scalar(select(Source).where(Source.key == connector))
            if source is None:
                source = Source(key=connector, connector=connector, config={}, created_at=now)
                session.add(source)
        for body in bodies:
            count += 1
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            with database.writing() as session:
                session.add(
                    Delivery(
                        source_id=source.id,
                        digest=sha256(raw + str(count).encode()).hexdigest(),
                        content_type=kind,
                        headers={},
                        body=raw,
                        received_at=now + timedelta(minutes=count),
                    )
                )
            with database.writing() as session:
                batch = unpack.claim(session, now)
            outcome = unpack.work(batch, None)
            with database.writing() as session:
                unpack.record(session, now, outcome)
        with database.reading() as session:
            reasons = session.scalars(select(Delivery.reason).order_by(Delivery.id)).all()
        return [reason for reason in reasons if reason]

    return send


def _stored(database):
    with database.reading() as session:
        items = session.scalars(select(Feedback).order_by(Feedback.id)).all()
        turns = session.scalars(select(Turn.text)).all()
        scores = session.scalars(select(Score.value)).all()
    return len(items), [text for text in turns if text], list(scores)


def _delighted(kind, updated, comment):
    data = {"id": "5", "survey_type": "nps", "score": 0, "comment": comment, "created_at": 1768471200}
    return {"event_type": f"survey_response.{kind}", "event_data": {**data, "updated_at": 1768471200 + updated}}


def test_a_comment_that_comes_before_its_score_survives_it(database, deliver):
    later, first = _delighted("updated", 600, "Four calls."), _delighted("created", 0, None)
    assert deliver("delighted", later, first, later) == []
    assert _stored(database) == (1, ["Four calls."], [0])


def _typeform(kind, answers):
    form = {"token": "t1", "submitted_at": "2026-03-01T09:00:00Z", "answers": answers}
    return {"event_id": kind, "event_type": kind, "form_response": form}


def test_a_partial_response_that_comes_late_changes_nothing(database, deliver):
    said = [{"type": "text", "text": "Slow.", "field": {"id": "q1", "type": "long_text"}}]
    whole, part = _typeform("form_response", said), _typeform("form_response_partial", [])
    assert deliver("typeform", whole, part) == []
    assert _stored(database)[:2] == (1, ["Slow."])


def _jotform(words):
    raw = json.dumps({"q1_why": words})
    return urlencode({"formID": "1", "submissionID": "77", "rawRequest": raw}).encode()


def test_an_edited_submission_without_any_time_replaces_the_first(database, deliver):
    first, edited = _jotform("It was slow."), _jotform("It was very slow.")
    assert deliver("jotform", first, first, edited, kind=FORM) == []
    assert _stored(database)[:2] == (1, ["It was very slow."])


def _trustpilot(kind, **data):
    return {"events": [{"eventName": f"service-review-{kind}", "eventData": {"id": "r1", **data}}]}


def test_a_revised_review_replaces_and_a_deleted_one_is_gone(database, deliver):
    created = _trustpilot("created", stars=1, text="Bad.", createdAt="2026-03-01T09:00:00Z")
    revised = _trustpilot("updated", stars=4, text="Solved.", createdAt="2026-03-01T09:00:00Z")
    assert deliver("trustpilot", created, revised, created) == []
    assert _stored(database) == (1, ["Solved."], [4])
    deliver("trustpilot", _trustpilot("deleted"), created)
    assert _stored(database)[1] == []


def test_an_edited_review_of_a_store_replaces_the_first(database, deliver):
    def page(text, seconds):
        comment = {"text": text, "starRating": 1, "lastModified": {"seconds": seconds}}
        return {"reviews": [{"reviewId": "gp:1", "comments": [{"userComment": comment}]}]}

    assert deliver("google_play", page("Now fine.", "1767693600"), page("Broken.", "1767607200")) == []
    assert _stored(database)[:2] == (1, ["Now fine."])
