"""kill -9 at any moment loses nothing and repeats nothing: a ledger of what was acknowledged says so."""

import json
import signal
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import standardwebhooks
from sqlalchemy import func, select

from app.access.keys import create_key
from app.domain.actor import OPERATOR, Scope
from app.processes.apply import apply_document
from app.processes.reader import read_document
from app.store.act_tables import ActionItem, ItemEvent, Notice
from app.store.label_tables import Mention, StagedMention, StagedReading
from app.store.tables import Delivery, Feedback, Topic
from app.store.theme_tables import ThemeMention

pytestmark = pytest.mark.slow

SENT = 40
ENOUGH = 20  # complaints that surely open an item in the example company
COMPANY = Path(__file__).parents[2] / "app" / "demo" / "company.yaml"


@pytest.fixture
def token(database):
    with database.writing() as session:
        now = datetime.now(UTC)
        apply_document(session, now, OPERATOR, read_document(COMPANY.read_bytes()), dry_run=False)
        return create_key(session, now, OPERATOR, name="test", scopes={Scope.ADMIN})[1]


def send_all(client, hook, ledger):
    """Send until everything is acknowledged or the service dies; the ledger holds what was acknowledged."""
    for number in range(SENT):
        body = json.dumps(
            {
                "external_id": f"e{number}",
                "medium": "survey",
                "occurred_at": datetime.now(UTC).isoformat(),
                "text": "My refund never came and nobody answers.",
                "customer_ref": f"c{number}",
            }
        )
        now = datetime.now(UTC)
        headers = {
            "webhook-id": f"msg_{number}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": standardwebhooks.Webhook(hook["secret"]).sign(f"msg_{number}", now, body),
            "Content-Type": "application/json",
        }
        try:
            answer = client.post(f"/v1/hooks/{hook['key']}", content=body, headers=headers)
        except httpx.TransportError:
            return
        assert answer.is_success, answer.text
        ledger.add(f"e{number}")


def count(database, row, *where):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(row).where(*where))


def settled(database, ledger):
    """Whether no row waits any more and the theme, if there was enough for one, has its item."""
    return (
        count(database, Delivery, Delivery.state == "received") == 0
        and count(database, Feedback, Feedback.state == "pending") == 0
        and count(database, ThemeMention) == count(database, Mention)
        and (count(database, ActionItem) > 0 or len(ledger) < ENOUGH)
        and count(database, Notice, Notice.state == "pending") == 0
    )


@pytest.mark.parametrize("stage", ["accepted", "labelling", "labelled"])
def test_kill_9_loses_nothing_and_repeats_nothing(stage, service, database, token):
    ledger = set()
    service.start(stage)
    with service.client(token) as client:
        hook = client.post("/v1/sources", json={"key": "shop", "connector": "standard_webhooks"}).json()
        send_all(client, hook, ledger)
    assert service.process.wait(60) == -signal.SIGKILL, service.told()[-4000:]
    assert ledger

    service.start(stage)
    with service.client(token) as client:
        send_all(client, hook, ledger)
    assert len(ledger) == SENT
    service.wait_for(lambda: settled(database, ledger), "it has not caught up")
    assert service.stop() == 0

    with database.reading() as session:
        stored = session.scalars(select(Feedback.external_id)).all()
        states = session.scalars(select(Feedback.state)).all()
        mentions = session.scalars(select(Mention.feedback_id)).all()
        opened = session.scalars(select(ItemEvent.item_id).where(ItemEvent.kind == "opened")).all()
    assert ledger <= set(stored)
    assert len(stored) == len(set(stored))
    assert set(states) == {"labelled"}
    assert sorted(mentions) == sorted(set(mentions))
    assert len(mentions) == len(stored)
    assert len(opened) == len(set(opened)) == count(database, ActionItem) <= 1
    assert count(database, Notice, Notice.event == "assigned") == count(database, Notice)


@pytest.mark.parametrize("stage", ["relabelling", "swapping"])
def test_kill_9_while_history_is_read_anew_moves_all_of_it_or_nothing(stage, service, database, token):
    ledger = set()
    service.start()
    with service.client(token) as client:
        hook = client.post("/v1/sources", json={"key": "shop", "connector": "standard_webhooks"}).json()
        send_all(client, hook, ledger)
        service.wait_for(lambda: settled(database, ledger), "it has not caught up")
        topics = client.get("/v1/taxonomy").json()["topics"]
    assert service.stop() == 0
    before = labels(database)

    service.start(stage)
    with service.client(token) as client:
        topics.append({"key": "a_new_one", "name": "First by its key", "process": topics[0]["process"]})
        draft = client.post("/v1/taxonomy/drafts", json={"topics": topics}).json()["id"]
        assert client.post(f"/v1/taxonomy/drafts/{draft}/publish").json()["relabels"] is True
    assert service.process.wait(60) == -signal.SIGKILL, service.told()[-4000:]
    assert labels(database) == before

    service.start(stage)
    service.wait_for(lambda: labels(database) != before, "history was not read anew")
    after = labels(database)
    assert service.stop() == 0
    assert after == {(feedback_id, "a_new_one", "stand-in-a_new_one.0") for feedback_id, _, _ in before}
    assert count(database, Mention) == len(ledger)
    assert count(database, StagedReading) == count(database, StagedMention) == 0


def labels(database):
    """Topic and fingerprint of each feedback's mentions."""
    with database.reading() as session:
        query = select(Mention.feedback_id, Topic.key, Mention.fingerprint)
        return {tuple(row) for row in session.execute(query.join(Topic, Topic.id == Mention.topic_id))}


def test_sigterm_in_traffic_loses_nothing_that_was_acknowledged(service, database, token):
    ledger = set()
    service.start()
    with service.client(token) as client:
        hook = client.post("/v1/sources", json={"key": "shop", "connector": "standard_webhooks"}).json()
        send_all(client, hook, ledger)
    assert service.stop() == 0
    assert "Traceback" not in service.told()

    service.start()
    service.wait_for(lambda: settled(database, ledger), "it has not caught up")
    assert service.stop() == 0
    with database.reading() as session:
        assert set(session.scalars(select(Feedback.external_id))) == ledger


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_work_that_does_not_end_does_not_keep_a_stop_from_ending(service, database, token):
    ledger = set()
    service.start("stuck")
    with service.client(token) as client:
        hook = client.post("/v1/sources", json={"key": "shop", "connector": "standard_webhooks"}).json()
        send_all(client, hook, ledger)
    service.wait_for(service.marker.exists, "nothing was labelled")

    assert service.stop() == 0

    service.start()
    service.wait_for(lambda: settled(database, ledger), "it has not caught up")
    assert service.stop() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_process_on_the_same_file_is_refused(service, tmp_path):
    service.start()
    other = type(service)(tmp_path, "sqlite://")

    with pytest.raises(AssertionError, match="Another Closeloop process"):
        other.start()
