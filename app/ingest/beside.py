"""Reads large bulks in a process beside the service, where the machine has a core for it.

To read a bulk takes as long as to store it, and the interpreter lets one thread run at a time: read in the service's
own process, a bulk keeps every other request waiting. The process starts with the first bulk, knows no setting and
opens nothing; it ends with the service, even one that is killed. If it is lost, the service reads the bulk itself.
"""

import os
import pickle
import subprocess
import sys
from multiprocessing.connection import Connection, Pipe
from threading import Lock

from app.errors import AppError
from app.ingest.bulk import Bulk, read_bulk
from app.log import get_logger
from app.memory import spare_collector
from app.settings import PREFIX

WORTH_IT = 64 * 1024
"""Bytes from which a bulk is read beside the service: the way there and back costs something too."""

_PATIENCE_S = 60
_log = get_logger("ingest")


class BulkReader:
    """Reads bulks, for many threads.

    Args:
        beside: Whether large ones are read beside the service; None: if this process may use more than one core.
    """

    def __init__(self, *, beside: bool | None = None) -> None:
        """Nothing is started yet."""
        self._large_beside = _cores() > 1 if beside is None else beside
        self._lock = Lock()
        self._beside: _Beside | None = None

    def read(self, raw: bytes, *, lines: bool) -> Bulk:
        """As `read_bulk`."""
        is_large = self._large_beside and len(raw) >= WORTH_IT
        answer = self._ask(raw, lines=lines) if is_large else None
        if answer is None:
            return read_bulk(raw, lines=lines)
        found: Bulk | AppError = pickle.loads(answer)  # noqa: S301 - our own process wrote it
        if isinstance(found, AppError):
            raise found
        return found

    def close(self) -> None:
        """End the process; the next large bulk starts another."""
        with self._lock:
            self._end()

    def _ask(self, raw: bytes, *, lines: bool) -> bytes | None:
        with self._lock:
            try:
                if self._beside is None:
                    self._beside = _Beside()
                return self._beside.ask(raw, lines=lines)
            except (OSError, EOFError) as error:
                _log.warning("bulk_reader_lost", reason=type(error).__name__)
                self._end()
                return None

    def _end(self) -> None:
        if self._beside is not None:
            self._beside.end()
        self._beside = None


class _Beside:
    """The process, and the way to it."""

    def __init__(self) -> None:
        self._way, theirs = Pipe()
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                env=environ,
                pass_fds=[theirs.fileno()],
                # A traceback could show what customers said; the service will meet the same failure, and log it.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # an interrupt from the keyboard is for the service, which ends it
            )

    def ask(self, raw: bytes, *, lines: bool) -> bytes:
        self._way.send((raw, lines))
        if not self._way.poll(_PATIENCE_S):
            raise TimeoutError
        return self._way.recv_bytes()

    def end(self) -> None:
        self._way.close()
        self._process.kill()
        self._process.wait()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def serve(way: Connection) -> None:
    """Read bulks until the service closes its end."""
    spare_collector()
    while True:
        try:
            raw, lines = way.recv()
        except EOFError:
            return
        way.send(_answer(raw, lines=lines))


def _answer(raw: bytes, *, lines: bool) -> Bulk | AppError:
    try:
        return read_bulk(raw, lines=lines)
    except AppError as refusal:
        return refusal


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
