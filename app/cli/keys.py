"""`closeloop key create`: API keys, shown once."""

from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import select

from app.access.keys import create_key, parse_scopes
from app.cli.console import AsJson, opened, print_json, say
from app.cli.setup import require_schema
from app.domain.actor import OPERATOR
from app.errors import AppError, Kind
from app.store.tables import Owner, Source

keys = typer.Typer(help="API keys.", no_args_is_help=True)


@keys.callback()
def group() -> None:
    """API keys."""


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it, e.g. crm; it appears in the audit.")],
    scope: Annotated[list[str], typer.Option(help="ingest:write, items:read, items:write, analyst or admin.")],
    owner: Annotated[str | None, typer.Option(help="Key of the owner whose eyes it sees with.")] = None,
    source: Annotated[str | None, typer.Option(help="Key of the only source that it may write to.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it stops working.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an API key and show it, the only time that anyone can."""
    scopes = parse_scopes(scope)
    with opened() as runtime:
        require_schema(runtime)
        now = runtime.clock.now()
        with runtime.database.writing() as session:
            owner_id = session.scalar(select(Owner.id).where(Owner.key == owner)) if owner else None
            source_id = session.scalar(select(Source.id).where(Source.key == source)) if source else None
            if owner and owner_id is None:
                raise AppError(Kind.INVALID, "unknown_owner", "There is no owner with that key: see company.yaml.")
            if source and source_id is None:
                raise AppError(Kind.INVALID, "unknown_source", "There is no source with that key.")
            key, token = create_key(
                session,
                now,
                OPERATOR,
                name=name,
                scopes=scopes,
                owner_id=owner_id,
                source_id=source_id,
                expires_at=now + timedelta(days=days) if days else None,
            )
            made = {"id": key.id, "name": key.name, "scopes": key.scopes, "key": token}
    if as_json:
        print_json(made)
        return
    say(f"Key `{made['name']}` with {', '.join(scopes)}; shown only this once:")
    typer.echo(token)
