"""`closeloop source`: with a running service, on a database of its own."""

import json
import threading
import time

import pytest
import uvicorn
from sqlalchemy import select

from app.main import create_app
from app.plugins import load_plugin
from app.runtime import build_runtime
from app.settings import read_settings
from app.store.tables import Delivery, Feedback


@pytest.fixture
def installed(closeloop):
    closeloop("init")
    return closeloop


@pytest.fixture
def service(installed):
    """A service on a free port, without a worker; gives its address and database."""
    runtime = build_runtime(read_settings())
    server = uvicorn.Server(uvicorn.Config(create_app(runtime), host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", runtime.database
    server.should_exit = True
    thread.join()
    runtime.database.dispose()


def test_adding_a_source_prints_its_address_its_secret_and_what_to_click(installed):
    result = installed("source", "add", "typeform")
    secret = result.stdout.split("(shown only this once): ")[1].split()[0]
    assert "/v1/hooks/typeform" in result.stdout
    assert f"enter the secret {secret}" in result.stdout
    assert "{url}" not in result.stdout
    assert secret not in installed("source", "show", "typeform").stdout
    assert installed("source", "list", "--json").document[0]["connector"] == "typeform"


def test_a_connector_is_found_by_its_other_names_and_takes_the_sender_s_own_secret(installed):
    told = installed(
        "source", "add", "help-desk", "--connector", "JSM", "--secret-stdin", "--config", "zone=Europe/Berlin",
        "--json", typed="the secret of jira\n",
    ).document  # fmt: skip
    assert (told["connector"], told["secret"]) == ("jira", "the secret of jira")
    assert told["config"] == {"zone": "Europe/Berlin"}


def test_what_does_not_fit_is_refused_with_a_way_out(installed):
    assert "Known: " in installed("source", "add", "x", "--connector", "nobody", code=2).stderr
    assert "zone" in installed("source", "add", "tally", "--config", "zone=Mars", code=2).stderr
    assert "NAME=VALUE" in installed("source", "add", "tally", "--config", "zone", code=2).stderr
    assert "source add" in installed("source", "pause", "tally", code=2).stderr


def test_a_source_is_paused_resumed_and_given_a_second_secret(installed):
    first = installed("source", "add", "tally", "--json").document["secret"]
    installed("source", "pause", "tally")
    assert installed("source", "show", "tally", "--json").document["paused"] is True
    installed("source", "resume", "tally")
    assert installed("source", "show", "tally", "--json").document["paused"] is False
    assert installed("source", "rotate", "tally", "--json").document["secret"] not in {first, None}


@pytest.mark.parametrize(
    "connector",
    ["typeform", "standard_webhooks", "jira", "twilio", "json_mapping", "salesforce", "qualtrics", "jotform"],
)
def test_trying_a_source_sends_every_example_through_the_real_door_and_keeps_none(installed, service, connector):
    address, database = service
    installed("source", "add", connector)
    told = installed("source", "test", connector, "--at", address, "--json").document
    assert told["failed"] == 0, told
    assert len(told["examples"]) == len(load_plugin("app.connectors", connector).EXAMPLES)
    checked = {one["signature"] for one in told["examples"]}
    assert checked == {"signature checked"} or (connector == "qualtrics" and "signature checked" in checked)
    with database.reading() as session:
        assert session.scalars(select(Delivery)).all() == []
        assert session.scalars(select(Feedback)).all() == []


def test_trying_tells_what_is_wrong_with_a_source(installed, service):
    address, _ = service
    installed("source", "add", "tally")
    installed("source", "pause", "tally")
    result = installed("source", "test", "tally", "--at", address, code=1)
    assert "REFUSED: 503" in result.stdout
    assert "does not answer" in installed("source", "test", "tally", "--at", "http://127.0.0.1:9", code=3).stderr


def test_a_payload_is_previewed_for_a_connector_or_as_a_source_would_read_it(installed, tmp_path):
    file = tmp_path / "body.json"
    file.write_text('{"key": 7, "said": "Late again."}')
    mapping = ["--config", "external_id=key", "--config", "text=said"]
    installed("source", "add", "acme", "--connector", "json_mapping", *mapping)
    for words in (["json_mapping", str(file), *mapping], ["acme", str(file)]):
        told = json.loads(installed("source", "preview", *words).stdout)
        assert told["outcome"] == "read"
        assert told["found"][0]["item"]["external_id"] == "7"
        assert told["found"][0]["item"]["text"] == "Late again."
