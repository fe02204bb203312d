from datetime import timedelta

import numpy as np

from app.classify import label
from app.errors import AppError, Kind
from app.store.label_tables import Mention, MentionVector
from app.store.mentions import list_mentions, mention_text
from app.store.tables import Feedback, Turn


def run(session, now, tools):
    batches = 0
    while (batch := label.claim(session, now)) is not None:
        label.record(session, now, label.work(batch, tools))
        batches += 1
    return batches


def test_t86_feedback_becomes_mentions_with_spans_labels_and_vectors(session, now, tools, known, say):
    feedback = say(("agent", "Your parcel is late, sorry."), "The refund was quick. My parcel never came!")
    assert run(session, now, tools) == 1
    refund, parcel = list_mentions(session, feedback.id)
    assert [mention_text(session, each) for each in (refund, parcel)] == [
        "The refund was quick.",
        "My parcel never came!",
    ]
    assert (refund.turn, refund.topic_id, refund.complaint) == (1, known["refunds"], False)
    assert (parcel.turn, parcel.topic_id, parcel.complaint) == (1, known["delivery"], True)
    assert parcel.sentiment_label == "negative"
    vector = np.frombuffer(session.get(MentionVector, parcel.id).vector, "<f2").astype(float)
    assert abs(np.linalg.norm(vector) - 1) < 0.01
    assert (feedback.state, feedback.attempts, feedback.leased_until) == ("labelled", 0, None)
    assert parcel.fingerprint


def test_an_answer_without_content_is_labelled_without_mention(session, now, tools, known, say):
    feedback = say("N/A", question="What could we do better?")
    run(session, now, tools)
    assert feedback.state == "labelled"
    assert list_mentions(session, feedback.id) == []


def test_recording_twice_changes_nothing(session, now, tools, known, say):
    feedback = say("The parcel was late.")
    outcome = label.work(label.claim(session, now), tools)
    label.record(session, now, outcome)
    before = [each.id for each in list_mentions(session, feedback.id)]
    label.record(session, now, outcome)
    assert [each.id for each in list_mentions(session, feedback.id)] == before


def test_what_is_leased_is_not_claimed_again_until_the_lease_is_over(session, now, tools, known, say):
    say("The parcel was late.")
    assert label.claim(session, now) is not None
    assert label.claim(session, now) is None
    assert label.claim(session, now + label.LEASE + timedelta(seconds=1)) is not None


def test_a_newer_revision_is_never_overwritten_by_an_older_reading(session, now, tools, known, say):
    feedback = say("The parcel was late.")
    outcome = label.work(label.claim(session, now), tools)
    feedback.content_rev += 1
    feedback.leased_until = None
    session.get(Turn, (feedback.id, 0)).text = "The refund was quick."
    session.flush()
    label.record(session, now, outcome)
    assert feedback.state == "pending"
    assert list_mentions(session, feedback.id) == []
    run(session, now, tools)
    (mention,) = list_mentions(session, feedback.id)
    assert (mention.content_rev, mention.topic_id) == (2, known["refunds"])


def test_reading_anew_replaces_the_mentions(session, now, tools, known, say):
    feedback = say("The parcel was late.")
    run(session, now, tools)
    feedback.state = "pending"
    session.flush()
    run(session, now, tools)
    assert session.query(Mention).count() == session.query(MentionVector).count() == 1


def test_a_poison_text_does_not_take_its_batch_down_and_is_parked_at_last(session, now, tools, known, say):
    poison, innocent = say("The parcel was late."), say("The refund was late.")
    for attempt in range(1, label.GIVE_UP_AT + 1):
        batch = label.claim(session, now)
        ids = {each.id for each in batch.unread}
        if attempt <= label.ALONE_FROM:
            assert ids == {poison.id, innocent.id}
        else:
            assert ids == {poison.id}
        label.release(session, now, batch, "ValueError in the model")
        if attempt == label.ALONE_FROM:
            innocent.state = "labelled"
            session.flush()
    assert (poison.state, poison.last_error) == ("parked", "ValueError in the model")
    assert label.claim(session, now) is None


class NoModel:
    """Tools of a process whose model is missing."""

    @property
    def readers(self):
        return self

    def current(self, _known):
        raise AppError(Kind.UNAVAILABLE, "model_unavailable", "The model is not there.")


def test_without_a_model_feedback_waits_and_is_never_parked(session, now, tools, known, say):
    feedback = say("The parcel was late.")
    for _ in range(label.GIVE_UP_AT + 1):
        label.record(session, now, label.work(label.claim(session, now), NoModel()))
        assert label.claim(session, now) is None
        now += label.MODEL_WAIT
    assert (feedback.state, feedback.attempts, feedback.last_error) == ("pending", 0, "model_unavailable")
    run(session, now, tools)
    assert (feedback.state, feedback.last_error) == ("labelled", None)


def test_fresh_feedback_goes_before_what_failed_twice(session, now, tools, known, say):
    failed = say("The parcel was late.")
    failed.attempts = label.ALONE_FROM
    session.flush()
    fresh = say("The refund was late.")
    assert [each.id for each in label.claim(session, now).unread] == [fresh.id]
    assert [each.id for each in label.claim(session, now).unread] == [failed.id]


def test_hostile_texts_are_read_like_any_other(session, now, tools, known, say):
    for text in (
        "\u202e\u200b\ufeff",
        "<script>alert(1)</script> broken!",
        "😡" * 500,
        "a" * 20_000,
        "'; DROP TABLE x;--",
    ):
        say(text)
    run(session, now, tools)
    assert {row.state for row in session.query(Feedback)} == {"labelled"}
