from datetime import timedelta

import numpy as np
import pytest

from app.store.label_tables import Mention, MentionVector
from app.store.tables import Feedback, Source, Topic, Turn


class World:
    """Complaint mentions with vectors of our choosing."""

    def __init__(self, session, now):
        self.session = session
        self.now = now
        self.source = Source(key="crm", connector="native", config={}, created_at=now)
        self.refunds = Topic(key="refunds", name="Refunds", description="", examples=[])
        self.delivery = Topic(key="delivery", name="Delivery", description="", examples=[])
        session.add_all([self.source, self.refunds, self.delivery])
        session.flush()
        self.count = 0

    def complain(self, text, vector, topic="refunds", customer=None, *, days_ago=1, complaint=True):
        """One feedback with one complaint mention that spans its whole text."""
        self.count += 1
        at = self.now - timedelta(days=days_ago)
        feedback = Feedback(
            source_id=self.source.id, external_id=str(self.count), digest="", medium="review", occurred_at=at,
            received_at=at, customer_ref=customer, attributes={}, state="labelled",
        )  # fmt: skip
        self.session.add(feedback)
        self.session.flush()
        self.session.add(Turn(feedback_id=feedback.id, position=0, role="customer", text=text))
        topic_id = None if topic is None else getattr(self, topic).id
        mention = Mention(
            feedback_id=feedback.id, content_rev=1, turn=0, start=0, end=len(text), topic_id=topic_id,
            topic_confidence=0.9, sentiment=-0.8, sentiment_label="negative", sentiment_confidence=0.9,
            complaint=complaint, complaint_confidence=0.9, friction=None, friction_confidence=0.1, fingerprint="f",
        )  # fmt: skip
        self.session.add(mention)
        self.session.flush()
        unit = np.asarray(vector, np.float32) / np.linalg.norm(vector)
        self.session.add(MentionVector(mention_id=mention.id, model="m", vector=unit.astype(np.float16).tobytes()))
        self.session.flush()
        return mention


def unit(*axis):
    """A unit vector of eight numbers along these axes, as anchors are stored."""
    vector = np.zeros(8, np.float32)
    vector[list(axis)] = 1
    return (vector / np.linalg.norm(vector)).astype(np.float32).tobytes()


@pytest.fixture
def world(session, now):
    return World(session, now)
