"""Keeps the secrets of sources unreadable in the database: they must be recovered to verify signatures."""

import json
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import AppError, Kind

_PURPOSE = b"closeloop source secrets"


def seal_secrets(secrets: list[str], secret_key: str) -> bytes:
    """Encrypt a source's secrets with a key that is derived from the installation's `secret_key`."""
    return _cipher(secret_key).encrypt(json.dumps(secrets).encode())


def unseal_secrets(sealed: bytes | None, secret_key: str) -> list[str]:
    """The secrets, newest first; empty for a source that has none.

    Raises:
        AppError: They were sealed with another `secret_key`.
    """
    if sealed is None:
        return []
    try:
        found: list[str] = json.loads(_cipher(secret_key).decrypt(sealed))
    except InvalidToken:
        message = (
            "The secrets of this source were sealed with another secret key. Set CLOSELOOP_SECRET_KEY to the key that "
            "was used before, or rotate the source's secret."
        )
        raise AppError(Kind.MISCONFIGURED, "secret_key_changed", message) from None
    return found


def _cipher(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())
    return Fernet(urlsafe_b64encode(derived))
