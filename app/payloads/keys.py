"""Secrets of schemes: made for a sender, checked when an operator gives one, turned into the bytes of a key."""

import re
import secrets as random_source
from base64 import b64decode, b64encode

from app.errors import AppError, Kind
from app.payloads.pinned_tokens import read_keys
from app.payloads.schemes import Auth, Ed25519, Hmac, Jwt, Scheme, StaticToken, schemes_of

_WHSEC, _WHPK = "whsec_", "whpk_"
_WHSEC_BYTES = range(24, 65)
_SHORTEST, _LONGEST = 8, 512
_PUBLIC = ("-----BEGIN", "{", _WHPK)


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


def key_of(scheme: Scheme, secret: str) -> bytes | None:
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
    return _SHORTEST <= len(secret) <= _LONGEST and secret.isprintable() and key_of(scheme, secret) is not None


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
