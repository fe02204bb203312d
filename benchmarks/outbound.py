"""How long a healthy endpoint waits for its events while others are silent or refuse, beside one station for all.

python benchmarks/outbound.py

It takes about three minutes. Events happen four times a second for 50 seconds; each goes to a healthy endpoint, and in
two of three runs also to one that takes the connection and never answers (a time-out of 15 s each time) and to one that
refuses. Times are from the event's commit to its arrival, on SQLite with a flush to disk for each commit. The baseline
does what one station over all endpoints would: a batch ends when its slowest endpoint has answered.
"""

import json
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.act.deliver import FAST_LANE, SLOW_LANE, Lane
from app.act.happenings import tell
from app.act.subscribe import NewSubscription, create_subscription
from app.channels.contract import Endpoint, Sender, open_endpoint
from app.clock import SystemClock
from app.domain.actor import OPERATOR
from app.domain.happenings import Happening
from app.log import configure_logs
from app.outbound.guard import Guard
from app.outbound.networks import read_networks
from app.settings import Settings
from app.store.migrate import upgrade_schema
from app.store.session import Database

EVENTS, PAUSE_S, IDLE_S, PATIENCE_S = 200, 0.25, 0.02, 120.0


@dataclass
class Tools:
    """What the stations need of a process."""

    secret_key: str = secrets.token_hex(16)
    guard: Guard = field(default_factory=lambda: Guard(read_networks("127.0.0.0/8")))

    def open_endpoint(self, kind: str, endpoint: Endpoint) -> Sender:
        """As the runtime does."""
        return open_endpoint(Settings(), kind, endpoint)


class Arrivals:
    """A healthy endpoint: notes when each event arrives."""

    def __init__(self) -> None:
        """Listen."""
        self.at: dict[int, float] = {}
        arrivals = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                arrivals.at.setdefault(body["data"]["number"], time.perf_counter())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"


def main() -> None:
    """Run the three and print them."""
    configure_logs("ERROR", "text")
    print(f"{'endpoints':<34}{'stations':<12}{'arrived':>8}{'p50 ms':>9}{'p99 ms':>9}{'worst ms':>10}")
    with socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        others = [f"http://127.0.0.1:{silent.getsockname()[1]}/", "http://127.0.0.1:1025/"]
        for label, urls, lanes in (
            ("healthy alone", [], [(FAST_LANE,), (SLOW_LANE,)]),
            ("healthy, silent and refusing", others, [(FAST_LANE,), (SLOW_LANE,)]),
            ("healthy, silent and refusing", others, [(FAST_LANE, SLOW_LANE)]),
        ):
            waits = sorted(run(urls, lanes))
            words = "two lanes" if len(lanes) > 1 else "one for all"
            spread = [waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.99)]
            print(f"{label:<34}{words:<12}{len(waits):>8}{spread[0]:>9.0f}{spread[1]:>9.0f}{waits[-1] * 1000:>10.0f}")


def run(others: list[str], threads: list[tuple[Lane, ...]]) -> list[float]:
    """Seconds from commit to arrival of each event at the healthy endpoint."""
    arrivals, clock, tools, stop = Arrivals(), SystemClock(), Tools(), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        upgrade_schema(database.engine)
        with database.writing() as session:
            for url in (arrivals.url, *others):
                new = NewSubscription("x", "webhook", url)
                create_subscription(session, clock.now(), OPERATOR, new, tools.secret_key)
        workers = [
            threading.Thread(target=serve, args=(database, lanes, tools, clock.now, stop), daemon=True)
            for lanes in threads
        ]
        for worker in workers:
            worker.start()
        committed = {}
        for number in range(EVENTS):
            with database.writing() as session:
                tell(session, clock.now(), Happening.CLOSED, f"action_item:{number}", number=number)
            committed[number] = time.perf_counter()
            time.sleep(PAUSE_S)
        ends_at = time.perf_counter() + PATIENCE_S
        while len(arrivals.at) < EVENTS and time.perf_counter() < ends_at:
            time.sleep(IDLE_S)
        stop.set()
        for worker in workers:
            worker.join()
        database.dispose()
    arrivals.server.shutdown()
    return [arrived - committed[number] for number, arrived in arrivals.at.items()]


def serve(
    database: Database, lanes: tuple[Lane, ...], tools: Tools, now: Callable[[], datetime], stop: threading.Event
) -> None:
    """What a worker does for one station: claim, work, record, until it is told to stop."""
    while not stop.is_set():
        idle = True
        for lane in lanes:
            with database.writing() as session:
                batch = lane.claim(session, now())
            if batch is not None:
                idle = False
                outcome = lane.work(batch, tools)
                with database.writing() as session:
                    lane.record(session, now(), outcome)
        if idle:
            time.sleep(IDLE_S)


if __name__ == "__main__":
    main()
