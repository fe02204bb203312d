"""`closeloop user`: people who sign in. Passwords are typed or piped in, never given as arguments: those are logged."""

import sys
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.keys import parse_scopes
from app.access.passwords import LONGEST, hash_password
from app.access.users import (
    create_user,
    disable_user,
    enable_user,
    fold_name,
    give_rights,
    rights_of,
    set_password,
)
from app.cli.console import AsJson, opened, print_json, say
from app.cli.keys import owner_id_of
from app.cli.setup import changing, require_schema
from app.domain.actor import OPERATOR, UserRole
from app.errors import AppError, Kind
from app.store.access import find_user
from app.store.people_tables import User

users = typer.Typer(help="People who sign in to the pages.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="What they sign in with: a name or an e-mail address.")]
_Role = Annotated[UserRole | None, typer.Option(help="What they may do; without one they cannot sign in yet.")]
_Owner = Annotated[str | None, typer.Option(help="Key of the owner that they are.")]
_Scopes = Annotated[list[str] | None, typer.Option(help="A scope beside the role's, repeatable, e.g. pii:read.")]
_FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@users.callback()
def group() -> None:
    """People who sign in to the pages."""


@users.command("add")
def add(  # noqa: PLR0913 - the options of one command
    name: _Name,
    email: Annotated[str | None, typer.Option(help="Their e-mail address, if it is not the name.")] = None,
    role: _Role = None,
    owner: _Owner = None,
    scope: _Scopes = None,
    *,
    password_stdin: _FromStdin = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="They sign in through the provider only.")] = False,
) -> None:
    """Make a person known, with a password that is asked for."""
    kept = None if no_password else hash_password(_ask(from_stdin=password_stdin), name, email or "")
    with changing() as (_, session, now):
        rights = rights_of(role, parse_scopes(scope or []), owner_id_of(session, owner))
        user = create_user(session, now, OPERATOR, name, email=email, rights=rights)
        if kept is not None:
            set_password(session, now, OPERATOR, user, kept)
    say(f"`{user.name}` may sign in." if user.scopes else f"`{user.name}` is known and needs a role: `user role`.")


@users.command("list")
def index(*, as_json: AsJson = False) -> None:
    """Show who there is and what they may do."""
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            rows = session.scalars(select(User).order_by(User.id)).all()
    shown: list[dict[str, Any]] = [
        {
            "id": row.id,
            "name": row.name,
            "email": row.email,
            "scopes": row.scopes,
            "owner_id": row.owner_id,
            "has_password": row.password_hash is not None,
            "by_provider": row.oidc_subject is not None,
            "last_sign_in_on": row.last_sign_in_on,
            "disabled_at": row.disabled_at,
        }
        for row in rows
    ]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        state = "disabled" if each["disabled_at"] else ", ".join(each["scopes"]) or "no role yet"
        typer.echo(f"{each['id']:>4}  {each['name']}  {state}")


@users.command("password")
def password(name: _Name, *, password_stdin: _FromStdin = False) -> None:
    """Set a person's password; wherever they are signed in they are signed out."""
    kept = hash_password(_ask(from_stdin=password_stdin), name)
    with changing() as (_, session, now):
        user = _find(session, name)
        set_password(session, now, OPERATOR, user, kept)
    say(f"`{user.name}` has another password and is signed out everywhere.")


@users.command("role")
def give_role(name: _Name, role: _Role = None, owner: _Owner = None, scope: _Scopes = None) -> None:
    """Say what a person may do, in the place of what they could; without --role they can do nothing."""
    with changing() as (_, session, now):
        rights = rights_of(role, parse_scopes(scope or []), owner_id_of(session, owner))
        user = give_rights(session, now, OPERATOR, _find(session, name), rights)
    say(f"`{user.name}` may: {', '.join(user.scopes) or 'nothing'}.")


@users.command("disable")
def disable(name: _Name) -> None:
    """Let a person in no more; wherever they are signed in they are signed out."""
    with changing() as (_, session, now):
        user = disable_user(session, now, OPERATOR, _find(session, name))
    say(f"`{user.name}` is let in no more.")


@users.command("enable")
def enable(name: _Name) -> None:
    """Let a person in again who was disabled."""
    with changing() as (_, session, now):
        user = enable_user(session, now, OPERATOR, _find(session, name))
    say(f"`{user.name}` is let in again.")


def _ask(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    if not sys.stdin.isatty():
        message = "There is nobody to ask for the password: pipe it in with --password-stdin."
        raise AppError(Kind.INVALID, "password_missing", message)
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _find(session: Session, name: str) -> User:
    found = find_user(session, fold_name(name))
    if found is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no such person: `closeloop user list` shows them.")
    return found
