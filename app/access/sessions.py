"""Signed-in browsers: kept on the server, so that signing out ends them everywhere at once."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.access.keys import actor_of, digest_of, find_key, is_live
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.access import find_browser_session
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
    """

    actor: Actor
    csrf: str
    expires_at: datetime


def open_session(session: Session, now: datetime, token: str) -> tuple[str, SignedIn]:
    """Sign a browser in with an API key; the first value is for its cookie and is kept nowhere else.

    A new session each time: a cookie that somebody planted before signing in is worth nothing afterwards.

    Raises:
        AppError: The key does not hold; one answer for all causes.
    """
    key = find_key(session, now, token)
    cookie = secrets.token_urlsafe(_TOKEN_BYTES)
    end = min(now + LIFETIME, key.expires_at) if key.expires_at else now + LIFETIME
    signed_in = SignedIn(actor=actor_of(key), csrf=secrets.token_urlsafe(_TOKEN_BYTES), expires_at=end)
    session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= now))
    row = BrowserSession(
        digest=digest_of(cookie), api_key_id=key.id, csrf=signed_in.csrf, created_at=now, expires_at=end
    )
    session.add(row)
    record_audit(session, now, signed_in.actor, "browser_signed_in", f"api_key:{key.id}")
    return cookie, signed_in


def resume_session(session: Session, now: datetime, cookie: str) -> SignedIn:
    """Who the browser with this cookie is; only reads. A session ends with its key.

    Raises:
        AppError: Not signed in, or no longer.
    """
    found = find_browser_session(session, digest_of(cookie))
    if found is None or now >= found[0].expires_at or not found[2] or not is_live(found[1], now):
        raise AppError(Kind.UNAUTHENTICATED, "not_signed_in", "You are not signed in, or no longer. Sign in again.")
    row, key, _ = found
    return SignedIn(actor=actor_of(key), csrf=row.csrf, expires_at=row.expires_at)


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
        record_audit(session, now, actor, "browser_signed_out", f"api_key:{row.api_key_id}")
