from copy import copy

import pytest

from app.classify.loading import Readers
from app.store.tables import Feedback, Source, Topic, Turn


class Tools:
    """What the station works with: a real model."""

    def __init__(self, readers):
        self.readers = readers


@pytest.fixture(scope="session")
def loaded():
    """Loading the model costs seconds: once for the whole run."""
    readers = Readers("packaged", 0.4)
    readers.encoder()
    return readers


@pytest.fixture
def readers(loaded):
    """Readers that know of no other test's database: two of them may look alike by their newest ids."""
    fresh = copy(loaded)
    fresh._ready, fresh.known = {}, None
    return fresh


@pytest.fixture
def tools(readers):
    return Tools(readers)


@pytest.fixture
def known(session):
    """Two topics in the taxonomy."""
    rows = [
        Topic(key="refunds", name="Refund payment", description="Money paid back", examples=["My refund is late"]),
        Topic(
            key="delivery", name="Delivery", description="Whether the parcel comes on time", examples=["Late parcel"]
        ),
    ]
    session.add_all(rows)
    session.flush()
    return {row.key: row.id for row in rows}


@pytest.fixture
def say(session, now):
    """Stores one pending feedback with these turns and returns it."""
    source = Source(key="crm", connector="native", config={}, created_at=now)
    session.add(source)
    session.flush()
    count = iter(range(10_000))

    def stored(*turns, question=None):
        feedback = Feedback(
            source_id=source.id, external_id=str(next(count)), digest="", medium="chat", occurred_at=now,
            received_at=now, question=question, attributes={},
        )  # fmt: skip
        session.add(feedback)
        session.flush()
        for position, turn in enumerate(turns):
            role, text = turn if isinstance(turn, tuple) else ("customer", turn)
            session.add(Turn(feedback_id=feedback.id, position=position, role=role, text=text))
        session.flush()
        return feedback

    return stored
