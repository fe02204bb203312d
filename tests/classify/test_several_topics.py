"""A span with several topics: a mention for each, stored, shown, corrected and counted once a topic."""

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import select

from app.classify import label, relabel
from app.classify.correct import correct_mention
from app.classify.runs import start_relabelling
from app.classify.taxonomy import load_known
from app.domain.actor import OPERATOR
from app.store import impact
from app.store.label_tables import Mention, MentionVector
from app.store.mentions import list_mentions
from app.store.quotes import feedback_quotes
from app.store.tables import TaxonomyVersion
from app.store.theme_tables import ThemeMention
from app.theme import match
from classifiers.contract import Mention as Found
from classifiers.contract import Reading


class TwoTopics:
    """A reader that finds delivery and, less surely, refunds in every text, with opposite sentiments."""

    fingerprint = "two.0"

    def __init__(self, *topics, language="en", unread=None):
        self._topics = topics or (("delivery", 0.9, True), ("refunds", 0.6, False))
        self._said = {"language": language, "unread": unread}

    def read(self, conversations, _questions):
        return [
            Reading(tuple(self._found(turns[0].text, *topic) for topic in self._topics), **self._said)
            for turns in conversations
        ]

    def _found(self, text, topic, sure, complaint):
        vector = np.zeros(4, np.float16)
        vector[0] = 1
        value, word = (-0.8, "negative") if complaint else (0.8, "positive")
        return Found(0, 0, len(text), topic, sure, value, word, 0.9, complaint, 0.9, None, 0.1, vector)


def tools_with(reader):
    """The tools of a process with this reader."""
    encoder = SimpleNamespace(fingerprint="enc")
    return SimpleNamespace(readers=SimpleNamespace(current=lambda _known: reader, encoder=lambda: encoder))


@pytest.fixture
def read(session, now):
    def with_reader(reader):
        while (batch := label.claim(session, now)) is not None:
            label.record(session, now, label.work(batch, tools_with(reader)))

    return with_reader


@pytest.fixture
def feedback(known, say, read):
    row = say("Late, but the money came back at once.")
    read(TwoTopics())
    return row


def test_a_span_has_a_mention_for_each_topic_with_its_own_sentiment(session, known, feedback):
    sure, other = list_mentions(session, feedback.id)
    assert (sure.topic_id, sure.sentiment_label, sure.complaint) == (known["delivery"], "negative", True)
    assert (other.topic_id, other.sentiment_label, other.complaint) == (known["refunds"], "positive", False)
    assert (sure.start, sure.end) == (other.start, other.end)
    assert session.get(MentionVector, other.id) is not None
    assert [quote.topic for quote in feedback_quotes(session, feedback.id)] == ["delivery", "refunds"]


def test_the_same_topic_twice_in_a_span_is_one_mention_and_the_first_counts(session, known, say, read):
    row = say("The parcel came late.")
    read(TwoTopics(("delivery", 0.9, True), ("delivery", 0.4, False), ("retired", 0.3, True), (None, 0.2, False)))
    sure, none = list_mentions(session, row.id)
    assert (sure.topic_id, sure.complaint) == (known["delivery"], True)
    assert (none.topic_id, none.complaint) == (None, True)


def test_what_was_found_out_about_the_whole_text_is_kept(session, known, say, read):
    row = say("Der Kurier war unfreundlich.")
    read(TwoTopics((None, 0.1, True), language="de", unread="language"))
    assert (row.language_guess, row.unread) == ("de", "language")


def test_a_correction_of_one_topic_leaves_the_other_alone(session, now, known, feedback):
    sure, other = list_mentions(session, feedback.id)
    correct_mention(session, now, OPERATOR, other.id, {"complaint": True})
    assert (sure.corrected, other.corrected, other.topic_id) == (False, True, known["refunds"])


def test_the_reader_learns_which_topic_was_corrected_and_what_stands_beside_it(session, now, known, feedback):
    _, other = list_mentions(session, feedback.id)
    correct_mention(session, now, OPERATOR, other.id, {"complaint": True})
    correct_mention(session, now, OPERATOR, other.id, {"topic": None})
    feelings, topic = load_known(session).taught()
    assert (feelings.about, feelings.beside, feelings.complaint) == ("refunds", ("delivery",), True)
    assert (topic.about, topic.beside, topic.topic) == ("refunds", ("delivery",), "")


def test_a_topic_corrected_to_the_other_one_of_its_span_leaves_one_mention(session, now, known, feedback):
    sure, other = list_mentions(session, feedback.id)
    correct_mention(session, now, OPERATOR, other.id, {"topic": "delivery"})
    (left,) = list_mentions(session, feedback.id)
    assert (left.id, left.topic_id, left.corrected) == (other.id, known["delivery"], True)
    assert session.get(MentionVector, sure.id) is None


def test_feedback_counts_once_for_each_of_its_topics(session, now, known, say, read):
    say("Late, and no money.")
    read(TwoTopics(("delivery", 0.9, True), ("refunds", 0.6, True)))
    day = now.date()
    span = impact.Span(day - timedelta(days=1), day)
    assert impact.complaints_by_topic(session, span) == {known["delivery"]: {day: 1}, known["refunds"]: {day: 1}}
    counted = impact.topic_complaints(session, known["refunds"], span)
    assert (counted.items, counted.people, counted.mentions) == ({day: 1}, {day: 1}, {day: 1})


def test_each_complaint_of_a_span_gets_a_theme_of_its_own_topic(session, now, known, say, read):
    row = say("Late, and no money.")
    read(TwoTopics(("delivery", 0.9, True), ("refunds", 0.6, True)))
    match.record(session, now, match.work(match.claim(session, now), None))
    themes = session.scalars(select(ThemeMention.theme_id)).all()
    assert len(set(themes)) == 2
    assert match.claim(session, now) is None
    assert len(list_mentions(session, row.id)) == 2


def test_the_swap_tells_the_topics_of_a_span_apart(session, now, known, feedback, say):
    session.add(TaxonomyVersion(digest="d", document={"topics": {}}, published_at=now))
    session.flush()
    kept, gone = list_mentions(session, feedback.id)
    kept_id, gone_id = kept.id, gone.id
    start_relabelling(session, now, OPERATOR)
    reader = TwoTopics((None, 0.3, True), ("delivery", 0.5, False))
    while (batch := relabel.claim(session, now)) is not None:
        relabel.record(session, now, relabel.work(batch, tools_with(reader)))
    session.expire_all()
    first, second = list_mentions(session, feedback.id)
    assert (first.id, first.topic_id, first.topic_confidence, first.complaint) == (
        kept_id,
        known["delivery"],
        0.5,
        False,
    )
    assert (second.topic_id, second.id != gone_id) == (None, True)
    assert session.get(MentionVector, second.id).model == "enc"
    assert session.scalars(select(Mention)).all() == [first, second]
