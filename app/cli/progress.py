"""Progress on stderr: a bar where somebody watches, else one line every ten seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.console import say

EVERY_S = 10.0


class Report(Protocol):
    """Takes how far the work is."""

    def __call__(self, done: int, total: int | None = None, /) -> None:
        """So many are done; `total` replaces what was said before."""


@contextmanager
def shown_progress(what: str, total: int, *, quiet: bool = False) -> Iterator[Report]:
    """Show the progress of `what` (e.g. "Importing") over `total` steps while the block runs."""
    if quiet or not total:
        yield lambda _done, _total=None: None
    elif sys.stderr.isatty():
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)

            def move(done: int, new_total: int | None = None) -> None:
                bar.update(task, completed=done, total=new_total or bar.tasks[task].total)

            yield move
    else:
        yield _Lines(what, total)


class _Lines:
    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._last = time.monotonic()

    def __call__(self, done: int, total: int | None = None, /) -> None:
        self._total = total or self._total
        if time.monotonic() - self._last >= EVERY_S:
            self._last = time.monotonic()
            say(f"{self._what}: {done:,} of {self._total:,}")
