from datetime import timedelta
from itertools import count

import pytest

from app.domain.actor import OPERATOR
from app.processes.apply import apply_document
from app.processes.reader import read_document
from app.store import reference
from app.store.act_tables import ActionItem
from app.store.label_tables import Mention
from app.store.tables import Feedback, Score, Source
from app.store.theme_tables import Theme, ThemeMention

COMPANY = """
version: 1
stages: [{key: own, name: Using}]
calendars:
  - {key: office, zone: Europe/Berlin, week: {mon-fri: ["09:00-17:00"]}}
owners:
  - {key: clara, name: Clara, email: clara@example.com, calendar: office}
  - {key: jonas, name: Jonas, email: jonas@example.com, calendar: office, manager: clara}
  - {key: mira, name: Mira, email: mira@example.com, calendar: office, manager: clara}
processes:
  - key: returns
    name: Returns
    stage: own
    owner: jonas
    steps: [{key: refund, name: Refund}]
  - {key: orphan, name: Orphan}
topics:
  - {key: money, name: Money, process: returns}
  - {key: slow, name: Slow refund, process: returns, step: refund, parent: money}
  - {key: lost, name: Lost, process: orphan}
rules:
  - {key: phones, when: {medium: [phone]}, then: {owner: mira}}
  - {key: money, when: {topic: [money]}, then: {deadline: 3 days}}
ladder: [{to: manager, after: 1 day}]
thresholds: {min_complaints: 4, min_people: 3, window_days: 28}
fallback_owner: clara
"""


@pytest.fixture
def company_yaml():
    return COMPANY


@pytest.fixture
def company(session, now, company_yaml):
    apply_document(session, now, OPERATOR, read_document(company_yaml), dry_run=False)
    return {topic.key: topic.id for topic in reference.list_topics(session)}


@pytest.fixture
def theme_of(session, now, company):
    def theme_of(topic, **more):
        values = {"kind": "topic", "name": topic, "terms": [], "state": "active", **more}
        row = Theme(topic_id=company[topic], created_at=now, updated_at=now, **values)
        session.add(row)
        session.flush()
        return row

    return theme_of


@pytest.fixture
def complain(session, now, company):
    """Add complaints about a theme: as many people as complaints unless `people` is given."""
    source = Source(key="survey", connector="native", config={}, created_at=now)
    session.add(source)
    session.flush()
    numbers = count()

    def complain(theme, complaints, *, people=None, at=now, medium="survey", complaint=True, **more):
        for number in range(complaints):
            ref = None if people == 0 else f"c{number % (people or complaints)}"
            said = Feedback(
                source_id=source.id,
                external_id=str(next(numbers)),
                digest="",
                medium=medium,
                occurred_at=at - timedelta(minutes=number),
                received_at=at,
                customer_ref=ref,
                attributes={},
                state="labelled",
                segment=more.get("segment"),
            )
            session.add(said)
            session.flush()
            for position, (metric, value, low, high) in enumerate(more.get("scores", ())):
                session.add(
                    Score(feedback_id=said.id, position=position, metric=metric, value=value, low=low, high=high)
                )
            mention = Mention(
                feedback_id=said.id,
                content_rev=1,
                turn=0,
                start=0,
                end=1,
                topic_id=theme.topic_id if theme else None,
                topic_confidence=1,
                sentiment=more.get("sentiment", -1),
                sentiment_label=more.get("label", "negative"),
                sentiment_confidence=1,
                complaint=complaint,
                complaint_confidence=1,
                friction=more.get("friction"),
                friction_confidence=1,
                urgent=more.get("urgent", False),
                escalation_intent=more.get("escalates", False),
                fingerprint="test",
            )
            session.add(mention)
            session.flush()
            session.add(ThemeMention(mention_id=mention.id, theme_id=theme.id if theme else None, assigned_at=at))
        session.flush()

    return complain


@pytest.fixture
def item_of(session, now):
    def item_of(routing, closed_at=None, **more):
        values = {
            "kind": "process",
            "theme_id": routing.theme_id,
            "process_id": routing.process_id,
            "owner_id": routing.owner_id,
            "routing_id": routing.id,
            "title": "t",
            "state": "new",
            "opened_at": now,
            "goal_at": now,
            "deadline_at": now,
            "ladder": [],
            "updated_at": now,
            **more,
        }
        row = ActionItem(closed_at=closed_at, **values)
        session.add(row)
        session.flush()
        return row

    return item_of
