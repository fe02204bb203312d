"""How every command speaks: data on stdout, prose on stderr, and exit codes that mean one thing each."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from typer.core import TyperGroup

from app.errors import AppError, Kind
from app.log import configure_logs
from app.runtime import Runtime, build_runtime
from app.settings import Settings, read_settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, nothing else.")]


class Exit(IntEnum):
    """Exit codes of every command; success is 0."""

    REJECTED = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


_CODES = {
    Kind.UNAVAILABLE: Exit.UNREACHABLE,
    Kind.MISCONFIGURED: Exit.USAGE,
    Kind.BAD_REQUEST: Exit.USAGE,
    Kind.INVALID: Exit.USAGE,
    Kind.NOT_FOUND: Exit.USAGE,
}


class Polite(TyperGroup):
    """Turns refusals into one clear message and an exit code; nobody gets a traceback with local values in it."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the base's signature
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except AppError as error:
            say(f"closeloop: {error.message}")
            _list_problems(error)
            raise typer.Exit(_CODES.get(error.kind, Exit.REJECTED)) from None
        except (DBAPIError, PoolTimeoutError) as error:
            say(f"closeloop: the database does not answer ({type(error).__name__}). `closeloop doctor` says more.")
            raise typer.Exit(Exit.UNREACHABLE) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read our output has seen enough
                raise
            place = error.filename if isinstance(error.filename, str) else "A file or an address"
            reason = error.strerror or type(error).__name__
            say(f"closeloop: {place} cannot be used ({reason}). Check it and its rights.")
            raise typer.Exit(Exit.USAGE) from None
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None


def _list_problems(error: AppError) -> None:
    problems = error.facts.get("problems")
    for problem in problems if isinstance(problems, list) else []:
        say("  " + ", ".join(str(value) for value in problem.values() if value is not None))


def say(text: str) -> None:
    """A line for people, on stderr."""
    typer.echo(text, err=True)


def print_json(document: Any) -> None:  # noqa: ANN401 - any JSON value
    """The command's one document, on stdout."""
    typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False, default=str))


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Runtime]:
    """This process's runtime for a one-off command: logs of warnings only, as text; the database closed at the end."""
    settings = settings or read_settings()
    configure_logs("WARNING" if settings.log_level == "INFO" else settings.log_level, "text")
    runtime = build_runtime(settings)
    try:
        yield runtime
    finally:
        runtime.database.dispose()
