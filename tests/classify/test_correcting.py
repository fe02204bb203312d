import pytest

from app.classify import label
from app.classify.correct import correct_mention
from app.domain.actor import OPERATOR
from app.errors import AppError
from app.store.mentions import list_corrections, list_mentions


@pytest.fixture
def mention(session, now, tools, known, say):
    feedback = say("The wobbly thing annoys me.")
    label.record(session, now, label.work(label.claim(session, now), tools))
    return list_mentions(session, feedback.id)[0]


def test_a_correction_wins_at_once_and_at_every_later_reading(session, now, tools, known, say, mention):
    labels = {"topic": "delivery", "sentiment_label": "neutral", "complaint": False, "friction": None}
    stored = correct_mention(session, now, OPERATOR, mention.id, labels)
    assert (stored.text, stored.actor, stored.labels) == ("The wobbly thing annoys me.", "cli", labels)
    assert (mention.topic_id, mention.sentiment_label, mention.complaint) == (known["delivery"], "neutral", False)
    assert mention.corrected
    again = say("The wobbly thing annoys me.")
    label.record(session, now, label.work(label.claim(session, now), tools))
    (later,) = list_mentions(session, again.id)
    assert (later.topic_id, later.sentiment, later.complaint) == (known["delivery"], 0.0, False)
    assert (later.corrected, later.topic_confidence) == (True, 1.0)


def test_what_is_not_corrected_stays_as_the_model_judged(session, now, mention):
    before = (mention.sentiment, mention.complaint, mention.friction)
    correct_mention(session, now, OPERATOR, mention.id, {"topic": None})
    assert mention.topic_id is None
    assert (mention.sentiment, mention.complaint, mention.friction) == before


@pytest.mark.parametrize(
    "labels",
    [
        {}, {"mood": "bad"}, {"topic": "unheard_of"}, {"topic": 3}, {"sentiment_label": "angry"},
        {"sentiment_label": None}, {"sentiment_label": []}, {"complaint": "yes"},
        {"complaint": None}, {"friction": "heat"}, {"topic": []}, {"friction": {}},
    ],
)  # fmt: skip
def test_a_correction_that_makes_no_sense_is_refused_and_nothing_changes(session, now, mention, labels):
    with pytest.raises(AppError) as refused:
        correct_mention(session, now, OPERATOR, mention.id, labels)
    assert refused.value.code == "bad_correction"
    assert list_corrections(session) == []
    assert not mention.corrected


def test_a_mention_that_is_gone_cannot_be_corrected(session, now):
    with pytest.raises(AppError) as refused:
        correct_mention(session, now, OPERATOR, 999, {"complaint": True})
    assert refused.value.code == "mention_not_found"
