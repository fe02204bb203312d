import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.access.issuer import Issuer, is_safe_address
from app.errors import AppError


@pytest.fixture
def issuer(provider):
    return Issuer(provider.issuer)


def _code(issuer, token, now, audience="us"):
    with pytest.raises(AppError) as raised:
        issuer.verify(token, audience, now)
    return raised.value.code


def _part(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def test_a_good_token_says_who_brings_it(provider, issuer, now):
    assert issuer.verify(provider.sign(provider.claims("us")), "us", now)["sub"] == "p-1"
    assert issuer.verify(provider.sign(provider.claims(["them", "us"])), "us", now)


def test_a_token_signed_on_the_curve_holds_too(provider, issuer, now):
    key = ECKey.generate_key("P-256", {"kid": "e1"})
    provider.published.append(key.as_dict(private=False))
    token = provider.sign(provider.claims("us"), {"alg": "ES256", "kid": "e1"}, key)
    assert issuer.verify(token, "us", now)["sub"] == "p-1"


def test_t55_a_token_with_algorithm_none_is_refused(provider, issuer, now):
    for algorithm in ("none", "None", "NONE", "", None):
        header = {"kid": "k1"} | ({"alg": algorithm} if algorithm is not None else {})
        for signature in ("", "x"):
            token = f"{_part(header)}.{_part(provider.claims('us'))}.{signature}"
            assert _code(issuer, token, now) == "bad_token"


def test_t55_a_token_signed_with_the_public_key_as_a_secret_is_refused(provider, issuer, now):
    public = provider.key.as_pem(private=False)
    for secret in (public, public.strip(), provider.key.as_dict(private=False)["n"].encode()):
        signed = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(provider.claims('us'))}"
        code = hmac.digest(secret, signed.encode(), hashlib.sha256)
        token = f"{signed}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"
        assert _code(issuer, token, now) == "bad_token"


def test_t55_a_secret_among_the_published_keys_is_no_key(provider, issuer, now):
    secret = OctKey.generate_key(256, {"kid": "s1"})
    provider.published.append(secret.as_dict())
    token = provider.sign(provider.claims("us"), {"alg": "HS256", "kid": "s1"}, secret)
    assert _code(issuer, token, now) == "bad_token"


@pytest.mark.parametrize(
    "over",
    [
        {"aud": "them"}, {"aud": None}, {"aud": []}, {"aud": ["them"]}, {"aud": {"us": 1}},
        {"iss": "https://evil.example"}, {"iss": None}, {"exp": None}, {"exp": "tomorrow"}, {"exp": True},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "a\nb"}, {"sub": "x" * 256},
    ],
)  # fmt: skip
def test_t55_a_token_for_others_or_without_what_it_must_say_is_refused(provider, issuer, now, over):
    assert _code(issuer, provider.sign(provider.claims("us", **over)), now) == "bad_token"


def test_t55_a_token_is_good_only_in_its_time(provider, issuer, now):
    token = provider.sign(provider.claims("us"))
    assert issuer.verify(token, "us", now + timedelta(seconds=329))
    assert _code(issuer, token, now + timedelta(seconds=331)) == "bad_token"
    assert _code(issuer, token, now - timedelta(seconds=31)) == "bad_token"
    later = provider.claims("us", nbf=int(now.timestamp()) + 60)
    assert _code(issuer, provider.sign(later), now) == "bad_token"


@pytest.mark.parametrize("kid", ["../../etc/passwd", "k1' OR '1'='1", "/dev/null", "http://127.0.0.1/k", "", "k2"])
def test_t55_a_key_id_is_only_looked_up(provider, issuer, now, kid):
    token = provider.sign(provider.claims("us"), {"alg": "RS256", "kid": kid})
    assert _code(issuer, token, now) == "bad_token"


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "crit"])
def test_t55_a_token_that_brings_or_names_its_own_key_is_refused(provider, issuer, now, name):
    key = RSAKey.generate_key(2048)
    values = {"jwk": key.as_dict(private=False), "x5c": ["MIIB"], "crit": ["exp"]}
    header = {"alg": "RS256", "kid": "k1", name: values.get(name, f"{provider.issuer}/stolen")}
    signed = f"{_part(header)}.{_part(provider.claims('us'))}"
    assert _code(issuer, f"{signed}.AAAA", now) == "bad_token"
    assert "/stolen" not in provider.asked


def test_t55_a_changed_token_and_a_foreign_signature_are_refused(provider, issuer, now):
    head, body, signature = provider.sign(provider.claims("us")).split(".")
    claims = provider.claims("us", sub="admin")
    assert _code(issuer, f"{head}.{_part(claims)}.{signature}", now) == "bad_token"
    assert _code(issuer, provider.sign(claims, key=RSAKey.generate_key(2048)), now) == "bad_token"
    for broken in (
        "",
        ".",
        "..",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.x",
        "é.é.é",
        "a" * 20_000,
        f"{head}.e30.AA",
    ):
        assert _code(issuer, broken, now) == "bad_token"


def test_weak_and_private_keys_of_an_issuer_are_passed_over(provider, issuer, now):
    provider.published[:] = [provider.key.as_dict(private=True)]
    assert _code(issuer, provider.sign(provider.claims("us")), now) == "bad_token"


def test_keys_are_fetched_once_an_hour_and_made_up_ids_fetch_nothing_more(provider, issuer, now):
    for _ in range(5):
        issuer.verify(provider.sign(provider.claims("us")), "us", now)
        _code(issuer, provider.sign(provider.claims("us"), {"alg": "RS256", "kid": "made-up"}), now)
    assert provider.asked.count("/keys") == 1
    _code(issuer, provider.sign(provider.claims("us"), {"alg": "RS256", "kid": "made-up"}), now + timedelta(seconds=61))
    assert provider.asked.count("/keys") == 2


def test_a_new_key_of_the_issuer_is_found_within_a_minute(provider, issuer, now):
    issuer.verify(provider.sign(provider.claims("us")), "us", now)
    key = RSAKey.generate_key(2048, {"kid": "k2"})
    provider.published[:] = [key.as_dict(private=False)]
    token = provider.sign(provider.claims("us"), {"alg": "RS256", "kid": "k2"}, key)
    assert issuer.verify(token, "us", now + timedelta(seconds=61))


def test_an_issuer_that_is_away_is_no_reason_to_refuse_what_is_known(provider, issuer, now):
    token = provider.sign(provider.claims("us", exp=int(now.timestamp()) + 7200))
    issuer.verify(token, "us", now)
    provider.server.shutdown()
    provider.server.server_close()
    assert issuer.verify(token, "us", now + timedelta(minutes=61))
    assert _code(Issuer(provider.issuer), token, now) == "issuer_unreachable"


def test_an_issuer_that_says_it_is_another_is_not_believed(provider, now):
    assert _code(Issuer(provider.issuer + "/"), provider.sign(provider.claims("us")), now) == "issuer_unreachable"


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://id.example.com", True), ("http://127.0.0.1:8080", True), ("http://localhost", True),
        ("http://[::1]:80", True), ("http://id.example.com", False), ("http://127.0.0.1.example.com", False),
        ("https://a@id.example.com", False), ("file:///etc/passwd", False), ("https://", False),
        ("http://10.0.0.1", False),
    ],
)  # fmt: skip
def test_secrets_travel_over_tls_or_stay_on_this_machine(address, safe):
    assert is_safe_address(address) is safe
