"""FAULTS 3.5 A at the door: T-12 to T-19, with real requests. What only the verifier decides is in tests/payloads."""

import base64
import hmac
import json
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from app.ingest import unpack
from app.ingest.trying import HEADER, mark
from app.payloads.delivery import RawDelivery
from app.payloads.presets import PRESETS
from app.payloads.signing import sign
from app.plugins import load_plugin
from app.settings import Settings
from app.store.tables import Delivery, Feedback

ITEM = {"external_id": "r1", "medium": "survey", "occurred_at": "2026-09-15T14:05:00Z", "text": "late"}
BODY = json.dumps(ITEM).encode()


@pytest.fixture
def settings(tmp_path):
    key = "a secret for tests that is long enough"
    return Settings(data_dir=tmp_path / "data", secret_key=key, public_url="https://voc.example.org")


@pytest.fixture
def source(admin):
    """Makes a source with a hook and gives its secret."""

    def make(key, connector="standard_webhooks", **order):
        made = admin.post("/v1/sources", json={"key": key, "connector": connector} | order)
        assert made.status_code == 201, made.text
        return made.json()["secret"]

    return make


def _signed(secret, now, body=BODY, sent_id="msg_1"):
    signature = Webhook(secret).sign(sent_id, now, body.decode())
    stamp = str(int(now.timestamp()))
    return {"webhook-id": sent_id, "webhook-timestamp": stamp, "webhook-signature": signature} | {
        "content-type": "application/json"
    }


def _kept(database):
    with database.reading() as session:
        return session.scalars(select(Delivery).order_by(Delivery.id)).all()


def test_t12_the_same_id_and_body_twice_are_one_delivery(client, source, now, database):
    secret = source("tool")
    answers = [client.post("/v1/hooks/tool", content=BODY, headers=_signed(secret, now)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(_kept(database)) == 1


def test_t13_the_same_id_with_another_body_is_kept_as_well(client, source, now, database):
    secret = source("tool")
    other = BODY.replace(b"late", b"later")
    for body in (BODY, other):
        assert client.post("/v1/hooks/tool", content=body, headers=_signed(secret, now, body)).status_code == 200
    assert [row.body for row in _kept(database)] == [BODY, other]


def test_t15_a_signed_address_is_the_public_one_whatever_a_header_says(client, source, now, problem):
    secret = source("crm-hook", config={"auth": "hubspot_v3"})
    stamp = f"{int(now.timestamp())}000"

    def sent(address, **headers):
        message = b"POST" + address.encode() + BODY + stamp.encode()
        signature = base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()
        told = {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": stamp}
        return client.post("/v1/hooks/crm-hook?src=a", content=BODY, headers=told | headers)

    assert sent("https://voc.example.org/v1/hooks/crm-hook?src=a").status_code == 200
    evil = "https://evil.example/v1/hooks/crm-hook?src=a"
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Host": "evil.example"}
    problem(sent(evil, **forged), 401, "bad_signature")
    assert sent("https://voc.example.org/v1/hooks/crm-hook?src=a", **forged).status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("address", ["/v1/hooks/tool", "/v1/hooks/tool/", "/v1/hooks/tool?challenge=1"])
def test_t17_a_probe_is_answered_200_without_a_body_also_while_paused(client, admin, source, method, address):
    source("tool")
    for change in ("pause", "resume"):
        admin.post(f"/v1/sources/tool/{change}")
        answer = client.request(method, address, follow_redirects=False)
        assert (answer.status_code, answer.content) == (200, b"")


def test_t18_an_unknown_hook_is_404_and_a_known_one_never_is(client, source, now, problem):
    secret = source("tool")
    problem(client.post("/v1/hooks/nobody", content=BODY, headers=_signed(secret, now)), 404, "unknown_source")
    for body, headers in ((BODY, {}), (b"", {}), (BODY, {HEADER: "0.aa"}), (b"\xff", {"content-type": "image/png"})):
        assert client.post("/v1/hooks/tool", content=body, headers=headers).status_code == 401


def test_t19_a_paused_hook_asks_senders_to_come_back(client, admin, source, now, problem):
    secret = source("tool")
    admin.post("/v1/sources/tool/pause")
    answer = client.post("/v1/hooks/tool", content=BODY, headers=_signed(secret, now))
    problem(answer, 503, "source_paused")
    assert 0 < int(answer.headers["retry-after"]) < 60 * 60
    problem(client.post("/v1/hooks/tool", content=BODY), 401, "bad_signature")  # strangers learn nothing of the pause


def test_a_slash_at_the_end_is_no_redirect(client, source, now):
    secret = source("tool")
    answer = client.post("/v1/hooks/tool/", content=BODY, headers=_signed(secret, now), follow_redirects=False)
    assert answer.status_code == 200


def test_an_operator_s_own_scheme_lets_its_sender_in_and_nobody_else(client, source, problem, database):
    auth = {"kind": "hmac", "header": "X-Acme", "digest": "sha512"}
    secret = source("acme", config={"auth": auth}, secret="the secret of acme")
    assert secret == "the secret of acme"
    signature = hmac.new(b"the secret of acme", BODY, "sha512").hexdigest()
    headers = {"content-type": "application/json"}
    assert client.post("/v1/hooks/acme", content=BODY, headers=headers | {"x-acme": signature}).status_code == 200
    problem(
        client.post("/v1/hooks/acme", content=BODY, headers=headers | {"x-acme": signature[1:]}), 401, "bad_signature"
    )


def test_a_form_is_taken_as_it_comes_and_its_field_is_the_signature(client, source, database):
    source("survey", config={"auth": "qualtrics"}, secret="the shared key")
    message = BODY.decode()
    form = {"Topic": "t", "MSG": message, "HMAC": hmac.new(b"the shared key", BODY, "sha512").hexdigest()}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/v1/hooks/survey", content=urlencode(form), headers=headers).status_code == 200
    assert client.post("/v1/hooks/survey", content=urlencode(form | {"MSG": "{}"}), headers=headers).status_code == 401
    assert [row.body for row in _kept(database)] == [urlencode(form).encode()]


def test_t38_a_form_of_a_thousand_parts_is_kept_and_a_huge_one_refused(client, source, database):
    secret = source("forms", config={"auth": "static_token"})
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\nx\r\n'
    body = "".join(part.format(number) for number in range(1_000)) + "--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = client.post(f"/v1/hooks/forms?token={secret}", content=body, headers=headers)
    assert answer.status_code == 200
    assert _kept(database)[0].body == body.encode()
    huge = b"x" * 10_000_000
    assert client.post(f"/v1/hooks/forms?token={secret}", content=huge, headers=headers).status_code == 413


def test_a_secret_that_comes_in_a_header_is_not_kept(client, source, database):
    secret = source("calls", config={"auth": {"kind": "token", "header": "dg-token"}})
    assert client.post("/v1/hooks/calls", content=BODY, headers={"dg-token": secret, "x-other": "1"}).status_code == 200
    row = _kept(database)[0]
    assert secret not in json.dumps(row.headers)
    assert row.headers["x-other"] == "1"


def test_a_token_in_the_address_is_neither_kept_nor_logged(client, source, database, capsys):
    secret = source("forms", config={"auth": "static_token"})
    assert client.post(f"/v1/hooks/forms?token={secret}", content=BODY).status_code == 200
    with database.reading() as session:
        row = session.scalars(select(Delivery)).one()
    assert secret not in json.dumps(row.headers)
    assert secret not in "".join(capsys.readouterr())


def test_a_scheme_of_public_keys_needs_the_sender_s_key(admin, problem):
    order = {"key": "calls", "connector": "standard_webhooks", "config": {"auth": "gong"}}
    problem(admin.post("/v1/sources", json=order), 422, "secret_needed")
    problem(admin.post("/v1/sources", json=order | {"secret": "no key at all"}), 422, "unusable_secret")
    wrong = order | {"config": {"auth": {"kind": "hmac", "header": "x-a", "signed": "same"}}}
    problem(admin.post("/v1/sources", json=wrong), 422, "bad_source_config")


def test_an_example_that_is_only_tried_is_read_at_the_door_and_not_kept(client, source, settings, now, database):
    secret = source("tool")
    key = settings.secret_key.get_secret_value()
    headers = _signed(secret, now) | {HEADER: mark(key, "tool", 0, BODY)}
    told = client.post("/v1/hooks/tool", content=BODY, headers=headers).json()
    assert told["signed"] is True
    assert told["read"]["found"][0]["item"]["external_id"] == "r1"
    unsigned = client.post("/v1/hooks/tool", content=BODY, headers={HEADER: mark(key, "tool", 0, BODY)})
    assert unsigned.json()["signed"] is False
    assert _kept(database) == []
    with database.reading() as session:
        assert session.scalars(select(Feedback)).all() == []


def test_nobody_else_can_send_what_is_acknowledged_and_not_kept(client, source, settings, now, database, problem):
    secret = source("tool")
    source("other")
    key = settings.secret_key.get_secret_value()
    for value in (
        "0.00",
        "",
        "999.aa",
        "x",
        mark("another installation's key", "tool", 0, BODY),
        mark(key, "other", 0, BODY),
    ):
        headers = _signed(secret, now) | {HEADER: value}
        problem(client.post("/v1/hooks/tool", content=BODY, headers=headers), 401, "bad_try")
    assert _kept(database) == []


def _zoom(secret, now, body):
    stamp = str(int(now.timestamp()))
    signature = "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, "sha256").hexdigest()
    return {"content-type": "application/json", "x-zm-signature": signature, "x-zm-request-timestamp": stamp}


def test_t16_zoom_s_question_is_answered_with_the_secret_that_it_was_signed_with(client, admin, source, now, database):
    secret = source("rooms", "zoom")
    body = b'{"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}}'
    expected = {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": hmac.new(secret.encode(), b"qgg8vlvZRS6UYooatFL8Aw", "sha256").hexdigest(),
    }
    for change in (None, "/pause", "/secrets"):  # also while paused, and in the middle of a rotation
        if change:
            admin.post(f"/v1/sources/rooms{change}", json={})
        answer = client.post("/v1/hooks/rooms", content=body, headers=_zoom(secret, now, body))
        assert (answer.status_code, answer.json()) == (200, expected)
    assert client.post("/v1/hooks/rooms", content=body, headers={"content-type": "application/json"}).status_code == 401
    assert client.post("/v1/hooks/rooms", content=body, headers=_zoom("another", now, body)).status_code == 401
    assert _kept(database) == []


def test_t16_front_s_challenge_comes_back_and_only_if_it_was_signed(client, source, now, problem):
    secret = source("inbox", "front")
    body, stamp = b'{"type": "sync", "authorization": {"id": "cmp_1"}}', f"{int(now.timestamp())}000"
    signature = base64.b64encode(hmac.digest(secret.encode(), f"{stamp}:".encode() + body, "sha256")).decode()
    headers = {"content-type": "application/json", "x-front-challenge": "c-123"}
    signed = headers | {"x-front-signature": signature, "x-front-request-timestamp": stamp}
    answer = client.post("/v1/hooks/inbox", content=body, headers=signed)
    assert answer.status_code == 200
    assert "c-123" in answer.text
    problem(client.post("/v1/hooks/inbox", content=body, headers=headers), 401, "bad_signature")


def test_t16_intercom_s_ping_and_surveymonkey_s_probe_are_answered_200(client, source):
    secret = source("chat", "intercom")
    body = b'{"type": "notification_event", "topic": "ping", "data": {"item": {"type": "ping"}}}'
    signature = "sha1=" + hmac.new(secret.encode(), body, "sha1").hexdigest()
    headers = {"content-type": "application/json"}
    assert (
        client.post("/v1/hooks/chat", content=body, headers=headers | {"x-hub-signature": signature}).status_code == 200
    )
    assert client.post("/v1/hooks/chat", content=body, headers=headers).status_code == 401
    source("survey", "surveymonkey")
    assert client.head("/v1/hooks/survey").status_code == 200


def test_t39_salesforce_reads_its_acknowledgement_once_the_message_is_kept(client, source, database):
    secret = source("cases", "salesforce")
    body = next(
        e.delivery.body
        for e in load_plugin("app.connectors", "salesforce").EXAMPLES
        if b"notifications" in e.delivery.body
    )
    headers = {"content-type": "text/xml; charset=utf-8"}
    answer = client.post("/v1/hooks/cases", content=body, headers=headers | {"x-client-cert": secret})
    assert answer.status_code == 200
    assert "<Ack>true</Ack>" in answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    assert [row.body for row in _kept(database)] == [body]
    refused = client.post("/v1/hooks/cases", content=body, headers=headers)
    assert refused.status_code == 401
    assert "Ack" not in refused.text


def test_t13_the_other_body_is_not_lost_when_it_is_read_either(client, source, now, database):
    secret = source("tool")
    for body in (BODY, BODY.replace(b"late", b"later")):
        client.post("/v1/hooks/tool", content=body, headers=_signed(secret, now, body))
    while True:
        with database.writing() as session:
            batch = unpack.claim(session, now)
        if batch is None:
            break
        outcome = unpack.work(batch, None)
        with database.writing() as session:
            unpack.record(session, now, outcome)
    first, second = _kept(database)
    assert (first.state, second.state) == ("unpacked", "quarantined")
    assert second.body is not None
    assert second.reason.startswith("version_conflict")


def test_t01_t04_every_preset_lets_its_sender_in_and_nobody_without_a_signature(client, source, now):
    private = {"standard_webhooks_ed25519", "gong", "google_push", "zoho_desk"}
    for number, name in enumerate(sorted(set(PRESETS) - private)):
        secret = source(f"s{number}", config={"auth": name})
        path = f"/v1/hooks/s{number}"
        kind = "application/x-www-form-urlencoded" if name == "qualtrics" else "application/json"
        plain = RawDelivery(b"MSG=x" if name == "qualtrics" else BODY, {}, kind, url="https://voc.example.org" + path)
        signed = sign(PRESETS[name], plain, secret, now)
        address = signed.url.removeprefix("https://voc.example.org")
        headers = {"content-type": kind, **signed.headers}
        assert client.post(address, content=signed.body, headers=headers).status_code == 200, name
        assert client.post(path, content=plain.body, headers={"content-type": kind}).status_code == 401, name


def test_an_id_that_no_database_could_index_is_kept_by_its_digest(client, source, database):
    secret = source("acme", "json_mapping", config={"auth": "static_token"})
    for number, sent in enumerate(("x" * 40_000, "x" * 40_000, "x" * 40_001, "a\tb")):
        headers = {"x-webhook-token": secret, "x-request-id": sent, "content-type": "application/json"}
        answer = client.post("/v1/hooks/acme", content=BODY, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["duplicate"] is (number == 1)
    assert {len(row.sender_ref) for row in _kept(database)} == {71}
