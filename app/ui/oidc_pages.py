"""Signing in through the OpenID Connect provider: there and back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.access.limits import REDIRECTS, take_attempt
from app.access.oidc import CALLBACK, PATIENCE, Person, Provider, admit_person, ask_who, begin_sign_in, take_pending
from app.access.sessions import open_user_session
from app.access.users import get_user
from app.api.deps import Now, TransactionRoute, Writing, runtime_of
from app.errors import AppError, Kind
from app.log import get_logger
from app.ui.deps import address_of, cookie_name, cookie_of, is_secure
from app.ui.session_pages import keep_session, sign_in_page

router = APIRouter(route_class=TransactionRoute, include_in_schema=False)

_log = get_logger("access")
_REFUSED = "The identity provider did not say who you are. Sign in again; if it stays so, ask an administrator."
_Word = Annotated[str, Query(max_length=4096)]


@router.get("/sign-in/oidc")
def leave(request: Request, session: Writing, now: Now) -> Response:
    """To the provider."""
    provider = _provider(request)
    try:
        provider.issuer.metadata(now)  # the network before the transaction
    except AppError as error:
        return sign_in_page(
            request, error.message, status=503, headers={"Retry-After": str(error.facts["retry_after"])}
        )
    take_attempt(session, now, REDIRECTS, address_of(request))
    cookie, address = begin_sign_in(session, now, provider)
    response = RedirectResponse(address, status_code=303)
    age = int(PATIENCE.total_seconds())
    secure = is_secure(request)
    response.set_cookie(_name(request), cookie, max_age=age, httponly=True, samesite="lax", secure=secure)
    return response


@router.get(CALLBACK)
def come_back(request: Request, session: Writing, now: Now, code: _Word = "", state: _Word = "") -> Response:
    """From the provider: exchange the code, and open a session for whom it says."""
    provider = _provider(request)
    try:
        person = _whom(request, provider, now, code, state)
    except AppError as error:
        if error.kind is not Kind.UNAUTHENTICATED:
            raise
        _log.warning("sign_in_refused", by="oidc", reason=error.code, address=address_of(request))
        return sign_in_page(request, _REFUSED, status=401)
    # What the provider says stands, also where it means that nobody is let in.
    with runtime_of(request).database.writing() as admitting:
        admitted = admit_person(admitting, now, provider, person)
    user = get_user(session, admitted.id)
    response = keep_session(request, now, *open_user_session(session, now, user, before=cookie_of(request)))
    response.delete_cookie(_name(request), secure=is_secure(request), httponly=True, samesite="lax")
    return response


def _whom(request: Request, provider: Provider, now: datetime, code: str, state: str) -> Person:
    with runtime_of(request).database.writing() as session:
        pending = take_pending(session, now, request.cookies.get(_name(request), ""), state)
    # RFC 9207: a provider that names itself must be the one that we asked.
    if not code or request.query_params.get("iss", provider.issuer.address) != provider.issuer.address:
        raise AppError(Kind.UNAUTHENTICATED, "foreign_sign_in", _REFUSED)
    return ask_who(provider, now, code, pending)


def _provider(request: Request) -> Provider:
    provider = request.app.state.provider
    if not isinstance(provider, Provider):
        raise AppError(Kind.NOT_FOUND, "not_found", "No identity provider is set up here. Sign in with a password.")
    return provider


def _name(request: Request) -> str:
    return f"{cookie_name(request)}-oidc"
