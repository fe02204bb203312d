"""Signed links: whoever was sent one may do the one thing that it says, without signing in; nothing else."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from app.access.secret import derive_key
from app.errors import AppError, Kind

NO_DIGESTS = "end digests"
"""What the link at the end of a digest lets its receiver do."""

_SEAL = 16


def sign_link(secret_key: str, purpose: str, subject: str) -> str:
    """The last part of an address that lets its holder do `purpose` for `subject`, e.g. an owner's key."""
    return f"{_encode(subject.encode())}.{_encode(_seal(secret_key, purpose, subject))}"


def open_link(secret_key: str, purpose: str, token: str) -> str:
    """For whom a link lets its holder do `purpose`.

    Raises:
        AppError: ``bad_link``: it was not signed here, or for something else.
    """
    named, _, seal = token.partition(".")
    try:
        subject = _decode(named).decode()
        given = _decode(seal)
    except ValueError:
        raise _bad_link() from None
    if not hmac.compare_digest(given, _seal(secret_key, purpose, subject)):
        raise _bad_link()
    return subject


def _seal(secret_key: str, purpose: str, subject: str) -> bytes:
    return hmac.digest(derive_key(secret_key, f"link to {purpose}"), subject.encode(), "sha256")[:_SEAL]


def _encode(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def _bad_link() -> AppError:
    message = "This link is not one of ours, or was cut on its way. Copy it whole from the message."
    return AppError(Kind.NOT_FOUND, "bad_link", message)
