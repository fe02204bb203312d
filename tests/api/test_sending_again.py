"""`Idempotency-Key`: what was done once is answered again and not done again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func, select
from starlette.testclient import TestClient

from app.access.answers import KEPT_FOR, purge_answers
from app.api.bodies import ApiRoute
from app.api.deps import Admin, Now, Writing
from app.api.router import include_routers, make_app
from app.domain.actor import Scope
from app.errors import AppError, Kind
from app.store.tables import ApiKey, AuditEvent, Feedback, KeptAnswer

ITEM = {"external_id": "r", "medium": "chat", "occurred_at": "2026-09-01T00:00:00Z", "text": "late"}


def under(key):
    return {"Idempotency-Key": key}


@pytest.fixture
def sender(client_for):
    return client_for(Scope.INGEST_WRITE)


@pytest.fixture
def count(database):
    def ask(row, *where):
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(row).where(*where))

    return ask


def test_t95_the_same_request_under_its_key_is_answered_as_before(sender, count):
    items = [ITEM | {"external_id": f"r{number}"} for number in range(3)]
    first = sender.post("/v1/feedback/bulk", json=items, headers=under("one"))
    again = sender.post("/v1/feedback/bulk", json=items, headers=under("one"))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.json()["counts"] == {"created": 3}
    assert again.headers["content-type"] == first.headers["content-type"] == "application/json"
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert count(Feedback) == 3


def test_t95_a_single_item_is_answered_as_before_with_its_status(sender):
    first = sender.post("/v1/feedback", json=ITEM, headers=under("one"))
    again = sender.post("/v1/feedback", json=ITEM, headers=under("one"))
    plain = sender.post("/v1/feedback", json=ITEM)
    assert (first.status_code, again.status_code, plain.status_code) == (202, 202, 200)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"


def test_t95_another_body_or_address_under_the_same_key_is_a_422(sender, problem, count):
    sender.post("/v1/feedback", json=ITEM, headers=under("one"))
    other = ITEM | {"external_id": "s"}
    problem(sender.post("/v1/feedback", json=other, headers=under("one")), 422, "idempotency_key_reused")
    problem(sender.post("/v1/feedback?source=api", json=ITEM, headers=under("one")), 422, "idempotency_key_reused")
    assert count(Feedback) == 1


def test_t95_a_key_of_256_characters_or_with_a_space_is_a_400(sender, problem, count):
    for key in ("x" * 256, "", '""', "a b", '"' + "x" * 256 + '"', "caf\u00e9".encode(), "a\tb"):
        problem(sender.post("/v1/feedback", json=ITEM, headers=under(key)), 400, "bad_idempotency_key")
    assert count(Feedback) == 0
    assert sender.post("/v1/feedback", json=ITEM, headers=under("x" * 255)).status_code == 202


def test_t95_quoted_and_bare_are_the_same_key(sender):
    assert sender.post("/v1/feedback", json=ITEM, headers=under('"one"')).status_code == 202
    assert sender.post("/v1/feedback", json=ITEM, headers=under("one")).headers["idempotency-replayed"] == "true"


def test_t95_a_bulk_without_a_key_is_a_400(sender, problem, count):
    problem(sender.post("/v1/feedback/bulk", json=[ITEM]), 400, "idempotency_key_required")
    assert count(Feedback) == 0


def test_t95_the_key_of_another_credential_or_route_is_another_key(client_for, sender, count):
    for client in (sender, client_for(Scope.INGEST_WRITE)):
        for path, body in (("/v1/feedback", ITEM), ("/v1/feedback/bulk", [ITEM])):
            answer = client.post(path, json=body, headers=under("one"))
            assert answer.is_success
            assert "idempotency-replayed" not in answer.headers
    assert count(KeptAnswer) == 4


def test_t95_a_refusal_is_not_kept_and_leaves_the_key_free(sender, client_for, problem, count):
    wrong = ITEM | {"occurred_at": "yesterday"}
    problem(sender.post("/v1/feedback", json=wrong, headers=under("one")), 422, "invalid_request")
    problem(client_for(Scope.ANALYST).post("/v1/feedback", json=ITEM, headers=under("one")), 403, "scope_missing")
    sender.post("/v1/feedback", json=ITEM)
    conflict = ITEM | {"text": "other words"}
    problem(sender.post("/v1/feedback", json=conflict, headers=under("one")), 409, "version_conflict")
    assert count(KeptAnswer) == 0
    assert sender.post("/v1/feedback", json=ITEM, headers=under("one")).json()["duplicate"]


def test_an_entity_tag_is_answered_again_too(admin, world):
    address = f"/v1/action-items/{world.items[0]}/acknowledge"
    headers = under("one") | {"If-Match": '"1"'}
    first, again = admin.post(address, headers=headers), admin.post(address, headers=headers)
    assert first.status_code == again.status_code == 200
    assert first.headers["etag"] == again.headers["etag"] == '"2"'
    assert again.json() == first.json()


def test_a_secret_that_is_shown_once_is_not_readable_in_what_is_kept(admin, count, database):
    order = {"name": "crm", "scopes": ["ingest:write"]}
    first = admin.post("/v1/keys", json=order, headers=under("one"))
    again = admin.post("/v1/keys", json=order, headers=under("one"))
    assert again.json()["key"] == first.json()["key"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert count(ApiKey, ApiKey.name == "crm") == 1
    assert count(AuditEvent, AuditEvent.action == "key_created", AuditEvent.actor != "cli") == 1
    with database.reading() as session:
        kept = session.scalars(select(KeptAnswer.body)).one()
    assert first.json()["key"].encode() not in kept


def test_answers_are_forgotten_after_a_day(sender, database, clock, count):
    sender.post("/v1/feedback", json=ITEM, headers=under("one"))
    with database.writing() as session:
        assert purge_answers(session, clock.now() + KEPT_FOR) == 0
        assert purge_answers(session, clock.now() + KEPT_FOR + timedelta(seconds=1)) == 1
    assert sender.post("/v1/feedback", json=ITEM, headers=under("one")).json()["duplicate"]


class Told(BaseModel):
    id: int


@pytest.fixture
def slow(runtime, key_for):
    """A service with a route that makes a key and does not end before it may; and with one that fails after that."""
    router = APIRouter(prefix="/v1", route_class=ApiRoute)
    begun, go_on, failures = threading.Semaphore(0), threading.Event(), [True]

    def make(session, now, name):
        row = ApiKey(public_id=name, digest="x", name=name, scopes=[], created_at=now)
        session.add(row)
        session.flush()
        return Told(id=row.id)

    @router.post("/slow", status_code=201)
    def slow(session: Writing, now: Now, _actor: Admin) -> Told:
        begun.release()
        go_on.wait(20)
        return make(session, now, "slow")

    @router.post("/failing", status_code=201)
    def failing(session: Writing, now: Now, _actor: Admin) -> Told:
        told = make(session, now, "failing")
        if failures.pop():
            failures.append(False)
            raise ZeroDivisionError
        return told

    @router.post("/pushing-back", status_code=201)
    def pushing_back(session: Writing, now: Now, _actor: Admin) -> Told:
        make(session, now, "never")
        raise AppError(Kind.UNAVAILABLE, "busy", "Come back.")

    app = make_app(runtime)
    include_routers(app)
    app.include_router(router)
    with TestClient(app, headers={"Authorization": f"Bearer {key_for(Scope.ADMIN)}"}) as client:
        client.begun, client.go_on = begun, go_on
        yield client


def test_t95_the_same_key_at_the_same_time_is_a_409_that_says_when_to_come_back(slow, problem, count):
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow.post, "/v1/slow", headers=under("one"))
        assert slow.begun.acquire(timeout=20)
        answer = slow.post("/v1/slow", headers=under("one"))
        problem(answer, 409, "idempotency_key_in_use")
        assert int(answer.headers["retry-after"]) > 0
        slow.go_on.set()
        assert first.result().status_code == 201
    again = slow.post("/v1/slow", headers=under("one"))
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.result().json()
    assert count(ApiKey, ApiKey.name == "slow") == 1


def test_t95_a_failure_sets_the_key_free_and_leaves_nothing(slow, problem, count):
    problem(slow.post("/v1/failing", headers=under("one")), 500, "internal_error")
    problem(slow.post("/v1/pushing-back", headers=under("one")), 503, "busy")
    assert count(KeptAnswer) == 0
    assert count(ApiKey, ApiKey.name.in_(["failing", "never"])) == 0
    assert slow.post("/v1/failing", headers=under("one")).status_code == 201
    assert slow.post("/v1/failing", headers=under("one")).headers["idempotency-replayed"] == "true"
    assert count(ApiKey, ApiKey.name == "failing") == 1


def test_t95_many_at_once_do_it_once(app, key_for, count):
    with TestClient(app, headers={"Authorization": f"Bearer {key_for(Scope.ADMIN)}"}) as client:
        order = {"name": "race", "scopes": ["ingest:write"]}
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: client.post("/v1/keys", json=order, headers=under("one")), range(60)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer.json()["key"] for answer in answers if answer.status_code == 201]
    assert len(set(made)) == 1
    assert count(ApiKey, ApiKey.name == "race") == 1


def test_a_hook_knows_no_such_key(client, problem):
    problem(client.post("/v1/hooks/none", content=b"{}", headers=under("one")), 404, "unknown_source")
