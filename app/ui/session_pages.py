"""Signing in and out, the style sheet, and what a refusal looks like on a page."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.access.sessions import check_csrf, close_session, open_session
from app.api.deps import Now, TransactionRoute, Writing
from app.errors import AppError
from app.ui.deps import Form, cookie_name, is_secure, visit
from app.ui.rendering import render

router = APIRouter(route_class=TransactionRoute, include_in_schema=False)

_UNAUTHENTICATED = 401


@router.get("/")
def show_start() -> Response:
    """The inbox is where people begin."""
    return RedirectResponse("/inbox", status_code=303)


@router.get("/sign-in")
def show_sign_in(request: Request) -> Response:
    """The form that takes a key."""
    return render(request, "sign_in.html", wrong=False)


@router.post("/sign-in")
def sign_in(request: Request, session: Writing, now: Now, form: Form) -> Response:
    """Exchange a key for a session of this browser."""
    try:
        cookie, signed_in = open_session(session, now, form.get("key", "").strip())
    except AppError:
        return render(request, "sign_in.html", status=_UNAUTHENTICATED, wrong=True)
    response = RedirectResponse("/inbox", status_code=303)
    age = int((signed_in.expires_at - now).total_seconds())
    secure = is_secure(request)
    response.set_cookie(cookie_name(request), cookie, max_age=age, httponly=True, samesite="lax", secure=secure)
    return response


@router.post("/sign-out")
def sign_out(request: Request, session: Writing, now: Now, form: Form) -> Response:
    """End the session on the server."""
    visitor = visit(request, session)
    check_csrf(visitor.signed_in, form.get("csrf", ""))
    close_session(session, now, visitor.actor, request.cookies.get(cookie_name(request), ""))
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(cookie_name(request), secure=is_secure(request), httponly=True, samesite="lax")
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
