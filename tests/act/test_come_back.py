"""A finished item opens again by a rate test on weeks after it was closed, never by a single message."""

from datetime import timedelta
from itertools import count

import pytest

from app.act import come_back
from app.act.aside import decline_item, mark_duplicate, reopen_item
from app.domain.actor import OPERATOR
from app.store.act_tables import Notice
from app.store.event_tables import Event
from app.store.items import history
from app.store.label_tables import Mention
from app.store.tables import Feedback, Source
from app.store.theme_tables import ThemeMention

WEEK = timedelta(days=7)


@pytest.fixture
def people(session, company, now):
    """So many people complain about the company's theme in the week that begins at an instant; one is content."""
    source = Source(key="s", connector="native", config={}, created_at=now)
    session.add(source)
    session.flush()
    numbers = count()

    def say(at, complaint):
        number = next(numbers)
        row = Feedback(
            source_id=source.id, external_id=str(number), digest="", medium="survey", occurred_at=at, received_at=at,
            customer_ref=f"c{number}", attributes={}, state="labelled",
        )  # fmt: skip
        session.add(row)
        session.flush()
        mention = Mention(
            feedback_id=row.id, content_rev=1, turn=0, start=0, end=1, topic_id=company.topic, topic_confidence=1,
            sentiment=0, sentiment_label="neutral", sentiment_confidence=1, complaint=complaint,
            complaint_confidence=1, friction_confidence=0, fingerprint="t",
        )  # fmt: skip
        session.add(mention)
        session.flush()
        session.add(ThemeMention(mention_id=mention.id, theme_id=company.theme, assigned_at=at))

    def week(start, complaining, of=100):
        for number in range(of):
            say(start + timedelta(hours=number % 160), number < complaining)
        session.flush()

    return week


@pytest.fixture
def declined(session, item, mira, people, now):
    """The item, declined after twelve weeks of eight people in a hundred."""
    for weeks in range(1, 13):
        people(now - weeks * WEEK, 8)
    decline_item(session, now, mira, item.id, version=1, reason="Too dear to change")
    return item


@pytest.fixture
def other(add_theme, open_item, now):
    """An item about another theme."""
    return open_item(now, theme_id=add_theme("another name").id)


@pytest.fixture
def weekly(run, now):
    def look(weeks):
        return run(come_back, now + weeks * WEEK + timedelta(days=1))

    return look


def test_the_same_rate_stays_declined_and_is_looked_at_once_a_week(session, declined, people, weekly, now):
    assert not weekly(0.5)
    for number in range(1, 5):
        people(now + timedelta(days=1) + (number - 1) * WEEK, 9)
        assert weekly(number)
        assert not weekly(number)
    assert declined.state == "declined"


def test_twice_the_rate_opens_it_again_and_its_owner_is_told_why(session, declined, people, weekly, now):
    for number in range(1, 5):
        people(now + timedelta(days=1) + (number - 1) * WEEK, 24)
        weekly(number)
    assert (declined.state, declined.closed_at, declined.reason) == ("reopened", None, None)
    line = history(session, declined.id)[-1]
    assert line.kind == "reopened"
    assert line.facts["rate_ratio"] > 1.5
    assert "times as often" in line.text
    assert session.query(Notice).filter_by(event="reopened", owner_id=declined.owner_id).count() == 2
    assert session.query(Event).filter_by(type="voc.action_item.reopened.v1").count() == 1


def test_more_of_everything_is_no_higher_rate(session, declined, people, weekly, now):
    for number in range(1, 5):
        people(now + timedelta(days=1) + (number - 1) * WEEK, 24, of=300)
        weekly(number)
    assert declined.state == "declined"


def test_messages_dated_before_it_was_closed_open_nothing(session, declined, people, weekly, now):
    people(now - timedelta(days=6), 90)
    people(now + timedelta(days=1), 8)
    weekly(1)
    assert declined.state == "declined"


def test_a_duplicate_is_asked_about_once_the_item_that_stays_is_finished(session, item, other, now, run):
    mark_duplicate(session, now, OPERATOR, item.id, version=1, of_id=other.id)
    assert not run(come_back, now + 2 * WEEK)
    decline_item(session, now, OPERATOR, other.id, version=1, reason="No")
    assert [one.item_id for one in come_back.claim(session, now + 2 * WEEK).watched] == [item.id, other.id]


def test_an_item_that_somebody_opened_meanwhile_is_left_alone(session, declined, people, mira, now):
    for number in range(4):
        people(now + timedelta(days=1) + number * WEEK, 24)
    later = now + 5 * WEEK
    outcome = come_back.work(come_back.claim(session, later), None)
    reopen_item(session, later, mira, declined.id, version=declined.version, reason="Again")
    version = declined.version
    come_back.record(session, later, outcome)
    assert declined.version == version
