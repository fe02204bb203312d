"""Topics from a draft to a roll-back, as an analyst does it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from app.classify import relabel
from app.domain.actor import OPERATOR, Scope
from app.ingest.forget import erase_customer
from app.store.tables import AuditEvent, RoutingRule
from classifiers.contract import Mention, Reading, Role

REFUNDS = {"key": "refunds", "name": "Refunds", "process": "returns", "step": "refund"}
SLOW = {"key": "slow", "name": "Slow", "process": "returns", "examples": ["late"], "parent": "refunds"}


class KeywordReader:
    """Gives a text the last topic of which it holds an example, else the first."""

    def __init__(self, specs):
        self._specs = specs
        self.fingerprint = f"{'-'.join(spec.key for spec in specs)}.0"

    def read(self, conversations, _questions):
        return [Reading(tuple(self._mentions(turns))) for turns in conversations]

    def _mentions(self, turns):
        for number, turn in enumerate(turns):
            if turn.role == Role.CUSTOMER:
                held = [spec for spec in self._specs if any(word in turn.text for word in spec.examples)]
                topic = held[-1].key if held else self._specs[0].key
                judged = (-0.8, "negative", 0.9, True, 0.9, None, 0.1)
                # The span that the world's mentions have.
                yield Mention(number, 7, len(turn.text) - 5, topic, 0.9, *judged, np.ones(4, np.float16))


@pytest.fixture
def work(database, clock):
    """Runs the station until nothing is left, and lets a minute go by."""
    readers = SimpleNamespace(
        current=lambda known: KeywordReader(known.specs()),
        reader=lambda specs, _taught, _traffic: KeywordReader(specs),
        encoder=lambda: SimpleNamespace(fingerprint="enc"),
    )

    def until_done():
        while True:
            with database.writing() as session:
                batch = relabel.claim(session, clock.now())
            if batch is None:
                clock.set(clock.now() + timedelta(minutes=1))
                return
            outcome = relabel.work(batch, SimpleNamespace(readers=readers))
            with database.writing() as session:
                relabel.record(session, clock.now(), outcome)

    return until_done


@pytest.fixture
def analyst(client_for, world):
    return client_for(Scope.ANALYST)


@pytest.fixture
def draft(analyst):
    def made(*topics):
        answer = analyst.post("/v1/taxonomy/drafts", json={"topics": list(topics)})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    return made


def publish(analyst, draft_id, **body):
    return analyst.post(f"/v1/taxonomy/drafts/{draft_id}/publish", json=body)


@pytest.fixture
def first(analyst, draft):
    """The version under which the world was read."""
    answer = publish(analyst, draft(REFUNDS))
    assert answer.status_code == 200, answer.text
    return answer.json()["version"]


def test_before_anything_was_published_there_is_no_version(analyst):
    told = analyst.get("/v1/taxonomy").json()
    assert (told["version"], told["topics"], told["history"]["state"]) == (None, [], "settled")
    assert told["history"]["models"] == [{"model": "model-1", "mentions": 2}]


def test_from_draft_to_preview_to_publication_to_roll_back(analyst, world, first, draft, work):
    draft_id = draft(REFUNDS, SLOW)
    told = analyst.post(f"/v1/taxonomy/drafts/{draft_id}/preview")
    assert told.status_code == 202
    assert (told.json()["run"]["state"], told.json()["result"]) == ("running", None)
    work()
    preview = analyst.get(f"/v1/taxonomy/drafts/{draft_id}").json()["preview"]
    result = preview["result"]
    assert (preview["run"]["done"], result["spans"], result["moved"], result["share_moved"]) == (2, 2, 2, 1.0)
    (move,) = result["moves"]
    assert (move["from"], move["to"], move["spans"]) == ("refunds", "slow", 2)
    assert {quote["mention_id"] for quote in move["examples"]} == set(world.mentions)
    assert "promised is late" in move["examples"][0]["text"]
    assert [(row["topic"], row["before"], row["after"]) for row in result["topics"]] == [
        ("refunds", 2, 0),
        ("slow", 0, 2),
    ]

    published = publish(analyst, draft_id).json()
    assert (published["changed"], published["relabels"]) == (True, True)
    assert analyst.get("/v1/taxonomy").json()["history"]["state"] == "waiting"
    work()
    told = analyst.get("/v1/taxonomy").json()
    assert (told["version"], told["history"]["state"]) == (published["version"], "settled")
    assert [topic["key"] for topic in told["topics"]] == ["refunds", "slow"]
    assert told["topics"][0] | {"description": "", "examples": [], "parent": None} == told["topics"][0] | REFUNDS
    assert told["history"]["run"] | {"state": "done", "total": 2, "done": 2, "passed_over": 0} == told["history"]["run"]
    assert {m["topic"] for m in analyst.get(f"/v1/feedback/{world.feedback[0]}").json()["mentions"]} == {"slow"}

    trend = analyst.get(f"/v1/topics/{world.topic}/trend?weeks=2").json()
    assert [week["complaints"] for week in trend["current"]["weeks"]] == [0, 0]
    (line,) = trend["kept"]
    assert (line["taxonomy_version"], [week["complaints"] for week in line["weeks"]]) == (first, [0, 2])
    assert [one["taxonomy_version"] for one in trend["published"]] == [first, published["version"]]

    restored = analyst.post(f"/v1/taxonomy/versions/{first}/restore").json()
    work()
    assert {m["topic"] for m in analyst.get(f"/v1/feedback/{world.feedback[0]}").json()["mentions"]} == {"refunds"}
    listed = analyst.get("/v1/taxonomy/versions").json()["items"]
    assert [(row["version"], row["restores"], row["current"]) for row in listed] == [
        (restored["version"], first, True),
        (published["version"], None, False),
        (first, None, False),
    ]
    assert [topic["key"] for topic in analyst.get(f"/v1/taxonomy/versions/{first}").json()] == ["refunds"]
    trend = analyst.get(f"/v1/topics/{world.topic}/trend?weeks=2").json()
    assert [[week["complaints"] for week in line["weeks"]] for line in trend["kept"]] == [[0, 0], [0, 2]]
    assert [week["complaints"] for week in trend["current"]["weeks"]] == [0, 2]


def test_everything_that_was_done_is_in_the_audit(analyst, first, draft, work, database):
    publish(analyst, draft(REFUNDS, SLOW))
    work()
    analyst.post(f"/v1/taxonomy/versions/{first}/restore")
    with database.reading() as session:
        actions = [row.action for row in session.query(AuditEvent).order_by(AuditEvent.id)]
    assert [action for action in actions if "key" not in action] == [
        "taxonomy_drafted", "taxonomy_published", "taxonomy_drafted", "taxonomy_published",
        "relabelling_started", "history_relabelled", "taxonomy_restored",
    ]  # fmt: skip


def test_an_outdated_draft_is_published_only_by_force(analyst, first, draft, problem):
    mine, theirs = draft(REFUNDS), draft(REFUNDS, SLOW)
    version = publish(analyst, theirs).json()["version"]
    told = problem(publish(analyst, mine), 409, "draft_outdated")
    assert (told["based_on"], told["current"]) == (first, version)
    assert analyst.get(f"/v1/taxonomy/drafts/{mine}").json()["outdated"] is True
    assert publish(analyst, mine, force=True).json()["changed"] is True


def test_a_draft_is_published_once(analyst, first, draft, problem):
    made = draft(REFUNDS, SLOW)
    version = publish(analyst, made).json()["version"]
    assert problem(publish(analyst, made), 409, "draft_published")["version"] == version
    assert analyst.get(f"/v1/taxonomy/drafts/{made}").json()["published"] == version


@pytest.mark.parametrize(
    ("topic", "path"),
    [
        ({"key": "slow", "name": "Slow", "process": "nowhere"}, "topics[0].process"),
        ({"key": "slow", "name": "Slow", "process": "returns", "step": "nowhere"}, "topics[0].step"),
        ({"key": "slow", "name": "Slow", "process": "returns", "parent": "nowhere"}, "topics[0].parent"),
        ({"key": "slow", "name": "Slow", "process": "returns", "parent": "slow"}, "topics[0].parent"),
        ({"key": "Slow!", "name": "Slow", "process": "returns"}, "topics[0].key"),
        ({"key": "slow", "process": "returns"}, "topics[0].name"),
        ({"key": "slow", "name": "Slow", "process": "returns", "colour": "red"}, "topics[0].colour"),
    ],
)
def test_a_draft_that_does_not_fit_is_refused_with_the_place(analyst, problem, topic, path):
    answer = analyst.post("/v1/taxonomy/drafts", json={"topics": [topic]})
    assert problem(answer, 422, "invalid_topics")["problems"][0]["path"] == path


def test_a_key_that_is_taken_twice_is_refused(analyst, problem):
    answer = analyst.post("/v1/taxonomy/drafts", json={"topics": [REFUNDS, REFUNDS]})
    assert "taken" in problem(answer, 422, "invalid_topics")["detail"]


def test_rules_that_name_a_topic_which_left_are_told(analyst, first, draft, database):
    publish(analyst, draft(REFUNDS, SLOW))
    with database.writing() as session:
        session.add(RoutingRule(key="fast", position=0, when={"topic": ["slow"]}, then={}))
    assert publish(analyst, draft(REFUNDS)).json()["dead_rules"] == ["fast"]


def test_a_run_can_be_begun_and_cancelled_by_hand(analyst, first, problem):
    run = analyst.post("/v1/taxonomy/relabel")
    assert (run.status_code, run.json()["state"], run.json()["total"]) == (202, "running", 2)
    assert problem(analyst.post("/v1/taxonomy/relabel"), 409, "relabelling_running")["run"] == run.json()["id"]
    assert analyst.get("/v1/taxonomy").json()["history"]["state"] == "relabelling"
    assert analyst.post("/v1/taxonomy/relabel/cancel").json()["state"] == "cancelled"
    problem(analyst.post("/v1/taxonomy/relabel/cancel"), 409, "nothing_to_cancel")


def test_without_published_topics_nothing_is_read_anew(analyst, draft, problem):
    made = draft(REFUNDS)
    problem(analyst.post("/v1/taxonomy/relabel"), 409, "no_taxonomy")
    problem(analyst.post(f"/v1/taxonomy/drafts/{made}/preview"), 409, "no_taxonomy")


def test_what_does_not_exist_is_not_found(analyst, problem):
    problem(analyst.get("/v1/taxonomy/drafts/99"), 404, "draft_not_found")
    problem(publish(analyst, 99), 404, "draft_not_found")
    problem(analyst.post("/v1/taxonomy/drafts/99/preview"), 404, "draft_not_found")
    problem(analyst.get("/v1/taxonomy/versions/99"), 404, "taxonomy_version_not_found")
    problem(analyst.post("/v1/taxonomy/versions/99/restore"), 404, "taxonomy_version_not_found")
    problem(analyst.get("/v1/topics/99/trend"), 404, "topic_not_found")


def test_the_words_of_an_erased_person_leave_the_preview(analyst, world, first, draft, work, database):
    draft_id = draft(REFUNDS, SLOW)
    analyst.post(f"/v1/taxonomy/drafts/{draft_id}/preview")
    work()
    with database.writing() as session:
        erase_customer(session, datetime(2026, 9, 16, 10, tzinfo=UTC), OPERATOR, "C-jonas")
    answer = analyst.get(f"/v1/taxonomy/drafts/{draft_id}")
    (example,) = answer.json()["preview"]["result"]["moves"][0]["examples"]
    assert example["mention_id"] == world.mentions[1]
    assert "jonas" not in answer.text


def test_an_owner_sees_the_trend_of_their_own_topics(client_for, world, owners, problem):
    mira = client_for(Scope.ITEMS_READ, owner_id=owners["mira"])
    assert mira.get(f"/v1/topics/{world.topic}/trend").status_code == 200
    problem(mira.get("/v1/taxonomy"), 403, "scope_missing")
