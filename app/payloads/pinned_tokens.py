"""Tokens that a sender signs with RS256, checked against public keys that the operator pinned.

What a token says about its own verification is never followed: the algorithm is fixed, keys are never fetched, and a
token that points to a key, or brings one, is refused.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from app.domain.strict_json import decode_json
from app.errors import AppError
from app.payloads.delivery import RawDelivery
from app.payloads.schemes import Jwt
from app.payloads.signed_parts import signed_bytes

MAX_KEYS = 20
LONGEST_KEYS = 16_384
"""Characters of a PEM key or a JWKS document."""

_ALGORITHM = "RS256"
_LONGEST_TOKEN = 8_192
_LEEWAY_S = 60
_NAMES = frozenset({"alg", "typ", "kid"})


def has_right_token(scheme: Jwt, delivery: RawDelivery, secrets: list[str], now: datetime) -> bool:
    """Whether the request carries a live token by a pinned key that claims what it must; never raises."""
    token = delivery.headers.get(scheme.header, "")
    token = token[7:].strip() if token[:7].lower() == "bearer " else token
    if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
        return False
    found = [_signed_claims(token, keys) for keys in map(read_keys, secrets)]
    return any(claims is not None and _holds(scheme, claims, delivery, now.timestamp()) for claims in found)


def read_keys(secret: str) -> list[RSAKey]:
    """The RSA public keys of a PEM or JWKS text; empty if it is neither."""
    if len(secret) > LONGEST_KEYS:
        return []
    try:
        if secret.lstrip().startswith("{"):
            document: Any = decode_json(secret.encode())
            found = KeySet.import_key_set(document if "keys" in document else {"keys": [document]}).keys[:MAX_KEYS]
        else:
            found = [RSAKey.import_key(secret)]
    except (JoseError, AppError, ValueError, TypeError, KeyError, AttributeError):
        return []
    return [key for key in found if isinstance(key, RSAKey) and not key.is_private]


def _signed_claims(token: str, keys: list[RSAKey]) -> Mapping[str, Any] | None:
    try:
        header = jws.extract_compact(token.encode()).headers()
        if header.get("alg") != _ALGORITHM or not set(header) <= _NAMES:
            return None
        for key in _candidates(keys, header.get("kid")):
            try:
                claims: Any = decode_json(jws.deserialize_compact(token, key, algorithms=[_ALGORITHM]).payload)
            except JoseError:
                continue
            return claims if isinstance(claims, Mapping) else None
    except (JoseError, AppError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return None


def _candidates(keys: list[RSAKey], kid: object) -> Iterator[RSAKey]:
    for key in keys:
        if key.kid is None or kid is None or key.kid == kid:
            yield key


def _holds(scheme: Jwt, claims: Mapping[str, Any], delivery: RawDelivery, now: float) -> bool:
    return (
        _is_live(claims, now)
        and (not scheme.audience or _is_for(claims.get("aud"), scheme.audience))
        and (not scheme.issuers or claims.get("iss") in scheme.issuers)
        and ("email" not in scheme.claims or claims.get("email_verified") is True)
        and all(_says(claims.get(name), value, delivery) for name, value in scheme.claims.items())
    )


def _is_live(claims: Mapping[str, Any], now: float) -> bool:
    ends, begins, made = (_stamp(claims.get(name)) for name in ("exp", "nbf", "iat"))
    starts = [stamp for stamp in (begins, made) if stamp is not None]
    return ends is not None and now < ends + _LEEWAY_S and all(stamp - _LEEWAY_S <= now for stamp in starts)


def _stamp(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_for(audience: object, wanted: str) -> bool:
    return audience == wanted or (isinstance(audience, list) and wanted in audience)


def _says(claim: object, template: str, delivery: RawDelivery) -> bool:
    wanted = signed_bytes(template, delivery)
    told = claim if isinstance(claim, str) else json.dumps(claim)
    return wanted is not None and told.encode("utf-8", "replace") == wanted
