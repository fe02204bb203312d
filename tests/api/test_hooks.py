import base64
import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from app.store.tables import Delivery

BODY = json.dumps(
    {"external_id": "r1", "medium": "survey", "occurred_at": "2026-09-15T14:05:00Z", "text": "late"}
).encode()


@pytest.fixture
def hook(admin):
    made = admin.post("/v1/sources", json={"key": "tool", "connector": "standard_webhooks"})
    assert made.status_code == 201, made.text
    return made.json()


def _signed(secret, now, body=BODY, message_id="msg_1"):
    signature = Webhook(secret).sign(message_id, now, body.decode())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
        "content-type": "application/json",
    }


def test_a_signed_delivery_is_durable_before_the_answer(client, hook, now, database):
    answer = client.post("/v1/hooks/tool", content=BODY, headers=_signed(hook["secret"], now))
    assert answer.status_code == 200, answer.text
    with database.reading() as session:
        row = session.scalars(select(Delivery)).one()
    assert (row.id, row.body) == (answer.json()["delivery_id"], BODY)
    assert "authorization" not in row.headers


def test_the_same_delivery_twice_is_kept_once_and_answered_twice(client, hook, now, database):
    for duplicate in (False, True, True):
        answer = client.post("/v1/hooks/tool", content=BODY, headers=_signed(hook["secret"], now))
        assert answer.status_code == 200
        assert answer.json()["duplicate"] is duplicate
    with database.reading() as session:
        assert len(session.scalars(select(Delivery)).all()) == 1


def test_every_wrong_signature_gets_the_same_answer(client, hook, now, problem, database):
    good = _signed(hook["secret"], now)
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    told = {}
    for name, headers, body in (
        ("changed", good, BODY + b" "),
        ("other secret", _signed(other, now), BODY),
        ("missing", {}, BODY),
        ("empty", good | {"webhook-signature": ""}, BODY),
        ("long", good | {"webhook-signature": "v1," + "x" * 60_000}, BODY),
        ("many", good | {"webhook-signature": " ".join(["v1,AAAA"] * 500)}, BODY),
        ("old", _signed(hook["secret"], now - timedelta(minutes=6)), BODY),
        ("no number", good | {"webhook-timestamp": "yesterday"}, BODY),
    ):
        document = problem(client.post("/v1/hooks/tool", content=body, headers=headers), 401, "bad_signature")
        told[name] = (document["detail"], document["title"])
    assert len(set(told.values())) == 1
    with database.reading() as session:
        assert session.scalars(select(Delivery)).all() == []


def test_a_body_that_means_nothing_is_kept_all_the_same(client, hook, now):
    for number, body in enumerate((b"not json", b"", b'{"unknown": 1}', b"[" * 100_000)):
        headers = _signed(hook["secret"], now, body, f"msg_{number}")
        assert client.post("/v1/hooks/tool", content=body, headers=headers).status_code == 200


def test_a_known_hook_never_answers_404_410_or_3xx(client, hook, admin, now, problem):
    headers = _signed(hook["secret"], now)
    assert admin.post("/v1/sources/tool/pause").json()["paused_at"] is not None
    answer = client.post("/v1/hooks/tool", content=BODY, headers=headers)
    problem(answer, 503, "source_paused")
    assert int(answer.headers["retry-after"]) > 0
    assert admin.post("/v1/sources/tool/resume").json()["paused_at"] is None
    assert client.post("/v1/hooks/tool", content=BODY, headers=headers).status_code == 200


def test_a_probe_is_answered_without_a_body(client, hook):
    answer = client.head("/v1/hooks/tool")
    assert answer.status_code == 200
    assert answer.content == b""


def test_an_unknown_hook_is_told_apart(client, hook, problem, now, sources):
    problem(client.post("/v1/hooks/other", content=BODY), 404, "unknown_source")
    problem(client.post("/v1/hooks/crm", content=BODY), 404, "unknown_source")
    assert client.head("/v1/hooks/other").status_code == 404


def test_a_hook_takes_no_api_key(admin, hook, problem):
    problem(admin.post("/v1/hooks/tool", content=BODY), 401, "bad_signature")


def test_hooks_have_limits_too(client, hook, now, problem):
    problem(client.post("/v1/hooks/tool", content=b" " * 4_194_305), 413, "body_too_large")
    headers = _signed(hook["secret"], now) | {"content-encoding": "gzip"}
    problem(client.post("/v1/hooks/tool", content=BODY, headers=headers), 415, "compressed_body")


def test_two_secrets_are_live_during_a_rotation(client, hook, admin, now):
    fresh = admin.post("/v1/sources/tool/secrets", json={}).json()["secret"]
    assert fresh != hook["secret"]
    for number, secret in enumerate((fresh, hook["secret"])):
        headers = _signed(secret, now, message_id=f"msg_{number}")
        assert client.post("/v1/hooks/tool", content=BODY, headers=headers).status_code == 200
    admin.delete("/v1/sources/tool/secrets/old")
    assert client.post("/v1/hooks/tool", content=BODY, headers=_signed(hook["secret"], now)).status_code == 401


def test_sources_never_show_their_secrets_again(hook, admin):
    assert hook["secret"] not in admin.get("/v1/sources").text
    assert hook["hook_url"].endswith("/v1/hooks/tool")


def test_deliveries_are_listed_and_a_waiting_one_is_not_replayed(client, hook, admin, now, problem):
    delivery_id = client.post("/v1/hooks/tool", content=BODY, headers=_signed(hook["secret"], now)).json()[
        "delivery_id"
    ]
    listed = admin.get("/v1/deliveries?source=tool&state=received").json()["items"]
    assert [row["id"] for row in listed] == [delivery_id]
    assert "late" not in str(listed)
    assert admin.get(f"/v1/deliveries/{delivery_id}").json()["state"] == "received"
    problem(admin.post(f"/v1/deliveries/{delivery_id}/replay"), 409, "not_replayable")
    problem(admin.get("/v1/deliveries/4711"), 404, "not_found")


def test_quarantined_deliveries_are_replayed_one_or_many(client, hook, admin, now, database):
    ids = []
    for number in range(3):
        headers = _signed(hook["secret"], now, message_id=f"m{number}")
        ids.append(client.post("/v1/hooks/tool", content=BODY, headers=headers).json()["delivery_id"])
    with database.writing() as session:
        for row in session.scalars(select(Delivery)):
            row.state, row.reason = "quarantined", "unreadable"
    assert admin.post(f"/v1/deliveries/{ids[0]}/replay").json() == {"replayed": 1}
    assert admin.post("/v1/deliveries/replay", json={"source": "tool"}).json() == {"replayed": 2}
    assert admin.get("/v1/deliveries?state=quarantined").json()["items"] == []
