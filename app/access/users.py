"""People who sign in: made, given rights, disabled; their passwords."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.access.keys import known_scopes
from app.domain.actor import SCOPES_OF, Actor, Scope, UserRole
from app.errors import AppError, Kind
from app.store.access import find_user
from app.store.people_tables import User
from app.store.tables import BrowserSession, Owner

_LONGEST = 254
_NAME = re.compile(r"[\w.+@-]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|[^@\s]+@localhost")


@dataclass(frozen=True)
class Rights:
    """What a person may do.

    Attributes:
        scopes: Their scopes; none: they cannot sign in yet.
        owner_id: The process owner whose eyes they see with.
    """

    scopes: frozenset[Scope] = frozenset()
    owner_id: int | None = None


def rights_of(role: UserRole | None, extra: Collection[Scope] = (), owner_id: int | None = None) -> Rights:
    """The scopes of a role and any beside them.

    Raises:
        AppError: The role `owner` without an owner to be.
    """
    if role is UserRole.OWNER and owner_id is None:
        message = "The role `owner` needs to know which owner: name one."
        raise AppError(Kind.INVALID, "owner_missing", message)
    return Rights(frozenset(SCOPES_OF[role] if role else ()) | frozenset(extra), owner_id)


def create_user(session: Session, now: datetime, actor: Actor, name: str, *, email: str | None, rights: Rights) -> User:
    """Make a person known, without a password.

    Args:
        session: A write transaction.
        now: The present.
        actor: Who asks.
        name: What they sign in with; an e-mail address is theirs.
        email: Their e-mail address, if it is not the name. The OpenID Connect provider knows them by it.
        rights: What they may do.

    Raises:
        AppError: The name or the address cannot be one or is somebody's; the owner is unknown.
    """
    name = fold_name(name)
    email = fold_name(email) if email else name if "@" in name else None
    if not 0 < len(name) <= _LONGEST or _NAME.fullmatch(name) is None:
        message = "A name to sign in with has letters, digits, and . _ + @ - only, or is an e-mail address."
        raise AppError(Kind.INVALID, "bad_user_name", message)
    if email is not None and (len(email) > _LONGEST or _EMAIL.fullmatch(email) is None):
        raise AppError(Kind.INVALID, "bad_email", "That is no e-mail address. Write it as name@example.com.")
    if "@" in name and name != email:
        message = "A name with an @ in it is the person's own e-mail address. Give the same, or another name."
        raise AppError(Kind.INVALID, "bad_user_name", message)
    if any(find_user(session, word) is not None for word in {name, email} - {None} if word):
        raise AppError(Kind.CONFLICT, "user_exists", "Somebody signs in with that name or address already.")
    _check_owner(session, rights)
    user = User(name=name, email=email, scopes=sorted(rights.scopes), owner_id=rights.owner_id, created_at=now)
    session.add(user)
    session.flush()
    record_audit(session, now, actor, "user_created", f"user:{user.id}", name=name, scopes=user.scopes)
    return user


def get_user(session: Session, user_id: int) -> User:
    """One person.

    Raises:
        AppError: There is none with this id.
    """
    user = session.get(User, user_id)
    if user is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no user with this id.")
    return user


def give_rights(session: Session, now: datetime, actor: Actor, user: User, rights: Rights) -> User:
    """Put other rights in the place of those that a person has; open sessions have them from the next request on.

    Raises:
        AppError: The owner is unknown.
    """
    _check_owner(session, rights)
    wanted = sorted(rights.scopes)
    if (user.scopes, user.owner_id) != (wanted, rights.owner_id):
        user.scopes, user.owner_id = wanted, rights.owner_id
        facts = {"scopes": wanted, "owner_id": rights.owner_id}
        record_audit(session, now, actor, "user_rights_given", f"user:{user.id}", **facts)
    return user


def set_password(session: Session, now: datetime, actor: Actor, user: User, kept: str) -> None:
    """Keep another password (`passwords.hash_password` made it); everybody who is signed in as them is signed out."""
    user.password_hash, user.password_set_at = kept, now
    end_sessions(session, user)
    record_audit(session, now, actor, "password_set", f"user:{user.id}")


def disable_user(session: Session, now: datetime, actor: Actor, user: User) -> User:
    """Let a person in no more, from the next request on; doing it again changes nothing."""
    if user.disabled_at is None:
        user.disabled_at = now
        end_sessions(session, user)
        record_audit(session, now, actor, "user_disabled", f"user:{user.id}")
    return user


def enable_user(session: Session, now: datetime, actor: Actor, user: User) -> User:
    """Let a disabled person in again; doing it again changes nothing."""
    if user.disabled_at is not None:
        user.disabled_at = None
        record_audit(session, now, actor, "user_enabled", f"user:{user.id}")
    return user


def end_sessions(session: Session, user: User) -> None:
    """Sign a person out everywhere."""
    session.execute(delete(BrowserSession).where(BrowserSession.user_id == user.id))


def actor_of_user(user: User) -> Actor:
    """As whom a person acts."""
    return Actor(name=f"user:{user.name}", scopes=known_scopes(user.scopes), owner_id=user.owner_id)


def fold_name(word: str) -> str:
    """A name or an address as it is kept and compared: one form of each character, small letters."""
    return unicodedata.normalize("NFKC", word).strip().casefold()


def _check_owner(session: Session, rights: Rights) -> None:
    if rights.owner_id is not None and session.get(Owner, rights.owner_id) is None:
        raise AppError(Kind.INVALID, "unknown_owner", "There is no owner with this id. List them at /v1/owners.")
