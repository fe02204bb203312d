"""How long a healthy endpoint waits for its events while others are silent or refuse, beside one station for all.

python benchmarks/outbound.py

It takes about two minutes. Events happen four times a second for 25 seconds; each goes to a healthy endpoint, and in
two of three runs also to one that takes the connection and never answers (a time-out of 15 s each time) and to one that
refuses. Times are from the event's commit to its arrival, on SQLite with a flush to disk for each commit; the stations
run as in the pipeline. The baseline is one station over all endpoints, one delivery after another.
"""

import json
import secrets
import socket
import tempfile
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pydantic import SecretStr

from app.act.deliver import FAST_LANE, SLOW_LANE
from app.act.happenings import tell
from app.act.subscribe import NewSubscription, create_subscription
from app.clock import SystemClock
from app.domain.actor import OPERATOR
from app.domain.happenings import Happening
from app.log import configure_logs
from app.pipeline import STATIONS, Station, run_station
from app.runtime import Runtime, Tools
from app.settings import Settings
from app.store.migrate import upgrade_schema
from app.store.session import Database

EVENTS, PAUSE_S, IDLE_S, PATIENCE_S = 100, 0.25, 0.02, 120.0


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
        ours = [(station,) for station in STATIONS if station.module in {FAST_LANE, SLOW_LANE}]
        one = [tuple(replace(station, at_once=1) for (station,) in ours)]
        for label, urls, threads in (
            ("healthy alone", [], ours),
            ("healthy, silent and refusing", others, ours),
            ("healthy, silent and refusing", others, one),
        ):
            waits = sorted(run(urls, threads))
            words = "as shipped" if threads is ours else "one by one"
            spread = [waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.99)]
            print(f"{label:<34}{words:<12}{len(waits):>8}{spread[0]:>9.0f}{spread[1]:>9.0f}{waits[-1] * 1000:>10.0f}")


def run(others: list[str], threads: list[tuple[Station, ...]]) -> list[float]:
    """Seconds from commit to arrival of each event at the healthy endpoint."""
    arrivals, clock, stop = Arrivals(), SystemClock(), threading.Event()
    settings = Settings(secret_key=SecretStr(secrets.token_hex(16)), outbound_allow="127.0.0.0/8")
    tools = Tools(settings)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        upgrade_schema(database.engine)
        with database.writing() as session:
            for url in (arrivals.url, *others):
                new = NewSubscription("x", "webhook", url)
                create_subscription(session, clock.now(), OPERATOR, new, tools.secret_key)
        runtime = Runtime(settings, database, clock, tools)
        workers = [threading.Thread(target=serve, args=(runtime, stations, stop), daemon=True) for stations in threads]
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


def serve(runtime: Runtime, stations: tuple[Station, ...], stop: threading.Event) -> None:
    """What a worker does: run each station until nothing is due, again and again."""
    while not stop.is_set():
        if not sum(run_station(runtime, station, stopping=stop.is_set) for station in stations):
            time.sleep(IDLE_S)


if __name__ == "__main__":
    main()
