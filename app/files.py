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
def open_answers(path: Path, questions: Path | None = None) -> Iterator[TextIO]:
    """A file for answers; what it held before is gone.

    Raises:
        AppError: `unreadable_input`, also where the answers would overwrite the questions.
    """
    if questions is not None and path.exists() and questions.exists() and path.samefile(questions):
        message = f"{path} is read and cannot be written at the same time. Name another file with --out."
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
