from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import standardwebhooks

from app.connectors.standard_webhooks import SPEC, reference
from app.errors import AppError
from app.payloads import keys, verifying
from app.payloads.delivery import RawDelivery

NOW = datetime(2026, 9, 16, 9, 0, tzinfo=UTC)
SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
verify, check_secret, new_secret = (
    partial(call, SPEC.auth) for call in (verifying.verify, keys.check_secret, keys.new_secret)
)
BODY = '{ "a": 1,  "text": "Grüße, déjà vu 😡" }'.encode()


def _signed(*secrets, body=BODY, at=NOW, sent_id="msg_1"):
    by = [standardwebhooks.Webhook(secret).sign(sent_id, at, body.decode()) for secret in secrets]
    headers = {"webhook-id": sent_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(by)}
    return RawDelivery(body, headers)


def _changed(delivery, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in (delivery.headers | names).items() if value is not None}
    return RawDelivery(delivery.body, kept)


def test_what_the_reference_library_signs_is_accepted():
    assert verify(_signed(SECRET), [SECRET], NOW)
    assert reference(_signed(SECRET)) == "msg_1"


def test_one_changed_byte_is_refused():
    delivery = _signed(SECRET)
    for at in range(len(BODY)):
        body = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
        assert not verify(RawDelivery(body, delivery.headers), [SECRET], NOW)


@pytest.mark.parametrize("name", ["webhook_id", "webhook_timestamp", "webhook_signature"])
@pytest.mark.parametrize("value", [None, "", "ü\udc80", "x" * 65_536, "-1", "2026-09-16T09:00:00Z", "٣"])
def test_a_missing_or_strange_header_is_refused(name, value):
    assert not verify(_changed(_signed(SECRET), **{name: value}), [SECRET], NOW)


@pytest.mark.parametrize(("minutes", "accepted"), [(-6, False), (-4, True), (2, True), (6, False)])
def test_five_minutes_of_difference_are_tolerated(minutes, accepted):
    assert verify(_signed(SECRET, at=NOW + timedelta(minutes=minutes)), [SECRET], NOW) is accepted


def test_two_secrets_are_live_during_a_rotation():
    fresh = new_secret()
    assert verify(_signed(SECRET), [fresh, SECRET], NOW)
    assert verify(_signed(fresh, SECRET), [SECRET], NOW)
    assert not verify(_signed(SECRET), [fresh], NOW)
    assert not verify(_signed(SECRET), [], NOW)


def test_one_right_signature_among_wrong_ones_is_enough():
    delivery = _signed(SECRET)
    right = delivery.headers["webhook-signature"]
    assert verify(_changed(delivery, webhook_signature=f"v1,AAAA v1a,{right[3:]} {right}"), [SECRET], NOW)


def test_another_version_name_before_a_right_signature_is_refused():
    delivery = _signed(SECRET)
    right = delivery.headers["webhook-signature"][3:]
    for entry in (f"v1a,{right}", f"v2,{right}", f"sha256={right}", right, f"V1,{right}"):
        assert not verify(_changed(delivery, webhook_signature=entry), [SECRET], NOW)


def test_no_more_than_fifty_signatures_are_looked_at():
    right = _signed(SECRET).headers["webhook-signature"]
    wrong = f"v1,{'A' * 43}="
    for before, accepted in ((49, True), (50, False), (500, False)):
        delivery = _changed(_signed(SECRET), webhook_signature=" ".join([*[wrong] * before, right]))
        assert verify(delivery, [SECRET, new_secret()], NOW) is accepted


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "whsec_" + b64encode(b"short").decode(), "whsec_ü"])
def test_a_secret_in_another_form_is_refused(secret):
    with pytest.raises(AppError, match="whsec_"):
        check_secret(secret)
    assert not verify(_signed(SECRET), [secret], NOW)
