"""Files that come as request bodies: written to disk as they come in, whatever their size, and gone if not wanted."""

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO

from fastapi import Request
from python_multipart.multipart import parse_options_header

from app.api.bodies import DEADLINE_SECONDS, StrictRequest, announced_length, check_coding, too_large
from app.api.deps import runtime_of
from app.api.file_form import FileForm, bad_form
from app.errors import AppError, Kind
from app.ingest.imports import FOLDER

SLOWEST = 16 * 1024
"""Bytes per second that a client must send on average, once it has begun."""

_FORM = "multipart/form-data"
_SUFFIX = re.compile(r"(?:\.[A-Za-z0-9]{1,10}){1,2}$", re.ASCII)
_BY_TYPE = {
    "text/csv": ".csv",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/json": ".json",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
}
_LONGEST_NAME = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass
class Upload:
    """A file that is here; it is deleted with the request, unless `keep` is called.

    Attributes:
        path: Where it is.
        name: As the client calls it, without folders.
        size: In bytes.
        digest: SHA-256 of it.
        fields: What else the form says, by name.
    """

    path: Path
    name: str = ""
    size: int = 0
    digest: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False

    def keep(self) -> None:
        """Let the file stay."""
        self.kept = True


async def receive_file(request: Request, name: str | None) -> AsyncIterator[Upload]:
    """Write the body, or the first file of a form, to the data directory.

    Args:
        request: Its body was not read.
        name: What the file shall be called; else as the form or the content type says.

    Raises:
        AppError: It is too large, too slow, compressed, no whole form, or cannot be kept.
    """
    settings = runtime_of(request).settings
    check_coding(request)
    if announced_length(request) > settings.max_import_bytes:
        raise too_large(settings.max_import_bytes)
    media_type, parameters = parse_options_header(request.headers.get("content-type", ""))
    upload = Upload(settings.data_dir / FOLDER / f"{secrets.token_hex(12)}.part")
    try:
        with _created(upload.path) as file:
            writer = _Writer(file)
            form = None
            if media_type.decode("latin-1").lower() == _FORM:
                form = FileForm(writer, parameters.get(b"boundary", b""))
            await _pour(request, form or writer, settings.max_import_bytes)
            await asyncio.to_thread(writer.finish)
        sent_as = (
            name or (form.name if form else "") or f"upload{_BY_TYPE.get(media_type.decode('latin-1').lower(), '')}"
        )
        upload.name, upload.size, upload.digest = plain_file_name(sent_as), writer.size, writer.digest.hexdigest()
        upload.fields = form.fields if form else {}
        _check_content(form, writer)
        if isinstance(request, StrictRequest):
            request.raw = upload.digest.encode()  # stands for the body where requests are told apart
        upload.path = _renamed(upload)
        yield upload
    finally:
        if not upload.kept:
            with suppress(OSError):
                upload.path.unlink(missing_ok=True)


def plain_file_name(name: str) -> str:
    """A file's name without folders and without what cannot be seen."""
    last = PurePath(_CONTROL.sub("", name).replace("\\", "/")).name
    return last[-_LONGEST_NAME:].strip() or "upload"


@dataclass
class _Writer:
    """Writes what it is given, and counts."""

    file: IO[bytes]
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> None:
        try:
            self.file.write(data)
        except OSError as error:
            raise _not_kept(error) from None
        self.digest.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Have it on the disk."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
        except OSError as error:
            raise _not_kept(error) from None


async def _pour(request: Request, sink: _Writer | FileForm, limit: int) -> None:
    clock = asyncio.get_running_loop().time
    begun, size = clock(), 0
    try:
        async with asyncio.timeout_at(begun + DEADLINE_SECONDS) as deadline:
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_large(limit)
                sink.write(part)
                deadline.reschedule(begun + DEADLINE_SECONDS + size / SLOWEST)
    except TimeoutError:
        message = f"The body came with less than {SLOWEST // 1024} KiB per second. Send it again, over a better line."
        raise AppError(Kind.BAD_REQUEST, "body_too_slow", message) from None


def _created(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise _not_kept(error) from None


def _renamed(upload: Upload) -> Path:
    """The file under its ending: it says how rows are read."""
    suffix = _SUFFIX.search(upload.name)
    return upload.path.rename(upload.path.with_suffix(suffix[0].lower() if suffix else ".upload"))


def _check_content(form: FileForm | None, writer: _Writer) -> None:
    if form is not None and not (form.complete and form.found):
        raise bad_form()
    if not writer.size:
        raise AppError(Kind.BAD_REQUEST, "empty_body", "The file is empty.")


def _not_kept(error: OSError) -> AppError:
    message = f"The file cannot be kept ({error.strerror}). Make room in the data directory and send it again."
    return AppError(Kind.UNAVAILABLE, "upload_not_kept", message)
