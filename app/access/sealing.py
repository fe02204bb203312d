"""Keeps secrets unreadable in the database that must be recovered: to verify signatures, to sign, to know where to."""

import json
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import AppError, Kind

OF_SOURCES = b"closeloop source secrets"
OF_SUBSCRIPTIONS = b"closeloop subscription secrets"


def seal_secrets(secrets: list[str], secret_key: str, purpose: bytes = OF_SOURCES) -> bytes:
    """Encrypt secrets with a key for one purpose that is derived from the installation's `secret_key`."""
    return _cipher(secret_key, purpose).encrypt(json.dumps(secrets).encode())


def unseal_secrets(sealed: bytes | None, secret_key: str, purpose: bytes = OF_SOURCES) -> list[str]:
    """The secrets in the order in which they were sealed; empty where there are none.

    Raises:
        AppError: They were sealed with another `secret_key`.
    """
    if sealed is None:
        return []
    try:
        found: list[str] = json.loads(_cipher(secret_key, purpose).decrypt(sealed))
    except InvalidToken:
        message = (
            "The secrets of this source or subscription were sealed with another secret key. Set CLOSELOOP_SECRET_KEY "
            "to the key that was used before, or rotate the source's secret, or make the subscription anew."
        )
        raise AppError(Kind.MISCONFIGURED, "secret_key_changed", message) from None
    return found


def _cipher(secret_key: str, purpose: bytes) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())
    return Fernet(urlsafe_b64encode(derived))
