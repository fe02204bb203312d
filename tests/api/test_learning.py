"""What has been learnt, over HTTP: versions, quality, the review queue, drift."""

from datetime import datetime, timedelta

import pytest

from app.domain.actor import Scope
from app.store.label_tables import Correction, DriftReading, Mention, ModelVersion, TrafficSample, TrafficText
from app.store.tables import Topic


@pytest.fixture
def analyst(client_for):
    return client_for(Scope.ANALYST)


@pytest.fixture
def versions(database, now):
    """A version that was accepted and one that was refused."""
    with database.writing() as session:
        for number, state in ((1, "active"), (2, "refused")):
            row = ModelVersion(
                number=number, corrections_to=number, fingerprint=f"m.{number}", state=state,
                before={}, after={"topic": {"right": 3, "texts": 4}}, hits={}, reason="so it is", created_at=now,
            )  # fmt: skip
            session.add(row)


@pytest.fixture
def reviewed(database, world, now):
    """Stores what somebody said of mentions that the model had given a topic."""

    def stored(*reviews):
        with database.writing() as session:
            session.add(Topic(key="hold", name="Hold", description="", examples=[]))
            for place, (given, truly, drawn, fingerprint) in enumerate(reviews):
                row = Correction(
                    feedback_id=world.feedback[0], turn=0, start=place, end=place + 1, text="x",
                    labels={"topic": truly}, judged={"topic": given, "fingerprint": fingerprint}, drawn=drawn,
                    actor="cli", created_at=now,
                )  # fmt: skip
                session.add(row)

    return stored


def test_before_the_first_correction_the_model_is_what_the_packages_made_it(analyst, world):
    told = analyst.get("/v1/model").json()
    assert (told["version"], told["corrections"], told["gold"], told["drift"]) == (None, 0, 0, [])
    assert told["traffic"] is None
    assert told["fingerprint"] == "model-1"
    assert analyst.get("/v1/model/versions").json() == {"items": [], "next": None}


def test_the_sample_that_topics_are_placed_by_is_told(analyst, world, database, now):
    with database.writing() as session:
        sample = TrafficSample(newest_id=1000, drawn_at=now)
        session.add(sample)
        session.flush()
        session.add(TrafficText(sample_id=sample.id, feedback_id=world.feedback[0], text="Late again"))
    told = analyst.get("/v1/model").json()["traffic"]
    assert (told["texts"], datetime.fromisoformat(told["drawn_at"])) == (1, now)


def test_versions_are_listed_and_one_can_be_taken(analyst, versions, problem):
    assert [row["number"] for row in analyst.get("/v1/model/versions").json()["items"]] == [2, 1]
    page = analyst.get("/v1/model/versions?limit=1").json()
    assert [row["number"] for row in analyst.get(page["next"]).json()["items"]] == [1]
    taken = analyst.post("/v1/model/versions/2/activate").json()
    assert (taken["state"], taken["after"]) == ("active", {"topic": {"right": 3, "texts": 4}})
    assert analyst.get("/v1/model").json()["version"]["number"] == 2
    assert [row["state"] for row in analyst.get("/v1/model/versions").json()["items"]] == ["active", "superseded"]
    problem(analyst.post("/v1/model/versions/9/activate"), 404, "model_version_not_found")


def test_a_correction_keeps_what_the_model_had_said_and_how_one_came_to_it(analyst, world, database):
    path = f"/v1/mentions/{world.mentions[0]}/corrections"
    made = analyst.post(path, json={"topic": None, "urgent": True, "gold": True, "drawn": "random"}).json()
    assert (made["labels"], made["gold"], made["drawn"]) == ({"topic": None, "urgent": True}, True, "random")
    said = {"topic": "refunds", "topic_confidence": 0.6, "urgent": False, "fingerprint": "model-1"}
    assert said.items() <= made["judged"].items()
    with database.reading() as session:
        mention = session.get(Mention, world.mentions[0])
        assert (mention.urgent, mention.urgent_confidence, mention.topic_id) == (True, 1.0, None)
    # Of a second thought the model's word is still the first one.
    again = analyst.post(path, json={"complaint": False}).json()
    assert again["judged"] == made["judged"] | {"about": ""}  # of the span, which has no topic any more


@pytest.mark.parametrize("body", [{"urgent": "perhaps"}, {"drawn": "lots"}, {"gold": 3, "urgent": True}])
def test_a_correction_that_makes_no_sense_is_refused(analyst, world, problem, body):
    problem(analyst.post(f"/v1/mentions/{world.mentions[0]}/corrections", json=body), 422, "invalid_request")


@pytest.mark.parametrize("body", [{"gold": True}, {"urgent": None}, {"drawn": "queue"}])
def test_a_correction_says_something(analyst, world, problem, body):
    problem(analyst.post(f"/v1/mentions/{world.mentions[0]}/corrections", json=body), 422, "bad_correction")


def test_quality_tells_random_draws_from_what_was_doubtful(analyst, world, reviewed, versions, problem):
    right, wrong = ("refunds", "refunds"), ("refunds", "hold")
    reviewed(
        (*right, "random", "m.1"), (*right, "random", "m.1"), (*wrong, "queue", "m.1"),
        (None, "refunds", "queue", "m.0"), ("hold", None, "own", "m.1"),
    )  # fmt: skip
    told = analyst.get(f"/v1/topics/{world.topic}/quality").json()
    assert (told["random"]["precision"]["value"], told["random"]["precision"]["n"]) == (1.0, 2)
    assert told["random"]["precision"]["low"] == pytest.approx(0.342, abs=0.001)
    assert told["all"]["precision"] | {"low": 0, "high": 1} == {"value": 2 / 3, "low": 0, "high": 1, "n": 3}
    assert (told["all"]["recall"]["value"], told["all"]["recall"]["n"]) == (2 / 3, 3)
    assert told["confusions"] == [
        {"given": None, "truly": "refunds", "count": 1},
        {"given": "refunds", "truly": "hold", "count": 1},
    ]
    since = analyst.get(f"/v1/topics/{world.topic}/quality?version=1").json()
    assert since["all"]["recall"]["value"] == 1.0
    assert [row["topic"] for row in analyst.get("/v1/topics/quality").json()] == ["hold", "refunds"]
    problem(analyst.get("/v1/topics/4711/quality"), 404, "topic_not_found")
    problem(analyst.get(f"/v1/topics/{world.topic}/quality?version=7"), 404, "model_version_not_found")


def test_a_topic_that_nobody_reviewed_has_no_figures(analyst, world):
    told = analyst.get(f"/v1/topics/{world.topic}/quality").json()
    assert told["all"]["recall"] == told["random"]["precision"] == {"value": None, "low": None, "high": None, "n": 0}


def test_the_queue_says_why_a_mention_is_in_it(analyst, world, problem):
    first, second = analyst.get("/v1/review-queue").json()["items"]
    assert (first["topic"], first["stands_for"]) == ("refunds", 0)
    assert first["gain"] == pytest.approx(0.4)
    assert first["why"] == "its topic is doubtful (0.60)"
    assert first["text"].startswith("The refund that")
    assert {first["mention_id"], second["mention_id"]} == set(world.mentions)
    assert analyst.get("/v1/review-queue?below=0.5").json()["items"] == []
    assert len(analyst.get("/v1/review-queue?limit=1").json()["items"]) == 1
    for query in ("order=best", "limit=0", "limit=201", "below=2", "cursor=x"):
        assert analyst.get(f"/v1/review-queue?{query}").status_code == 422


def test_a_random_sample_is_the_same_all_day_and_another_one_tomorrow(analyst, world, database, clock, now):
    with database.writing() as session:
        plain = {
            column.key: getattr(session.get(Mention, world.mentions[0]), column.key)
            for column in Mention.__table__.columns
            if column.key != "id"
        }
        for end in range(101, 161):
            session.add(Mention(**plain | {"end": end, "topic_confidence": 0.99, "complaint": False}))

    def drawn():
        told = analyst.get("/v1/review-queue?order=random&limit=20").json()["items"]
        assert {row["why"] for row in told} == {"drawn at random"}
        return [row["mention_id"] for row in told]

    first = drawn()
    assert len(set(first)) == 20
    clock.set(now + timedelta(hours=5))
    assert drawn() == first
    clock.set(now + timedelta(days=1))
    assert set(drawn()) != set(first)


def test_drift_is_shown_with_the_day_on_which_an_alarm_opened(analyst, database, now):
    today = now.date()
    with database.writing() as session:
        for back, alarm in ((4, True), (3, False), (2, True), (1, True)):
            for statistic in ("topics", "texts"):
                row = DriftReading(
                    day=today - timedelta(days=back), statistic=statistic, value=0.4, expected_low=0.1,
                    expected_high=0.2, p_value=0.0001, alarm=alarm and statistic == "topics", facts={},
                )  # fmt: skip
                session.add(row)
    texts, topics = analyst.get("/v1/model").json()["drift"]
    assert (topics["alarm_since"], topics["day"]) == (str(today - timedelta(days=2)), str(today - timedelta(days=1)))
    assert (texts["alarm"], texts["alarm_since"]) == (False, None)
    page = analyst.get("/v1/model/drift?limit=3").json()
    assert len(page["items"]) == 3
    assert len(analyst.get(page["next"]).json()["items"]) == 3
