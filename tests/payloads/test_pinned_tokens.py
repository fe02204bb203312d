"""FAULTS T-55 for senders that sign with a private key, and what Gong and Google's push claim."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import TypeAdapter

from app.errors import AppError
from app.payloads.custom_auth import CustomAuth
from app.payloads.delivery import RawDelivery
from app.payloads.keys import check_secret
from app.payloads.presets import PRESETS
from app.payloads.schemes import AnyOf, StaticToken
from app.payloads.verifying import verify

BODY = b'{"callData": {}}'
URL = "https://voc.example.org/v1/hooks/calls"
PRIVATE, STRANGER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
GONG = PRESETS["gong"]
PUSH = TypeAdapter(CustomAuth).validate_python(
    {"preset": "google_push", "audience": "voc", "claims": {"email": "push@p.iam.gserviceaccount.com"}}
)


def _b64(data):
    return urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


def _pem(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _jwk(key, kid):
    numbers = key.public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    return {"kty": "RSA", "kid": kid, "alg": "RS256", "n": _b64(numbers.n.to_bytes(size, "big")), "e": "AQAB"}


PEM = _pem(PRIVATE)
JWKS = json.dumps({"keys": [_jwk(STRANGER, "k0"), _jwk(PRIVATE, "k1")]})


def _token(claims, key=PRIVATE, **header):
    signed = f"{_b64({'alg': 'RS256', 'typ': 'JWT'} | header)}.{_b64(claims)}"
    return f"{signed}.{_b64(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _gong(now, **changes):
    claims = {"webhook_url": URL, "body_sha256": hashlib.sha256(BODY).hexdigest(), "exp": int(now.timestamp()) + 60}
    return {name: value for name, value in (claims | changes).items() if value is not None}


def _push(now, **changes):
    claims = {
        "iss": "https://accounts.google.com",
        "aud": "voc",
        "email": "push@p.iam.gserviceaccount.com",
        "email_verified": True,
        "iat": int(now.timestamp()) - 5,
        "exp": int(now.timestamp()) + 3_600,
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def _sent(token, body=BODY, url=URL):
    return RawDelivery(body, {"authorization": token}, url=url)


def test_gong_s_token_for_this_body_and_address_is_accepted_with_or_without_bearer(now):
    check_secret(GONG, PEM)
    for token in (_token(_gong(now)), f"Bearer {_token(_gong(now))}"):
        assert verify(GONG, _sent(token), [PEM], now)
        assert verify(GONG, _sent(token), [_pem(STRANGER), PEM], now)
    assert not verify(GONG, _sent(_token(_gong(now)), BODY + b" "), [PEM], now)
    assert not verify(GONG, _sent(_token(_gong(now)), url=URL + "x"), [PEM], now)
    assert not verify(GONG, _sent(_token(_gong(now), STRANGER)), [PEM], now)


@pytest.mark.parametrize(
    "change",
    [
        {"exp": None},
        {"exp": 1},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"body_sha256": None},
        {"webhook_url": ["https://voc.example.org/v1/hooks/calls"]},
    ],
)
def test_a_token_that_does_not_hold_is_refused(now, change):
    assert not verify(GONG, _sent(_token(_gong(now, **change))), [PEM], now)


def test_google_s_push_is_bound_to_audience_issuer_and_service_account(now):
    assert verify(PUSH, _sent(f"Bearer {_token(_push(now), kid='k1')}"), [JWKS], now)
    for change in (
        {"aud": "other"},
        {"iss": "https://evil.example"},
        {"email": "x@p.iam.gserviceaccount.com"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
    ):
        assert not verify(PUSH, _sent(f"Bearer {_token(_push(now, **change), kid='k1')}"), [JWKS], now), change


def test_t55_what_a_token_says_about_its_own_verification_is_not_followed(now):
    claims = _gong(now)
    unsigned = f"{_b64({'alg': 'none'})}.{_b64(claims)}."
    signed = f"{_b64({'alg': 'HS256', 'typ': 'JWT'})}.{_b64(claims)}"
    confused = f"{signed}.{_b64(hmac.digest(PEM.encode(), signed.encode(), 'sha256'))}"
    tokens = [
        unsigned,
        confused,
        _token(claims, STRANGER, jwk=_jwk(STRANGER, "k9")),
        _token(claims, jku="https://evil.example/keys"),
        _token(claims, x5u="https://evil.example/cert"),
        _token(claims, crit=["exp"]),
        _token(claims, alg="RS512"),
        _token(claims, alg="rs256"),
        _token(claims, alg=["RS256"]),
        _token(claims) + ".x",
        _token(claims)[:-4],
        "a.b.c",
        "..",
        "Bearer ",
        "ü.ü.ü",
        "x" * 10_000,
        _token([1, 2]),
        _token("text"),
    ]
    for token in tokens:
        assert not verify(GONG, _sent(token), [PEM], now), token[:40]


def test_t55_a_key_name_only_chooses_among_the_pinned_keys(now):
    for kid in ("k0", "../../dev/null", "k2", ["k1"], {"k": 1}, 1, "k1' OR 1=1"):
        assert not verify(PUSH, _sent(f"Bearer {_token(_push(now), kid=kid)}"), [JWKS], now), kid
    assert verify(PUSH, _sent(f"Bearer {_token(_push(now))}"), [JWKS], now)


def test_a_public_key_is_no_password_where_a_token_may_come_instead(now):
    auth = AnyOf((StaticToken(), GONG))
    assert verify(auth, _sent(_token(_gong(now))), [PEM], now)
    assert not verify(auth, RawDelivery(BODY, {"x-webhook-token": PEM}), [PEM], now)
    assert verify(auth, _sent("Bearer a-password-for-calls"), ["a-password-for-calls"], now)


@pytest.mark.parametrize(
    "secret", ["", "x" * 40, "-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----", "{}", "{", "[]"]
)
def test_what_is_no_public_key_is_refused_when_it_is_given(now, secret):
    with pytest.raises(AppError, match="PEM or JWKS"):
        check_secret(GONG, secret)
    assert not verify(GONG, _sent(_token(_gong(now))), [secret], now)


def test_a_private_key_is_not_taken_for_a_public_one():
    form = serialization.PrivateFormat.PKCS8
    secret = PRIVATE.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    with pytest.raises(AppError, match="PEM or JWKS"):
        check_secret(GONG, secret)
