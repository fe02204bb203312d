from datetime import timedelta

import pytest

from app.domain.coming_back import Week
from app.store.act_tables import ActionItem
from app.store.coming_back import people_by_week
from app.store.label_tables import Mention
from app.store.quotes import evidence_of, theme_evidence
from app.store.tables import Feedback, Source, Topic, Turn
from app.store.theme_tables import Theme, ThemeMention
from app.store.trends import weekly_complaints, weekly_reach


@pytest.fixture
def say(session, now):
    """Somebody complains yesterday, in a theme."""
    session.add(Source(id=1, key="crm", connector="native", config={}, created_at=now))

    def one(theme, text):
        at = now - timedelta(days=1)
        feedback = Feedback(
            source_id=1, external_id=text, digest="", medium="chat", occurred_at=at, received_at=at,
            customer_ref=text, attributes={}, state="labelled",
        )  # fmt: skip
        session.add(feedback)
        session.flush()
        session.add(Turn(feedback_id=feedback.id, position=0, role="customer", text=text))
        mention = Mention(
            feedback_id=feedback.id, content_rev=1, turn=0, start=0, end=len(text), topic_id=theme.topic_id,
            topic_confidence=0.9, sentiment=-0.8, sentiment_label="negative", sentiment_confidence=0.9, complaint=True,
            complaint_confidence=0.9, friction=None, friction_confidence=0.1, fingerprint="m.0",
        )  # fmt: skip
        session.add(mention)
        session.flush()
        session.add(ThemeMention(mention_id=mention.id, theme_id=theme.id, assigned_at=now))
        session.flush()

    return one


@pytest.fixture
def themes(session, now, say):
    """The own theme of a topic and a cluster that took most of it over, and a theme of another topic."""

    def theme(topic, kind):
        row = Theme(
            topic_id=topic.id, kind=kind, name=kind, terms=[], state="active", created_at=now, updated_at=now
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row

    refunds, calls = (Topic(key=key, name=key, description="", examples=[]) for key in ("refunds", "calls"))
    session.add_all([refunds, calls])
    session.flush()
    own, cluster, elsewhere = theme(refunds, "topic"), theme(refunds, "cluster"), theme(calls, "cluster")
    say(own, "No refund at all")
    say(cluster, "The refund takes weeks")
    say(elsewhere, "Nobody answers")
    return own, cluster, elsewhere


def about(theme):
    return ActionItem(theme_id=theme.id, process_id=None)


def words(quotes):
    return sorted(quote.text for quote in quotes)


def test_an_item_about_a_topics_own_theme_is_about_the_whole_topic(session, themes, now):
    own, *_ = themes
    assert words(evidence_of(session, about(own), 5)) == ["No refund at all", "The refund takes weeks"]
    assert weekly_reach(session, [own.id], now, 2) == {own.id: [0, 2]}
    week = people_by_week(session, about(own), now.date() - timedelta(days=5), 1)
    assert week == [Week(2, 3.0)]


def test_an_item_about_a_cluster_is_about_that_cluster(session, themes, now):
    _, cluster, _ = themes
    assert words(evidence_of(session, about(cluster), 5)) == ["The refund takes weeks"]
    assert weekly_reach(session, [cluster.id], now, 2) == {cluster.id: [0, 1]}


def test_the_own_theme_itself_is_what_no_cluster_holds(session, themes, now):
    own, *_ = themes
    assert words(theme_evidence(session, own.id, 5)) == ["No refund at all"]
    assert weekly_complaints(session, [own.id], now, 2) == {own.id: [0, 1]}
