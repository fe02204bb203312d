"""One verifier for all senders: reads the schemes that senders and operators describe as data.

Signatures are over the raw bytes, every comparison takes constant time, and an algorithm that a header names is never
followed: the scheme alone says which one counts.
"""

import hashlib
import hmac
import re
import secrets as random_source
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery
from app.payloads.pinned_tokens import has_right_token, read_keys
from app.payloads.schemes import (
    TOLERANCE_S,
    AnyOf,
    Auth,
    Ed25519,
    Hmac,
    Jwt,
    Scheme,
    Signature,
    StaticToken,
    schemes_of,
    weaknesses,
)
from app.payloads.signed_parts import form_pairs, form_value, query_value, signed_bytes
from app.payloads.walk import at

__all__ = [
    "MAX_SIGNATURES",
    "TOLERANCE_S",
    "AnyOf",
    "Auth",
    "Ed25519",
    "Hmac",
    "Jwt",
    "Scheme",
    "StaticToken",
    "check_secret",
    "credential_headers",
    "new_secret",
    "sign",
    "verify",
    "weaknesses",
]

MAX_SIGNATURES = 50
"""Signatures of one header that are looked at: a sender in the middle of a rotation sends two."""

_LONGEST_HEADER = 4_096
_WHSEC, _WHPK = "whsec_", "whpk_"
_WHSEC_BYTES = range(24, 65)
_SHORTEST, _LONGEST = 8, 512
_PUBLIC = ("-----BEGIN", "{", _WHPK)
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{13}", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.{0,30}", re.ASCII)


def verify(auth: Auth, delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the live `secrets` vouches for this delivery, recently enough; never raises."""
    fits = [_verify(scheme, delivery, secrets, now) for scheme in schemes_of(auth)]
    return any(fits)


def sign(auth: Auth, delivery: RawDelivery, secret: str, now: datetime) -> RawDelivery:
    """The delivery as its sender would send it: for trying a hook out.

    Raises:
        AppError: ``cannot_sign``: only the sender has the private key, the secret has another form, or the delivery
            lacks what is signed, as an object that is fetched and never delivered.
    """
    for scheme in schemes_of(auth):
        if isinstance(scheme, StaticToken) and _key(scheme, secret) is not None:
            return _with_token(scheme, delivery, secret)
        if isinstance(scheme, Hmac) and (key := _key(scheme, secret)) is not None:
            return _signed(scheme, delivery, key, now)
    raise _cannot_sign()


def new_secret(auth: Auth) -> str:
    """A fresh secret in the form that the sender's set-up page takes.

    Raises:
        AppError: ``secret_needed``: the sender has the private key, its public one must be given.
    """
    first = next((scheme for scheme in schemes_of(auth) if isinstance(scheme, Hmac | StaticToken)), None)
    if first is None:
        message = (
            "Deliveries are signed with the sender's private key: give its public key (PEM, JWKS or whpk_) as secret."
        )
        raise AppError(Kind.INVALID, "secret_needed", message)
    if isinstance(first, Hmac) and first.key_form != "text":
        drawn = random_source.token_bytes(32)
        return drawn.hex() if first.key_form == "hex" else _whole_prefix(first) + b64encode(drawn).decode()
    return random_source.token_urlsafe(32)


def check_secret(auth: Auth, secret: str) -> None:
    """Whether a secret that the sender's set-up page showed can be used.

    Raises:
        AppError: ``unusable_secret``; the message says what it looks like.
    """
    if not any(_is_usable(scheme, secret) for scheme in schemes_of(auth)):
        told = " or ".join(dict.fromkeys(_looks(scheme) for scheme in schemes_of(auth)))
        message = f"A secret of this connector is {told}. Copy the sender's again."
        raise AppError(Kind.INVALID, "unusable_secret", message)


def credential_headers(auth: Auth) -> frozenset[str]:
    """Headers that hold a secret itself, in lower case: they are not kept."""
    return frozenset(scheme.header for scheme in schemes_of(auth) if isinstance(scheme, StaticToken | Jwt))


def _verify(scheme: Scheme, delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> bool:
    if isinstance(scheme, StaticToken):
        return _has_token(scheme, delivery, secrets)
    if isinstance(scheme, Jwt):
        return has_right_token(scheme, delivery, list(secrets), now)
    return _is_signed(scheme, delivery, secrets, now)


def _is_signed(scheme: Hmac | Ed25519, delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> bool:
    entries = _entries(scheme, delivery)
    sent_at, sent_id = _sent_at(scheme, delivery, entries), delivery.headers.get(scheme.id_header, "")
    if scheme.is_timed and not _is_recent(scheme, sent_at, now):
        return False
    if scheme.id_header and not _VISIBLE.fullmatch(sent_id):
        return False
    sent = [entry.removeprefix(scheme.prefix) for entry in entries if len(entry) > len(scheme.prefix)]
    message = signed_bytes(scheme.signed, delivery, sent_id, sent_at)
    keys = [key for key in (_key(scheme, secret) for secret in secrets) if key is not None]
    if message is None or not sent:
        return False
    if isinstance(scheme, Ed25519):
        return any(_is_by(key, one, message) for key in keys for one in sent)
    codes = [_comparable(scheme, one) for one in sent]
    right = [_coded(scheme, _digest(scheme, key, message)) for key in keys]
    matches = [hmac.compare_digest(one, other) for one in codes for other in right]
    return any(matches)


def _entries(scheme: Signature, delivery: RawDelivery) -> list[str]:
    """The parts of the header that are looked at: right prefix or the time."""
    if scheme.form_field:
        value = (form_value(delivery, scheme.form_field) or b"").decode("latin-1")
    else:
        value = delivery.headers.get(scheme.header, "")
    if not scheme.several:
        parts = [value] if len(value) <= _LONGEST_HEADER else []
    else:
        parts = [part.strip() for part in value.split(scheme.separator, MAX_SIGNATURES)[:MAX_SIGNATURES]]
    wanted = (scheme.prefix, f"{scheme.ts_part}=") if scheme.ts_part else (scheme.prefix,)
    return [part for part in parts if part and part.startswith(wanted)]


def _sent_at(scheme: Signature, delivery: RawDelivery, entries: list[str]) -> str:
    if not scheme.ts_part:
        return delivery.headers.get(scheme.ts_header, "")
    mark = f"{scheme.ts_part}="
    stamps = [entry.removeprefix(mark) for entry in entries if entry.startswith(mark)]
    entries[:] = [entry for entry in entries if not entry.startswith(mark)]
    return stamps[0] if len(stamps) == 1 else ""


def _digest(scheme: Hmac, key: bytes, message: bytes) -> bytes:
    if scheme.construction == "secret_first":
        return hashlib.new(scheme.digest, key + message).digest()
    return hmac.digest(key, message, scheme.digest)


def _coded(scheme: Signature, digest: bytes) -> bytes:
    if scheme.coding == "hex":
        return digest.hex().encode()
    return urlsafe_b64encode(digest).rstrip(b"=") if scheme.coding == "base64url" else b64encode(digest)


def _comparable(scheme: Signature, sent: str) -> bytes:
    sent = sent.lower() if scheme.coding == "hex" else sent.rstrip("=") if scheme.coding == "base64url" else sent
    return sent.encode("utf-8", "replace")


def _is_by(key: bytes, sent: str, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(
            b64decode(sent.encode("utf-8", "replace"), validate=True), message
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_recent(scheme: Signature, sent_at: str, now: datetime) -> bool:
    stamp = _instant(scheme, sent_at)
    return stamp is not None and abs(now.timestamp() - stamp) <= scheme.tolerance_s


def _instant(scheme: Signature, sent_at: str) -> float | None:
    if scheme.ts_unit == "iso":
        return _iso(sent_at)
    milliseconds = scheme.ts_unit == "ms"
    if not (_MILLISECONDS if milliseconds else _SECONDS).fullmatch(sent_at):
        return None
    return int(sent_at) / (1000 if milliseconds else 1)


def _iso(value: str) -> float | None:
    if not _ISO.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _key(scheme: Scheme, secret: str) -> bytes | None:
    """The bytes of the key; None if the secret is not of this scheme.

    Public keys are known to others: as a token or a shared key they would let anybody in.
    """
    if isinstance(scheme, Ed25519):
        key = _decoded(secret.removeprefix(_WHPK)) if secret.startswith(_WHPK) else None
        return key if key is not None and len(key) == 32 else None  # noqa: PLR2004 - bytes of every such key
    if secret.lstrip().startswith(_PUBLIC):
        return None
    if not isinstance(scheme, Hmac) or scheme.key_form == "text":
        return secret.encode("utf-8", "replace") or None
    if scheme.key_form == "hex":
        return bytes.fromhex(secret) if re.fullmatch(r"(?:[0-9a-fA-F]{2}){8,128}", secret) else None
    key = _decoded(secret.removeprefix(_whole_prefix(scheme)))
    fits = key is not None and (len(key) in _WHSEC_BYTES if scheme.key_form == "whsec" else len(key) >= _SHORTEST)
    return key if fits else None


def _whole_prefix(scheme: Hmac) -> str:
    return _WHSEC if scheme.key_form == "whsec" else ""


def _decoded(value: str) -> bytes | None:
    try:
        return b64decode(value.encode("utf-8", "replace"), validate=True)
    except ValueError:
        return None


def _is_usable(scheme: Scheme, secret: str) -> bool:
    if isinstance(scheme, Jwt):
        return bool(read_keys(secret))
    return _SHORTEST <= len(secret) <= _LONGEST and secret.isprintable() and _key(scheme, secret) is not None


def _looks(scheme: Scheme) -> str:
    if isinstance(scheme, Jwt):
        return "an RSA public key as PEM or JWKS"
    if isinstance(scheme, Ed25519):
        return "whpk_ followed by 32 bytes in base64"
    forms = {
        "whsec": "whsec_ followed by 24 to 64 bytes in base64",
        "base64": "8 bytes or more in base64",
        "hex": "8 bytes or more in hex",
    }
    return forms.get(getattr(scheme, "key_form", ""), "8 to 512 printable characters")


def _has_token(scheme: StaticToken, delivery: RawDelivery, secrets: Sequence[str]) -> bool:
    sent = _tokens(scheme, delivery)
    right = [key for key in (_key(scheme, secret) for secret in secrets) if key is not None]
    matches = [hmac.compare_digest(one, other) for one in sent for other in right]
    return any(matches)


def _tokens(scheme: StaticToken, delivery: RawDelivery) -> list[bytes]:
    authorization = delivery.headers.get("authorization", "")[:_LONGEST_HEADER]
    kind, _, value = authorization.partition(" ")
    found = [delivery.headers.get(scheme.header, "")[:_LONGEST_HEADER] if scheme.header else ""]
    if scheme.query:
        found.append((query_value(delivery, scheme.query) or "")[:_LONGEST_HEADER])
    if scheme.form_field:
        found.append(_field_token(scheme.form_field, delivery)[:_LONGEST_HEADER])
    if kind.lower() == "bearer":
        found.append(value.strip())
    if kind.lower() == "basic":
        found += _basic(value)
    return [one.encode("utf-8", "replace") for one in found if one]


def _field_token(name: str, delivery: RawDelivery) -> str:
    if form_pairs(delivery) is not None:
        return (form_value(delivery, name) or b"").decode("utf-8", "replace")
    try:
        value = at(delivery.json(), name)
    except AppError:
        return ""
    return value if isinstance(value, str) else ""


def _basic(value: str) -> list[str]:
    try:
        pair = b64decode(value.strip(), validate=True).decode()
    except ValueError:
        return []
    return [pair, pair.partition(":")[2]]


def _with_token(scheme: StaticToken, delivery: RawDelivery, secret: str) -> RawDelivery:
    if scheme.header == "authorization" or not (scheme.header or scheme.query):
        return replace(delivery, headers={**delivery.headers, "authorization": f"Bearer {secret}"})
    if scheme.header:
        return replace(delivery, headers={**delivery.headers, scheme.header: secret})
    return replace(delivery, url=_with_query(delivery.url, scheme.query, secret))


def _signed(scheme: Hmac, delivery: RawDelivery, key: bytes, now: datetime) -> RawDelivery:
    stamps = {
        "s": str(int(now.timestamp())),
        "ms": str(int(now.timestamp() * 1000)),
        "iso": f"{now:%Y-%m-%dT%H:%M:%SZ}",
    }
    sent_at, headers = stamps[scheme.ts_unit], dict(delivery.headers)
    if scheme.ts_header:
        headers[scheme.ts_header] = sent_at
    if scheme.id_header:
        headers.setdefault(scheme.id_header, f"test-{random_source.token_hex(8)}")
    if "{pairs}" in scheme.signed and form_pairs(delivery) is None:
        digest = hashlib.sha256(delivery.body).hexdigest()
        delivery = replace(delivery, url=_with_query(delivery.url, "bodySHA256", digest))
    message = signed_bytes(
        scheme.signed, replace(delivery, headers=headers), headers.get(scheme.id_header, ""), sent_at
    )
    if message is None or (scheme.form_field and form_pairs(delivery) is None):
        raise _cannot_sign()
    value = scheme.prefix + _coded(scheme, _digest(scheme, key, message)).decode()
    if scheme.form_field:
        begin = f"{scheme.form_field}=".encode()
        kept = [part for part in delivery.body.split(b"&") if part and not part.startswith(begin)]
        part = urlencode({scheme.form_field: value}).encode()
        return replace(delivery, headers=headers, body=b"&".join([*kept, part]))
    headers[scheme.header] = f"{scheme.ts_part}={sent_at}{scheme.separator}{value}" if scheme.ts_part else value
    return replace(delivery, headers=headers)


def _cannot_sign() -> AppError:
    message = "Only the sender can sign this: it has the private key, or sends it in another form. Have it send a test."
    return AppError(Kind.INVALID, "cannot_sign", message)


def _with_query(url: str, name: str, value: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode({name: value})}"
