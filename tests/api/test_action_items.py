from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event

from app.domain.actor import Scope
from app.store.act_tables import ActionItem

OWN = (Scope.ITEMS_READ, Scope.ITEMS_WRITE)


@pytest.fixture
def jonas(client_for, owners):
    return client_for(*OWN, owner_id=owners["jonas"])


@pytest.fixture
def mira(client_for, owners):
    return client_for(*OWN, owner_id=owners["mira"])


@pytest.fixture
def analyst(client_for):
    return client_for(Scope.ANALYST)


def test_an_owner_sees_their_own_items_and_analysts_see_all(jonas, mira, analyst, world):
    assert [row["id"] for row in jonas.get("/v1/action-items").json()["items"]] == [world.items[0]]
    assert [row["id"] for row in jonas.get("/v1/action-items?owner=me").json()["items"]] == [world.items[0]]
    assert jonas.get("/v1/action-items?owner=mira").json()["items"] == []
    assert {row["id"] for row in analyst.get("/v1/action-items").json()["items"]} == set(world.items)
    assert [row["id"] for row in analyst.get("/v1/action-items?owner=mira").json()["items"]] == [world.items[1]]


def test_what_belongs_to_somebody_else_is_as_good_as_missing(jonas, world, problem):
    item, theme, change = world.items[1], world.themes[1], world.changes[1]
    own = {"version": 1}
    foreign = [
        ("GET", f"/v1/action-items/{item}", None),
        ("GET", f"/v1/themes/{theme}", None),
        ("GET", f"/v1/themes/{theme}/series", None),
        ("GET", f"/v1/themes/{theme}/mentions", None),
        ("GET", f"/v1/changes/{change}", None),
        ("GET", f"/v1/changes/{change}/impact", None),
        ("POST", f"/v1/action-items/{item}/acknowledge", own),
        ("POST", f"/v1/action-items/{item}/plan", own | {"description": "x", "target_reduction": 0.2}),
        ("POST", f"/v1/action-items/{item}/deploy", own | {"rollout_from": "2026-09-16"}),
        ("POST", f"/v1/action-items/{item}/decline", own | {"reason": "x"}),
        ("POST", f"/v1/action-items/{item}/reassign", own | {"reason": "x", "owner": "jonas"}),
        ("POST", f"/v1/action-items/{item}/snooze", own | {"until": "2026-09-20T00:00:00Z"}),
        ("POST", f"/v1/action-items/{item}/resume", own),
        ("GET", f"/v1/action-items/{item}/deadlines", None),
        ("POST", f"/v1/action-items/{item}/pause", own | {"reason": "waiting_for_customer"}),
        ("POST", f"/v1/action-items/{item}/continue", own),
        ("POST", f"/v1/action-items/{item}/reopen", own | {"reason": "x"}),
        ("POST", f"/v1/action-items/{item}/duplicate", own | {"of": world.items[0]}),
        ("POST", f"/v1/action-items/{item}/comments", {"text": "x"}),
        ("POST", f"/v1/action-items/{item}/answer", own | {"text": "x"}),
        ("POST", f"/v1/action-items/{item}/close", own),
    ]
    for method, path, body in foreign:
        numbers = {item, theme, change}
        missing = "/".join("4711" if part.isdigit() and int(part) in numbers else part for part in path.split("/"))
        theirs, nobodys = jonas.request(method, path, json=body), jonas.request(method, missing, json=body)
        assert theirs.status_code == nobodys.status_code == 404, (path, theirs.text, nobodys.text)
        told, other = theirs.json(), nobodys.json()
        assert {**told, "instance": ""} == {**other, "instance": ""}
    assert jonas.get("/v1/themes").json()["items"][0]["id"] == world.themes[0]
    assert len(jonas.get("/v1/themes").json()["items"]) == 1
    assert [row["id"] for row in jonas.get("/v1/changes").json()["items"]] == [world.changes[0]]


def test_a_key_that_acts_for_no_owner_sees_nothing_without_being_an_analyst(client_for, world, problem):
    nobody = client_for(*OWN)
    assert nobody.get("/v1/action-items").json()["items"] == []
    problem(nobody.get("/v1/action-items?owner=me"), 422, "no_owner")
    problem(nobody.get(f"/v1/action-items/{world.items[0]}"), 404, "item_not_found")


def test_an_item_explains_itself(jonas, world):
    answer = jonas.get(f"/v1/action-items/{world.items[0]}")
    item = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert item["why"]["sentences"] == ["the owner of the step"]
    assert item["why"]["deadline"]["duration"] == "2 working days"
    quote = item["evidence"][0]
    assert quote["text"][quote["start"] : quote["end"]] == "The refund that jonas promised is late."
    assert "customer" not in quote
    assert "acknowledge" in item["possible"]
    assert item["changes"] == [world.changes[0]]


def test_items_are_filtered_and_paged(analyst, world, now):
    listed = analyst.get("/v1/action-items?limit=1").json()
    assert len(listed["items"]) == 1
    rest = analyst.get(listed["next"]).json()
    assert {listed["items"][0]["id"], rest["items"][0]["id"]} == set(world.items)
    assert rest["next"] is None

    def count(query):
        return len(analyst.get(f"/v1/action-items?{query}").json()["items"])

    assert count("state=new&state=acknowledged") == 2
    assert count("state=closed") == 0
    assert count("due_before=2026-09-22T00:00:00Z") == 2
    assert count("due_before=2026-09-17T00:00:00Z") == 0
    assert count("updated_since=2026-09-17T00:00:00Z") == 0
    assert count("process=returns&q=MIRA&sort=updated") == 1


def test_a_filter_that_cannot_be_read_is_refused(analyst, problem):
    for query in ("state=lost", "due_before=tomorrow", "due_before=2026-09-17T00:00:00", "sort=name"):
        problem(analyst.get(f"/v1/action-items?{query}"), 422, "invalid_request")
    problem(analyst.get("/v1/action-items?owner=nobody"), 422, "unknown_owner")


def test_t79_polling_without_news_is_a_304_without_a_body_or_rows(jonas, world, database, clock, now):
    first = jonas.get("/v1/action-items?owner=me")
    tag = first.headers["etag"]
    read = []
    listener = lambda *parts: read.append(parts[2])  # noqa: E731
    event.listen(database.engine, "before_cursor_execute", listener)
    again = jonas.get("/v1/action-items?owner=me", headers={"If-None-Match": f'"other", {tag}'})
    event.remove(database.engine, "before_cursor_execute", listener)
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == tag
    assert again.headers["vary"] == "Authorization"
    assert not [statement for statement in read if "action_items.title" in statement]
    clock.set(now + timedelta(minutes=1))
    jonas.post(f"/v1/action-items/{world.items[0]}/acknowledge", headers={"If-Match": '"1"'})
    news = jonas.get("/v1/action-items?owner=me", headers={"If-None-Match": tag})
    assert news.status_code == 200
    assert news.headers["etag"] != tag


def test_a_tag_is_worth_nothing_with_another_filter_or_key(jonas, mira, world):
    tag = jonas.get("/v1/action-items").headers["etag"]
    assert jonas.get("/v1/action-items?owner=me", headers={"If-None-Match": tag}).status_code == 200
    assert mira.get("/v1/action-items", headers={"If-None-Match": tag}).status_code == 200


def test_a_change_needs_the_version_that_was_seen(jonas, world, problem):
    path = f"/v1/action-items/{world.items[0]}/acknowledge"
    problem(jonas.post(path), 428, "version_required")
    problem(jonas.post(path, json={}), 428, "version_required")
    problem(jonas.post(path, headers={"If-Match": "yesterday"}), 400, "bad_if_match")
    problem(jonas.post(path, headers={"If-Match": '"1"'}, json={"version": 2}), 400, "bad_if_match")
    problem(jonas.post(path, headers={"If-Match": '"7"'}), 412, "stale_version")
    problem(jonas.post(path, json={"version": 7}), 409, "stale_version")
    done = jonas.post(path, headers={"If-Match": '"1"'})
    assert done.json()["state"] == "acknowledged"
    assert done.headers["etag"] == '"2"'


def test_t79_of_two_who_change_at_once_exactly_one_wins(jonas, analyst, world, problem):
    path = f"/v1/action-items/{world.items[0]}/acknowledge"

    def go(client):
        return client.post(path, headers={"If-Match": '"1"'})

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(go, (jonas, analyst)))
    assert sorted(answer.status_code for answer in answers) == [200, 412]


def test_an_owner_goes_the_whole_way_from_news_to_a_deployed_change(jonas, world, clock, now, problem):
    path = f"/v1/action-items/{world.items[0]}"
    assert jonas.post(f"{path}/acknowledge", json={"version": 1}).json()["version"] == 2
    problem(jonas.post(f"{path}/deploy", json={"version": 2, "rollout_from": "2026-09-16"}), 409, "action_not_possible")
    body = {"version": 2, "description": "Drop the second check", "target_reduction": 0.3, "planned_for": "2026-09-18"}
    assert jonas.post(f"{path}/plan", json=body).json()["state"] == "change_planned"
    clock.set(now + timedelta(days=2))
    assert jonas.post(f"{path}/deploy", json={"version": 3, "rollout_from": "2026-09-18"}).json()["state"] == "deployed"
    assert jonas.post(f"{path}/comments", json={"text": "Done in all shops"}).status_code == 201
    item = jonas.get(path).json()
    assert [line["kind"] for line in item["history"]] == ["acknowledged", "change_planned", "deployed", "commented"]
    impact = jonas.get(f"/v1/changes/{item['changes'][-1]}/impact").json()
    assert impact["change"]["target_reduction"] == 0.3
    assert impact["latest"] is None
    assert impact["expected"]["horizon_days"] == 90


def test_an_item_can_be_declined_snoozed_resumed_and_handed_over(jonas, analyst, world, problem):
    path = f"/v1/action-items/{world.items[0]}"
    snoozed = jonas.post(f"{path}/snooze", json={"version": 1, "until": "2026-09-20T09:00:00+02:00"}).json()
    assert snoozed["snoozed_until"] == "2026-09-20T07:00:00Z"
    assert jonas.post(f"{path}/resume", json={"version": 2}).json()["state"] == "new"
    given = jonas.post(f"{path}/reassign", json={"version": 3, "owner": "mira", "reason": "It is her step"})
    assert given.json()["owner"] == "mira"
    problem(jonas.get(path), 404, "item_not_found")
    declined = analyst.post(f"{path}/decline", json={"version": 4, "reason": "The law wants it"}).json()
    assert declined["state"] == "declined"
    assert (
        analyst.post(f"{path}/reopen", json={"version": 5, "reason": "The law changed"}).json()["state"] == "reopened"
    )


def test_nobody_sets_what_is_not_theirs_to_set(jonas, world, problem, database):
    path = f"/v1/action-items/{world.items[0]}/acknowledge"
    for field, value in (("owner_id", 2), ("deadline_at", "2027-01-01T00:00:00Z"), ("state", "improved"), ("id", 9)):
        document = problem(jonas.post(path, json={"version": 1, field: value}), 422, "invalid_request")
        assert document["errors"][0]["pointer"] == f"/{field}"
    with database.reading() as session:
        assert session.get(ActionItem, world.items[0]).state == "new"


def test_readers_do_not_write(client_for, owners, world, problem):
    reader = client_for(Scope.ITEMS_READ, owner_id=owners["jonas"])
    answer = reader.post(f"/v1/action-items/{world.items[0]}/acknowledge", json={"version": 1})
    problem(answer, 403, "scope_missing")


@pytest.fixture
def case(database, owners, world, now):
    """A case of jonas about his customer, opened without a decision."""
    with database.writing() as session:
        item = ActionItem(
            kind="case",
            feedback_id=world.feedback[0],
            owner_id=owners["jonas"],
            title="Answer a customer: safety in a survey",
            state="new",
            opened_at=now,
            goal_at=now + timedelta(hours=1),
            deadline_at=now + timedelta(hours=4),
            ladder=[],
            updated_at=now,
        )
        session.add(item)
        session.flush()
        return item.id


def test_a_case_shows_what_its_customer_said_and_what_can_be_done(jonas, case, world):
    item = jonas.get(f"/v1/action-items/{case}").json()
    assert (item["kind"], item["feedback_id"], item["theme_id"]) == ("case", world.feedback[0], None)
    assert [quote["mention_id"] for quote in item["evidence"]] == [world.mentions[0]]
    assert "answer" in item["possible"]
    assert "plan" not in item["possible"]


def test_answering_the_customer_closes_the_case(jonas, case, problem):
    closed = jonas.post(f"/v1/action-items/{case}/answer", json={"version": 1, "text": "Paid today"}).json()
    assert (closed["state"], closed["possible"]) == ("closed", ["comment", "reopen"])
    assert jonas.get(f"/v1/action-items/{case}").json()["reason"] == "Paid today"
    again = jonas.post(f"/v1/action-items/{case}/answer", json={"version": 2, "text": "Paid"})
    problem(again, 409, "action_not_possible")


def test_an_item_about_a_theme_is_not_answered_like_a_case(jonas, world, problem):
    refused = jonas.post(f"/v1/action-items/{world.items[0]}/answer", json={"version": 1, "text": "Paid"})
    problem(refused, 409, "action_not_possible")
