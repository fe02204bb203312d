"""Machines that bring a token of another issuer instead of an API key (OAuth 2 client credentials)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.access.issuer import Issuer, is_safe_address
from app.access.keys import refused
from app.domain.actor import Actor, Scope
from app.errors import AppError, Kind
from app.settings import Settings


@dataclass(frozen=True)
class Machines:
    """Whose tokens are taken from machines.

    Attributes:
        issuer: Who signs them.
        audience: What they must be meant for: us.
        scopes: What each scope of a token gives here.
    """

    issuer: Issuer
    audience: str
    scopes: Mapping[str, Scope]


def open_machines(settings: Settings) -> Machines | None:
    """The issuer that is set up, if one is; asks nobody anything.

    Raises:
        AppError: The settings do not fit together.
    """
    if settings.token_issuer is None:
        return None
    if not settings.token_audience or not is_safe_address(settings.token_issuer):
        raise _misconfigured("CLOSELOOP_TOKEN_ISSUER needs an https address, and CLOSELOOP_TOKEN_AUDIENCE beside it.")
    scopes: dict[str, Scope] = {}
    for pair in filter(None, (part.strip() for part in settings.token_scopes.split(","))):
        theirs, _, ours = pair.rpartition("=")
        if not theirs or ours not in set(Scope):
            raise _misconfigured(f"Write CLOSELOOP_TOKEN_SCOPES as theirs=ours, with ours of {', '.join(Scope)}.")
        scopes[theirs] = Scope(ours)
    return Machines(Issuer(settings.token_issuer), settings.token_audience, scopes)


def actor_of_token(machines: Machines, token: str, now: datetime) -> Actor:
    """Who brings the token; a scope that is not mapped gives nothing.

    Raises:
        AppError: The token does not hold (the same answer as for keys), or the issuer's keys cannot be had.
    """
    try:
        claims = machines.issuer.verify(token, machines.audience, now)
    except AppError as error:
        raise refused() if error.kind is Kind.UNAUTHENTICATED else error from None
    scopes = frozenset(machines.scopes[word] for word in _words(claims) if word in machines.scopes)
    return Actor(name=f"token:{claims['sub']}", scopes=scopes)


def _words(claims: Mapping[str, Any]) -> list[str]:
    """RFC 9068 writes `scope` with spaces between; some issuers call it `scp` and send a list."""
    told = claims.get("scope", claims.get("scp", ""))
    words = told.split() if isinstance(told, str) else told
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _misconfigured(message: str) -> AppError:
    return AppError(Kind.MISCONFIGURED, "bad_token_settings", message)
