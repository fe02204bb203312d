"""One verifier for all senders: reads the schemes that senders and operators describe as data.

Signatures are over the raw bytes, every comparison takes constant time, and an algorithm that a header names is never
followed: the scheme alone says which one counts.
"""

import hmac
import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.errors import AppError
from app.payloads.delivery import RawDelivery
from app.payloads.keys import key_of
from app.payloads.pinned_tokens import has_right_token
from app.payloads.schemes import Auth, Ed25519, Hmac, Jwt, Scheme, Signature, StaticToken, schemes_of
from app.payloads.signed_parts import form_pairs, form_value, query_value, signature_of, signed_bytes
from app.payloads.walk import at

MAX_SIGNATURES = 50
"""Signatures of one header that are looked at: a sender in the middle of a rotation sends two."""

_LONGEST_HEADER = 4_096
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{13}", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.{0,30}", re.ASCII)


def verify(auth: Auth, delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the live `secrets` vouches for this delivery, recently enough; never raises."""
    fits = [_verify(scheme, delivery, secrets, now) for scheme in schemes_of(auth)]
    return any(fits)


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
    keys = [key for key in (key_of(scheme, secret) for secret in secrets) if key is not None]
    if message is None or not sent:
        return False
    if isinstance(scheme, Ed25519):
        return any(_is_by(key, one, message) for key in keys for one in sent)
    codes = [_comparable(scheme, one) for one in sent]
    right = [signature_of(scheme, key, message) for key in keys]
    matches = [hmac.compare_digest(one, other) for one in codes for other in right]
    return any(matches)


def _entries(scheme: Signature, delivery: RawDelivery) -> list[str]:
    """The parts of the header that are looked at: right prefix or the time."""
    if scheme.form_field:
        value = (form_value(delivery, scheme.form_field) or b"").decode("latin-1")
    else:
        value = delivery.headers.get(scheme.header, "").strip(" \t")
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


def _has_token(scheme: StaticToken, delivery: RawDelivery, secrets: Sequence[str]) -> bool:
    sent = _tokens(scheme, delivery)
    right = [key for key in (key_of(scheme, secret) for secret in secrets) if key is not None]
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
