"""The drift watch on a real database: weeks of mentions, an alarm that opens, stays and closes."""

from datetime import timedelta

import numpy as np
import pytest

from app.classify import watch
from app.store.access import list_audit_events
from app.store.drift import alarm_since, last_readings
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Feedback, Source

DIM = 24


@pytest.fixture
def lived(session, now, known):
    """Stores mentions of some days: how many a day of each topic, and where their vectors lie."""
    source = Source(key="crm", connector="native", config={}, created_at=now)
    session.add(source)
    session.flush()
    draw = np.random.default_rng(5)
    number = iter(range(1, 100_000))

    def stored(first, last, topics, direction=0, fingerprint="m1.aaa"):
        rows = [
            (now.replace(hour=12) - timedelta(days=back), known.get(topic), next(number))
            for back in range(last, first + 1)
            for topic, mean in topics.items()
            for _ in range(int(draw.poisson(mean)))
        ]
        session.add_all(_feedback(source.id, said, each) for said, _, each in rows)
        session.flush()
        session.add_all(_mention(topic, each, fingerprint) for _, topic, each in rows)
        session.flush()
        session.add_all(
            MentionVector(mention_id=each, model="e1", vector=_vector(draw, direction)) for _, _, each in rows
        )
        session.flush()

    return stored


def _vector(draw, direction):
    vector = draw.standard_normal(DIM) * 0.3
    vector[direction] += 1
    return (vector / np.linalg.norm(vector)).astype("<f2").tobytes()


def _feedback(source_id, said, number):
    return Feedback(
        id=number, source_id=source_id, external_id=f"{number}", digest="", medium="chat", occurred_at=said,
        received_at=said, attributes={}, state="labelled",
    )  # fmt: skip


def _mention(topic_id, number, fingerprint):
    return Mention(
        id=number, feedback_id=number, content_rev=1, turn=0, start=0, end=4, topic_id=topic_id, topic_confidence=0.8,
        sentiment=0, sentiment_label=("negative", "neutral")[number % 2], sentiment_confidence=0.9,
        complaint=True, complaint_confidence=0.9, friction_confidence=0, fingerprint=fingerprint,
    )  # fmt: skip


def look(session, now):
    batch = watch.claim(session, now)
    if batch is not None:
        watch.record(session, now, watch.work(batch, None))
    return {row.statistic: row.alarm for row in last_readings(session)}


USUAL = {"refunds": 8, "delivery": 8, "no topic": 5}


def test_without_enough_weeks_nothing_is_read(session, now, lived):
    assert watch.claim(session, now) is None
    lived(30, 1, USUAL)
    assert watch.claim(session, now) is None


def test_a_quiet_week_is_read_once_and_raises_nothing(session, now, lived):
    lived(63, 1, USUAL)
    assert look(session, now) == dict.fromkeys(["abstention", "sentiment", "texts", "topics"], False)
    assert watch.claim(session, now) is None
    assert {row.day for row in last_readings(session)} == {now.date() - timedelta(days=1)}
    assert all(row.expected_low <= row.value <= row.expected_high for row in last_readings(session))


def test_an_alarm_opens_stays_and_closes_and_is_told_without_any_words(session, now, lived):
    lived(63, 8, USUAL)
    lived(7, 1, {"refunds": 1, "delivery": 16, "no topic": 5}, direction=3)
    opened = look(session, now)
    assert (opened["topics"], opened["texts"], opened["sentiment"]) == (True, True, False)
    (row,) = [row for row in last_readings(session) if row.statistic == "topics"]
    assert row.facts["label"] in {"refunds", "delivery"}
    assert row.value > row.expected_high or row.value < row.expected_low
    day = row.day
    for ahead in range(1, 8):
        now += timedelta(days=1)
        lived(1 - ahead, 1 - ahead, USUAL)
        state = look(session, now)
        if state["topics"]:
            (row,) = [row for row in last_readings(session) if row.statistic == "topics"]
            assert alarm_since(session, row) == day
    assert state["topics"] is False
    actions = [event.action for event in list_audit_events(session, None, 50, subject="drift:topics")]
    assert actions == ["drift_alarm_closed", "drift_alarm_opened"]


def test_what_another_model_read_is_not_compared(session, now, lived):
    lived(63, 8, {"refunds": 10, "delivery": 1}, fingerprint="m0.aaa")
    lived(7, 1, USUAL)
    assert watch.claim(session, now) is None
