import pytest
from sqlalchemy import select

from app.domain.actor import Scope
from app.store.act_tables import Notice
from app.store.label_tables import Mention
from app.store.tables import Exposure, Measurement


@pytest.fixture
def analyst(client_for):
    return client_for(Scope.ANALYST)


def test_a_theme_shows_its_counts_words_and_weeks(analyst, world):
    theme = world.themes[0]
    whole = analyst.get(f"/v1/themes/{theme}").json()
    assert (whole["name"], whole["complaints"], whole["people"], whole["topic"]) == ("jonas theme", 1, 1, "refunds")
    weeks = analyst.get(f"/v1/themes/{theme}/series?weeks=4").json()["weeks"]
    assert [week["complaints"] for week in weeks] == [0, 0, 0, 1]
    quotes = analyst.get(f"/v1/themes/{theme}/mentions").json()["items"]
    assert [quote["mention_id"] for quote in quotes] == [world.mentions[0]]


def test_analysts_rename_mute_and_merge(analyst, world, problem):
    first, second = world.themes
    assert (
        analyst.post(f"/v1/themes/{first}/rename", json={"name": "Refund is late"}).json()["name"] == "Refund is late"
    )
    assert analyst.post(f"/v1/themes/{first}/mute").json()["state"] == "muted"
    assert analyst.post(f"/v1/themes/{first}/mute", json={"muted": False}).json()["state"] == "active"
    merged = analyst.post(f"/v1/themes/{second}/merge", json={"into": first}).json()
    assert (merged["id"], merged["complaints"]) == (first, 2)
    assert analyst.get(f"/v1/themes/{second}").json()["state"] == "retired"
    problem(analyst.post(f"/v1/themes/{second}/mute"), 409, "theme_retired")
    problem(analyst.post("/v1/themes/4711/rename", json={"name": "x"}), 404, "theme_not_found")


def test_analysts_have_themes_searched_now(analyst, world, client_for, problem):
    assert analyst.post("/v1/themes/search").status_code == 202
    assert analyst.post("/v1/themes/search", json={"topic": "refunds"}).json() == {"topics": 0}
    problem(analyst.post("/v1/themes/search", json={"topic": "weather"}), 404, "topic_not_found")
    problem(client_for(Scope.ITEMS_READ).post("/v1/themes/search"), 403, "scope_missing")


def test_owners_do_not_curate(client_for, owners, world, problem):
    jonas = client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["jonas"])
    problem(jonas.post(f"/v1/themes/{world.themes[0]}/rename", json={"name": "x"}), 403, "scope_missing")
    correction = {"complaint": False}
    problem(jonas.post(f"/v1/mentions/{world.mentions[0]}/corrections", json=correction), 403, "scope_missing")


def test_a_correction_wins_and_leaves_the_queue(analyst, world, database, problem):
    queue = analyst.get("/v1/review-queue").json()["items"]
    assert {row["mention_id"] for row in queue} == set(world.mentions)
    path = f"/v1/mentions/{world.mentions[0]}/corrections"
    made = analyst.post(path, json={"topic": None, "complaint": False})
    assert made.status_code == 201
    assert made.json()["labels"] == {"topic": None, "complaint": False}
    with database.reading() as session:
        mention = session.get(Mention, world.mentions[0])
        assert (mention.topic_id, mention.complaint, mention.corrected) == (None, False, True)
    assert {row["mention_id"] for row in analyst.get("/v1/review-queue").json()["items"]} == {world.mentions[1]}
    shown = analyst.get(f"/v1/feedback/{made.json()['feedback_id']}").json()["mentions"]
    (corrected,) = [each for each in shown if each["mention_id"] == world.mentions[0]]
    assert (corrected["complaint"], corrected["theme_id"]) == (False, None)
    problem(analyst.post(path, json={}), 422, "bad_correction")
    problem(analyst.post(path, json={"topic": "nothing"}), 422, "bad_correction")
    problem(analyst.post(path, json={"sentiment_label": "angry"}), 422, "invalid_request")
    problem(analyst.post("/v1/mentions/4711/corrections", json={"complaint": True}), 404, "mention_not_found")


def test_a_verdict_comes_with_what_it_rests_on(analyst, world, database, now):
    with database.writing() as session:
        look = Measurement(
            change_id=world.changes[0],
            day=now.date(),
            verdict="improved",
            rate_ratio=0.6,
            ci_low=0.5,
            ci_high=0.7,
            p_value=0.001,
            reasons=["enough weeks"],
            case={"secret": 1},
            result={"headline": "Complaints fell by about a third", "weekly": []},
            method="m1",
            measured_at=now,
        )
        session.add(look)
    impact = analyst.get(f"/v1/changes/{world.changes[0]}/impact").json()
    assert impact["latest"]["verdict"] == "improved"
    assert impact["result"]["headline"] == "Complaints fell by about a third"
    assert len(impact["looks"]) == 1
    assert "case" not in impact


def test_exposures_replace_themselves(client_for, database, problem):
    sender = client_for(Scope.INGEST_WRITE)
    body = {"counts": {"2026-09-01": 100, "2026-09-02": 110.5}}
    assert sender.put("/v1/exposures/orders", json=body).json() == {"series": "orders", "days": 2, "changed": 2}
    assert sender.put("/v1/exposures/orders", json=body).json()["changed"] == 0
    assert sender.get("/v1/exposures").json() == ["orders"]
    for bad in ({"2026-09-01": -1}, {"2026-13-01": 1}, {"2026-09-01": True}, {"2026-09-01": "5"}, {}):
        problem(sender.put("/v1/exposures/orders", json={"counts": bad}), 422, "invalid_request")
    problem(sender.put("/v1/exposures/orders", json={"counts": {"2030-01-01": 1}}), 422, "exposure_in_future")
    with database.reading() as session:
        assert len(session.scalars(select(Exposure)).all()) == 2


def test_a_person_is_erased_by_their_reference(admin, analyst, world, problem):
    told = admin.post("/v1/people/erase", json={"ref": "C-jonas"})
    assert told.json()["feedback"] == 1
    problem(analyst.get(f"/v1/feedback/{world.feedback[0]}"), 404, "not_found")
    assert analyst.get("/v1/feedback?customer=C-jonas").json()["items"] == []
    assert analyst.get(f"/v1/feedback/{world.feedback[1]}").status_code == 200
    assert "C-jonas" not in admin.get("/v1/audit").text
    problem(analyst.post("/v1/people/erase", json={"ref": "C-mira"}), 403, "scope_missing")


def test_notices_are_listed_without_their_texts(admin, owners, database, now):
    with database.writing() as session:
        notice = Notice(
            key="k",
            owner_id=owners["mira"],
            channel="log",
            event="assigned",
            subject="New item",
            body="a verbatim",
            created_at=now,
        )
        session.add(notice)
    answer = admin.get("/v1/notices?state=pending")
    assert [row["subject"] for row in answer.json()["items"]] == ["New item"]
    assert "a verbatim" not in answer.text


def test_reference_data_is_listed_and_addresses_are_for_analysts(client_for, analyst, owners, world):
    reader = client_for(Scope.ITEMS_READ)
    assert [row["key"] for row in reader.get("/v1/owners").json()] == ["jonas", "mira"]
    assert "example.com" not in reader.get("/v1/owners").text
    assert "jonas@example.com" in analyst.get("/v1/owners").text
    assert reader.get("/v1/processes").json()[0]["steps"][0]["key"] == "refund"
    assert reader.get("/v1/topics").json()[0]["process"] == "returns"
    assert analyst.get("/v1/rules").json() == []


def test_a_process_without_the_model_says_where_there_is_one(client_for, problem):
    sender = client_for(Scope.INGEST_WRITE)
    answer = sender.post("/v1/classify", json={"texts": [{"text": "late"}]})
    problem(answer, 503, "no_model_here")
    assert int(answer.headers["retry-after"]) > 0
    problem(sender.post("/v1/classify", json={"texts": [{"text": "a", "turns": []}]}), 422, "invalid_request")
