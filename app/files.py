"""Files that a command line names: read line by line, written anew, refused without a word of what is in them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.errors import AppError, Kind


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, undecoded.

    Raises:
        AppError: `unreadable_input`.
    """
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise unreadable(path, error) from None


@contextmanager
def open_answers(path: Path, *questions: Path | None) -> Iterator[TextIO]:
    """A file for answers; it appears, in place of what was there before, when all of them are written.

    Args:
        path: Where they go; a pipe or a device is written to at once.
        questions: Files that are read meanwhile; None stands for one that was not given.

    Raises:
        AppError: `unreadable_input`, also where the answers would overwrite something that is read.
    """
    for asked in questions:
        if asked is not None and path.exists() and asked.exists() and path.samefile(asked):
            message = f"{path} is read and cannot be written at the same time. Name another file with --out."
            raise AppError(Kind.INVALID, "unreadable_input", message)
    device = path.parts[:2] == ("/", "dev") or (path.exists() and not path.is_file())
    whole = path if device else path.resolve()
    part = path if device else whole.with_name(f".{whole.name}.{os.getpid()}.part")
    try:
        file = part.open("w", encoding="utf-8")
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        with file:
            yield file
        if not device:
            part.replace(whole)
    except BaseException:
        if not device:
            part.unlink(missing_ok=True)
        raise


def unreadable(path: Path, error: Exception) -> AppError:
    """What a person is told of a file that cannot be read or written."""
    message = f"{path} cannot be read or written ({type(error).__name__}). Check the path and its permissions."
    return AppError(Kind.INVALID, "unreadable_input", message)
