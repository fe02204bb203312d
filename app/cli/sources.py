"""`closeloop source`: sources with their hooks, secrets, and what to click at each sender."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from sqlalchemy.orm import Session

from app.access.sealing import unseal_secrets
from app.access.secret import read_secret
from app.cli.console import AsJson, Exit, opened, print_json, say
from app.cli.hook_tries import Trial, try_examples
from app.cli.setup import changing, require_schema
from app.domain.actor import OPERATOR
from app.errors import AppError, Kind
from app.ingest.catalogue import setup_steps, warnings_of
from app.ingest.preview import preview_delivery
from app.ingest.recognise import find_connector, name_of
from app.ingest.sources import (
    NATIVE,
    NewSource,
    create_source,
    pause_source,
    resume_source,
    rotate_secret,
)
from app.payloads.delivery import RawDelivery
from app.runtime import Runtime
from app.store.deliveries import count_deliveries, find_source, list_sources
from app.store.tables import Source

sources = typer.Typer(help="Sources: where feedback comes from.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Key of the source.")]
Settings = Annotated[
    list[str] | None, typer.Option("--config", help="NAME=VALUE of its configuration, as YAML; a.b=c sets b of a.")
]
SecretStdin = Annotated[bool, typer.Option("--secret-stdin", help="Read the sender's own secret from stdin.")]


@sources.command("add")
def add(
    name: Annotated[str, typer.Argument(help="A key for it, e.g. shop-survey; a connector's name will do.")],
    connector: Annotated[str | None, typer.Option(help="What sends, e.g. typeform; else NAME says it.")] = None,
    config: Settings = None,
    *,
    secret_stdin: SecretStdin = False,
    as_json: AsJson = False,
) -> None:
    """Make a source; prints its address, its secret (only this once) and what to click at the sender."""
    chosen = connector or name
    found = None if chosen == NATIVE else find_connector(chosen)
    known = chosen if found is None else name_of(found)  # an unknown one is refused with a list
    new = NewSource(name, known, _read_config(config), _typed_secret() if secret_stdin else None)
    with changing() as (runtime, session, now):
        row, secret = create_source(session, now, OPERATOR, new, read_secret(runtime.settings))
        told = _told(runtime, row) | {"secret": secret}
        told["setup"] = setup_steps(row.connector, told["url"] or "", secret or "")
    _show_secret(told, as_json=as_json, given=secret_stdin)


@sources.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """Every source, with deliveries per state."""
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            counts = count_deliveries(session)
            rows = [
                _told(runtime, row) | {"deliveries": {state: n for (at, state), n in counts.items() if at == row.id}}
                for row in list_sources(session)
            ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        counted = ", ".join(f"{number} {state}" for state, number in row["deliveries"].items()) or "no deliveries"
        typer.echo(f"{row['key']}  {row['connector']}  {'paused' if row['paused'] else 'open'}  {counted}")


@sources.command("show")
def show(name: Name, *, as_json: AsJson = False) -> None:
    """One source: address, configuration, what to click; never its secret."""
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            row = _named(session, name)
            told = _told(runtime, row)
            told["setup"] = setup_steps(row.connector, told["url"] or "", "<the source's secret>")
    if as_json:
        print_json(told)
        return
    typer.echo("\n".join(f"{field}: {told[field]}" for field in ("key", "connector", "url", "paused", "config")))
    _say_setup(told)


@sources.command("pause")
def pause(name: Name) -> None:
    """Ask its senders to come back later (503)."""
    with changing() as (_, session, now):
        pause_source(session, now, OPERATOR, _named(session, name))
    say(f"{name} is paused: its senders are asked to come back later.")


@sources.command("resume")
def resume(name: Name) -> None:
    """Take its deliveries again."""
    with changing() as (_, session, now):
        resume_source(session, now, OPERATOR, _named(session, name))
    say(f"{name} takes deliveries.")


@sources.command("rotate")
def rotate(name: Name, *, secret_stdin: SecretStdin = False, as_json: AsJson = False) -> None:
    """Give it a new secret; the one before stays live until the next rotation, or until you retire it."""
    typed = _typed_secret() if secret_stdin else None
    with changing() as (runtime, session, now):
        row = _named(session, name)
        secret = rotate_secret(session, now, OPERATOR, row, read_secret(runtime.settings), typed)
        told = _told(runtime, row) | {"secret": secret}
        told["setup"] = setup_steps(row.connector, told["url"] or "", secret)
    _show_secret(told, as_json=as_json, given=secret_stdin)


@sources.command("test")
def try_out(
    name: Name,
    at: Annotated[str | None, typer.Option(help="Where the service listens; else the set host and port.")] = None,
    *,
    public: Annotated[bool, typer.Option("--public", help="Go through CLOSELOOP_PUBLIC_URL, as senders do.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send the connector's examples to the running service, signed with the live secret; nothing of them is stored."""
    with opened() as runtime:
        require_schema(runtime)
        settings, now = runtime.settings, runtime.clock.now()
        with runtime.database.reading() as session:
            row = _named(session, name)
        key = read_secret(settings)
        host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - no listening here
        address = at or (settings.base_url if public else f"http://{host}:{settings.port}")
        trial = Trial(row, unseal_secrets(row.secrets, key), key, settings.base_url, address)
        results = list(try_examples(trial, now))
    wrong = [one for one in results if not (one["accepted"] and one["as_expected"])]
    if as_json:
        print_json({"source": name, "examples": results, "failed": len(wrong)})
    else:
        for one in results:
            read = "read as expected" if one["as_expected"] else f"NOT as expected: {one['told']}"
            door = f"accepted ({one['signature']})" if one["accepted"] else f"REFUSED: {one['told']}"
            typer.echo(f"{one['example']}: {door}{', ' + read if one['accepted'] else ''}")
        say(f"{len(results) - len(wrong)} of {len(results)} examples came through; nothing of them was stored.")
    if wrong:
        raise typer.Exit(Exit.REJECTED)


@sources.command("preview")
def preview(
    connector: Annotated[str, typer.Argument(help="A connector, or the key of a source whose configuration counts.")],
    file: Annotated[Path, typer.Argument(help="The payload.", exists=True, dir_okay=False)],
    content_type: Annotated[str, typer.Option(help="As the sender sends it.")] = "application/json",
    config: Settings = None,
) -> None:
    """What a payload would become; nothing is stored. Prints JSON."""
    with opened() as runtime:
        module = find_connector(connector)
        name, settings = connector if module is None else name_of(module), _read_config(config)
        if module is None:
            require_schema(runtime)
            with runtime.database.reading() as session:
                row = _named(session, connector)
                name, settings = row.connector, {**row.config, **settings}
        kind = "" if file.suffix not in {".json", ""} and content_type == "application/json" else content_type
        delivery = RawDelivery(file.read_bytes(), {}, kind, name=file.name, arrived_at=runtime.clock.now())
        read = preview_delivery(name, settings, delivery)
    print_json({field: getattr(read, field) for field in ("outcome", "reason", "code", "reference", "found")})


def _named(session: Session, key: str) -> Source:
    found = find_source(session, key)
    if found is None:
        message = (
            "There is no source with this key. `closeloop source list` shows them, `closeloop source add` makes one."
        )
        raise AppError(Kind.NOT_FOUND, "not_found", message)
    return found


def _told(runtime: Runtime, row: Source) -> dict[str, Any]:
    return {
        "key": row.key,
        "connector": row.connector,
        "url": None if row.connector == NATIVE else f"{runtime.settings.base_url}/v1/hooks/{row.key}",
        "paused": row.paused_at is not None,
        "config": row.config,
        "warnings": warnings_of(row),
    }


def _show_secret(told: Mapping[str, Any], *, as_json: bool, given: bool) -> None:
    if as_json:
        print_json(told)
        return
    if told["url"] is None:
        say(f"`{told['key']}` takes native items at /v1/feedback and files; it has no address of its own.")
        return
    typer.echo(f"Address: {told['url']}")
    if not given:
        typer.echo(f"Secret (shown only this once): {told['secret']}")
    _say_setup(told)


def _say_setup(told: Mapping[str, Any]) -> None:
    for number, step in enumerate(told["setup"], start=1):
        typer.echo(f"{number}. {step}")
    for warning in told["warnings"]:
        say(f"Note: {warning}")


def _typed_secret() -> str:
    return sys.stdin.read().strip()


def _read_config(pairs: list[str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs or ():
        path, separator, value = pair.partition("=")
        *outer, last = path.split(".")
        place = found
        for step in outer:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise _bad_pair()
        if not separator or not last:
            raise _bad_pair()
        try:
            place[last] = yaml.safe_load(value)
        except yaml.YAMLError:
            place[last] = value
    return found


def _bad_pair() -> AppError:
    return AppError(
        Kind.INVALID, "bad_source_config", "Write a setting as NAME=VALUE, e.g. --config zone=Europe/Berlin."
    )
