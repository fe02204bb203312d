"""Service hygiene by its number in the fault catalogue: methods, quotas, audit, documents that can be hidden."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from app.api.router import include_routers, make_app
from app.domain.actor import Scope
from app.main import create_app
from app.runtime import Runtime, Tools

ITEM = {"external_id": "r", "medium": "chat", "occurred_at": "2026-09-01T00:00:00Z", "text": "late"}


@pytest.fixture
def served(runtime, key_for):
    """Makes clients of a service with other settings."""
    clients = []

    def make(*scopes, **settings):
        runtime.settings = runtime.settings.model_copy(update=settings)
        app = make_app(runtime)
        include_routers(app)
        headers = {"Authorization": f"Bearer {key_for(*scopes)}"}
        clients.append(TestClient(app, headers=headers))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def parts(field):
    """The parameters of a structured field: r, t, q, w."""
    name, *pairs = field.split(";")
    assert name == '"default"'
    return {key: int(value) for key, value in (pair.split("=") for pair in pairs)}


def test_t72_the_header_allow_names_every_method_of_an_address(client):
    for path, allowed in (
        ("/v1/feedback", {"GET", "POST"}),
        ("/v1/keys", {"GET", "POST"}),
        ("/v1/keys/1", {"DELETE"}),
        ("/v1/hooks/x", {"GET", "HEAD", "POST"}),
        ("/v1/feedback/bulk", {"POST"}),
        ("/v1/sources/preview", {"POST"}),
        ("/v1/deliveries/replay", {"POST"}),
    ):
        answer = client.request("OPTIONS", path)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == allowed, path


def test_t72_the_description_of_the_api_can_be_hidden(settings, database, clock):
    for shown in (True, False):
        own = settings.model_copy(update={"show_docs": shown})
        with TestClient(create_app(Runtime(own, database, clock, Tools(own)))) as client:
            for path in ("/docs", "/v1/openapi.json"):
                assert client.get(path).status_code == (200 if shown else 404), (path, shown)


def test_t75_what_moves_an_item_needs_a_reason_and_leaves_its_trace(client_for, admin, world, problem):
    analyst = client_for(Scope.ANALYST)
    path = f"/v1/action-items/{world.items[0]}"
    for deed, body in (("reassign", {"owner": "mira"}), ("decline", {}), ("reopen", {})):
        document = problem(analyst.post(f"{path}/{deed}", json={"version": 1} | body), 422, "invalid_request")
        assert document["errors"][0]["pointer"] == "/reason"
    analyst.post(f"{path}/reassign", json={"version": 1, "owner": "mira", "reason": "Her step"})
    assert analyst.get(path).json()["history"][-1]["text"] == "Her step"


def test_t75_nobody_changes_the_audit(admin):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert admin.request(method, "/v1/audit").status_code == 405
        assert admin.request(method, "/v1/audit/1").status_code == 404


def test_t78_each_answer_says_what_is_left_and_more_is_a_429_until_time_has_passed(served, problem, clock, now):
    client = served(Scope.INGEST_WRITE, requests_per_minute=3)
    left = []
    for _ in range(3):
        answer = client.post("/v1/feedback", json=ITEM)
        assert answer.is_success
        assert parts(answer.headers["ratelimit-policy"]) == {"q": 3, "w": 60}
        left.append(parts(answer.headers["ratelimit"]))
    assert left == [{"r": 2, "t": 20}, {"r": 1, "t": 40}, {"r": 0, "t": 60}]
    refused = client.post("/v1/feedback", json=ITEM)
    problem(refused, 429, "quota_exceeded")
    assert refused.headers["retry-after"] == "20"
    assert parts(refused.headers["ratelimit"])["r"] == 0
    assert parts(refused.headers["ratelimit-policy"])["q"] == 3
    clock.set(now + timedelta(seconds=20))
    assert client.post("/v1/feedback", json=ITEM).status_code == 200
    problem(client.post("/v1/feedback", json=ITEM), 429, "quota_exceeded")
    clock.set(now + timedelta(hours=1))
    assert parts(client.post("/v1/feedback", json=ITEM).headers["ratelimit"])["r"] == 2


def test_t78_a_refused_request_counts_too_and_another_key_has_its_own_quota(served, key_for, problem):
    client = served(Scope.INGEST_WRITE, requests_per_minute=2)
    problem(client.post("/v1/feedback", json={}), 422, "invalid_request")
    problem(client.get("/v1/feedback"), 403, "scope_missing")
    problem(client.post("/v1/feedback", json=ITEM), 429, "quota_exceeded")
    other = {"Authorization": f"Bearer {key_for(Scope.INGEST_WRITE)}"}
    assert client.post("/v1/feedback", json=ITEM, headers=other).status_code == 202


def test_t78_who_has_no_key_has_no_quota(client, problem):
    answer = client.get("/v1/feedback")
    problem(answer, 401, "invalid_credentials")
    assert "ratelimit" not in answer.headers


def test_t78_a_source_has_a_quota_of_its_own_that_forgers_cannot_use_up(served, problem, now, clock):
    client = served(Scope.ADMIN, deliveries_per_minute=2)
    secret = client.post("/v1/sources", json={"key": "tool", "connector": "standard_webhooks"}).json()["secret"]

    def deliver(number, body="{}"):
        signature = Webhook(secret).sign(f"m{number}", now, "{}")
        headers = {"webhook-id": f"m{number}", "webhook-timestamp": str(int(now.timestamp()))}
        return client.post("/v1/hooks/tool", content=body, headers=headers | {"webhook-signature": signature})

    for number in range(5):
        problem(deliver(number, "forged"), 401, "bad_signature")
    assert parts(deliver(1).headers["ratelimit"]) == {"r": 1, "t": 30}
    assert parts(deliver(2).headers["ratelimit"]) == {"r": 0, "t": 60}
    refused = deliver(3)
    problem(refused, 429, "quota_exceeded")
    assert refused.headers["retry-after"] == "30"
    assert parts(refused.headers["ratelimit"])["r"] == 0
    clock.set(now + timedelta(seconds=30))
    assert deliver(3).status_code == 200


def test_t78_a_quota_holds_in_many_threads(served):
    client = served(Scope.INGEST_WRITE, requests_per_minute=30)
    with client, ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: client.post("/v1/feedback", json=ITEM).status_code, range(60)))
    assert codes.count(429) == 30
