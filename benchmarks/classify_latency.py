"""`POST /v1/classify` with one text, warm, beside one bare encode of the same text and backend; the server's memory.

python benchmarks/classify_latency.py [texts.jsonl] [--requests 300]

Starts the real server (embedded database, the demo's company) in a folder of its own, keeps one connection open, and
takes turns: one request, one encode in this process. Prints medians, their ratio, and the memory of the server; then
sends the demo's comments, waits until they are read, and the sample of texts drawn from them, and measures both again.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import httpx

import app.demo
from app.demo.generator import list_feedback
from classifiers.embedders.encoder import Encoder

_CLI = [sys.executable, "-c", "from app.cli.entry import main; main()"]
_COMPANY = Path(app.demo.__file__).parent / "company.yaml"
_TEXTS = (
    "I was on hold for forty minutes and then the line dropped.",
    "The parcel came a day early, thank you!",
    "Nobody can tell me where my refund is.",
    "Your adviser was friendly, but I had to explain my problem three times.",
    "The app asks me to log in again every time I open it.",
)
_WARM = 30
_AT_ONCE = 500
_START_SECONDS, _READ_SECONDS = 90, 300

Ask = Callable[[str], object]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="?", help="JSON Lines with `text`")
    parser.add_argument("--requests", type=int, default=300)
    chosen = parser.parse_args()
    texts = _TEXTS if chosen.texts is None else [json.loads(line)["text"] for line in chosen.texts.open("utf-8")]
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        env = dict(os.environ, CLOSELOOP_DATA_DIR=folder, CLOSELOOP_PORT=str(port), CLOSELOOP_LOG_LEVEL="WARNING")
        made = subprocess.run([*_CLI, "init", "--json"], env=env, check=True, capture_output=True)
        key = json.loads(made.stdout)["admin_key"]
        subprocess.run([*_CLI, "apply", str(_COMPANY)], env=env, check=True, capture_output=True)
        server = subprocess.Popen([*_CLI, "serve"], env=env)
        try:
            _measure(server.pid, f"http://127.0.0.1:{port}", key, list(islice(cycle(texts), chosen.requests)))
        finally:
            server.terminate()
            server.wait(timeout=60)


def _measure(pid: int, url: str, key: str, texts: list[str]) -> None:
    encoder = Encoder(workers=1)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=_START_SECONDS) as client:
        _await(client)
        print(f"server with nothing loaded: {_mib(pid)} MiB")

        def ask(text: str) -> None:
            client.post("/v1/classify", json={"texts": [{"text": text}]}).raise_for_status()

        def encode(text: str) -> None:
            encoder.encode([text])

        print(f"backend {encoder.backend}, {len(texts)} requests, one text each, one connection; medians in ms")
        _take_turns(client, ask, encode, texts)
        print(f"server with the model: {_mib(pid)} MiB")
        comments = list(list_feedback(datetime.now(UTC).date()))
        for at in range(0, len(comments), _AT_ONCE):
            once = {"Idempotency-Key": f"comments-{at}"}
            client.post("/v1/feedback/bulk", json=comments[at : at + _AT_ONCE], headers=once).raise_for_status()
        _await_reading(client, len(comments))
        print(f"{len(comments):,} comments are read, {_drawn(client)} of them in the sample that topics are placed by")
        _take_turns(client, ask, encode, texts)
        print(f"server with the model and the sample: {_mib(pid)} MiB")


def _take_turns(client: httpx.Client, ask: Ask, encode: Ask, texts: list[str]) -> None:
    for text in texts[:_WARM]:
        ask(text)
        encode(text)
    asked, bare, idle = [], [], []
    for text in texts:
        asked.append(_timed(ask, text))
        bare.append(_timed(encode, text))
        idle.append(_timed(client.get, "/healthz"))
    ratios = [one / other for one, other in zip(asked, bare, strict=True)]
    print(f"  POST /v1/classify {statistics.median(asked):6.2f}")
    print(f"  one bare encode   {statistics.median(bare):6.2f}")
    print(f"  an empty request  {statistics.median(idle):6.2f}")
    print(f"  ratio             {statistics.median(ratios):6.2f}")


def _await_reading(client: httpx.Client, count: int) -> None:
    """Until everything was read, and read anew with a sample of it."""
    until = time.monotonic() + _READ_SECONDS
    while time.monotonic() < until:
        waiting = client.get("/v1/feedback", params={"state": "pending", "limit": 1}).raise_for_status().json()["items"]
        history = client.get("/v1/taxonomy").raise_for_status().json()["history"]
        if not waiting and _drawn(client) and history["state"] == "settled":
            return
        time.sleep(1)
    raise SystemExit(f"{count} comments were not read within {_READ_SECONDS} s")


def _drawn(client: httpx.Client) -> int:
    traffic = client.get("/v1/model").raise_for_status().json()["traffic"]
    return int(traffic["texts"]) if traffic else 0


def _await(client: httpx.Client) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        try:
            client.get("/healthz").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the server did not start")


def _timed(work: Ask, text: str) -> float:
    begun = time.perf_counter()
    work(text)
    return (time.perf_counter() - begun) * 1000


def _mib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


if __name__ == "__main__":
    main()
