"""`closeloop themes search`: look for new themes now."""

from typing import Annotated

import typer

from app.cli.console import AsJson, opened, print_json, say
from app.cli.setup import require_schema
from app.domain.actor import OPERATOR
from app.theme.search import search_themes

themes = typer.Typer(help="Recurring problems inside topics.", no_args_is_help=True)


@themes.callback()
def _group() -> None:
    """One command would else stand for its group."""


@themes.command()
def search(
    topic: Annotated[str | None, typer.Option("--topic", help="Key of the only topic wanted.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Have topics searched for new themes now, not in a week; a worker does it."""
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.writing() as session:
            found = search_themes(session, runtime.clock.now(), OPERATOR, topic)
    if as_json:
        print_json({"topics": found})
    else:
        say(f"{found} topics will be searched by the next worker that looks.")
