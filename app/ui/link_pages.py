"""What links in messages open: a page with a button. Opening it changes nothing, whoever's scanner does so."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from app.access.links import NO_DIGESTS, open_link
from app.act.choosing import choose_digests
from app.api.deps import Now, Reading, SecretKey, TransactionRoute, Writing
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.reference import find_owner
from app.store.subscription_tables import ContactChoice
from app.store.tables import Owner
from app.ui.deps import Form
from app.ui.rendering import render

router = APIRouter(route_class=TransactionRoute, include_in_schema=False)

Token = Annotated[str, Path(max_length=400)]


@router.get("/a/{token}")
def show_link(request: Request, session: Reading, secret_key: SecretKey, token: Token) -> Response:
    """The button that ends digests, or has them sent again."""
    owner = _owner(session, secret_key, token)
    choice = session.get(ContactChoice, owner.id)
    return _page(request, token, owner, wanted=choice is None or choice.digests)


@router.post("/a/{token}")
def follow_link(
    request: Request, session: Writing, now: Now, secret_key: SecretKey, token: Token, form: Form
) -> Response:
    """End digests, as mail programs ask by themselves (RFC 8058), or have them sent again."""
    owner, wanted = _owner(session, secret_key, token), form.get("digests") == "wanted"
    choose_digests(session, now, Actor(f"link:{owner.key}", owner_id=owner.id), owner, wanted=wanted)
    return _page(request, token, owner, wanted=wanted)


def _owner(session: Session, secret_key: str, token: str) -> Owner:
    owner = find_owner(session, open_link(secret_key, NO_DIGESTS, token))
    if owner is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is nobody any more to whom this link belonged.")
    return owner


def _page(request: Request, token: str, owner: Owner, *, wanted: bool) -> Response:
    return render(request, "digests.html", token=token, name=owner.name, wanted=wanted)
