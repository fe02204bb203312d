"""The running service keeps what its OpenAPI document says, for whatever fits the document and whatever does not."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.access.keys import create_key
from app.domain.actor import OPERATOR, Scope
from app.processes.apply import apply_document
from app.processes.reader import read_document

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]

ROOT = Path(__file__).parents[2]
COMPANY = ROOT / "app" / "demo" / "company.yaml"
EXAMPLES = "8"  # of each operation; a minute or so on each database


@pytest.fixture
def token(database):
    with database.writing() as session:
        now = datetime.now(UTC)
        apply_document(session, now, OPERATOR, read_document(COMPANY.read_bytes()), dry_run=False)
        return create_key(session, now, OPERATOR, name="contract", scopes={Scope.ADMIN})[1]


@pytest.fixture
def filled(service, token):
    """A service in which something has happened: read feedback, a theme with its item, a source with a secret."""
    service.start()
    with service.client(token) as client:
        client.post("/v1/sources", json={"key": "shop", "connector": "standard_webhooks"})
        for number in range(30):
            item = {
                "external_id": f"e{number}",
                "medium": "survey",
                "occurred_at": datetime.now(UTC).isoformat(),
                "text": "My refund never came and nobody answers.",
                "customer": {"ref": f"c{number}"},
            }
            assert client.post("/v1/feedback", json=item, headers={"Prefer": "wait=20"}).is_success
        service.wait_for(lambda: client.get("/v1/action-items").json()["items"], "no item was opened")
    return service


def test_whatever_is_sent_the_answer_is_as_documented(filled, token):
    address = f"http://127.0.0.1:{filled.port}"
    options = ["--checks", "all", "--seed", "20261126", "--max-examples", EXAMPLES, "--continue-on-failure"]
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{address}/v1/openapi.json", *options]
    found = subprocess.run(
        [*command, "--header", f"Authorization: Bearer {token}"],
        cwd=ROOT,  # schemathesis.toml is there
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-20_000:]
    assert "Traceback" not in filled.told()
