"""Signed tokens of other issuers (JWT): whether one is genuine, meant for us, and still good."""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry, deserialize_compact

from app.domain.strict_json import decode_json
from app.errors import AppError, Kind

KEY_TYPES: Mapping[str, str] = {"RS256": "RSA", "ES256": "EC"}
"""The algorithms that are taken, with the kind of key for each. Public keys only: a secret is never a key here."""

VerifyingKey = RSAKey | ECKey
FindKey = Callable[[str, str | None], VerifyingKey | None]
"""From an algorithm and a key id, as the token's header has them, to the issuer's key; the id is only looked up."""

_LONGEST = 16 * 1024
_LONGEST_NAME = 255
_LEEWAY_S = 30
_PARTS = 3
# A token that brings its own key, or says where to fetch it, vouches for itself; critical extensions we do not know.
_NEVER = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})


@dataclass(frozen=True)
class Expected:
    """What a token must say.

    Attributes:
        issuer: Who made it.
        audience: For whom.
        now: The present.
    """

    issuer: str
    audience: str
    now: datetime


def verify_token(token: str, find_key: FindKey, expected: Expected) -> dict[str, Any]:
    """The claims of a genuine token.

    Raises:
        AppError: `bad_token`, for every cause: not a token, an algorithm or header that is not taken, an unknown key, a
            wrong signature, another issuer or audience, not good yet or no longer.
    """
    algorithm, key_id = _read_header(token)
    key = find_key(algorithm, key_id)
    if key is None:
        raise bad_token()
    try:
        registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        payload = deserialize_compact(token, key, registry=registry).payload
    except (JoseError, ValueError):
        raise bad_token() from None
    claims = _decoded(payload)
    _check_claims(claims, expected)
    return claims


def bad_token() -> AppError:
    """The one answer to every token that does not hold."""
    return AppError(Kind.UNAUTHENTICATED, "bad_token", "The token does not hold. Get a new one from its issuer.")


def _read_header(token: str) -> tuple[str, str | None]:
    parts = token.split(".") if len(token) <= _LONGEST and token.isascii() else []
    if len(parts) != _PARTS:
        raise bad_token()
    try:
        header = _decoded(urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except binascii.Error:
        raise bad_token() from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in KEY_TYPES or _NEVER & header.keys():
        raise bad_token()
    if key_id is not None and not isinstance(key_id, str):
        raise bad_token()
    return str(algorithm), key_id


def _decoded(text: bytes) -> dict[str, Any]:
    try:
        found = decode_json(text)
    except AppError:
        raise bad_token() from None
    if not isinstance(found, dict):
        raise bad_token()
    return found


def _check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    audience, subject = claims.get("aud"), claims.get("sub")
    now = expected.now.timestamp()
    expires, begins, issued = (_instant(claims, name) for name in ("exp", "nbf", "iat"))
    good = (
        claims.get("iss") == expected.issuer
        and expected.audience in (audience if isinstance(audience, list) else [audience])
        and isinstance(subject, str)
        and 0 < len(subject) <= _LONGEST_NAME
        and subject.isprintable()
        and expires is not None
        and now < expires + _LEEWAY_S
        and (begins is None or begins - _LEEWAY_S <= now)
        and (issued is None or issued - _LEEWAY_S <= now)
    )
    if not good:
        raise bad_token()


def _instant(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_token()
    return float(value)
