"""Reads of credentials and of the audit."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.store.keyset import After, keyset_page
from app.store.people_tables import User
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


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A browser session with whom it stands for: a key or a person, and whether their owner is still active."""

    row: BrowserSession
    key: ApiKey | None
    user: User | None
    owner_active: bool


def find_browser_session(session: Session, digest: str) -> FoundSession | None:
    """The browser session with this digest."""
    statement = (
        select(BrowserSession, ApiKey, User, Owner.active)
        .outerjoin(ApiKey, BrowserSession.api_key_id == ApiKey.id)
        .outerjoin(User, BrowserSession.user_id == User.id)
        .outerjoin(Owner, Owner.id == func.coalesce(ApiKey.owner_id, User.owner_id))
        .where(BrowserSession.digest == digest)
    )
    found = session.execute(statement).one_or_none()
    return None if found is None else FoundSession(found[0], found[1], found[2], found[3] is not False)


def find_user(session: Session, word: str) -> User | None:
    """The person who signs in with this name or e-mail address, in small letters."""
    # A name with an @ in it is that person's own address, so that two people never match.
    return session.scalar(select(User).where(or_(User.name == word, User.email == word)))


def is_anybody_known(session: Session) -> bool:
    """Whether there is somebody who could sign in without a key."""
    return session.scalar(select(User.id).limit(1)) is not None


def find_oidc_user(session: Session, issuer: str, subject: str) -> User | None:
    """The person whom the provider knows as `subject`."""
    return session.scalar(select(User).where(User.oidc_issuer == issuer, User.oidc_subject == subject))


def owner_is_active(session: Session, owner_id: int | None) -> bool:
    """Whether the owner is still there; True where there is none to be."""
    return owner_id is None or session.scalar(select(Owner.active).where(Owner.id == owner_id)) is True


def list_users(session: Session, after: After | None, limit: int) -> list[User]:
    """People, newest first, disabled ones included; one more than `limit` where more follow."""
    return list(session.scalars(keyset_page(select(User), (User.created_at, User.id), after, limit)))


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
