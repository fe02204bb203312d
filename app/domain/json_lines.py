"""JSON Lines with manners: a bad line is named by file, number and reason, never by what it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from app.errors import AppError, Kind

LONGEST_ID = 500
_SHAPE = 'each line is one object, such as {"id": 1, "text": "..."}'


@dataclass
class BadLines:
    """What to do with bad lines, and those that were met.

    Attributes:
        skip: Whether to go on after naming one.
        named: One sentence each: file, line, reason.
    """

    skip: bool = False
    named: list[str] = field(default_factory=list)

    def meet(self, name: str, number: int, reason: str) -> None:
        """Remember a bad line.

        Raises:
            AppError: `bad_line`, unless bad lines are skipped.
        """
        sentence = f"{name}, line {number}: {reason}"
        if not self.skip:
            raise AppError(Kind.INVALID, "bad_line", f"{sentence}. Mend the line, or pass --skip-bad.")
        self.named.append(sentence)


def read_lines(
    lines: Iterable[bytes], name: str, check: Callable[[dict[str, Any]], str | None], bad: BadLines
) -> Iterator[dict[str, Any]]:
    """Read rows one by one; blank lines are passed over.

    Args:
        lines: The file's lines, undecoded.
        name: How messages call the file.
        check: Says what is wrong with a row, or None.
        bad: What becomes of bad lines.

    Yields:
        Rows that are JSON objects with an id and pass the check.

    Raises:
        AppError: `bad_line`, unless bad lines are skipped.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"), parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            bad.meet(name, number, "not UTF-8; save the file as UTF-8")
            continue
        except (ValueError, RecursionError):
            bad.meet(name, number, f"not JSON; {_SHAPE}")
            continue
        reason = _check_row(row) or check(row)
        if reason:
            bad.meet(name, number, reason)
        else:
            yield row


def check_text(row: dict[str, Any]) -> str | None:
    """Whether the row has a text."""
    return None if isinstance(row.get("text"), str) else '"text" is missing or not a string'


def check_labels(row: dict[str, Any]) -> str | None:
    """Whether `labels`, where given, is a list of strings."""
    labels = row.get("labels")
    if labels is None or (isinstance(labels, list) and all(isinstance(label, str) for label in labels)):
        return None
    return '"labels" is not a list of strings'


def _check_row(row: object) -> str | None:
    if not isinstance(row, dict):
        return f"not a JSON object; {_SHAPE}"
    identity = row.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int) or len(str(identity)) > LONGEST_ID:
        return '"id" is missing, or neither a short string nor a whole number'
    return None


def _refuse_constant(_name: str) -> float:
    raise ValueError
