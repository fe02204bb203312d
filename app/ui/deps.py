"""What a page asks for: a signed-in visitor, one transaction, and a form that belongs to the session."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.access.sessions import SignedIn, resume_session
from app.api.deps import now_of, runtime_of
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.tables import Owner

_MOST_FIELDS = 200  # a box to tick for each topic

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}


def cookie_name(request: Request) -> str:
    """Name of the session's cookie; browsers keep the `__Host-` promise only over TLS."""
    return "__Host-closeloop" if is_secure(request) else "closeloop"


def is_secure(request: Request) -> bool:
    """Whether people reach the service over TLS."""
    return runtime_of(request).settings.base_url.startswith("https://")


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


def visit(request: Request, session: Session) -> Visitor:
    """Who looks at the page.

    Raises:
        AppError: Nobody is signed in (the error page sends them to sign in).
    """
    signed_in = resume_session(session, now_of(request), request.cookies.get(cookie_name(request), ""))
    owner = session.get(Owner, signed_in.actor.owner_id) if signed_in.actor.owner_id is not None else None
    return Visitor(signed_in, owner.name if owner is not None else signed_in.actor.name)


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
