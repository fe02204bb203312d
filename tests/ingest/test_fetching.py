"""A source with a pull token asks its sender's API for what thin events name; one without asks nobody."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.connectors import google_forms
from app.connectors.contract import Wanted
from app.domain.actor import OPERATOR
from app.errors import AppError, Kind
from app.ingest import fetch, unpack
from app.ingest.download import Downloaded
from app.ingest.receive import receive_delivery
from app.ingest.sources import NewSource, create_source, set_pull_token
from app.payloads.delivery import RawDelivery
from app.store.deliveries import find_source
from app.store.tables import Delivery, Feedback, Fetch

KEY = "the installation's key"
TOKEN = "t0ken of the operator"
EVENT = {
    "event_type": "response_completed",
    "event_id": "1",
    "event_datetime": "2026-09-15T12:00:00Z",
    "object_id": "42",
    "object_type": "response",
    "resources": {"survey_id": "7"},
}
RESPONSE = {
    "id": "42",
    "date_created": "2026-09-15T11:58:00+00:00",
    "date_modified": "2026-09-15T12:00:00+00:00",
    "pages": [
        {
            "questions": [
                {"id": "1", "heading": "Why?", "answers": [{"text": "It came late.", "simple_text": "It came late."}]}
            ]
        }
    ],
}


class _Sender:
    """The sender's API as the station sees it; keeps what it was asked."""

    secret_key = KEY

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def download(self, pull):
        self.asked.append(pull)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def source(database, now):
    with database.writing() as session:
        row, _ = create_source(session, now, OPERATOR, NewSource("survey", "surveymonkey", secret="id&secret"), KEY)
    return row


@pytest.fixture
def run(database, now):
    def through(station, tools=None, at=now):
        batches = 0
        while True:
            with database.writing() as session:
                batch = station.claim(session, at)
            if batch is None:
                return batches
            outcome = station.work(batch, tools)
            with database.writing() as session:
                station.record(session, at, outcome)
            batches += 1

    return through


@pytest.fixture
def thin(database, source, now, run):
    with database.writing() as session:
        delivery_id, _ = receive_delivery(session, now, source, RawDelivery(json.dumps(EVENT).encode()))
    run(unpack)
    return delivery_id


def _is_thin(example):
    return isinstance(example.expect, list) and isinstance(example.expect[0], Wanted)


def _allow(database, now, token=TOKEN):
    with database.writing() as session:
        set_pull_token(session, now, OPERATOR, find_source(session, "survey"), KEY, token)


def _state(database, delivery_id):
    with database.reading() as session:
        return session.get_one(Delivery, delivery_id).state


def test_without_a_token_nobody_is_asked(database, thin, run, now):
    sender = _Sender()
    assert run(fetch, sender, now + timedelta(days=1)) == 0
    assert (sender.asked, _state(database, thin)) == ([], "fetch_required")


def test_t90_what_an_event_names_is_fetched_and_read(database, thin, run, now):
    _allow(database, now)
    sender = _Sender(Downloaded(json.dumps(RESPONSE).encode(), "application/json"))
    assert run(fetch, sender) == 1
    run(unpack)
    (pull,) = sender.asked
    assert pull.url == "https://api.surveymonkey.com/v3/surveys/7/responses/42/details?simple=true"
    assert pull.headers == {"Authorization": f"Bearer {TOKEN}"}
    assert _state(database, thin) == "unpacked"
    with database.reading() as session:
        assert session.scalars(select(Feedback.external_id)).all() == ["42"]
        assert TOKEN.encode() not in find_source(session, "survey").pull_token
    assert run(fetch, sender, now + timedelta(days=1)) == 0


def test_t90_a_sender_that_does_not_answer_is_asked_again_later(database, thin, run, now):
    _allow(database, now)
    refusal = AppError(Kind.UNAVAILABLE, "pull_failed", "The sender answered 503.")
    sender = _Sender(refusal, refusal, Downloaded(json.dumps(RESPONSE).encode(), "application/json"))
    for minutes, asked in ((0, 1), (0.5, 1), (1, 2), (2, 2), (3, 3)):
        run(fetch, sender, now + timedelta(minutes=minutes))
        assert len(sender.asked) == asked
    with database.reading() as session:
        assert session.scalar(select(Fetch.attempts)) == 3
        assert session.scalar(select(func.count()).select_from(Delivery)) == 2


def test_an_answer_that_names_no_single_item_ends_the_waiting_too(database, run, now):
    with database.writing() as session:
        row, _ = create_source(session, now, OPERATOR, NewSource("forms", "google_forms"), KEY)
        set_pull_token(session, now, OPERATOR, row, KEY, TOKEN)
    (notice,) = (one.delivery for one in google_forms.EXAMPLES if _is_thin(one))
    with database.writing() as session:
        delivery_id, _ = receive_delivery(session, now, row, notice)
    run(unpack)
    response = {"responseId": "r1", "createTime": "2026-09-15T12:00:00Z", "lastSubmittedTime": "2026-09-15T12:00:00Z"}
    answer = Downloaded(json.dumps({"responses": [response]}).encode(), "application/json")
    assert run(fetch, _Sender(answer)) == 1
    assert _state(database, delivery_id) == "fetch_required"
    run(unpack)
    assert _state(database, delivery_id) == "unpacked"


def test_a_token_that_is_taken_back_ends_the_asking(database, thin, run, now):
    _allow(database, now)
    _allow(database, now, token=None)
    assert run(fetch, _Sender()) == 0


def test_a_sender_that_sends_everything_has_nothing_to_be_asked_for(database, now):
    with database.writing() as session:
        row, _ = create_source(session, now, OPERATOR, NewSource("forms", "typeform"), KEY)
        with pytest.raises(AppError, match="nothing to ask"):
            set_pull_token(session, now, OPERATOR, row, KEY, TOKEN)
