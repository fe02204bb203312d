"""A small company in the database: topics of four processes, daily feedback with complaints, one change to judge."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from sqlalchemy import insert

from app.store.act_tables import ActionItem, Change
from app.store.label_tables import Mention
from app.store.tables import Calendar, Feedback, Owner, Process, Source, Topic
from app.store.theme_tables import Theme, ThemeMention

START = date(2026, 1, 5)
FINGERPRINT = "topics-1"


@dataclass
class World:
    """Writes rows that the other rooms would write."""

    session: object
    source: Source
    item: ActionItem
    topics: list[Topic]
    themes: list[Theme]
    serial: int = 0

    def complain(self, topic, day, count, *, people=None, fingerprint=FINGERPRINT, source=None):
        """`count` feedback items on a day, each with one complaint about topic number `topic` (None: no complaint)."""
        self.write([(topic, day, count)], people=people, fingerprint=fingerprint, source=source)

    def flow(self, rates, days, *, seed=1):
        """Poisson complaints per topic: `rates` is a function (topic, day) -> mean."""
        rng = np.random.default_rng(seed)
        cells = [(topic, day) for topic in range(len(self.topics)) for day in range(days)]
        self.write([(topic, day, int(rng.poisson(rates(topic, day)))) for topic, day in cells])

    def write(self, counts, *, people=None, fingerprint=FINGERPRINT, source=None):
        """Rows for (topic, day, count), in bulk; ids far above those that the database gives."""
        feedback, mentions, members = [], [], []
        for topic, day, count in counts:
            at = datetime.combine(START + timedelta(days=day), time(12), tzinfo=UTC)
            for _ in range(count):
                self.serial += 1
                key = 1_000_000 + self.serial
                feedback.append(self._feedback(key, at, people, source or self.source))
                if topic is not None:
                    mentions.append(self._mention(key, topic, fingerprint))
                    members.append({"mention_id": key, "theme_id": self.themes[topic].id, "assigned_at": at})
        for table, rows in ((Feedback, feedback), (Mention, mentions), (ThemeMention, members)):
            if rows:
                self.session.execute(insert(table), rows)

    def _feedback(self, key, at, people, source):
        return {
            "id": key,
            "source_id": source.id,
            "external_id": str(key),
            "digest": "d",
            "medium": "survey",
            "occurred_at": at,
            "received_at": at,
            "customer_ref": people,
            "attributes": {},
            "state": "labelled",
        }

    def _mention(self, key, topic, fingerprint):
        return {
            "id": key,
            "feedback_id": key,
            "content_rev": 1,
            "turn": 0,
            "start": 0,
            "end": 5,
            "topic_id": self.topics[topic].id,
            "topic_confidence": 0.9,
            "sentiment": -0.8,
            "sentiment_label": "negative",
            "sentiment_confidence": 0.9,
            "complaint": True,
            "complaint_confidence": 0.9,
            "friction_confidence": 0.0,
            "fingerprint": fingerprint,
        }

    def change(self, *, rollout_from, rollout_to=None, topic=0, planned=False, **more):
        """A change to the theme of a topic, deployed on `rollout_from` (day number)."""
        start = START + timedelta(days=rollout_from)
        fields = {
            "item_id": self.item.id,
            "theme_id": self.themes[topic].id,
            "process_id": self.topics[topic].process_id,
            "description": "a new form",
            "target_reduction": 0.3,
            "rollout_from": None if planned else start,
            "rollout_to": None if rollout_to is None else START + timedelta(days=rollout_to),
            "planned_at": datetime.combine(start - timedelta(days=7), time(9), tzinfo=UTC),
            "planned_for": start,
            "deployed_at": None if planned else datetime.combine(start, time(9), tzinfo=UTC),
            "actor": "test",
        }
        row = Change(**(fields | more))
        self.session.add(row)
        self.session.flush()
        return row


def noon(day):
    """The instant at which everything up to day number `day` is over."""
    return datetime.combine(START + timedelta(days=day + 1), time(6), tzinfo=UTC)


@pytest.fixture
def world(session):
    calendar = Calendar(key="office", zone="Europe/Berlin", week={"mon": [["09:00", "17:00"]]}, country="DE", closed=[])
    session.add(calendar)
    session.flush()
    owner = Owner(key="ana", name="Ana", email="ana@example.test", calendar_id=calendar.id, absences=[])
    source = Source(key="survey", connector="native", config={}, created_at=noon(0))
    session.add_all([owner, source])
    processes = [Process(key=f"process-{n}", name=f"Process {n}", active=True) for n in range(5)]
    session.add_all(processes)
    session.flush()
    topics = [
        Topic(key=f"topic-{n}", name=f"Topic {n}", description="", examples=[], process_id=processes[n].id)
        for n in range(5)
    ]
    session.add_all(topics)
    session.flush()
    themes = [
        Theme(topic_id=topic.id, kind="topic", name=topic.name, terms=[], created_at=noon(0), updated_at=noon(0))
        for topic in topics
    ]
    session.add_all(themes)
    session.flush()
    item = ActionItem(
        kind="process",
        theme_id=themes[0].id,
        process_id=processes[0].id,
        owner_id=owner.id,
        title="Topic 0",
        state="deployed",
        opened_at=noon(0),
        goal_at=noon(10),
        deadline_at=noon(20),
        ladder=[],
        updated_at=noon(0),
    )
    session.add(item)
    session.flush()
    return World(session, source, item, topics, themes)
