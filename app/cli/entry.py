"""The `closeloop` command: what there is and where it lives."""

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from app.cli import evaluate_impact, evaluate_payloads
from app.cli.apply import apply
from app.cli.classify import classify
from app.cli.console import Polite
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.evaluate_texts import texts
from app.cli.export import export
from app.cli.impact import impact
from app.cli.imports import import_file
from app.cli.keys import keys
from app.cli.model import model
from app.cli.rules import rules
from app.cli.serving import serve, work
from app.cli.setup import init, migrate
from app.cli.sources import sources
from app.cli.themes import themes
from app.cli.users import users

main = typer.Typer(
    name="closeloop",
    cls=Polite,
    help="Turns what customers say into process fixes with a named owner and a deadline, and measures them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - the framework calls it so
    if asked:
        typer.echo(version_of("closeloop"))
        raise typer.Exit


@main.callback()
def _top(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    del version


for _command in (demo, init, serve, work, apply, classify, model, migrate, doctor, export):
    main.command()(_command)
main.command("import")(import_file)
main.add_typer(keys, name="key")
main.add_typer(users, name="user")
main.add_typer(impact, name="impact")
main.add_typer(rules, name="rules")
main.add_typer(sources, name="source")
main.add_typer(themes, name="themes")

_evaluate = typer.Typer(help="Answers of the parts on your own data, for measuring them.", no_args_is_help=True)
_evaluate.add_typer(texts)
_evaluate.command("impact")(evaluate_impact.impact)
_evaluate.command("payloads")(evaluate_payloads.payloads)
main.add_typer(_evaluate, name="evaluate")
