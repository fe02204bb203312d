"""The running service keeps what its OpenAPI document says, for whatever fits the document and whatever does not."""

import importlib
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.access.keys import create_key
from app.domain.actor import OPERATOR, Scope
from app.processes.apply import apply_document
from app.processes.reader import read_document

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

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


def test_whatever_is_sent_the_answer_is_as_documented(filled, token, tmp_path):
    address = f"http://127.0.0.1:{filled.port}"
    options = ["--checks", "all", "--seed", "20261126", "--max-examples", EXAMPLES, "--continue-on-failure"]
    schemathesis = [Path(sys.executable).with_name("schemathesis"), "--config-file", ROOT / "schemathesis.toml"]
    command = [*schemathesis, "run", f"{address}/v1/openapi.json", *options]
    found = subprocess.run(
        [*command, "--header", f"Authorization: Bearer {token}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, f"{found.stdout[-20_000:]}\n{filled.told()[-8_000:]}"
    assert "Traceback" not in filled.told()


@pytest.fixture
def generated(filled, token, tmp_path, monkeypatch):
    """A client that openapi-python-client made of the service's own description."""
    generator = shutil.which("openapi-python-client")
    if generator is None:
        pytest.skip("openapi-python-client is not on the path")
    with filled.client(token) as client:
        (tmp_path / "openapi.json").write_text(client.get("/v1/openapi.json").text)
    made = tmp_path / "made"
    made.mkdir()
    options = ["--path", tmp_path / "openapi.json", "--meta", "none", "--output-path", made / "closeloop_api"]
    subprocess.run([generator, "generate", *options], check=True, capture_output=True)
    monkeypatch.syspath_prepend(made)

    def load(name):
        return importlib.import_module(f"closeloop_api.{name}")

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] == "closeloop_api"]:
        del sys.modules[name]


def test_a_generated_client_sends_polls_and_acknowledges(filled, generated, token):
    models, feedback, items = generated("models"), "api.feedback", "api.action_items"
    client = generated("client").AuthenticatedClient(base_url=f"http://127.0.0.1:{filled.port}", token=token)
    body = models.NativeItem(
        external_id="made-1", medium=models.Medium.SURVEY, occurred_at=datetime.now(UTC), text="My refund never came."
    )
    with client:
        told = generated(f"{feedback}.send_feedback").sync(client=client, body=body, idempotency_key="made-1")
        assert told.state == models.Status.CREATED
        many = [body, models.NativeItem.from_dict(body.to_dict() | {"external_id": "made-2"})]
        bulk = generated(f"{feedback}.send_feedback_bulk").sync(client=client, body=many, idempotency_key="made-2")
        assert bulk.counts.to_dict() == {"duplicate": 1, "created": 1}
        state = generated(f"{feedback}.get_feedback_status")
        filled.wait_for(lambda: state.sync(told.id, client=client).state == "labelled", "it is not read")
        listed = generated(f"{items}.list_action_items").sync(client=client)
        item = generated(f"{items}.get_action_item").sync_detailed(listed.items[0].id, client=client)
        done = generated(f"{items}.acknowledge_action_item").sync(
            item.parsed.id, client=client, if_match=item.headers["etag"]
        )
        assert (done.state, done.version) == (models.State.ACKNOWLEDGED, item.parsed.version + 1)
        again = generated(f"{items}.acknowledge_action_item").sync(
            item.parsed.id, client=client, if_match=item.headers["etag"]
        )
        assert (again.status, again.code) == (412, "stale_version")
