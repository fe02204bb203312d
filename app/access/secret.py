"""The one secret of an installation: signs cursors, encrypts the secrets of sources. Made at the first start."""

import hashlib
import hmac
import os
import re
import secrets
import time
from pathlib import Path

from app.errors import AppError, Kind
from app.settings import Settings

FILE_NAME = "secret.key"

_BYTES = 32
_SHORTEST = 16
_FEWEST_SIGNS = 8
_PLACEHOLDERS = (
    *("changeme", "changethis", "replaceme", "replacethis", "placeholder", "yoursecret", "mysecretkey", "insecure"),
    *("examplesecret", "secretkeyhere", "defaultsecret", "supersecret", "passwordpassword", "0123456789abcdef"),
)
_PATIENCE = 50  # looks at a file that another process is just writing


def read_secret(settings: Settings) -> str:
    """The secret that was set, else the one in the data directory, which is made if there is none.

    Raises:
        AppError: It is too short or one that everybody knows, or the data directory cannot be read or written.
    """
    given = settings.secret_key.get_secret_value() if settings.secret_key else _kept(settings.data_dir)
    if len(given) < _SHORTEST:
        message = f"The secret key is shorter than {_SHORTEST} characters. Set CLOSELOOP_SECRET_KEY to a random one."
        raise AppError(Kind.MISCONFIGURED, "weak_secret_key", message)
    plain = re.sub(r"[\W_]", "", given.casefold())
    if len(set(given)) < _FEWEST_SIGNS or any(word in plain for word in _PLACEHOLDERS):
        message = (
            "The secret key is a placeholder or can be guessed. Set CLOSELOOP_SECRET_KEY to a random one, or unset it."
        )
        raise AppError(Kind.MISCONFIGURED, "weak_secret_key", message)
    return given


def derive_key(secret: str, purpose: str) -> bytes:
    """A 32-byte key for one purpose; keys of other purposes say nothing about it."""
    return hmac.digest(secret.encode(), b"closeloop " + purpose.encode(), hashlib.sha256)


def _kept(data_dir: Path) -> str:
    path = data_dir / FILE_NAME
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            made = secrets.token_urlsafe(_BYTES)
            file.write(made)
        return made  # noqa: TRY300 - the rest is for those who find the file
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise _unreadable(error) from None


def _read(path: Path) -> str:
    try:
        for _ in range(_PATIENCE):
            found = path.read_text(encoding="utf-8").strip()
            if found:
                return found
            time.sleep(0.01)
    except OSError as error:
        raise _unreadable(error) from None
    return ""


def _unreadable(error: OSError) -> AppError:
    message = f"The secret key in the data directory cannot be kept ({error.strerror}). Check the directory's rights."
    return AppError(Kind.MISCONFIGURED, "secret_key_unreadable", message)
