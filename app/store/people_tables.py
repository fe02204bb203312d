"""The tables of the access room that are about people who sign in."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Row, row_id


class User(Row):
    """A person who signs in, with a password or through the OpenID Connect provider."""

    __tablename__ = "users"
    __writer__ = "access"
    __table_args__ = (UniqueConstraint("oidc_issuer", "oidc_subject"),)
    id: Mapped[int] = row_id()
    name: Mapped[str] = mapped_column(unique=True)  # what they sign in with; small letters
    email: Mapped[str | None] = mapped_column(unique=True)  # small letters
    password_hash: Mapped[str | None]  # argon2id; None: no password opens the account
    scopes: Mapped[list[Any]]  # empty: no administrator has given them a role yet
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id"))  # acts as this owner
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    created_at: Mapped[datetime]
    password_set_at: Mapped[datetime | None]
    last_sign_in_on: Mapped[date | None]
    disabled_at: Mapped[datetime | None]


class SignInLimit(Row):
    """How many wrong attempts an account or an address has on its hands; the level falls by itself."""

    __tablename__ = "sign_in_limits"
    __writer__ = "access"
    digest: Mapped[str] = mapped_column(primary_key=True)  # of the account's name or the network address
    level: Mapped[float]
    at: Mapped[datetime]  # when the level was that


class PendingSignIn(Row):
    """A browser that was sent to the OpenID Connect provider and has not come back yet."""

    __tablename__ = "pending_sign_ins"
    __writer__ = "access"
    digest: Mapped[str] = mapped_column(primary_key=True)  # of the token in the browser's cookie
    state_digest: Mapped[str]
    nonce: Mapped[str]
    verifier: Mapped[str]  # of PKCE
    expires_at: Mapped[datetime]
