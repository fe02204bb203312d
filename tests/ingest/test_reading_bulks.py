import json
import os
import pickle
import select
import signal
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.errors import AppError, Kind
from app.ingest.beside import WORTH_IT, BulkReader
from app.ingest.bulk import read_bulk

ITEM = {"external_id": "a", "medium": "survey", "occurred_at": "2026-03-01T14:05:00+01:00", "text": "Late. " * 40}


def _large(*extra):
    items = [*({**ITEM, "external_id": f"r-{number}"} for number in range(400)), *extra]
    return json.dumps(items).encode()


@pytest.fixture
def reader():
    with closing(BulkReader(beside=True)) as reader:
        yield reader


def _told(bulk):
    return [(one.code, one.facts) if isinstance(one, AppError) else one for one in bulk]


def _children():
    stats = {int(path.parent.name): path for path in Path("/proc").glob("[0-9]*/stat")}
    return {pid for pid, path in stats.items() if _parent(path) == os.getpid()}


def _parent(path):
    with suppress(OSError):  # it has just ended
        return int(path.read_text().rpartition(")")[2].split()[1])


def _started(reader, raw):
    before = _children()
    reader.read(raw, lines=False)
    return _children() - before


def test_a_large_bulk_is_read_beside_the_service_just_as_in_it(reader):
    raw = _large({"external_id": "b"}, ITEM | {"version": 1, "updated_at": "2026-03-01T15:00:00Z"})
    assert len(raw) > WORTH_IT
    assert _told(reader.read(raw, lines=False)) == _told(read_bulk(raw, lines=False))


def test_lines_that_are_none_cost_only_themselves_beside_the_service_too(reader):
    raw = b"\n".join([*(json.dumps(ITEM).encode() for _ in range(400)), b"{"])
    *items, broken = reader.read(raw, lines=True)
    assert len(items) == 400
    assert (broken.kind, broken.code) == (Kind.BAD_REQUEST, "bad_json")


def test_a_large_bulk_that_is_refused_says_why(reader):
    with pytest.raises(AppError) as refusal:
        reader.read(_large()[:-1], lines=False)
    assert (refusal.value.kind, refusal.value.code) == (Kind.BAD_REQUEST, "bad_json")


def test_a_bulk_is_read_although_the_process_was_killed_and_the_next_one_has_another(reader):
    raw = _large()
    (process,) = _started(reader, raw)
    os.kill(process, signal.SIGKILL)
    assert len(reader.read(raw, lines=False)) == 400
    assert _started(reader, raw)


def test_small_bulks_need_no_process(reader):
    assert not _started(reader, json.dumps([ITEM]).encode())


def test_the_process_knows_no_setting_and_ends_with_the_reader(reader, monkeypatch):
    monkeypatch.setenv("CLOSELOOP_SECRET_KEY", "nobody else's business")
    (process,) = _started(reader, _large())
    assert b"CLOSELOOP" not in Path(f"/proc/{process}/environ").read_bytes()
    reader.close()
    assert process not in _children()


def test_a_refusal_goes_whole_from_one_process_to_another():
    there = AppError(Kind.INVALID, "invalid_item", "It does not fit.", errors=[{"pointer": "/text"}])
    back = pickle.loads(pickle.dumps(there))  # noqa: S301 - our own
    assert (back.kind, back.code, back.message, back.facts) == (there.kind, there.code, there.message, there.facts)
    assert str(back) == "It does not fit."


def test_the_process_ends_with_a_service_that_is_killed():
    code = (
        "from app.ingest.beside import BulkReader; import time\n"
        "reader = BulkReader(beside=True); reader.read(b' ' * 70_000 + b'[]', lines=False)\n"
        "print(reader._beside._process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as service:
        process = os.pidfd_open(int(service.stdout.readline()))
        service.kill()
    try:
        assert select.select([process], [], [], 30)[0]
    finally:
        os.close(process)
