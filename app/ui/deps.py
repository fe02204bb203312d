"""What a page asks for: a signed-in visitor, one transaction, and a form that belongs to the session."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.access.limits import network_of
from app.access.sessions import SignedIn, check_csrf, resume_session
from app.api.deps import now_of, runtime_of
from app.domain.actor import Actor, Scope
from app.errors import AppError, Kind
from app.store.tables import Owner

_MOST_FIELDS = 200  # a box to tick for each topic

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def cookie_name(request: Request) -> str:
    """Name of the session's cookie; browsers keep the `__Host-` promise only over TLS."""
    return "__Host-closeloop" if is_secure(request) else "closeloop"


def cookie_of(request: Request) -> str:
    """The session's cookie as the browser sent it; empty without one."""
    return request.cookies.get(cookie_name(request), "")


def address_of(request: Request) -> str:
    """The network address that the browser comes from, as attempts are counted by."""
    return network_of(request.client.host if request.client is not None else None)


def is_secure(request: Request) -> bool:
    """Whether people reach the service over TLS."""
    return runtime_of(request).settings.base_url.startswith("https://")


def zone_of(request: Request) -> ZoneInfo:
    """The zone in which times are shown."""
    return ZoneInfo(runtime_of(request).settings.zone)


@dataclass(frozen=True)
class Visitor:
    """Someone who is signed in; `name` is shown, `csrf` stands in every form."""

    signed_in: SignedIn
    name: str

    @property
    def actor(self) -> Actor:
        """As whom they act."""
        return self.signed_in.actor

    @property
    def csrf(self) -> str:
        """What their forms must send back."""
        return self.signed_in.csrf


def visit(request: Request, session: Session, scope: Scope | None = Scope.ITEMS_READ) -> Visitor:
    """Who looks at the page; they need `scope` or see all. None lets in everybody who is signed in.

    Raises:
        AppError: Nobody is signed in (the error page sends them to sign in), or they may not do this.
    """
    signed_in = resume_session(session, now_of(request), cookie_of(request))
    request.state.actor = signed_in.actor
    if scope is not None and not signed_in.actor.may(scope) and not signed_in.actor.sees_all:
        message = f"You may not do that: it needs the scope `{scope}`. Ask an administrator for it."
        raise AppError(Kind.FORBIDDEN, "scope_missing", message)
    owner = session.get(Owner, signed_in.actor.owner_id) if signed_in.actor.owner_id is not None else None
    known = signed_in.actor.name if signed_in.user is None else signed_in.user.name
    return Visitor(signed_in, owner.name if owner is not None else known)


def visit_form(request: Request, session: Session, form: dict[str, str], scope: Scope | None) -> Visitor:
    """Who sent the form; as `visit`.

    Raises:
        AppError: Nobody is signed in, they may not do this, or the form is not from a page of their session.
    """
    visitor = visit(request, session, scope)
    check_csrf(visitor.signed_in, form.get("csrf", ""))
    return visitor


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form of this very site; files are not taken.

    Raises:
        AppError: The form comes from another site.
    """
    check_origin(request)
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


Form = Annotated[dict[str, str], Depends(read_form)]


def check_origin(request: Request) -> None:
    """Refuse forms that another site sent: the browser says where they come from.

    Raises:
        AppError: The origin is not this service.
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    ours = {request.headers.get("host"), urlsplit(runtime_of(request).settings.base_url).netloc}
    if site not in {"same-origin", "none"} or (
        origin not in {None, "null"} and urlsplit(origin or "").netloc not in ours
    ):
        raise AppError(Kind.FORBIDDEN, "foreign_form", "This form was sent by another site. Open the page here.")
