"""`closeloop rules`: what routing rules would do with the complaints of the last days."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.apply import read_file
from app.cli.console import AsJson, opened, print_json, say
from app.cli.setup import require_schema
from app.processes.reader import read_document
from app.route.preview import MAX_DAYS, Preview, Share, preview_rules

rules = typer.Typer(help="Who would get what.", no_args_is_help=True)

_SHOWN = 20


@rules.command("preview")
def preview(
    file: Annotated[
        str | None, typer.Argument(help="A company document whose rules to try; - reads stdin; none: the stored ones.")
    ] = None,
    *,
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, help="How many days of history.")] = 30,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"],
            help="Owners, teams and rules as they will be at this instant (UTC): a reorganisation that was entered.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who would get how much, what would change hands and what nobody is given; nothing is stored."""
    parts = read_document(read_file(file)).rules if file is not None else None
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            instant = at.replace(tzinfo=UTC) if at else None
            found = preview_rules(session, runtime.clock.now(), parts, days=days, at=instant)
    if as_json:
        print_json(asdict(found) | {"at": found.at.isoformat()})
        return
    _tell(found)


def _tell(found: Preview) -> None:
    for title, shares in (("owner", found.owners), ("whose", found.holders), ("rule", found.rules)):
        typer.echo(f"{title:<28}  themes  complaints  over the threshold")
        for share in shares[:_SHOWN]:
            typer.echo(_line(share))
        typer.echo("")
    for move in found.moves[:_SHOWN]:
        by = f" (rule {move.rule})" if move.rule else ""
        typer.echo(f"theme {move.theme_id}, {move.complaints} complaints: {move.before} -> {move.after}{by}")
    left = sum(found.uncovered.values())
    part = left / found.complaints if found.complaints else 0.0
    reasons = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in found.uncovered.items())
    say(
        f"{found.complaints} complaints of {found.days} days, as of {found.at:%Y-%m-%d %H:%M} UTC;"
        f" {len(found.moves)} themes would change hands; {part:.0%} are given to nobody"
        f"{': ' if reasons else '.'}{reasons}"
    )


def _line(share: Share) -> str:
    return f"{share.key or '(no rule)':<28}  {share.themes:>6}  {share.complaints:>10}  {share.items:>18}"
