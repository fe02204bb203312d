"""Signed-in browsers: kept on the server, so that signing out ends them everywhere at once."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.access.keys import actor_of, digest_of, find_key, is_live
from app.access.users import actor_of_user
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.access import find_browser_session, owner_is_active
from app.store.people_tables import User
from app.store.tables import BrowserSession

LIFETIME = timedelta(hours=12)
"""How long a person stays signed in: a working day."""

_TOKEN_BYTES = 32


@dataclass(frozen=True)
class SignedIn:
    """A browser that is signed in.

    Attributes:
        actor: Who it acts as.
        csrf: What every form must send back.
        expires_at: When it has to sign in again.
        user: The person, where it is one and not a key.
    """

    actor: Actor
    csrf: str
    expires_at: datetime
    user: User | None = field(default=None, compare=False)


def open_session(session: Session, now: datetime, token: str, *, before: str = "") -> tuple[str, SignedIn]:
    """Sign a browser in with an API key; the first value is for its cookie and is kept nowhere else.

    A new session each time: a cookie that somebody planted before signing in is worth nothing afterwards.

    Args:
        session: A write transaction.
        now: The present.
        token: The key.
        before: The cookie that the browser came with; its session ends.

    Raises:
        AppError: The key does not hold; one answer for all causes.
    """
    key = find_key(session, now, token)
    end = min(now + LIFETIME, key.expires_at) if key.expires_at else now + LIFETIME
    row = BrowserSession(api_key_id=key.id, created_at=now, expires_at=end)
    return _opened(session, row, actor_of(key), f"api_key:{key.id}", before)


def open_user_session(session: Session, now: datetime, user: User, *, before: str = "") -> tuple[str, SignedIn]:
    """Sign a browser in as a person whose password or provider has just said who they are; as `open_session`.

    Raises:
        AppError: They are disabled, their owner has left, or nobody has given them rights yet.
    """
    actor = actor_of_user(user)
    if user.disabled_at is not None or not owner_is_active(session, user.owner_id):
        raise not_signed_in()
    if not actor.scopes:
        message = "You are known here, but nobody has given you a role yet. Ask an administrator for one."
        raise AppError(Kind.FORBIDDEN, "no_role_yet", message)
    user.last_sign_in_on = now.date()
    row = BrowserSession(user_id=user.id, created_at=now, expires_at=now + LIFETIME)
    return _opened(session, row, actor, f"user:{user.id}", before)


def resume_session(session: Session, now: datetime, cookie: str) -> SignedIn:
    """Who the browser with this cookie is; only reads. A session ends with its key or its person.

    Raises:
        AppError: Not signed in, or no longer.
    """
    found = find_browser_session(session, digest_of(cookie))
    if found is None or now >= found.row.expires_at or not found.owner_active:
        raise not_signed_in()
    if found.key is not None and is_live(found.key, now):
        actor = actor_of(found.key)
    elif found.user is not None and found.user.disabled_at is None:
        actor = actor_of_user(found.user)
    else:
        raise not_signed_in()
    return SignedIn(actor, found.row.csrf, found.row.expires_at, found.user)


def not_signed_in() -> AppError:
    """The one answer to every browser that is not signed in."""
    return AppError(Kind.UNAUTHENTICATED, "not_signed_in", "You are not signed in, or no longer. Sign in again.")


def check_csrf(signed_in: SignedIn, given: str) -> None:
    """Let a form through only if it comes from a page of this very session.

    Raises:
        AppError: The form's token is not the session's.
    """
    if not hmac.compare_digest(signed_in.csrf.encode(), given.encode("utf-8", "surrogatepass")):
        message = "This form does not belong to your session. Reload the page and send it again."
        raise AppError(Kind.FORBIDDEN, "foreign_form", message)


def close_session(session: Session, now: datetime, actor: Actor, cookie: str) -> None:
    """Sign the browser out on the server; harmless if it was not signed in."""
    row = session.get(BrowserSession, digest_of(cookie))
    if row is not None:
        session.delete(row)
        session.flush()
        subject = f"api_key:{row.api_key_id}" if row.user_id is None else f"user:{row.user_id}"
        record_audit(session, now, actor, "browser_signed_out", subject)


def _opened(session: Session, row: BrowserSession, actor: Actor, subject: str, before: str) -> tuple[str, SignedIn]:
    over = [BrowserSession.expires_at <= row.created_at]
    if before:
        over.append(BrowserSession.digest == digest_of(before))
    session.execute(delete(BrowserSession).where(or_(*over)))
    cookie = secrets.token_urlsafe(_TOKEN_BYTES)
    row.digest, row.csrf = digest_of(cookie), secrets.token_urlsafe(_TOKEN_BYTES)
    session.add(row)
    record_audit(session, row.created_at, actor, "browser_signed_in", subject)
    return cookie, SignedIn(actor, row.csrf, row.expires_at)
