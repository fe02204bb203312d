"""A run is given up at the instant at which a worker stages what it has read."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
from sqlalchemy import delete, select, text

from app.classify.runs import cancel_relabelling
from app.domain.actor import OPERATOR
from app.store.label_tables import RelabelRun, StagedReading
from app.store.tables import Feedback, Source, TaxonomyVersion

PATIENCE = 30
BLOCKED = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def run_id(database, now):
    with database.writing() as session:
        source = Source(key="crm", connector="native", config={}, created_at=now)
        version = TaxonomyVersion(digest="", document={}, actor="test", published_at=now, relabels=True)
        session.add_all([source, version])
        session.flush()
        feedback = Feedback(
            source_id=source.id, external_id="1", digest="", medium="chat", occurred_at=now, received_at=now,
            attributes={}, state="labelled",
        )  # fmt: skip
        run = RelabelRun(
            kind="history", state="running", taxonomy_version_id=version.id, floor_id=0, cursor_id=9, total=1,
            corrections_to=0, asked_by="test", started_at=now,
        )  # fmt: skip
        session.add_all([feedback, run])
        session.flush()
        session.add(StagedReading(run_id=run.id, feedback_id=feedback.id, content_rev=1))
        return run.id


def test_neither_waits_for_the_other_for_ever(database, run_id, now):
    def cancel():
        with database.writing() as session:
            return cancel_relabelling(session, now, OPERATOR).state

    with ThreadPoolExecutor(1) as other:
        with database.writing() as session:  # as the station does: the run first, then what it has staged
            session.get(RelabelRun, run_id, with_for_update=True)
            cancelled = other.submit(cancel)
            _wait_until_blocked(database, cancelled)
            session.execute(delete(StagedReading).where(StagedReading.run_id == run_id))
        assert cancelled.result(PATIENCE) == "cancelled"
    with database.reading() as session:
        assert session.scalars(select(StagedReading)).all() == []


def _wait_until_blocked(database, cancelled):
    if database.is_sqlite:  # one writer at a time: there is nothing to see, and nothing to wait for each other with
        return
    until = monotonic() + PATIENCE
    while not cancelled.done() and monotonic() < until:
        with database.reading() as session:
            if session.scalar(BLOCKED):
                return
    raise AssertionError("the second one never waited")
