"""Transcripts and vendors' files for `closeloop import`: one, or a folder of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.ingest.chunks import OpenFile
from app.ingest.conversations import connector_of, open_folder
from app.ingest.sources import NATIVE
from app.runtime import Runtime
from app.store.deliveries import find_source


@dataclass(frozen=True)
class Told:
    """What the person said: the source's key, the connector and its settings, the zone."""

    source: str
    connector: str | None
    config: str | None
    zone: str | None


@dataclass(frozen=True)
class Conversations:
    """Files that connectors read, and one line about them for the person."""

    file: OpenFile
    explanation: str


def find_conversations(runtime: Runtime, path: Path, name: str, told: Told) -> Conversations | None:
    """The files that connectors read; None: it is one file of rows.

    A folder's files are read by the connector that was named, else each by its ending; others are passed over.

    Raises:
        AppError: The connector or its settings are unknown, or the folder has nothing that is read.
    """
    with runtime.database.reading() as session:
        source = find_source(session, told.source)
        own, stored = (source.connector, source.config) if source else (NATIVE, {})
    if path.is_dir():
        paths = sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
        named = [(one, one.relative_to(path).as_posix()) for one in paths]
    else:
        named = [(path, name)]
    files = [(one, call, reader) for one, call in named if (reader := connector_of(call, told.connector, own))]
    if not files:
        if path.is_dir():
            message = "The folder has no file whose ending a connector knows. Say which reads them: --connector NAME"
            raise AppError(Kind.INVALID, "nothing_to_import", message)
        return None
    given = _settings(told)
    configs = {reader: {**(stored if reader == own else {}), **given} for _, _, reader in files}
    counts = Counter(reader for _, _, reader in files)
    read = ", ".join(f"{count:,} by {reader}" for reader, count in counts.most_common())
    left = len(named) - len(files)
    explanation = f"{len(files):,} files: {read}" + (f"; {left:,} others are passed over" if left else "")
    return Conversations(open_folder(files, configs, runtime.clock.now()), explanation)


def _settings(told: Told) -> Mapping[str, Any]:
    zone = {} if told.zone is None else {"zone": told.zone}
    if told.config is None:
        return zone
    found = decode_json(told.config.encode())
    if not isinstance(found, dict):
        raise AppError(
            Kind.INVALID, "bad_source_config", 'Write --config as a JSON object, e.g. \'{"agents": ["Kim"]}\''
        )
    return zone | found
