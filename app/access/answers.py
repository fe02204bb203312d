"""Answers kept under an `Idempotency-Key`: the same request again is told the same, and nothing is done twice."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import CursorResult, delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.secret import derive_key
from app.errors import AppError, Kind
from app.store.access import find_kept_answer
from app.store.tables import KeptAnswer

KEPT_FOR = timedelta(hours=24)
"""How long an answer is kept at least."""

RETRY_SECONDS = 1
"""How long a client is asked to wait for the same request that is still being carried out."""


@dataclass(frozen=True)
class Claim:
    """One request that must happen once.

    Attributes:
        credential: Name of the actor: the same key of somebody else is another key.
        method: HTTP's.
        path: Without the query.
        key: As the client chose it, without quotes.
    """

    credential: str
    method: str
    path: str
    key: str


@dataclass(frozen=True)
class Answer:
    """What a client was told.

    Attributes:
        status: HTTP's.
        headers: Those that belong to the answer itself: entity tag, location, content type.
        body: As it was sent.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def find_answer(session: Session, claim: Claim, fingerprint: str, secret_key: str) -> Answer | None:
    """What was answered to this request before; None if it was not carried out yet.

    Raises:
        AppError: ``idempotency_key_reused`` (invalid): the key was used for another request.
    """
    row = find_kept_answer(session, claim.credential, claim.method, claim.path, claim.key)
    if row is None:
        return None
    try:
        answer = Answer(row.status, row.headers, _cipher(secret_key).decrypt(row.body))
    except InvalidToken:
        message = "What was answered to this key was kept under another secret key. Look whether it was done."
        raise AppError(Kind.MISCONFIGURED, "secret_key_changed", message) from None
    if row.fingerprint != fingerprint:
        message = "This `Idempotency-Key` was used for another request already. Take a new key for each request."
        raise AppError(Kind.INVALID, "idempotency_key_reused", message)
    return answer


def keep_answer(
    session: Session, now: datetime, claim: Claim, fingerprint: str, answer: Answer, *, secret_key: str
) -> None:
    """Keep an answer in the transaction of what it tells: either both last or neither does.

    Raises:
        AppError: ``idempotency_key_in_use`` (conflict): another process has just carried out the same request.
    """
    values = {
        "credential": claim.credential,
        "method": claim.method,
        "path": claim.path,
        "key": claim.key,
        "fingerprint": fingerprint,
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": _cipher(secret_key).encrypt(answer.body),
        "created_at": now,
    }
    try:
        session.execute(insert(KeptAnswer), values)
    except IntegrityError:
        raise in_use() from None


def in_use() -> AppError:
    """The refusal of a request that is still being carried out."""
    message = "The same request under this `Idempotency-Key` is just being carried out. Send it again in a moment."
    return AppError(Kind.CONFLICT, "idempotency_key_in_use", message, retry_after=RETRY_SECONDS)


def purge_answers(session: Session, now: datetime) -> int:
    """Forget answers that were kept for long enough.

    Returns:
        How many.
    """
    gone = session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < now - KEPT_FOR))
    return gone.rowcount if isinstance(gone, CursorResult) else 0


def _cipher(secret_key: str) -> Fernet:
    return Fernet(urlsafe_b64encode(derive_key(secret_key, "kept answers")))
