"""People who sign in through an OpenID Connect provider: the way there and back, and who they are here."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.access.issuer import Issuer, is_safe_address
from app.access.keys import digest_of
from app.access.tokens import bad_token
from app.access.users import Rights, create_user, fold_name, give_rights, rights_of
from app.domain.actor import Actor, UserRole
from app.errors import AppError, Kind
from app.settings import Settings
from app.store.access import find_oidc_user, find_user
from app.store.people_tables import PendingSignIn, User
from app.store.tables import Owner

CALLBACK = "/sign-in/oidc/callback"
"""Our address that the provider sends people back to; it must be registered there."""

PATIENCE = timedelta(minutes=10)
"""How long somebody may take at the provider."""

_BYTES = 32
_PROVIDER = Actor(name="oidc")


@dataclass(frozen=True)
class Provider:
    """The provider that people sign in through.

    Attributes:
        issuer: Who signs.
        settings: What the operator set.
        roles: Which role each value of the role claim gives; empty: administrators give roles here.
    """

    issuer: Issuer
    settings: Settings
    roles: Mapping[str, UserRole]


@dataclass(frozen=True)
class Person:
    """Whom the provider says somebody is.

    Attributes:
        subject: The provider's id for them.
        email: Their address, if the provider has verified it.
        groups: Values of the role claim.
    """

    subject: str
    email: str | None
    groups: frozenset[str]


def open_provider(settings: Settings) -> Provider | None:
    """The provider that is set up, if one is; asks nobody anything.

    Raises:
        AppError: The settings do not fit together.
    """
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_client_id is None:
        raise _misconfigured("CLOSELOOP_OIDC_CLIENT_ID is missing.")
    if not is_safe_address(settings.oidc_issuer):
        raise _misconfigured("CLOSELOOP_OIDC_ISSUER must be an https address.")
    roles: dict[str, UserRole] = {}
    for pair in filter(None, (part.strip() for part in settings.oidc_roles.split(","))):
        group, _, role = pair.rpartition("=")
        if not group or role not in set(UserRole):
            raise _misconfigured(f"Write CLOSELOOP_OIDC_ROLES as group=role, with a role of {', '.join(UserRole)}.")
        roles[group] = UserRole(role)
    return Provider(Issuer(settings.oidc_issuer), settings, roles)


def begin_sign_in(session: Session, now: datetime, provider: Provider) -> tuple[str, str]:
    """Send a browser to the provider.

    Returns:
        What its cookie holds, and the address to send it to.

    Raises:
        AppError: The provider does not answer; asked before anything is written.
    """
    endpoint = provider.issuer.metadata(now).authorization_endpoint
    cookie, state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(4))
    session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at <= now))
    row = PendingSignIn(
        digest=digest_of(cookie),
        state_digest=digest_of(state),
        nonce=nonce,
        verifier=verifier,
        expires_at=now + PATIENCE,
    )
    session.add(row)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": provider.settings.oidc_client_id,
        "redirect_uri": provider.settings.base_url + CALLBACK,
        "scope": "openid email profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return cookie, f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def take_pending(session: Session, now: datetime, cookie: str, state: str) -> PendingSignIn:
    """What was kept for a browser that comes back; it can come back once.

    Raises:
        AppError: It was never sent, comes too late or a second time, or brings another's state.
    """
    row = session.get(PendingSignIn, digest_of(cookie), with_for_update=True)
    if row is None or now >= row.expires_at or not hmac.compare_digest(row.state_digest, digest_of(state)):
        message = "This way back belongs to no sign-in of this browser, or it took too long. Sign in again."
        raise AppError(Kind.UNAUTHENTICATED, "foreign_sign_in", message)
    session.delete(row)
    session.flush()
    return row


def ask_who(provider: Provider, now: datetime, code: str, pending: PendingSignIn) -> Person:
    """Exchange the code and read the ID token; talks to the provider, so hold no transaction.

    Raises:
        AppError: The provider does not answer or does not take the code, or its token does not hold.
    """
    settings = provider.settings
    client_id = settings.oidc_client_id or ""
    secret = settings.oidc_client_secret
    form = {"code": code, "redirect_uri": settings.base_url + CALLBACK, "code_verifier": pending.verifier}
    client = (client_id, secret.get_secret_value() if secret is not None else None)
    token = provider.issuer.exchange(now, form, client)
    claims = provider.issuer.verify(token, client_id, now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), pending.nonce.encode()):
        raise bad_token()
    # A token for several audiences must have been issued to us (OpenID Connect Core, 3.1.3.7).
    alone = isinstance(claims["aud"], str) or len(claims["aud"]) == 1
    if claims.get("azp", client_id if alone else None) != client_id:
        raise bad_token()
    return _person(claims, settings)


def admit_person(session: Session, now: datetime, provider: Provider, person: Person) -> User:
    """Whom the person is here: known from before, known by their verified address, or new and without rights.

    Raises:
        AppError: Their address is not verified or not of an allowed domain, or the account is somebody else's.
    """
    _check_domain(provider.settings, person)
    user = find_oidc_user(session, provider.issuer.address, person.subject)
    if user is None:
        user = _linked(session, now, provider, person)
    if provider.roles:
        give_rights(session, now, _PROVIDER, user, _rights(session, provider, person))
    return user


def _linked(session: Session, now: datetime, provider: Provider, person: Person) -> User:
    if person.email is None:
        message = "Your identity provider has not verified your e-mail address, so we cannot tell who you are here."
        raise AppError(Kind.FORBIDDEN, "email_not_verified", message)
    user = find_user(session, person.email)
    if user is None:
        user = create_user(session, now, _PROVIDER, person.email, email=person.email, rights=Rights())
    if user.oidc_subject is not None:
        message = "That e-mail address belongs to another account of the identity provider. Ask an administrator."
        raise AppError(Kind.FORBIDDEN, "account_linked_otherwise", message)
    user.oidc_issuer, user.oidc_subject = provider.issuer.address, person.subject
    record_audit(session, now, _PROVIDER, "user_linked", f"user:{user.id}", issuer=provider.issuer.address)
    return user


def _rights(session: Session, provider: Provider, person: Person) -> Rights:
    given = [role for group, role in provider.roles.items() if group in person.groups]
    role = next((role for role in (UserRole.ADMIN, UserRole.ANALYST, UserRole.OWNER) if role in given), None)
    owner_id = None
    if person.email is not None:
        mine = select(Owner.id).where(func.lower(Owner.email) == person.email, Owner.active)
        owner_id = session.scalar(mine.order_by(Owner.id).limit(1))
    if role is UserRole.OWNER and owner_id is None:
        return Rights()
    return rights_of(role, owner_id=owner_id)


def _check_domain(settings: Settings, person: Person) -> None:
    allowed = {part.strip().casefold().removeprefix("@") for part in settings.oidc_email_domains.split(",")} - {""}
    if allowed and (person.email or "").rpartition("@")[2] not in allowed:
        message = "Your e-mail address is not of a domain that may sign in here. Ask an administrator."
        raise AppError(Kind.FORBIDDEN, "domain_not_allowed", message)


def _person(claims: Mapping[str, Any], settings: Settings) -> Person:
    email = claims.get("email")
    told = claims.get("email_verified")
    verified = told is True or told == "true"  # some providers send the word
    groups = claims.get(settings.oidc_role_claim, [])
    listed = groups if isinstance(groups, list) else [groups]
    return Person(
        subject=claims["sub"],
        email=fold_name(email) if isinstance(email, str) and verified else None,
        groups=frozenset(each for each in listed if isinstance(each, str)),
    )


def _misconfigured(message: str) -> AppError:
    return AppError(Kind.MISCONFIGURED, "bad_oidc_settings", message)
