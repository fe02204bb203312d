from datetime import UTC, datetime

import pytest

from app.ingest.items import accept_items
from app.store.feedback import FeedbackFilter, count_feedback, list_feedback, read_feedback
from app.store.label_tables import Mention
from app.store.quotes import feedback_quotes
from app.store.tables import Topic
from app.store.theme_tables import Theme, ThemeMention


@pytest.fixture
def told(session, source, make_item, now):
    items = [
        make_item("a", medium="chat", occurred_at="2026-09-01T10:00:00Z", customer={"ref": "C-1"}, case_id="o-1"),
        make_item("b", occurred_at="2026-09-02T10:00:00Z", scores=[{"metric": "nps", "value": 0, "min": 0, "max": 10}]),
        make_item("c", occurred_at="2026-09-03T10:00:00Z", text=""),
    ]
    ids = [one.feedback_id for one in accept_items(session, now, source, items)]
    topic = Topic(key="late", name="Late", description="", examples=[])
    session.add(topic)
    session.flush()
    theme = Theme(
        topic_id=topic.id, kind="topic", name="Late parcels", terms=[], state="active", created_at=now, updated_at=now
    )
    mention = Mention(
        feedback_id=ids[1], content_rev=1, turn=0, start=0, end=3, topic_id=topic.id, topic_confidence=1, sentiment=-1,
        sentiment_label="negative", sentiment_confidence=1, complaint=True, complaint_confidence=1,
        friction_confidence=0, fingerprint="f",
    )  # fmt: skip
    session.add_all([theme, mention])
    session.flush()
    session.add(ThemeMention(mention_id=mention.id, theme_id=theme.id, similarity=0.9, assigned_at=now))
    session.flush()
    return ids


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (FeedbackFilter(), "cba"),
        (FeedbackFilter(source="crm"), "cba"),
        (FeedbackFilter(source="other"), ""),
        (FeedbackFilter(medium="chat"), "a"),
        (FeedbackFilter(state="labelled"), ""),
        (FeedbackFilter(customer_ref="C-1", case_ref="o-1"), "a"),
        (FeedbackFilter(since=datetime(2026, 9, 2, 10, tzinfo=UTC)), "cb"),
        (FeedbackFilter(until=datetime(2026, 9, 2, 10, tzinfo=UTC)), "a"),
        (FeedbackFilter(topic="late", complaint=True), "b"),
        (FeedbackFilter(topic="late", complaint=False), ""),
    ],
)
def test_feedback_is_listed_newest_first_as_asked(session, told, wanted, found):
    assert "".join(row.external_id for row, _ in list_feedback(session, wanted, None, 10)) == found


def test_pages_follow_each_other_without_gaps(session, told):
    first = list_feedback(session, FeedbackFilter(), None, 2)
    assert [row.external_id for row, _ in first] == ["c", "b", "a"]
    last = first[1][0]
    rest = list_feedback(session, FeedbackFilter(), (last.occurred_at, last.id), 2)
    assert [row.external_id for row, _ in rest] == ["a"]


def test_one_utterance_is_read_whole(session, told):
    found = read_feedback(session, told[1])
    assert (found.source, found.feedback.external_id) == ("crm", "b")
    assert [turn.text for turn in found.turns] == ["The parcel came late."]
    assert [score.value for score in found.scores] == [0]
    assert [quote.topic for quote in feedback_quotes(session, told[1])] == ["late"]
    assert read_feedback(session, 10**9) is None


def test_counts_say_where_feedback_stands(session, told):
    assert count_feedback(session) == {"pending": 3}
