"""Events that only name what happened, and events that take it away."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.connectors.contract import Wanted
from app.domain.feedback import DeliveryState
from app.ingest.fetches import PATIENCE, expire_fetches, open_fetches
from app.ingest.forget import delete_items
from app.ingest.items import Status, accept_items
from app.store.tables import AuditEvent, Delivery, Feedback, Fetch, Source, Turn


@pytest.fixture
def source(database, now):
    with database.writing() as session:
        row = Source(key="survey", connector="standard_webhooks", config={}, created_at=now)
        session.add(row)
    return row


@pytest.fixture
def thin(database, source, now):
    """A delivery that names two responses."""
    with database.writing() as session:
        row = Delivery(
            source_id=source.id, digest="d", content_type="application/json", headers={}, body=b"{}", received_at=now,
            state=DeliveryState.FETCH_REQUIRED,
        )  # fmt: skip
        session.add(row)
        session.flush()
        open_fetches(session, now, source.id, row.id, [Wanted("1", "/r/1"), Wanted("2", "/r/2"), Wanted("1", "/r/1")])
        return row.id


def _states(database, delivery_id):
    with database.reading() as session:
        fetches = session.scalars(select(Fetch.state).order_by(Fetch.external_id)).all()
        return list(fetches), session.get_one(Delivery, delivery_id).state


def test_t90_a_thin_event_waits_until_all_it_names_is_here(database, source, thin, make_item, now):
    assert _states(database, thin) == (["open", "open"], "fetch_required")
    with database.writing() as session:
        accept_items(session, now, source, [make_item("1")])
    assert _states(database, thin) == (["done", "open"], "fetch_required")
    with database.writing() as session:
        accept_items(session, now, source, [make_item("2")])
    assert _states(database, thin) == (["done", "done"], "unpacked")


def test_t90_a_thin_event_expires_into_quarantine(database, thin, now):
    with database.writing() as session:
        assert expire_fetches(session, now + PATIENCE) == 0
        assert expire_fetches(session, now + PATIENCE + timedelta(seconds=1)) == 2
    assert _states(database, thin) == (["expired", "expired"], "quarantined")


def test_t83_what_the_sender_deletes_is_gone_and_stays_gone(database, source, make_item, now):
    with database.writing() as session:
        accept_items(session, now, source, [make_item("1"), make_item("2")])
    with database.writing() as session:
        assert delete_items(session, now, source, ["1"]) == 1
    with database.writing() as session:
        again = accept_items(session, now, source, [make_item("1", version=9)])
        assert [one.status for one in again] == [Status.STALE]
        assert session.scalar(select(func.count()).select_from(Turn)) == 1
        assert session.scalar(select(func.count()).select_from(Feedback)) == 2
        assert session.scalar(select(AuditEvent.action).order_by(AuditEvent.id.desc()).limit(1)) == "feedback_deleted"


def test_t81_a_deletion_that_comes_before_its_item_counts(database, source, make_item, now):
    with database.writing() as session:
        assert delete_items(session, now, source, ["1"]) == 0
        assert delete_items(session, now, source, ["1"]) == 0
    with database.writing() as session:
        late = accept_items(session, now, source, [make_item("1")])
        assert [one.status for one in late] == [Status.STALE]
