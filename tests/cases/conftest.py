"""A company with case rules, feedback that was just read, and a judge of risks that is told what to find."""

from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pytest

from app.act import open_case
from app.domain.actor import OPERATOR, Actor, Scope
from app.processes.apply import apply_document
from app.processes.reader import read_document
from app.route import cases
from app.store import reference
from app.store.act_tables import ActionItem
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Feedback, Score, Source, Turn

COMPANY = """
version: 1
calendars:
  - {key: office, zone: Europe/Berlin, week: {mon-fri: ["09:00-17:00"]}}
owners:
  - {key: clara, name: Clara, email: clara@example.com, calendar: office}
  - {key: jonas, name: Jonas, email: jonas@example.com, calendar: office, manager: clara}
  - {key: mira, name: Mira, email: mira@example.com, calendar: office, manager: clara}
teams:
  - {key: desk, name: Desk, members: [{owner: jonas}, {owner: mira}]}
processes:
  - {key: returns, name: Returns, owner: jonas, steps: [{key: refund, name: Refund}]}
topics:
  - {key: money, name: Money, process: returns}
  - {key: slow, name: Slow refund, process: returns, step: refund, parent: money}
cases:
  within_hours: 48
  rules:
    - {key: danger, when: {signals: [legal_threat, safety], confidence: 0.6}, then: {owner: clara, deadline: 2 hours, goal: 1 hours}}
    - {key: gold_leaves, when: {signals: [churn_risk], segment: [Gold]}, then: {team: desk}}
    - {key: asks, when: {score: {metric: nps, max: 6}, response_needed: true}, then: {deadline: 8 hours}}
    - {key: money_by_phone, when: {topic: [money], medium: [phone], sentiment: [negative]}}
ladder: [{to: manager, after: 1 hours}]
fallback_owner: clara
"""  # noqa: E501 - a rule stays on its line


@dataclass
class Judge:
    """Finds in each embedding what its first number says."""

    finds: dict[int, dict[str, float]] = field(default_factory=dict)
    asked: int = 0

    def judge(self, vectors, model):
        assert model == "m"
        self.asked += len(vectors)
        found = [self.finds.get(int(np.frombuffer(vector, "<f2")[0]), {}) for vector in vectors]
        return {risk: [each.get(risk, 0.01) for each in found] for risk in ("legal_threat", "safety", "churn_risk")}


@dataclass
class Tools:
    risks: Judge


@pytest.fixture
def tools():
    return Tools(Judge())


@pytest.fixture
def company(session, now):
    return _found(session, now)


@pytest.fixture
def committed(database, now):
    """The company with one feedback that two rules hold for, committed."""
    with database.writing() as session:
        found = _found(session, now)
        say = sayer(session, now, found, Judge())
        say("Where is my money? I called three times.", topic="slow", nps=2, response_needed=True)
    return found


def _found(session, now):
    apply_document(session, now, OPERATOR, read_document(COMPANY), dry_run=False)
    return {topic.key: topic.id for topic in reference.list_topics(session)}


@pytest.fixture
def say(session, now, company, tools):
    """Adds feedback as the classifier leaves it: labelled, with one mention of all of its words."""
    return sayer(session, now, company, tools.risks)


def sayer(session, now, topics, judge):
    source = Source(key="survey", connector="native", config={}, created_at=now)
    session.add(source)
    session.flush()
    numbers = count(1)

    def say(text, *, topic=None, nps=None, at=now, received_at=None, risks=None, ref="c-1", segment=None, **more):
        number = next(numbers)
        labels = {"response_needed": False, "escalation_intent": False, "urgent": False, "complaint": True}
        labels |= {name: more.pop(name) for name in list(more) if name in labels}
        row = Feedback(
            source_id=source.id,
            external_id=str(number),
            digest="",
            occurred_at=at,
            received_at=received_at or at,
            customer_ref=ref,
            segment=segment,
            attributes={},
            state="labelled",
            case_due=True,
            **{"medium": "survey", **more},
        )
        session.add(row)
        session.flush()
        session.add(Turn(feedback_id=row.id, position=0, role="customer", text=text))
        if nps is not None:
            session.add(Score(feedback_id=row.id, position=0, metric="nps", value=nps, low=0, high=10))
        mention = Mention(
            feedback_id=row.id,
            content_rev=row.content_rev or 1,
            turn=0,
            start=0,
            end=len(text),
            topic_id=topics[topic] if topic else None,
            topic_confidence=0.9,
            sentiment=-0.8,
            sentiment_label="negative",
            sentiment_confidence=0.9,
            complaint_confidence=0.9,
            friction_confidence=0.1,
            urgent_confidence=0.9,
            response_needed_confidence=0.9,
            escalation_intent_confidence=0.9,
            fingerprint="test",
            **labels,
        )
        session.add(mention)
        session.flush()
        session.add(MentionVector(mention_id=mention.id, model="m", vector=np.array([number], "<f2").tobytes()))
        judge.finds[number] = risks or {}
        session.flush()
        return row

    return say


@pytest.fixture
def run(session, now, tools):
    """Looks for cases and opens them; gives all items."""

    def once(at=now):
        for station in (cases, open_case):
            batch = station.claim(session, at)
            if batch is not None:
                station.record(session, at, station.work(batch, tools))
                session.flush()
        return session.query(ActionItem).order_by(ActionItem.id).all()

    return once


@pytest.fixture
def case(say, run):
    """A case of Jonas, about an unhappy customer who asks."""
    say("Where is my money? Ask for me, Ada Vogel.", topic="slow", nps=2, response_needed=True)
    return run()[0]


@pytest.fixture
def jonas(session, company):
    owner = reference.find_owner(session, "jonas")
    return Actor("key:jonas", frozenset({Scope.ITEMS_READ, Scope.ITEMS_WRITE}), owner_id=owner.id)
