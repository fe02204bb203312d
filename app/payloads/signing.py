"""How senders prove who they are: each scheme is a row of data, and one verifier reads all of them.

Signatures are over the raw bytes, every comparison takes constant time, and an algorithm that a header names is never
followed: the scheme alone says which one counts.
"""

import hmac
import re
import secrets as random_source
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery

TOLERANCE_S = 300
MAX_SIGNATURES = 50
"""Signatures of one header that are looked at: a sender in the middle of a rotation sends two."""

_LONGEST_HEADER = 4_096
_WHSEC = "whsec_"
_WHSEC_BYTES = range(24, 65)
_SHORTEST, _LONGEST = 8, 512
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{13}", re.ASCII)
_PLACE = re.compile(r"\{(id|ts|body|method|url)\}")


@dataclass(frozen=True)
class Hmac:
    """A keyed digest of the request in a header.

    Attributes:
        header: Where the signature is, in lower case.
        digest: Which digest; SHA-1 only for senders that offer nothing else.
        coding: How its bytes are written.
        prefix: What stands before it and must be there, such as `sha256=`.
        signed: What is signed: `{body}`, `{ts}`, `{id}`, `{method}` and `{url}` stand for the request's own.
        ts_header: Where the time of signing is; empty: the sender signs none.
        ts_unit: Seconds or milliseconds since 1970, or ISO 8601.
        id_header: Where the delivery's id is, if `signed` has `{id}`.
        several: The header holds several signatures with a space between them; one right one is enough.
        key_form: How the secret is written: as text, or `whsec_` and base64.
    """

    header: str
    digest: Literal["sha1", "sha256", "sha512"] = "sha256"
    coding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    signed: str = "{body}"
    ts_header: str = ""
    ts_unit: Literal["s", "ms", "iso"] = "s"
    id_header: str = ""
    several: bool = False
    key_form: Literal["text", "whsec"] = "text"


@dataclass(frozen=True)
class StaticToken:
    """The same secret with every delivery: as bearer token, as password of Basic, or in a header of its own.

    Attributes:
        header: A header that holds the bare secret, in lower case; looked at beside `Authorization`.
    """

    header: str = "x-webhook-token"


@dataclass(frozen=True)
class AnyOf:
    """A sender with several schemes; one that fits is enough."""

    schemes: tuple["Hmac | StaticToken", ...]


Auth: TypeAlias = Hmac | StaticToken | AnyOf


def verify(auth: Auth, delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the live `secrets` vouches for this delivery, recently enough; never raises."""
    if isinstance(auth, AnyOf):
        fits = [verify(scheme, delivery, secrets, now) for scheme in auth.schemes]
        return any(fits)
    if isinstance(auth, StaticToken):
        return _has_token(auth, delivery, secrets)
    return _is_signed(auth, delivery, secrets, now)


def new_secret(auth: Auth) -> str:
    """A fresh secret in the form that the sender's set-up page takes."""
    first = auth.schemes[0] if isinstance(auth, AnyOf) else auth
    if isinstance(first, Hmac) and first.key_form == "whsec":
        return _WHSEC + b64encode(random_source.token_bytes(32)).decode()
    return random_source.token_urlsafe(32)


def check_secret(auth: Auth, secret: str) -> None:
    """Whether a secret that the sender's set-up page showed can be used.

    Raises:
        AppError: ``unusable_secret``; the message says what it looks like.
    """
    schemes = auth.schemes if isinstance(auth, AnyOf) else (auth,)
    long_enough = _SHORTEST <= len(secret) <= _LONGEST and secret.isprintable()
    if long_enough and any(_key(scheme, secret) is not None for scheme in schemes):
        return
    told = "whsec_ followed by 24 to 64 bytes in base64" if _wants_whsec(schemes) else "8 to 512 printable characters"
    message = f"A secret of this connector is {told}. Copy the sender's again."
    raise AppError(Kind.INVALID, "unusable_secret", message)


def _wants_whsec(schemes: Iterable[Auth]) -> bool:
    return any(isinstance(scheme, Hmac) and scheme.key_form == "whsec" for scheme in schemes)


def _is_signed(scheme: Hmac, delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> bool:
    headers = delivery.headers
    sent_at, sent_id = headers.get(scheme.ts_header, ""), headers.get(scheme.id_header, "")
    if scheme.ts_header and not _is_recent(scheme, sent_at, now):
        return False
    if scheme.id_header and not _VISIBLE.fullmatch(sent_id):
        return False
    value = headers.get(scheme.header, "")
    if len(value) > _LONGEST_HEADER and not scheme.several:
        return False
    entries = value.split(" ", MAX_SIGNATURES)[:MAX_SIGNATURES] if scheme.several else [value]
    sent = [entry.removeprefix(scheme.prefix).encode("utf-8", "replace") for entry in entries if _fits(scheme, entry)]
    message = _message(scheme, delivery, sent_id, sent_at)
    keys = [key for key in (_key(scheme, secret) for secret in secrets) if key is not None]
    right = [_coded(scheme, hmac.digest(key, message, scheme.digest)) for key in keys]
    matches = [hmac.compare_digest(one, other) for one in sent for other in right]
    return any(matches)


def _fits(scheme: Hmac, entry: str) -> bool:
    return bool(entry) and entry.startswith(scheme.prefix)


def _message(scheme: Hmac, delivery: RawDelivery, sent_id: str, sent_at: str) -> bytes:
    parts = {
        "id": sent_id.encode("utf-8", "replace"),
        "ts": sent_at.encode("utf-8", "replace"),
        "body": delivery.body,
        "method": delivery.method.encode(),
        "url": delivery.url.encode(),
    }
    pieces = _PLACE.split(scheme.signed)  # text and names of places in turn
    return b"".join(parts[piece] if place % 2 else piece.encode() for place, piece in enumerate(pieces))


def _coded(scheme: Hmac, digest: bytes) -> bytes:
    return b64encode(digest) if scheme.coding == "base64" else digest.hex().encode()


def _is_recent(scheme: Hmac, sent_at: str, now: datetime) -> bool:
    stamp = _instant(scheme, sent_at)
    return stamp is not None and abs(now.timestamp() - stamp) <= TOLERANCE_S


def _instant(scheme: Hmac, sent_at: str) -> float | None:
    if scheme.ts_unit == "iso":
        return _iso(sent_at)
    milliseconds = scheme.ts_unit == "ms"
    if not (_MILLISECONDS if milliseconds else _SECONDS).fullmatch(sent_at):
        return None
    return int(sent_at) / (1000 if milliseconds else 1)


def _iso(value: str) -> float | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _key(scheme: Auth, secret: str) -> bytes | None:
    if isinstance(scheme, Hmac) and scheme.key_form == "whsec":
        try:
            key = b64decode(secret.removeprefix(_WHSEC), validate=True)
        except ValueError:
            return None
        return key if len(key) in _WHSEC_BYTES else None
    return secret.encode("utf-8", "replace") or None


def _has_token(scheme: StaticToken, delivery: RawDelivery, secrets: Sequence[str]) -> bool:
    sent = _tokens(scheme, delivery)
    right = [secret.encode("utf-8", "replace") for secret in secrets if secret]
    matches = [hmac.compare_digest(one, other) for one in sent for other in right]
    return any(matches)


def _tokens(scheme: StaticToken, delivery: RawDelivery) -> list[bytes]:
    authorization = delivery.headers.get("authorization", "")[:_LONGEST_HEADER]
    kind, _, value = authorization.partition(" ")
    found = [delivery.headers.get(scheme.header, "")[:_LONGEST_HEADER]]
    if kind.lower() == "bearer":
        found.append(value.strip())
    if kind.lower() == "basic":
        found += _basic(value)
    return [one.encode("utf-8", "replace") for one in found if one]


def _basic(value: str) -> list[str]:
    try:
        pair = b64decode(value.strip(), validate=True).decode()
    except ValueError:
        return []
    return [pair, pair.partition(":")[2]]
