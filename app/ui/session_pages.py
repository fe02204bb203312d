"""Signing in and out, one's own password, and what a refusal looks like on a page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.access.limits import ACCOUNT, ADDRESS, give_back, sweep_limits, take_attempt
from app.access.passwords import LONGEST, SHORTEST, hash_password, is_password
from app.access.sessions import SignedIn, close_session, open_session, open_user_session
from app.access.users import fold_name, get_user, set_password
from app.api.deps import Now, Reading, TransactionRoute, Writing, runtime_of
from app.errors import AppError, Kind
from app.log import get_logger
from app.store.access import find_user, is_anybody_known
from app.store.people_tables import User
from app.ui.deps import Form, address_of, cookie_name, cookie_of, is_secure, visit, visit_form
from app.ui.rendering import render

router = APIRouter(route_class=TransactionRoute, include_in_schema=False)

_log = get_logger("access")

_UNAUTHENTICATED = 401
_INVALID = 422
_WRONG_KEY = "That key does not open anything. Check that it was copied whole, or ask for a new one."
_WRONG_PASSWORD = "That name and that password do not belong together. Check both, or ask an administrator."  # noqa: S105 - what people read
_WRONG_OLD = "The password you have now is another one."


@router.get("/")
def show_start() -> Response:
    """The inbox is where people begin."""
    return RedirectResponse("/inbox", status_code=303)


@router.get("/sign-in")
def show_sign_in(request: Request, session: Reading) -> Response:
    """The form that takes a name and a password, or a key; the key's is open where keys are all there is."""
    only_keys = request.app.state.provider is None and not is_anybody_known(session)
    return sign_in_page(request, by_key=only_keys)


@router.post("/sign-in")
def sign_in(request: Request, session: Writing, reading: Reading, now: Now, form: Form) -> Response:
    """Exchange a password or a key for a session of this browser."""
    by_key = "key" in form
    try:
        if by_key:
            cookie, signed_in = open_session(session, now, form["key"].strip(), before=cookie_of(request))
        else:
            cookie, signed_in = _sign_in_by_password(request, (session, reading), now, form)
    except AppError as error:
        if error.kind is not Kind.UNAUTHENTICATED:
            raise
        _log.warning("sign_in_refused", by="key" if by_key else "password", address=address_of(request))
        wrong = _WRONG_KEY if by_key else _WRONG_PASSWORD
        return sign_in_page(request, wrong, status=_UNAUTHENTICATED, by_key=by_key)
    return keep_session(request, now, cookie, signed_in)


@router.post("/sign-out")
def sign_out(request: Request, session: Writing, now: Now, form: Form) -> Response:
    """End the session on the server."""
    visitor = visit_form(request, session, form, None)
    close_session(session, now, visitor.actor, cookie_of(request))
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(cookie_name(request), secure=is_secure(request), httponly=True, samesite="lax")
    return response


@router.get("/password")
def show_password(request: Request, session: Reading) -> Response:
    """The form that changes one's own password."""
    return _password_page(request, session, "")


@router.post("/password")
def change_password(request: Request, session: Writing, reading: Reading, now: Now, form: Form) -> Response:
    """Take another password; whoever else is signed in as this person is signed out."""
    visitor = visit_form(request, reading, form, None)
    person = visitor.signed_in.user
    if person is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "A key has no password: there is nothing to change.")
    _count(request, now, person.name)
    if not is_password(person.password_hash, form.get("old", "")):
        return _password_page(request, reading, _WRONG_OLD)
    try:
        kept = hash_password(form.get("new", ""), person.name, person.email or "")
    except AppError as error:
        if error.kind is not Kind.INVALID:
            raise
        return _password_page(request, reading, error.message)
    user = get_user(session, person.id)
    set_password(session, now, visitor.actor, user, kept)
    _forget(request, session, person.name)
    return keep_session(request, now, *open_user_session(session, now, user, before=cookie_of(request)))


def sign_in_page(
    request: Request,
    wrong: str = "",
    *,
    status: int = 200,
    by_key: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The page that asks who you are; `wrong` says why it is shown again."""
    provider = request.app.state.provider
    name = provider.settings.oidc_name if provider is not None else ""
    page = render(request, "sign_in.html", status=status, wrong=wrong, by_key=by_key, provider=name)
    page.headers.update(headers or {})
    return page


def keep_session(request: Request, now: datetime, cookie: str, signed_in: SignedIn) -> Response:
    """To the inbox, with the session's cookie."""
    response = RedirectResponse("/inbox", status_code=303)
    age = int((signed_in.expires_at - now).total_seconds())
    secure = is_secure(request)
    response.set_cookie(cookie_name(request), cookie, max_age=age, httponly=True, samesite="lax", secure=secure)
    return response


def show_refusal(request: Request, document: Mapping[str, Any]) -> Response | None:
    """A problem document as a page; somebody who is not signed in is sent to sign in."""
    if document["status"] == _UNAUTHENTICATED:
        return RedirectResponse("/sign-in", status_code=303)
    if "text/html" not in request.headers.get("accept", ""):
        return None
    return render(
        request, "problem.html", status=document["status"], title=document["title"], message=document["detail"]
    )


def _sign_in_by_password(
    request: Request, sessions: tuple[Session, Session], now: datetime, form: dict[str, str]
) -> tuple[str, SignedIn]:
    writing, reading = sessions
    name = fold_name(form.get("name", ""))
    _count(request, now, name)
    found = find_user(reading, name)
    # Hashing takes its time outside the write transaction, and as long for people that there are not.
    if not is_password(_kept(found), form.get("password", "")) or found is None:
        raise AppError(Kind.UNAUTHENTICATED, "wrong_password", _WRONG_PASSWORD)
    user = get_user(writing, found.id)
    if user.password_hash != found.password_hash:
        raise AppError(Kind.UNAUTHENTICATED, "wrong_password", _WRONG_PASSWORD)
    opened = open_user_session(writing, now, user, before=cookie_of(request))
    _forget(request, writing, name)
    sweep_limits(writing, now)
    return opened


def _kept(user: User | None) -> str | None:
    return None if user is None or user.disabled_at is not None else user.password_hash


def _count(request: Request, now: datetime, name: str) -> None:
    """Count an attempt, in a transaction of its own: it must stand even if what follows is rolled back."""
    with runtime_of(request).database.writing() as counting:
        take_attempt(counting, now, ACCOUNT, name)
        take_attempt(counting, now, ADDRESS, address_of(request))


def _forget(request: Request, session: Session, name: str) -> None:
    give_back(session, ACCOUNT, name, all_of_it=True)
    give_back(session, ADDRESS, address_of(request))


def _password_page(request: Request, session: Session, wrong: str) -> Response:
    visitor = visit(request, session, None)
    if visitor.signed_in.user is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "A key has no password: there is nothing to change.")
    status = _INVALID if wrong else 200
    return render(
        request, "password.html", status=status, visitor=visitor, wrong=wrong, shortest=SHORTEST, longest=LONGEST
    )
