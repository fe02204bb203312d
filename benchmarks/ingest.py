"""How fast feedback is taken in durably, beside the least that FastAPI and SQLite can do, in the same run.

python benchmarks/ingest.py [--worker]

It takes about a minute. With `--worker` the service reads what comes in at the same time. Both services run in
processes of their own, with the database on disk and a flush to disk for each commit; clients keep their connections.

The bare service has one typed endpoint for one item and one for a thousand, each a single INSERT and a commit. It does
not know its clients, finds no duplicates, keeps no versions and redacts nothing.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVERS = Path(__file__).with_name("ingest_servers.py")
CLIENTS, ROUNDS, SECONDS, ROWS = 8, 3, 3.0, 1_000
SLOW = 200
SETTLE = 10.0
"""Seconds in which the service loads its model, which takes a whole core; what is measured comes after."""


@dataclass
class Server:
    """A service in a process of its own."""

    port: int
    token: str = ""

    async def post(self, line: "Line", path: str, body: bytes, headers: str = "") -> int:
        """Send one request and read its answer; gives the status."""
        return await line.post(path, body, f"Authorization: Bearer {self.token}\r\n{headers}")


@dataclass
class Line:
    """One kept connection: as little client as possible, so that the server is what is measured."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def post(self, path: str, body: bytes, headers: str) -> int:
        """Send one request and read its answer; gives the status."""
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}"
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        top = await self.reader.readuntil(b"\r\n\r\n")
        length = int(top.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await self.reader.readexactly(length)
        return int(top[9:12])


@dataclass
class Measured:
    """What clients saw."""

    rows: int = 0
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    @property
    def rate(self) -> float:
        """Rows in a second."""
        return self.rows / self.seconds

    def wait(self, share: float) -> float:
        """The seconds that this share of requests did not exceed."""
        return sorted(self.waits)[int(share * (len(self.waits) - 1))]


def item(number: int) -> dict[str, Any]:
    """A survey answer of a hundred letters."""
    return {
        "external_id": f"resp-{number}",
        "version": 1,
        "medium": "survey",
        "occurred_at": "2026-03-01T14:05:00+01:00",
        "text": f"I had to explain my problem to three people and parcel {number} is still late. Nobody called back.",
        "scores": [{"metric": "nps", "value": number % 11, "min": 0, "max": 10}],
        "customer": {"ref": f"C-{number % 5_000}"},
        "attributes": {"country": "DE", "orders": 3},
    }


@asynccontextmanager
async def started(folder: Path, *, worker: bool | None) -> AsyncIterator[Server]:
    """A service that answers; `worker` None: the bare one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "CLOSELOOP_DATA_DIR": str(folder),
        "CLOSELOOP_PORT": str(port),
        "CLOSELOOP_LOG_LEVEL": "ERROR",
    }
    role = "bare" if worker is None else "worker" if worker else "ours"
    command = [sys.executable, str(SERVERS), role, str(port), str(folder)]
    process = subprocess.Popen(  # noqa: ASYNC220 - it is started once, before anything is measured
        command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    try:
        token = ""
        while role != "bare" and not token:
            line = process.stdout.readline()
            assert line, "the service did not start"
            token = line.strip() if line.strip().startswith("voc_live_") else ""
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            await asyncio.sleep(0.1)
        yield Server(port, token)
    finally:
        process.terminate()
        process.wait(30)


Send = Callable[[Server, Line], Awaitable[tuple[int, int]]]


async def load(
    server: Server, clients: int, seconds: float, send: Callable[[Server, Line], Awaitable[tuple[int, int]]]
) -> Measured:
    """Clients that send one request after the other for some seconds; `send` gives rows and status."""
    found = Measured(seconds=seconds)
    lines = [Line(*await asyncio.open_connection("127.0.0.1", server.port)) for _ in range(clients)]
    end = time.perf_counter() + seconds

    async def go(line: Line) -> None:
        while (begun := time.perf_counter()) < end:
            rows, status = await send(server, line)
            found.rows += rows
            found.waits.append(time.perf_counter() - begun)
            found.statuses.add(status)

    await asyncio.gather(*(go(line) for line in lines))
    for line in lines:
        line.writer.close()
    return found


class Sender:
    """Items that nobody has sent before, numbered from `first` on."""

    def __init__(self, first: int = 0) -> None:
        """Nothing is sent yet."""
        self._next = first

    def _fresh(self, count: int) -> list[dict[str, Any]]:
        self._next += count
        return [item(number) for number in range(self._next - count, self._next)]

    async def one(self, server: Server, line: Line) -> tuple[int, int]:
        """One item; rows and status."""
        return 1, await server.post(line, "/v1/feedback", json.dumps(self._fresh(1)[0]).encode())

    async def many(self, server: Server, line: Line) -> tuple[int, int]:
        """Many items; rows and status."""
        body = json.dumps(self._fresh(ROWS)).encode()
        key = f"Idempotency-Key: {self._next}\r\n"
        return ROWS, await server.post(line, "/v1/feedback/bulk", body, key)


async def compare(bare_one: Server, our_one: Server) -> None:
    """Both in turn, so that a noisy moment hits both."""
    senders = {id(server): Sender() for server in (bare_one, our_one)}
    for name, clients, method in (("one item a request", CLIENTS, "one"), (f"{ROWS:,} items a request", 2, "many")):
        found = {id(server): Measured() for server in (bare_one, our_one)}
        for round_number in range(ROUNDS + 1):
            for server in (bare_one, our_one):
                seconds = SECONDS if round_number else 1.0  # the first one warms up
                part = await load(server, clients, seconds, getattr(senders[id(server)], method))
                assert part.statuses <= {200, 202}, part.statuses
                if round_number:
                    whole = found[id(server)]
                    whole.rows += part.rows
                    whole.seconds += part.seconds
                    whole.waits += part.waits
        least, full = found[id(bare_one)], found[id(our_one)]
        print(f"\n{name}, {clients} clients        rows/s     p50 ms     p99 ms")
        for told, one in (("bare endpoint", least), ("closeloop", full)):
            print(f"  {told:<30} {one.rate:>10,.0f} {one.wait(0.5) * 1000:>10.1f} {one.wait(0.99) * 1000:>10.1f}")
        print(
            f"  rate {full.rate / least.rate:.2f} of the bare one, p99 {full.wait(0.99) / least.wait(0.99):.1f} times"
        )


async def duplicates(server: Server) -> None:
    """A hundred who send the same at once."""
    body = json.dumps(item(-1)).encode()
    lines = [Line(*await asyncio.open_connection("127.0.0.1", server.port)) for _ in range(100)]
    statuses = await asyncio.gather(*(server.post(line, "/v1/feedback", body) for line in lines))
    for line in lines:
        line.writer.close()
    print(f"\n100 at once with the same item: {statuses.count(202)} stored, {statuses.count(200)} known already")


async def beside_slow_ones(server: Server) -> None:
    """Healthy clients beside 200 that send a byte a second: half of them a body, half of them not even a head."""
    head = f"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
    body_follows = f"{head}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{{"

    async def drip(number: int) -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write((body_follows if number % 2 else head[:40]).encode())
            with suppress(OSError):
                while not reader.at_eof() and not writer.is_closing():
                    writer.write(b" ")
                    await asyncio.sleep(1)
            writer.close()

    slow = [asyncio.create_task(drip(number)) for number in range(SLOW)]
    await asyncio.sleep(2)
    sender = Sender(10_000_000)
    found = await load(server, 4, 10.0, sender.one)
    for task in slow:
        task.cancel()
    assert found.statuses <= {202}, found.statuses
    print(f"beside {SLOW} slow clients: p99 {found.wait(0.99) * 1000:.0f} ms, largest {max(found.waits) * 1000:.0f} ms")


async def run(*, worker: bool) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        bare_folder, own_folder = Path(folder) / "bare", Path(folder) / "own"
        bare_folder.mkdir()
        async with started(bare_folder, worker=None) as least, started(own_folder, worker=worker) as full:
            await asyncio.sleep(SETTLE)
            await compare(least, full)
            await duplicates(full)
            await beside_slow_ones(full)


def main() -> None:
    """Read the wish and carry it out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--worker", action="store_true", help="the service reads what comes in at the same time")
    asyncio.run(run(worker=parser.parse_args().worker))


if __name__ == "__main__":
    main()
