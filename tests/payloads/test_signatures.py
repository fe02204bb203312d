"""FAULTS 3.5 A, as far as it is about the verifier itself; tests/api/test_hook_authenticity.py has the doors."""

import base64
import hashlib
import hmac
import json
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.connectors.standard_webhooks import SPEC
from app.errors import AppError
from app.payloads.delivery import RawDelivery
from app.payloads.keys import check_secret, new_secret
from app.payloads.presets import PRESETS
from app.payloads.schemes import AnyOf, Hmac, Jwt, StaticToken, credential_headers, weaknesses
from app.payloads.signing import sign
from app.payloads.verifying import verify


def _with(delivery, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(delivery, headers={k: v for k, v in (delivery.headers | names).items() if v is not None})


def _signature_header(sender):
    scheme = sender.auth.schemes[0] if isinstance(sender.auth, AnyOf) else sender.auth
    return "authorization" if isinstance(scheme, StaticToken) else scheme.header


def test_t01_a_valid_signature_of_every_sender_is_accepted(sender, now):
    assert verify(sender.auth, sender.send(), [sender.secret], now)


def test_t01_what_openssl_signs_is_accepted(now):
    body = b'{"text": "openssl says so"}'
    made = subprocess.run(
        ["openssl", "dgst", "-sha512", "-hmac", "the secret", "-r"], input=body, capture_output=True, check=True
    )
    delivery = RawDelivery(body, {"x-sum": made.stdout.split()[0].decode()})
    assert verify(Hmac(header="x-sum", digest="sha512"), delivery, ["the secret"], now)


def test_t01_the_vector_that_twilio_publishes_is_accepted(now):
    form = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    headers = {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    delivery = RawDelivery(form, headers, "application/x-www-form-urlencoded; charset=UTF-8", url=url)
    assert verify(PRESETS["twilio"], delivery, ["12345"], now)
    assert not verify(PRESETS["twilio"], replace(delivery, body=form + b"&Extra=1"), ["12345"], now)
    assert not verify(PRESETS["twilio"], replace(delivery, url=url + "3"), ["12345"], now)


@pytest.mark.parametrize(
    ("known_as", "signed_as"),
    [
        ("https://voc.example.org/v1/hooks/calls?x=1", "https://voc.example.org:443/v1/hooks/calls?x=1"),
        ("https://voc.example.org:8443/v1/hooks/calls", "https://voc.example.org/v1/hooks/calls"),
    ],
)
def test_t15_twilio_signs_the_address_with_or_without_its_port(now, known_as, signed_as):
    signature = base64.b64encode(hmac.digest(b"token-of-twilio", f"{signed_as}A1".encode(), "sha1")).decode()
    delivery = RawDelivery(b"A=1", {"x-twilio-signature": signature}, "application/x-www-form-urlencoded", url=known_as)
    assert verify(PRESETS["twilio"], delivery, ["token-of-twilio"], now)
    other = replace(delivery, url=known_as.replace("voc", "other"))
    assert not verify(PRESETS["twilio"], other, ["token-of-twilio"], now)


def test_t01_twilio_signs_names_once_and_in_order(now):
    url = "https://voc.example.org/v1/hooks/calls"
    signed = url + "Aa" + "Ab" + "Bx"
    signature = base64.b64encode(hmac.digest(b"token-of-twilio", signed.encode(), "sha1")).decode()
    for form in (b"A=b&A=a&B=x", b"B=x&A=a&A=b&A=a"):
        delivery = RawDelivery(form, {"x-twilio-signature": signature}, "application/x-www-form-urlencoded", url=url)
        assert verify(PRESETS["twilio"], delivery, ["token-of-twilio"], now)


def test_t01_a_json_body_of_twilio_is_bound_by_its_digest_in_the_address(now):
    body = b'{"sid": "GT1"}'
    bare = "https://voc.example.org/v1/hooks/calls"
    url = f"{bare}?bodySHA256={hashlib.sha256(body).hexdigest()}"

    def delivery(url, body):
        signature = base64.b64encode(hmac.digest(b"token-of-twilio", url.encode(), "sha1")).decode()
        return RawDelivery(body, {"x-twilio-signature": signature}, url=url)

    assert verify(PRESETS["twilio"], delivery(url, body), ["token-of-twilio"], now)
    assert not verify(PRESETS["twilio"], delivery(url, body + b" "), ["token-of-twilio"], now)
    assert not verify(PRESETS["twilio"], delivery(bare, body), ["token-of-twilio"], now)


def test_t01_hubspot_may_sign_the_address_with_its_signs_decoded(now):
    address, decoded = (f"https://voc.example.org/v1/hooks/crm?to={sign}" for sign in ("a%40b%3A1", "a@b:1"))
    stamp = f"{int(now.timestamp())}000"
    message = f"POST{decoded}{{}}{stamp}".encode()
    signature = base64.b64encode(hmac.digest(b"client-secret", message, "sha256")).decode()
    headers = {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": stamp}
    assert verify(PRESETS["hubspot_v3"], RawDelivery(b"{}", headers, url=address), ["client-secret"], now)


def test_t01_a_public_key_of_standard_webhooks_is_accepted(now):
    private = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    stamp = str(int(now.timestamp()))
    signature = base64.b64encode(private.sign(f"m1.{stamp}.{{}}".encode())).decode()
    headers = {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": f"v1,AAAA v1a,{signature}"}
    auth = SPEC.auth
    check_secret(auth, public)
    assert verify(auth, RawDelivery(b"{}", headers), [public], now)
    assert not verify(auth, RawDelivery(b"{} ", headers), [public], now)
    wrong = _with(RawDelivery(b"{}", headers), webhook_signature=f"v1,{signature}")
    assert not verify(auth, wrong, [public], now)


def test_t02_one_changed_byte_is_refused(signer, now):
    delivery = signer.send()
    for at in {0, len(delivery.body) // 2, len(delivery.body) - 1}:
        body = delivery.body[:at] + bytes([delivery.body[at] ^ 1]) + delivery.body[at + 1 :]
        changed = replace(delivery, body=body)
        assert not verify(signer.auth, changed, [signer.secret], now) or changed.body.startswith(b"U")  # Topic, unread


def test_t03_another_secret_is_refused(sender, now):
    assert not verify(sender.auth, sender.send(sender.other), [sender.secret], now)
    assert not verify(sender.auth, sender.send(), [sender.other], now)
    assert not verify(sender.auth, sender.send(), [], now)
    assert not verify(sender.auth, sender.send(), [""], now)


@pytest.mark.parametrize(
    "value", [None, "", " ", "ü\udc80\x00", "x" * 65_536, "=", ",,,,", "sha256=", "v1,", "t=1,v0="]
)
def test_t04_t05_a_missing_or_strange_header_is_refused(sender, now, value):
    delivery = sender.send()
    if sender.form:
        delivery = replace(delivery, body=delivery.body.partition(b"&HMAC")[0])
    else:
        delivery = _with(delivery, **{_signature_header(sender): value})
    assert not verify(sender.auth, delivery, [sender.secret], now)


def test_t06_another_coding_is_refused(senders, now):
    for name in ("typeform", "tally", "surveymonkey", "front_rule"):
        sender = senders[name]
        delivery = sender.send()
        value = delivery.headers[_signature_header(sender)]
        prefix = sender.auth.prefix
        as_hex = prefix + base64.b64decode(value.removeprefix(prefix)).hex()
        assert not verify(sender.auth, _with(delivery, **{sender.auth.header: as_hex}), [sender.secret], now)


def test_t07_an_algorithm_that_the_header_names_is_not_followed(senders, now):
    weak = hmac.new(senders["jira"].secret.encode(), senders["jira"].send().body, "sha1").hexdigest()
    for value in (f"sha1={weak}", f"sha256={weak}", f"none={weak}", "sha256=", weak):
        delivery = _with(senders["jira"].send(), x_hub_signature=value)
        assert not verify(senders["jira"].auth, delivery, [senders["jira"].secret], now)


@pytest.mark.parametrize(("minutes", "accepted"), [(-6, False), (-4, True), (0, True), (2, True), (6, False)])
def test_t08_five_minutes_of_difference_are_tolerated(timed, now, minutes, accepted):
    assert verify(timed.auth, timed.send(at=now + timedelta(minutes=minutes)), [timed.secret], now) is accepted


def test_t08_each_scheme_has_its_own_tolerance(now):
    auth = PRESETS["elevenlabs"]
    for minutes, accepted in ((-29, True), (-31, False)):
        delivery = sign(auth, RawDelivery(b"{}"), "a secret of theirs", now + timedelta(minutes=minutes))
        assert verify(auth, delivery, ["a secret of theirs"], now) is accepted


@pytest.mark.parametrize(
    "stamp", ["yesterday", "", "-1", "1e9", "٣", "2026-09-16T09:00:01Z", "1789549201", "0x6a", "nan"]
)
def test_t09_a_time_in_another_form_is_refused(timed, now, stamp):
    scheme = timed.auth.schemes[0] if isinstance(timed.auth, AnyOf) else timed.auth
    delivery = timed.send()
    if scheme.ts_part:
        parts = delivery.headers[scheme.header].split(",")
        delivery = _with(delivery, **{scheme.header: f"{scheme.ts_part}={stamp},{parts[1]}"})
    else:
        delivery = _with(delivery, **{scheme.ts_header: stamp})
    assert not verify(timed.auth, delivery, [timed.secret], now)


def test_t09_a_header_with_two_times_is_refused(senders, now):
    delivery = senders["stripe"].send()
    value = delivery.headers["stripe-signature"]
    both = _with(delivery, stripe_signature=f"t={int(now.timestamp())},{value}")
    assert not verify(senders["stripe"].auth, both, [senders["stripe"].secret], now)


def test_t10_two_secrets_are_live_during_a_rotation(sender, now):
    assert verify(sender.auth, sender.send(), [sender.other, sender.secret], now)
    assert verify(sender.auth, sender.send(sender.other), [sender.other, sender.secret], now)
    assert not verify(sender.auth, sender.send(), [sender.other], now)


def test_t11_of_many_signatures_a_bounded_number_is_looked_at(senders, now):
    for name, separator in (("standard_webhooks", " "), ("stripe", ",")):
        sender = senders[name]
        delivery = sender.send()
        *before, right = delivery.headers[_signature_header(sender)].split(separator)
        wrong = right[:3] + "A" * (len(right) - 3)
        for many, accepted in ((1, True), (500, False)):
            value = separator.join([*before, *[wrong] * many, right])
            changed = _with(delivery, **{_signature_header(sender).replace("-", "_"): value})
            assert verify(sender.auth, changed, [sender.secret, sender.other], now) is accepted


def test_t14_json_that_a_proxy_wrote_anew_is_refused(signer, now):
    delivery = signer.send()
    body = delivery.body if signer.form else json.dumps(json.loads(delivery.body)).encode()
    if not signer.form:
        assert not verify(signer.auth, replace(delivery, body=body), [signer.secret], now)


def test_t15_a_signed_address_is_the_one_that_the_sender_knows(senders, now, hook_url):
    for name in ("hubspot_v3", "hubspot_v2"):
        sender = senders[name]
        assert verify(sender.auth, sender.send(), [sender.secret], now)
        inside = replace(sender.send(), url=hook_url.replace("https://voc.example.org", "http://10.0.0.5:8000"))
        assert not verify(sender.auth, inside, [sender.secret], now)


def test_a_form_with_a_field_twice_is_refused_because_two_readers_could_take_another_one_each(senders, now):
    delivery = senders["qualtrics"].send()
    for extra in (b"&MSG=other", b"&HMAC=00"):
        for body in (delivery.body + extra, extra[1:] + b"&" + delivery.body):
            assert not verify(
                senders["qualtrics"].auth, replace(delivery, body=body), [senders["qualtrics"].secret], now
            )


def test_a_public_key_is_never_taken_for_a_shared_secret(now):
    public = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"
    auth = AnyOf((StaticToken(), Hmac(header="x-sum"), Jwt(audience="us")))
    headers = {"authorization": f"Bearer {public}", "x-sum": hmac.new(public.encode(), b"{}", "sha256").hexdigest()}
    assert not verify(auth, RawDelivery(b"{}", headers), [public, "whpk_AAAA", '{"keys": []}'], now)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer tok_live_1"},
        {"authorization": "bearer  tok_live_1"},
        {"authorization": "Basic " + base64.b64encode(b"zd:tok_live_1").decode()},
        {"authorization": "Basic " + base64.b64encode(b"tok_live_1").decode()},
        {"x-webhook-token": "tok_live_1"},
    ],
)
def test_a_static_token_may_come_in_several_places(now, headers):
    assert verify(StaticToken(), RawDelivery(b"{}", headers), ["tok_live_1"], now)


def test_a_static_token_may_stand_in_the_address_the_form_or_the_body(now):
    url = "https://voc.example.org/v1/hooks/forms?token=tok_live_1"
    assert verify(StaticToken(), RawDelivery(b"", url=url), ["tok_live_1"], now)
    assert not verify(StaticToken(), RawDelivery(b"", url=url + "&token=x"), ["tok_live_1"], now)
    assert not verify(StaticToken(query=""), RawDelivery(b"", url=url), ["tok_live_1"], now)
    auth = StaticToken(form_field="api_token")
    assert verify(auth, RawDelivery(b'{"api_token": "tok_live_1"}'), ["tok_live_1"], now)
    form = RawDelivery(b"a=1&api_token=tok_live_1", content_type="application/x-www-form-urlencoded")
    assert verify(auth, form, ["tok_live_1"], now)
    assert not verify(auth, RawDelivery(b'{"api_token": ["tok_live_1"]}'), ["tok_live_1"], now)


@pytest.mark.parametrize("sent", ["tok_live_", "tok_live_2", "tok_live_11", "TOK_LIVE_1", ""])
def test_a_token_that_is_nearly_right_is_refused(now, sent):
    for headers in ({"authorization": f"Bearer {sent}"}, {"x-webhook-token": sent}, {"authorization": sent}):
        assert not verify(StaticToken(), RawDelivery(b"{}", headers), ["tok_live_1"], now)


def test_what_is_signed_for_a_try_is_accepted_and_by_the_sender_s_own_rules(sender, now):
    unsigned = RawDelivery(
        b"MSG=%7B%7D" if sender.form else b"{}", {}, sender.send().content_type, url=sender.send().url
    )
    assert verify(sender.auth, sign(sender.auth, unsigned, sender.secret, now), [sender.secret], now)


def test_every_preset_with_a_shared_secret_makes_secrets_and_signs(now):
    private = {"standard_webhooks_ed25519", "gong", "google_push", "zoho_desk"}
    form = RawDelivery(b"MSG=%7B%7D", {}, "application/x-www-form-urlencoded", url="https://voc.example.org/h")
    for name in sorted(set(PRESETS) - private):
        auth, secret = PRESETS[name], new_secret(PRESETS[name])
        check_secret(auth, secret)
        for delivery in [form] if name == "qualtrics" else [form, RawDelivery(b"{}", url="https://voc.example.org/h")]:
            assert verify(auth, sign(auth, delivery, secret, now), [secret], now), name
            assert not verify(auth, delivery, [secret], now), name
    for name in private:
        with pytest.raises(AppError, match="public key"):
            new_secret(PRESETS[name])


def test_only_the_sender_signs_with_a_private_key(now):
    with pytest.raises(AppError) as refusal:
        sign(Jwt(audience="us"), RawDelivery(b"{}"), "x" * 20, now)
    assert refusal.value.code == "cannot_sign"


def test_weak_schemes_are_told_apart():
    assert "SHA-1" in weaknesses(PRESETS["twilio"])[0]
    assert "bare digest" in weaknesses(PRESETS["hubspot_v1"])[0]
    assert weaknesses(SPEC.auth) == []
    assert "does not sign" in weaknesses(StaticToken())[0]


def test_headers_that_hold_a_secret_are_known():
    assert credential_headers(StaticToken(header="dg-token")) == {"dg-token"}
    assert credential_headers(PRESETS["gong"]) == {"authorization"}
    assert credential_headers(SPEC.auth) == frozenset()
