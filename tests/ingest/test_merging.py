"""Senders that tell of one message at a time: a conversation grows, whatever order its messages come in."""

from itertools import permutations

import pytest
from sqlalchemy import select

from app.errors import AppError
from app.ingest.items import Status, accept_items
from app.payloads.native import read_item
from app.store.tables import Feedback, Score, Turn

NPS = {"metric": "nps", "value": 0, "min": 0, "max": 10}


def _turn(ref, text, minute, role="customer"):
    return {"role": role, "text": text, "ref": ref, "at": f"2026-09-15T12:{minute:02}:00Z"}


@pytest.fixture
def message(make_item):
    def make(minute, *turns, **fields):
        return make_item("chat-1", merge=True, updated_at=f"2026-09-15T12:{minute:02}:00Z", turns=list(turns), **fields)

    return make


@pytest.fixture
def accept(database, source, now):
    def run(*items):
        with database.writing() as session:
            return [one.status for one in accept_items(session, now, source, items)]

    return run


def _stored(database):
    with database.reading() as session:
        row = session.scalars(select(Feedback)).one()
        turns = session.execute(select(Turn.position, Turn.role, Turn.text, Turn.ref).order_by(Turn.position)).all()
        scores = session.execute(select(Score.metric, Score.value)).all()
        return row, [tuple(turn) for turn in turns], [tuple(score) for score in scores]


def test_messages_in_any_order_make_the_same_conversation(message, accept, database, subtests):
    messages = (
        message(1, _turn("m1", "Where is my parcel?", 1), attributes={"status": "open"}),
        message(2, _turn("m2", "I am looking.", 2, "agent")),
        message(3, _turn("m3", "It never came.", 3), attributes={"status": "closed"}, scores=[NPS]),
    )
    whole = [
        (0, "customer", "Where is my parcel?", "m1"),
        (1, "agent", "I am looking.", "m2"),
        (2, "customer", "It never came.", "m3"),
    ]
    for order in permutations(messages):
        with subtests.test(order=[one.turns[0].ref for one in order]):
            with database.writing() as session:
                session.execute(Feedback.__table__.delete())
            assert accept(*order) == [Status.CREATED, Status.UPDATED, Status.UPDATED]
            row, turns, scores = _stored(database)
            assert turns == whole
            assert scores == [("nps", 0.0)]
            assert (row.attributes, row.content_rev, row.occurred_at.minute) == ({"status": "closed"}, 3, 0)
            assert accept(*messages) == [Status.DUPLICATE] * 3


def test_an_edited_message_replaces_its_words_and_an_older_edit_does_not(message, accept, database):
    accept(message(1, _turn("m1", "Where is it?", 1)), message(5, _turn("m1", "Where is my parcel?", 1)))
    assert accept(message(3, _turn("m1", "Where is the parcel?", 1))) == [Status.DUPLICATE]
    assert [turn[2] for turn in _stored(database)[1]] == ["Where is my parcel?"]


def test_an_event_without_words_changes_facts_only(message, accept, database):
    accept(message(1, _turn("m1", "Where is it?", 1), attributes={"status": "open", "tier": "gold"}))
    assert accept(message(2, attributes={"status": "solved"})) == [Status.UPDATED]
    row, turns, _ = _stored(database)
    assert row.attributes == {"status": "solved", "tier": "gold"}
    assert len(turns) == 1


def test_a_whole_state_replaces_what_was_merged(message, accept, make_item, database):
    accept(message(1, _turn("m1", "Where is it?", 1)))
    whole = make_item("chat-1", updated_at="2026-09-15T13:00:00Z", turns=[{"role": "customer", "text": "It came."}])
    assert accept(whole) == [Status.UPDATED]
    assert [turn[2] for turn in _stored(database)[1]] == ["It came."]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"turns": [{"role": "customer", "text": "x"}], "version": 1}, "turn_ref_missing"),
        ({"turns": [], "text": "x", "version": 1}, "merge_of_text"),
        ({"turns": []}, "version_missing"),
    ],
)
def test_a_message_says_which_it_is_and_when(fields, code):
    base = {"external_id": "chat-1", "medium": "chat", "occurred_at": "2026-09-15T12:00:00Z", "merge": True}
    with pytest.raises(AppError) as refusal:
        read_item(base | fields)
    assert [each["code"] for each in refusal.value.facts["errors"]] == [code]
