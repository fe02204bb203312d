from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.actor import OPERATOR, Actor, Scope
from app.errors import AppError
from app.store.label_tables import Mention, RelabelRun, TrendCount, TrendLine
from app.store.tables import Feedback, Source, TaxonomyVersion, Topic
from app.store.trends import topic_trend

TODAY = date(2026, 9, 16)


@pytest.fixture
def topic(session, now):
    row = Topic(key="refunds", name="Refunds", description="", examples=[])
    session.add_all([row, Source(id=1, key="crm", connector="native", config={}, created_at=now)])
    session.flush()
    return row


def say(session, topic, days_ago, customer=None, *, complaint=True):
    at = datetime.combine(TODAY - timedelta(days=days_ago), datetime.min.time(), tzinfo=UTC) + timedelta(hours=23)
    feedback = Feedback(
        source_id=1, external_id=f"{days_ago}-{customer}-{complaint}", digest="", medium="chat", occurred_at=at,
        received_at=at, customer_ref=customer, attributes={}, state="labelled",
    )  # fmt: skip
    session.add(feedback)
    session.flush()
    session.add(
        Mention(
            feedback_id=feedback.id, content_rev=1, turn=0, start=0, end=5, topic_id=topic.id, topic_confidence=0.9,
            sentiment=-0.8, sentiment_label="negative", sentiment_confidence=0.9, complaint=complaint,
            complaint_confidence=0.9, friction=None, friction_confidence=0.1, fingerprint="new.0",
        )
    )  # fmt: skip
    session.flush()


def keep(session, now, topic, *, until, knew=True):
    """A line that was replaced today, with three complaints on its last day."""
    document = {"topics": {topic.key: {}} if knew else {}}
    old = TaxonomyVersion(digest="1", document=document, published_at=now - timedelta(days=300))
    session.add(old)
    session.flush()
    run = RelabelRun(
        kind="history", state="done", taxonomy_version_id=old.id, floor_id=0, cursor_id=0, total=3, corrections_to=0,
        asked_by="cli", started_at=now, finished_at=now,
    )  # fmt: skip
    session.add(run)
    session.flush()
    line = TrendLine(run_id=run.id, taxonomy_version_id=old.id, model="old", until=until, replaced_at=now)
    session.add(line)
    session.flush()
    session.add(TrendCount(line_id=line.id, topic_id=topic.id, day=until, mentions=4, complaints=3, people=2))
    new = TaxonomyVersion(
        digest="2", document=document, published_at=datetime.combine(until, now.time(), tzinfo=UTC), relabels=True
    )
    session.add(new)
    session.flush()
    return old, new


def test_weeks_are_seven_utc_days_and_the_last_one_ends_today(session, now, topic):
    for days_ago, customer in ((0, "a"), (0, "a2"), (6, "b"), (7, "c"), (7, "d"), (14, "e")):
        say(session, topic, days_ago, customer)
    say(session, topic, 0, "f", complaint=False)
    weeks = topic_trend(session, OPERATOR, topic.id, now, 2).current
    assert [(week.starts_on, week.mentions, week.complaints, week.people) for week in weeks] == [
        (date(2026, 9, 3), 2, 2, 2),
        (date(2026, 9, 10), 4, 3, 3),
    ]


def test_people_count_once_a_day_and_the_nameless_each_for_themselves(session, now, topic):
    for customer in ("a", "b", None):
        say(session, topic, 1, customer)
    say(session, topic, 2, "a")
    assert topic_trend(session, OPERATOR, topic.id, now, 1).current[0].people == 4


def test_the_line_of_before_stands_beside_the_current_one_until_it_was_replaced(session, now, topic):
    old, new = keep(session, now, topic, until=TODAY - timedelta(days=8))
    say(session, topic, 1)
    trend = topic_trend(session, OPERATOR, topic.id, now, 4)
    (line,) = trend.kept
    assert (trend.version, line.version, line.until, line.replaced_at) == (new.id, old.id, date(2026, 9, 8), now)
    assert [week.complaints for week in line.weeks] == [0, 0, 3]
    assert [week.complaints for week in trend.current] == [0, 0, 0, 1]
    assert trend.published == ((new.id, new.published_at),)


def test_a_topic_that_the_old_taxonomy_did_not_have_has_no_old_line(session, now, topic):
    keep(session, now, topic, until=TODAY - timedelta(days=8), knew=False)
    assert topic_trend(session, OPERATOR, topic.id, now, 4).kept == ()


def test_a_line_that_ended_before_the_first_week_is_left_out(session, now, topic):
    keep(session, now, topic, until=TODAY - timedelta(days=60))
    trend = topic_trend(session, OPERATOR, topic.id, now, 4)
    assert (trend.kept, trend.published) == ((), ())


def test_an_owner_sees_the_topics_of_their_own_items_only(session, now, topic):
    owner = Actor(name="key:mira", scopes=frozenset({Scope.ITEMS_READ}), owner_id=1)
    for actor, topic_id in ((owner, topic.id), (OPERATOR, topic.id + 1)):
        with pytest.raises(AppError, match="no such topic"):
            topic_trend(session, actor, topic_id, now, 4)
