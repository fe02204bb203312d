"""Subscriptions over HTTP: address and secret are hidden, and the log says what became of each event."""

import pytest

from app.act.deliver import SLOW_LANE
from app.act.happenings import tell
from app.api import subscriptions as resource
from app.domain.actor import Scope
from app.domain.happenings import Happening

URL = "https://93.184.215.14/hooks/token-in-the-path"
INSIDE = (
    "https://127.0.0.1/x",
    "http://93.184.215.14/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://2130706433/x",
    "ftp://x",
)


@pytest.fixture
def made(admin):
    return admin.post("/v1/subscriptions", json={"name": "CRM", "url": URL, "types": ["voc.change.fixed.v1"]}).json()


def test_the_secret_is_shown_once_and_the_address_never(admin, made):
    assert made["secret"].startswith("whsec_")
    assert (made["host"], made["state"], made["verbatims"]) == ("93.184.215.14", "active", "none")
    told = admin.get("/v1/subscriptions").text + admin.get(f"/v1/subscriptions/{made['id']}").text
    told += admin.get("/v1/audit").text
    assert made["secret"] not in told
    assert "token-in-the-path" not in told + str(made)


@pytest.mark.parametrize("url", INSIDE)
def test_t60_an_address_inside_is_refused_when_it_is_saved(admin, problem, url):
    answer = admin.post("/v1/subscriptions", json={"name": "x", "url": url})
    problem(answer, 422, "address_refused")
    assert url not in answer.text
    assert admin.get("/v1/subscriptions").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "log"}, "unknown_channel"),
        ({"kind": "email"}, "unknown_channel"),
        ({"owner_id": 99}, "unknown_owner"),
        ({"types": ["voc.nothing.v1"]}, "invalid_request"),
        ({"verbatims": "all"}, "invalid_request"),
        ({"secret": "mine"}, "invalid_request"),
    ],
)
def test_what_cannot_be_subscribed_is_refused(admin, change, code):
    answer = admin.post("/v1/subscriptions", json={"name": "x", "url": URL} | change)
    assert answer.status_code == 422
    assert answer.json()["code"] == code


def test_a_rotation_shows_the_new_secret_and_keeps_the_old_one_until_it_is_retired(admin, made, problem):
    path = f"/v1/subscriptions/{made['id']}/secrets"
    fresh = admin.post(path).json()["secret"]
    assert fresh not in {None, made["secret"]}
    assert "secret" not in admin.delete(f"{path}/old").json()
    chat = admin.post("/v1/subscriptions", json={"name": "chat", "kind": "slack", "url": URL}).json()
    assert chat["secret"] is None
    problem(admin.post(f"/v1/subscriptions/{chat['id']}/secrets"), 422, "not_signed")


def test_a_subscription_is_paused_resumed_tried_out_and_ended(admin, made, problem):
    path = f"/v1/subscriptions/{made['id']}"
    assert admin.post(f"{path}/pause").json()["state"] == "paused"
    assert admin.post(f"{path}/resume").json()["state"] == "active"
    assert admin.post(f"{path}/test").status_code == 202
    (tried,) = admin.get(f"{path}/deliveries").json()["items"]
    assert (tried["type"], tried["state"], tried["attempts"]) == ("voc.subscription.test.v1", "pending", 0)
    assert tried["webhook_id"].startswith(f"evt_{tried['event_id']}_")
    assert admin.delete(path).status_code == 204
    for answer in (admin.get(path), admin.delete(path), admin.post(f"{path}/pause"), admin.get(f"{path}/deliveries")):
        problem(answer, 404, "not_found")
    assert [line["action"] for line in admin.get("/v1/audit").json()["items"]][:5] == [
        "subscription_deleted",
        "subscription_tried",
        "subscription_resumed",
        "subscription_paused",
        "subscription_created",
    ]


def test_the_log_shows_what_became_of_each_event_and_sends_again(admin, made, database, now, problem):
    path = f"/v1/subscriptions/{made['id']}/deliveries"
    with database.writing() as session:
        for number in range(3):
            tell(session, now, Happening.FIXED, f"change:{number}", change_id=number)
        batch = SLOW_LANE.claim(session, now)
        SLOW_LANE.release(session, now, batch, "the receiver answered 500")
    listed = admin.get(f"{path}?limit=2").json()
    assert [row["subject"] for row in listed["items"]] == ["change:2", "change:1"]
    (last,) = admin.get(listed["next"]).json()["items"]
    assert (last["state"], last["attempts"], last["last_error"]) == ("pending", 1, "the receiver answered 500")
    assert admin.get(f"/v1/subscriptions/{made['id']}").json()["state"] == "failing"
    assert admin.get(f"{path}?state=dead").json()["items"] == []
    assert admin.post(f"{path}/{last['id']}/replay").json() == {"replayed": 1}
    problem(admin.post(f"{path}/999/replay"), 404, "not_found")
    span = {"since": "2026-09-01T00:00:00Z", "until": "2026-10-01T00:00:00Z"}
    assert admin.post(f"{path}/replay", json=span).json() == {"replayed": 0}
    assert {row["attempts"] for row in admin.get(path).json()["items"]} == {0}


def test_only_administrators_see_subscriptions(client_for, made):
    other = client_for(Scope.ANALYST, Scope.ITEMS_READ, Scope.ITEMS_WRITE)
    for route in resource.router.routes:
        path = route.path.format(subscription_id=made["id"], dispatch_id=1)
        for method in route.methods:
            assert other.request(method, path, json={} if method == "POST" else None).status_code == 403, path
