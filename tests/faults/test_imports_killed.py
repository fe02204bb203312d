"""kill -9 in the middle of an import: what was stored stays, the rest follows, nothing comes twice."""

import signal
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from app.access.keys import create_key
from app.domain.actor import OPERATOR, Scope
from app.ingest.chunks import CHUNK
from app.store.tables import Feedback

pytestmark = pytest.mark.slow

ROWS = 3 * CHUNK + 1


@pytest.mark.parametrize("stage", ["reading", "storing"])
def test_an_import_goes_on_where_it_was(stage, service, database):
    with database.writing() as session:
        token = create_key(session, datetime.now(UTC), OPERATOR, name="test", scopes={Scope.ADMIN})[1]
    body = "id,comment\n" + "".join(f"{number},Comment {number}\n" for number in range(ROWS))
    service.start(stage)
    with service.client(token) as client:
        headers = {"content-type": "text/csv", "idempotency-key": "march"}
        answer = client.post("/v1/imports?filename=march.csv", content=body, headers=headers)
        assert answer.status_code == 202, answer.text
    assert service.process.wait(60) == -signal.SIGKILL, service.told()[-4000:]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Feedback)) == CHUNK

    service.start(stage)
    with service.client(token) as client:
        address = answer.headers["location"]
        service.wait_for(lambda: client.get(address).json()["state"] == "done", "it was not read on")
        told = client.get(address).json()
    assert service.stop() == 0
    assert (told["rows"], told["accepted"], told["duplicate"], told["rejected"]) == (ROWS, ROWS, 0, 0)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Feedback)) == ROWS
