"""Reads of credentials and of the audit."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.store.keyset import After, keyset_page
from app.store.tables import ApiKey, AuditEvent, BrowserSession, KeptAnswer, Owner

# Built once: every request asks.
_BY_PUBLIC_ID = (
    select(ApiKey, Owner.active)
    .join(Owner, ApiKey.owner_id == Owner.id, isouter=True)
    .where(ApiKey.public_id == bindparam("public_id"))
)


def find_api_key(session: Session, public_id: str) -> tuple[ApiKey, bool] | None:
    """The key with this public id, and whether the owner that it acts as is still active (True without one)."""
    found = session.execute(_BY_PUBLIC_ID, {"public_id": public_id}).one_or_none()
    return None if found is None else (found[0], found[1] is not False)


def find_browser_session(session: Session, digest: str) -> tuple[BrowserSession, ApiKey, bool] | None:
    """The browser session with this digest, its key, and whether the key's owner is still active."""
    statement = (
        select(BrowserSession, ApiKey, Owner.active)
        .join(ApiKey, BrowserSession.api_key_id == ApiKey.id)
        .join(Owner, ApiKey.owner_id == Owner.id, isouter=True)
        .where(BrowserSession.digest == digest)
    )
    found = session.execute(statement).one_or_none()
    return None if found is None else (found[0], found[1], found[2] is not False)


def find_kept_answer(session: Session, credential: str, method: str, path: str, key: str) -> KeptAnswer | None:
    """The answer that is kept for this credential, route and idempotency key."""
    wanted = {"credential": credential, "method": method, "path": path, "key": key}
    return session.scalars(select(KeptAnswer).filter_by(**wanted)).one_or_none()


def list_api_keys(session: Session, after: After | None, limit: int) -> list[ApiKey]:
    """Keys, newest first, revoked ones included; one more than `limit` where more follow."""
    return list(session.scalars(keyset_page(select(ApiKey), (ApiKey.created_at, ApiKey.id), after, limit)))


def list_audit_events(
    session: Session, after: After | None, limit: int, *, subject: str | None = None, actor: str | None = None
) -> list[AuditEvent]:
    """The audit, newest first; one more than `limit` where more follow."""
    statement = select(AuditEvent)
    if subject is not None:
        statement = statement.where(AuditEvent.subject == subject)
    if actor is not None:
        statement = statement.where(AuditEvent.actor == actor)
    return list(session.scalars(keyset_page(statement, (AuditEvent.at, AuditEvent.id), after, limit)))
