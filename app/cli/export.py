"""`closeloop export`: what the service knows, as files."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from app.cli.console import AsJson, opened, print_json, say
from app.cli.setup import require_schema
from app.domain.cells import harmless_cell
from app.domain.masking import mask_email, mask_name, mask_ref
from app.errors import AppError, Kind
from app.store.export import TABLES, columns_of, rows_of

_MASKS: dict[tuple[str, str], Callable[[str | None], str | None]] = {
    ("feedback", "customer_name"): mask_name,
    ("feedback", "customer_email"): mask_email,
    ("feedback", "customer_ref"): mask_ref,
    ("turns", "speaker"): mask_name,
}


class Form(StrEnum):
    """How a table is written."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go, one per table; made if it is not there.")],
    only: Annotated[list[str] | None, typer.Option(help=f"A table, repeatable: {', '.join(TABLES)}.")] = None,
    form: Annotated[Form, typer.Option("--format", help="One JSON object per line, or CSV for spreadsheets.")] = (
        Form.JSONL
    ),
    *,
    mask: Annotated[bool, typer.Option("--mask", help="Mask customers' names and e-mail addresses.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write feedback, mentions, themes, action items and verdicts to files, as they are at one instant."""
    names = only or list(TABLES)
    for name in names:
        if name not in TABLES:
            raise AppError(Kind.INVALID, "unknown_table", f"There is no such table. Known: {', '.join(TABLES)}.")
    counts: dict[str, int] = {}
    with opened() as runtime:
        require_schema(runtime)
        folder.mkdir(parents=True, exist_ok=True)
        with runtime.database.reading() as session:
            for name in names:
                with (folder / f"{name}.{form}").open("w", encoding="utf-8", newline="") as file:
                    columns, rows = columns_of(name), rows_of(session, name)
                    counts[name] = _write(file, form, columns, _masked(name, columns, rows) if mask else rows)
    if as_json:
        print_json({"folder": str(folder), "rows": counts})
        return
    for name, count in counts.items():
        say(f"{count:>9}  {folder / f'{name}.{form}'}")


def _masked(name: str, columns: list[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    masks = [_MASKS.get((name, column)) for column in columns]
    for row in rows:
        yield tuple(mask(value) if mask else value for mask, value in zip(masks, row, strict=True))


def _write(file: TextIO, form: Form, columns: list[str], rows: Iterator[tuple[Any, ...]]) -> int:
    count = 0
    if form is Form.CSV:
        writer = csv.writer(file)
        writer.writerow(columns)
        for count, row in enumerate(rows, start=1):  # noqa: B007 - the last number is the count
            writer.writerow([_cell(value) for value in row])
        return count
    for count, row in enumerate(rows, start=1):  # noqa: B007 - as above
        file.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=_plain) + "\n")
    return count


def _cell(value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, datetime | date):
        return value.isoformat()
    return harmless_cell(value) if isinstance(value, str) else value


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in an export")
