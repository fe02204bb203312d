"""`closeloop apply`: a whole company document, or what it would change."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.access.audit import record_audit
from app.cli.console import AsJson, opened, print_json, say
from app.cli.setup import migrate_all, require_schema, take_lock
from app.domain.actor import OPERATOR
from app.errors import AppError, Kind
from app.processes.apply import apply_document
from app.processes.document import Document
from app.processes.reader import read_document
from app.runtime import Runtime


def apply(
    file: Annotated[str, typer.Argument(help="The YAML document; - reads stdin.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Change nothing; say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply processes, owners, calendars, topics, rules and policy; what left the document is deactivated."""
    document = read_document(read_file(file))
    with opened() as runtime:
        _prepare(runtime)
        now = runtime.clock.now()
        with runtime.database.writing() as session:
            difference = apply_document(session, now, OPERATOR, document, dry_run=dry_run)
            if difference and not dry_run:
                record_audit(session, now, OPERATOR, "document_applied", "reference_data", **difference.counts())
    if as_json:
        print_json({"dry_run": dry_run, "counts": difference.counts(), "entries": difference.as_json()})
        return
    for line in difference.lines():
        say(line)
    counted = ", ".join(f"{count} to {action}" for action, count in difference.counts().items())
    say(f"{'Would be done' if dry_run else 'Done'}: {counted}." if counted else _nothing(document))


def _nothing(document: Document) -> str:
    return f"Nothing to change: all {len(document.topics)} topics and what belongs to them are already so."


def _prepare(runtime: Runtime) -> None:
    if not runtime.database.is_sqlite:
        require_schema(runtime)
        return
    try:
        lock = take_lock(runtime)
    except AppError as error:
        if error.code != "data_dir_in_use":
            raise
        require_schema(runtime)  # a service runs: it has set the database up, and writing beside it is safe
        return
    migrate_all(runtime)
    lock.release()


def read_file(file: str) -> bytes:
    """The bytes of a document, of stdin for ``-``.

    Raises:
        AppError: ``unreadable_file``.
    """
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror})."
        raise AppError(Kind.INVALID, "unreadable_file", message) from None
