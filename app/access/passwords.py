"""Passwords of people: which are taken, and how they are kept (argon2id with OWASP's parameters)."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.access.weak_passwords import is_common
from app.errors import AppError, Kind

SHORTEST = 12
LONGEST = 1024

# OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane. Some 40 ms on a plain core.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$LbckiGH5GhGZEpAK4c+hRQ$/O992aQNRpqXXEc5DN6DBijOLQIjTGflh3pRWGSx7mo"
_AT_ONCE = 4
_PATIENCE_S = 5.0
_turns = threading.BoundedSemaphore(_AT_ONCE)


def hash_password(password: str, *names: str) -> str:
    """What is kept of a password; it is taken exactly as it was typed (ASVS 6.2.8), whatever characters it has.

    Args:
        password: The password.
        names: What an attacker would try first: the person's name and address.

    Raises:
        AppError: Too short, too long, or one of those that everybody tries.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"A password has {SHORTEST} to {LONGEST} characters; any will do. Several words make a good one."
        raise AppError(Kind.INVALID, "bad_password", message)
    if is_common(password, names):
        message = "That password is among the first that anybody would try. Take another, e.g. several unrelated words."
        raise AppError(Kind.INVALID, "common_password", message)
    with _Turn():
        return _HASHER.hash(_bytes(password))


def is_password(kept: str | None, password: str) -> bool:
    """Whether `password` is the one that was kept; takes as long where there is none to compare with."""
    with _Turn():
        try:
            right = _HASHER.verify(kept or _NOBODYS, _bytes(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return right and kept is not None


class _Turn:
    """One of the few computations that run at once: each takes 19 MiB, and a flood must not take them all."""

    def __enter__(self) -> None:
        if not _turns.acquire(timeout=_PATIENCE_S):
            message = "Too many people are signing in at this moment. Try again in a few seconds."
            raise AppError(Kind.UNAVAILABLE, "sign_in_busy", message)

    def __exit__(self, *_: object) -> None:
        _turns.release()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
