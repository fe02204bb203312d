import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.ingest.retry import retry_parked
from app.store.tables import AuditEvent, Feedback, Source


@pytest.fixture
def parked(session, now):
    """Three that were parked, and one that was labelled."""
    source = Source(key="crm", connector="native", config={}, created_at=now)
    session.add(source)
    session.flush()
    rows = [
        Feedback(
            source_id=source.id,
            external_id=str(number),
            digest="",
            medium="review",
            occurred_at=now,
            received_at=now,
            attributes={},
            state=state,
            attempts=5,
            last_error="it broke",
        )
        for number, state in enumerate(["parked", "parked", "parked", "labelled"])
    ]
    session.add_all(rows)
    session.flush()
    return rows


def test_what_was_parked_is_read_again_from_the_first_attempt(session, now, parked):
    assert retry_parked(session, now, OPERATOR) == 3
    assert [row.state for row in parked] == ["pending"] * 3 + ["labelled"]
    assert [(row.attempts, row.last_error) for row in parked[:3]] == [(0, None)] * 3
    assert session.scalars(select(AuditEvent.facts)).all() == [{"count": 3}]


def test_only_those_that_were_named_and_are_parked_are_read_again(session, now, parked):
    assert retry_parked(session, now, OPERATOR, ids=(parked[1].id, parked[3].id)) == 1
    assert [row.state for row in parked] == ["parked", "pending", "parked", "labelled"]


def test_nothing_to_read_leaves_no_trace(session, now):
    assert retry_parked(session, now, OPERATOR) == 0
    assert session.scalars(select(AuditEvent)).all() == []
