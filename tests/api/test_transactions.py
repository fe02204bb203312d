from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import APIRouter
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.api.bodies import ApiRoute
from app.api.deps import Reading
from app.domain.actor import Scope
from app.store.tables import Feedback

ITEM = {"external_id": "r", "medium": "chat", "occurred_at": "2026-09-01T00:00:00Z", "text": "late"}


@pytest.fixture
def sender(app, key_for):
    with TestClient(app, headers={"Authorization": f"Bearer {key_for(Scope.INGEST_WRITE, Scope.ANALYST)}"}) as client:
        yield client


def _stored(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Feedback))


def test_a_commit_that_fails_is_no_success(sender, database, problem):
    def fail(_session):
        raise OperationalError("COMMIT", {}, ValueError("disk full"))

    event.listen(Session, "before_commit", fail)
    try:
        problem(sender.post("/v1/feedback", json=ITEM), 503, "database_unavailable")
    finally:
        event.remove(Session, "before_commit", fail)
    assert _stored(database) == 0
    assert sender.post("/v1/feedback", json=ITEM).status_code == 202


def test_more_requests_at_once_than_threads_and_connections_do_not_stand_still(sender, database):
    def go(number):
        if number % 2:
            return sender.get("/v1/feedback").status_code
        return sender.post("/v1/feedback", json=ITEM | {"external_id": str(number)}).status_code

    with ThreadPoolExecutor(80) as pool:
        answers = list(pool.map(go, range(160)))
    assert set(answers) == {200, 202}
    assert _stored(database) == 80


def test_t80_the_same_item_from_all_sides_at_once_is_one_item(sender, database):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: sender.post("/v1/feedback", json=ITEM), range(100)))
    assert {answer.status_code for answer in answers} == {200, 202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert _stored(database) == 1


def test_an_endpoint_that_would_run_on_the_event_loop_is_refused():
    router = APIRouter(route_class=ApiRoute)
    with pytest.raises(TypeError):

        @router.get("/x")
        async def endpoint(session: Reading):
            return session.scalar(select(1))
