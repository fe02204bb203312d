"""Verdicts and history that is read anew: both sides are counted by one model, or nothing is said."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import delete, select, update

from app.measure import effect
from app.store.label_tables import Mention, RelabelRun
from app.store.tables import Feedback, TaxonomyVersion
from app.store.theme_tables import ThemeMention

START = date(2026, 1, 5)
CHANGE, DAYS = 84, 140
NEW_FROM = 100


def noon(day):
    return datetime.combine(START + timedelta(days=day + 1), time(6), tzinfo=UTC)


@pytest.fixture
def published(session, world):
    """Topics were published a while after the change: what came since was read with them, history not yet."""
    world.flow(lambda topic, day: 0.6 if topic == 0 and day >= CHANGE else 1.8, DAYS)
    world.change(rollout_from=CHANGE)
    versions = [
        TaxonomyVersion(digest=str(day), document={"topics": {}}, published_at=noon(day), relabels=day > 0)
        for day in (0, NEW_FROM)
    ]
    session.add_all(versions)
    newer = select(Feedback.id).where(Feedback.occurred_at > noon(NEW_FROM))
    session.execute(update(Mention).where(Mention.feedback_id.in_(newer)).values(fingerprint="topics-2"))
    session.flush()
    return versions[1]


@pytest.fixture
def run(session, published):
    row = RelabelRun(
        kind="history", state="running", taxonomy_version_id=published.id, floor_id=0, cursor_id=0, total=9,
        corrections_to=0, asked_by="cli", started_at=noon(NEW_FROM),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def swap(session, run):
    """What the swap leaves behind."""
    session.execute(update(Mention).values(fingerprint="topics-2"))
    run.state, run.finished_at = "done", noon(DAYS - 1)
    session.flush()


def test_no_verdict_is_given_while_a_version_waits_to_be_read(session, published):
    assert effect.claim(session, noon(DAYS - 1)) is None


def test_no_verdict_is_given_while_history_is_read_anew(session, run):
    assert effect.claim(session, noon(DAYS - 1)) is None


def test_after_the_swap_the_window_holds_no_change_of_classifier(session, run):
    swap(session, run)
    (one,) = effect.claim(session, noon(DAYS - 1)).looks
    assert "classifier_version" not in {event.kind for event in one.prepared.case.known_events}


def test_after_a_cancelled_run_the_change_of_classifier_is_a_known_event(session, run):
    run.state, run.finished_at = "cancelled", noon(DAYS - 1)
    session.flush()
    (one,) = effect.claim(session, noon(DAYS - 1)).looks
    assert "classifier_version" in {event.kind for event in one.prepared.case.known_events}


def test_a_verdict_waits_until_what_was_moved_has_its_theme_but_not_for_ever(session, run):
    swap(session, run)
    newest = session.scalar(select(Mention.id).order_by(Mention.id.desc()).limit(1))
    session.execute(delete(ThemeMention).where(ThemeMention.mention_id == newest))
    assert effect.claim(session, noon(DAYS - 1)) is None
    assert effect.claim(session, noon(DAYS + 1)) is not None
