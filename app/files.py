"""Files that a command line names: read line by line, written anew, refused without a word of what is in them."""

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
def open_answers(path: Path, *read: Path | None) -> Iterator[TextIO]:
    """A file for answers; what it held before is gone.

    Args:
        path: Where the answers go.
        read: Files that are read for them: none of these may be it.

    Raises:
        AppError: `unreadable_input`.
    """
    if path.resolve() in [source.resolve() for source in read if source is not None]:
        message = f"{path} is read, so no answers can be written to it. Name another file for them."
        raise AppError(Kind.INVALID, "unreadable_input", message)
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise unreadable(path, error) from None
    with file:
        yield file


def unreadable(path: Path, error: Exception) -> AppError:
    """What a person is told of a file that cannot be read or written."""
    message = f"{path} cannot be read or written ({type(error).__name__}). Check the path and its permissions."
    return AppError(Kind.INVALID, "unreadable_input", message)
