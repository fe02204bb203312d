"""`closeloop key`: API keys, shown once."""

from datetime import timedelta
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.keys import OVERLAP, create_key, is_live, parse_scopes, revoke_key, rotate_key
from app.cli.console import AsJson, opened, print_json, say
from app.cli.setup import changing, require_schema
from app.domain.actor import OPERATOR
from app.errors import AppError, Kind
from app.store.tables import ApiKey, Owner, Source

keys = typer.Typer(help="API keys.", no_args_is_help=True)

_Key = Annotated[str, typer.Argument(help="Its number or the part between `voc_live_` and the next `_`: `key list`.")]


@keys.callback()
def group() -> None:
    """API keys."""


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it, e.g. crm; it appears in the audit.")],
    scope: Annotated[
        list[str], typer.Option(help="ingest:write, items:read, items:write, analyst, pii:read or admin.")
    ],
    owner: Annotated[str | None, typer.Option(help="Key of the owner whose eyes it sees with.")] = None,
    source: Annotated[str | None, typer.Option(help="Key of the only source that it may write to.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it stops working.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an API key and show it, the only time that anyone can."""
    scopes = parse_scopes(scope)
    with changing() as (_, session, now):
        source_id = session.scalar(select(Source.id).where(Source.key == source)) if source else None
        if source and source_id is None:
            raise AppError(Kind.INVALID, "unknown_source", "There is no source with that key.")
        key, token = create_key(
            session,
            now,
            OPERATOR,
            name=name,
            scopes=scopes,
            owner_id=owner_id_of(session, owner),
            source_id=source_id,
            expires_at=now + timedelta(days=days) if days else None,
        )
        made = {"id": key.id, "name": key.name, "scopes": key.scopes, "key": token}
    if as_json:
        print_json(made)
        return
    say(f"Key `{made['name']}` with {', '.join(scopes)}; shown only this once:")
    typer.echo(token)


@keys.command("list")
def index(*, as_json: AsJson = False) -> None:
    """Show the keys there are; never their secrets."""
    with opened() as runtime:
        require_schema(runtime)
        now = runtime.clock.now()
        with runtime.database.reading() as session:
            rows = session.scalars(select(ApiKey).order_by(ApiKey.id)).all()
    shown: list[dict[str, Any]] = [
        {
            "id": row.id,
            "public_id": row.public_id,
            "name": row.name,
            "scopes": row.scopes,
            "works": is_live(row, now),
            "expires_at": row.expires_at,
            "last_used_on": row.last_used_on,
        }
        for row in rows
    ]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        state = "works" if each["works"] else "works no more"
        until = f" until {each['expires_at']:%Y-%m-%d %H:%M} UTC" if each["works"] and each["expires_at"] else ""
        typer.echo(f"{each['id']:>4}  {each['public_id']}  {each['name']}  {', '.join(each['scopes'])}  {state}{until}")


@keys.command("rotate")
def rotate(
    key: _Key,
    hours: Annotated[float, typer.Option(min=0, help="Hours for which the old key works on.")] = (
        OVERLAP.total_seconds() / 3600
    ),
    *,
    as_json: AsJson = False,
) -> None:
    """Make a key with the same rights in the place of another, and show it; the old one works on for a day."""
    with changing() as (_, session, now):
        old = _find(session, key)
        new, token = rotate_key(session, now, OPERATOR, old.id, old_until=now + timedelta(hours=hours))
        made = {"id": new.id, "name": new.name, "key": token, "old_works_until": old.expires_at}
    if as_json:
        print_json(made)
        return
    say(f"New key `{made['name']}`, shown only this once; the old one works until {old.expires_at:%Y-%m-%d %H:%M} UTC:")
    typer.echo(token)


@keys.command("revoke")
def revoke(key: _Key) -> None:
    """Stop a key for good, from the next request on."""
    with changing() as (_, session, now):
        row = revoke_key(session, now, OPERATOR, _find(session, key).id)
    say(f"Key `{row.name}` works no more.")


def owner_id_of(session: Session, key: str | None) -> int | None:
    """The owner with this key; None where none is named.

    Raises:
        AppError: There is none.
    """
    found = session.scalar(select(Owner.id).where(Owner.key == key)) if key else None
    if key and found is None:
        raise AppError(Kind.INVALID, "unknown_owner", "There is no owner with that key: see company.yaml.")
    return found


def _find(session: Session, word: str) -> ApiKey:
    column = ApiKey.id if word.isdecimal() and len(word) < 10 else ApiKey.public_id  # noqa: PLR2004 - a number, not a name
    found = session.scalar(select(ApiKey).where(column == word))
    if found is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no such key: `closeloop key list` shows them.")
    return found
