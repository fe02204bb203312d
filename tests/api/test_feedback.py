import json

import pytest
from sqlalchemy import func, select

from app.domain.actor import Scope
from app.store.tables import Feedback

ITEM = {
    "external_id": "resp-1",
    "version": 1,
    "medium": "survey",
    "occurred_at": "2026-09-15T14:05:00+02:00",
    "text": "My parcel is late and nobody answers.",
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "customer": {"ref": "C-1"},
    "case_id": "order-1",
}


@pytest.fixture
def sender(client_for):
    return client_for(Scope.INGEST_WRITE)


@pytest.fixture
def analyst(client_for):
    return client_for(Scope.ANALYST)


def _count(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Feedback))


def test_an_item_is_stored_before_the_answer_and_says_where_it_stands(sender, database):
    answer = sender.post("/v1/feedback", json=ITEM)
    assert answer.status_code == 202
    told = answer.json()
    assert told["state"] == "created"
    assert not told["duplicate"]
    assert _count(database) == 1
    status = sender.get(told["status_url"]).json()
    assert status["state"] == "pending"


def test_the_same_again_is_a_200_and_changes_nothing(sender, database):
    first = sender.post("/v1/feedback", json=ITEM).json()
    again = sender.post("/v1/feedback", json=ITEM)
    assert again.status_code == 200
    assert again.json()["duplicate"]
    assert again.json()["id"] == first["id"]
    assert _count(database) == 1


@pytest.mark.parametrize("text", ["", "Two words", " spaces \u200b and\nlines "])
def test_a_text_comes_back_as_it_was_sent(sender, analyst, text):
    sent = sender.post("/v1/feedback", json=ITEM | {"text": text}).json()
    assert analyst.get(f"/v1/feedback/{sent['id']}").json()["text"] == text


def test_a_conversation_comes_back_as_turns_and_not_as_a_text(sender, analyst):
    turns = [{"role": "customer", "text": "Where is it?"}, {"role": "agent", "text": "On its way."}]
    item = {name: value for name, value in ITEM.items() if name != "text"} | {"turns": turns}
    told = analyst.get(f"/v1/feedback/{sender.post('/v1/feedback', json=item).json()['id']}").json()
    assert told["text"] is None
    assert [turn["text"] for turn in told["turns"]] == ["Where is it?", "On its way."]


def test_other_content_under_a_stored_version_is_a_conflict(sender, problem, database, analyst):
    first = sender.post("/v1/feedback", json=ITEM).json()
    problem(sender.post("/v1/feedback", json=ITEM | {"text": "something else"}), 409, "version_conflict")
    assert analyst.get(f"/v1/feedback/{first['id']}").json()["turns"][0]["text"] == ITEM["text"]


def test_a_newer_version_replaces_and_an_older_one_never_does(sender, analyst):
    first = sender.post("/v1/feedback", json=ITEM | {"version": 5}).json()
    assert sender.post("/v1/feedback", json=ITEM | {"version": 4, "text": "old"}).json()["state"] == "stale"
    assert sender.post("/v1/feedback", json=ITEM | {"version": 6, "text": "new"}).json()["state"] == "updated"
    assert analyst.get(f"/v1/feedback/{first['id']}").json()["turns"][0]["text"] == "new"


def test_t84_a_score_of_zero_is_zero(sender, analyst):
    told = sender.post("/v1/feedback", json=ITEM).json()
    assert analyst.get(f"/v1/feedback/{told['id']}").json()["scores"] == [
        {"metric": "nps", "value": 0.0, "min": 0.0, "max": 10.0, "raw": None}
    ]


def test_a_key_bound_to_a_source_writes_there_and_nowhere_else(client_for, sources, problem, analyst):
    bound = client_for(Scope.INGEST_WRITE, source_id=sources["crm"])
    told = bound.post("/v1/feedback", json=ITEM).json()
    assert analyst.get(f"/v1/feedback/{told['id']}").json()["source"] == "crm"
    problem(bound.post("/v1/feedback?source=shop", json=ITEM), 403, "other_source")
    assert bound.post("/v1/feedback?source=crm", json=ITEM).status_code == 200


def test_the_status_of_another_source_is_as_good_as_missing(client_for, sources, problem):
    crm = client_for(Scope.INGEST_WRITE, source_id=sources["crm"])
    shop = client_for(Scope.INGEST_WRITE, source_id=sources["shop"])
    told = crm.post("/v1/feedback", json=ITEM).json()
    foreign = problem(shop.get(told["status_url"]), 404, "not_found")
    missing = problem(shop.get("/v1/feedback/4711/status"), 404, "not_found")
    assert foreign["detail"] == missing["detail"]


def test_an_unknown_source_is_refused_and_nothing_is_stored(sender, problem, database):
    problem(sender.post("/v1/feedback?source=typo", json=ITEM), 422, "unknown_source")
    assert _count(database) == 0


def test_senders_do_not_read_words(sender, problem):
    told = sender.post("/v1/feedback", json=ITEM).json()
    problem(sender.get(f"/v1/feedback/{told['id']}"), 403, "scope_missing")
    problem(sender.get("/v1/feedback"), 403, "scope_missing")


def test_feedback_is_listed_by_filter_in_pages(sender, analyst):
    for number in range(5):
        medium = "survey" if number % 2 else "chat"
        item = ITEM | {"external_id": f"r{number}", "medium": medium, "occurred_at": f"2026-09-1{number}T10:00:00Z"}
        sender.post("/v1/feedback", json=item)
    seen = []
    address = "/v1/feedback?limit=2&medium=chat"
    while address:
        page = analyst.get(address).json()
        seen += [row["external_id"] for row in page["items"]]
        address = page["next"]
    assert seen == ["r4", "r2", "r0"]
    assert len(analyst.get("/v1/feedback?since=2026-09-12T00:00:00Z&until=2026-09-14T00:00:00Z").json()["items"]) == 2
    assert len(analyst.get("/v1/feedback?customer=C-1&case=order-1").json()["items"]) == 5
    assert analyst.get("/v1/feedback?customer=C-2").json()["items"] == []


def test_t92_a_bulk_answers_for_each_item_and_stores_those_that_fit(sender, bulk, database):
    items = [ITEM | {"external_id": f"r{number}"} for number in range(10)]
    items[3] = items[3] | {"occurred_at": "2026-09-15T14:05:00"}
    items[5] = {"nothing": 1}
    items[7] = "a text"
    answer = bulk(sender, json=items)
    assert answer.status_code == 200
    told = answer.json()
    assert told["errors"]
    assert told["counts"] == {"created": 7, "invalid": 3}
    assert [each["index"] for each in told["items"]] == list(range(10))
    assert [each["status"] for each in told["items"]] == [202, 202, 202, 422, 202, 422, 202, 422, 202, 202]
    bad = told["items"][3]["problem"]
    assert bad["status"] == 422
    assert bad["errors"][0]["pointer"] == "/occurred_at"
    assert _count(database) == 7


def test_t93_a_bulk_sent_again_adds_nothing(sender, bulk, database):
    items = [ITEM | {"external_id": f"r{number}"} for number in range(1000)]
    assert bulk(sender, json=items).json()["counts"] == {"created": 1000}
    assert bulk(sender, json=items).json()["counts"] == {"duplicate": 1000}
    assert _count(database) == 1000


def test_t94_a_broken_line_costs_only_itself(sender, bulk, database):
    lines = [json.dumps(ITEM | {"external_id": f"r{number}"}) for number in range(20)]
    lines[9] = lines[9][:-5]
    answer = bulk(sender, content="\n".join(lines) + "\n\n", headers={"Content-Type": "application/x-ndjson"})
    told = answer.json()
    assert told["counts"] == {"created": 19, "invalid": 1}
    assert told["items"][9]["problem"]["code"] == "bad_json"
    assert _count(database) == 19


def test_a_bulk_with_a_broken_envelope_stores_nothing(sender, bulk, problem, database):
    problem(bulk(sender, json={"items": [ITEM]}), 400, "not_a_list")
    problem(bulk(sender, json=[ITEM] * 1001), 413, "too_many_items")
    problem(bulk(sender, content="[1,", headers={"Content-Type": "application/json"}), 400, "bad_json")
    problem(bulk(sender, content="a,b", headers={"Content-Type": "text/csv"}), 415, "unsupported_media_type")
    assert _count(database) == 0


def test_t37_texts_come_back_as_they_were_sent(sender, analyst):
    texts = [
        "<script>alert(1)</script>",
        "{{7*7}}",
        "=cmd|' /C calc'!A0",
        "\u202eabc",
        "👩‍👩‍👧",
        "ﷺ",
        "\t\r\n ",
        "\u200b",
    ]
    for number, text in enumerate(texts):
        told = sender.post("/v1/feedback", json=ITEM | {"external_id": f"t{number}", "text": text}).json()
        turns = analyst.get(f"/v1/feedback/{told['id']}").json()["turns"]
        assert [turn["text"] for turn in turns] == [text]
