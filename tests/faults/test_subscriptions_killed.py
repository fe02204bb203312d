"""kill -9 between sending and noting it: that one delivery comes twice under one id, and all others once."""

import json
import signal
from collections import Counter
from datetime import UTC, datetime

import pytest
import standardwebhooks

from app.access.keys import create_key
from app.domain.actor import OPERATOR, Scope

pytestmark = pytest.mark.slow

TESTS = 12


@pytest.fixture
def token(database):
    with database.writing() as session:
        return create_key(session, datetime.now(UTC), OPERATOR, name="test", scopes={Scope.ADMIN})[1]


def arrived(receiver, path):
    return [headers["webhook-id"] for asked, headers, _ in receiver.got if asked == path]


def test_kill_9_repeats_one_delivery_with_its_id_and_loses_none(service, receiver, token):
    service.start("delivered")
    with service.client(token) as client:
        new = {"name": "CRM", "url": f"{receiver.url}/well"}
        well = client.post("/v1/subscriptions", json=new).json()
        client.post(f"/v1/subscriptions/{well['id']}/pause")
        for _ in range(TESTS):
            assert client.post(f"/v1/subscriptions/{well['id']}/test").status_code == 202
        client.post(f"/v1/subscriptions/{well['id']}/resume")
    assert service.process.wait(60) == -signal.SIGKILL, service.told()[-4000:]
    assert len(receiver.got) == 1

    service.start("delivered")
    service.wait_for(lambda: len(set(arrived(receiver, "/well"))) == TESTS, "not everything has arrived")
    with service.client(token) as client:
        listed = client.get(f"/v1/subscriptions/{well['id']}/deliveries").json()["items"]
        service.wait_for(
            lambda: client.get(f"/v1/subscriptions/{well['id']}").json()["deliveries"] == {"sent": TESTS},
            "not all noted",
        )
    assert service.stop() == 0
    ids = arrived(receiver, "/well")
    assert sorted(Counter(ids).values()) == [1] * (TESTS - 1) + [2]
    assert list(dict.fromkeys(ids)) == [row["webhook_id"] for row in reversed(listed)]
    for _, headers, body in receiver.got:
        assert standardwebhooks.Webhook(well["secret"]).verify(body, headers)["data"] == {"subscription_id": well["id"]}


def test_a_failed_delivery_comes_again_without_a_sweep_while_others_are_told(service, receiver, token):
    service.start()
    receiver.answers = [(503, {})]
    with service.client(token) as client:
        ids = []
        for url in (f"{receiver.url}/flaky", "http://127.0.0.1:1025/dead", f"{receiver.url}/well"):
            made = client.post("/v1/subscriptions", json={"name": "x", "url": url}).json()
            ids.append(made["id"])
            client.post(f"/v1/subscriptions/{made['id']}/test")
        service.wait_for(lambda: arrived(receiver, "/well"), "the dead one holds up others")
        service.wait_for(lambda: len(arrived(receiver, "/flaky")) == 2, "it was not tried again")
        service.wait_for(
            lambda: client.get(f"/v1/subscriptions/{ids[1]}").json()["state"] == "failing", "nothing was tried"
        )
        # Its receiver has the second attempt before the service has noted it: until then the flaky one fails too.
        service.wait_for(
            lambda: 'closeloop_subscriptions{state="failing"} 1.0' in client.get("/metrics").text,
            "the gauge does not say that one of them fails",
        )
    assert len(set(arrived(receiver, "/flaky"))) == 1
    assert [json.loads(body)["type"] for _, _, body in receiver.got] == ["voc.subscription.test.v1"] * 3
    assert service.stop() == 0
