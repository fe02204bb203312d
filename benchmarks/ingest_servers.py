"""The two services that benchmarks/ingest.py compares, each in a process of its own.

python benchmarks/ingest_servers.py bare|ours|worker PORT FOLDER
"""

import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

from app.cli.serving import serve_runtime
from app.log import configure_logs
from app.pipeline import STATIONS
from app.runtime import build_runtime
from app.settings import read_settings

INSERT = "INSERT INTO items (external_id, body) VALUES (?, ?)"


class Item(BaseModel):
    """What the bare service takes."""

    external_id: str
    version: int = 0
    medium: str
    occurred_at: str
    text: str
    scores: list[dict[str, Any]] = Field(default_factory=list)
    customer: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, Any] = Field(default_factory=dict)


class Bare:
    """The least: a typed model, one INSERT, one commit that is flushed to disk."""

    def __init__(self, file: Path) -> None:
        """Make the table."""
        self._file, self._local = file, threading.local()
        with self._connection() as database:
            database.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, external_id TEXT UNIQUE, body TEXT)")

    def one(self, item: Item) -> dict[str, int | None]:
        """Store one item."""
        with self._connection() as database:
            done = database.execute(INSERT, (item.external_id, item.model_dump_json()))
        return {"id": done.lastrowid}

    def many(self, items: list[Item]) -> dict[str, int]:
        """Store many at once."""
        with self._connection() as database:
            database.executemany(INSERT, [(item.external_id, item.model_dump_json()) for item in items])
        return {"stored": len(items)}

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = sqlite3.connect(self._file, timeout=30)
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._local.connection.execute(f"PRAGMA {pragma}")
        found: sqlite3.Connection = self._local.connection
        return found


def serve_bare(port: int, folder: Path) -> None:
    """Serve the bare one."""
    app, service = FastAPI(), Bare(folder / "bare.db")
    app.post("/v1/feedback", status_code=202)(service.one)
    app.post("/v1/feedback/bulk")(service.many)
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def serve_ours(*, worker: bool) -> None:
    """Serve as `closeloop serve` does; without the worker what comes in is stored and not read."""
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    serve_runtime(build_runtime(settings), stations=STATIONS if worker else STATIONS[:1])


if __name__ == "__main__":
    if sys.argv[1] == "bare":
        serve_bare(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        serve_ours(worker=sys.argv[1] == "worker")
