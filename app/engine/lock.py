"""One worker per SQLite file: two would run each other's jobs."""

import fcntl
import os
from pathlib import Path
from typing import IO

from app.errors import AppError, Kind


class FileLock:
    """A lock that dies with its process, however that dies."""

    def __init__(self, database: Path) -> None:
        """The lock of the SQLite file `database`; not taken yet."""
        self._path = database.with_name(database.name + ".lock")
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AppError: Another process holds it.
        """
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            message = (
                f"Another Closeloop process{f' (pid {holder})' if holder else ''} is using this data directory: "
                "stop it first, or give this one its own CLOSELOOP_DATA_DIR. Several workers need PostgreSQL "
                "(CLOSELOOP_DATABASE_URL)."
            )
            raise AppError(Kind.UNAVAILABLE, "data_dir_in_use", message) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let go; harmless when it was never taken."""
        if self._file is not None:
            self._file.close()
            self._file = None
