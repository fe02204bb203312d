"""The long-running process: sets itself up on a fresh folder, says how it is, and stops when asked."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest


@pytest.fixture
def served(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = os.environ | {"CLOSELOOP_DATA_DIR": str(tmp_path / "data"), "OMP_NUM_THREADS": "1"}
    code = "from app.cli.entry import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process, httpx.Client(base_url=f"http://127.0.0.1:{port}")
    if process.poll() is None:
        process.kill()
    process.communicate()


def wait_for(client, path):
    for _ in range(600):
        try:
            return client.get(path)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service does not answer")


def test_serving_an_empty_folder_is_enough(served):
    process, client = served
    with client:
        assert wait_for(client, "/healthz").json() == {"status": "alive"}
        ready = client.get("/readyz")
        metrics = client.get("/metrics").text
        refused = client.get("/v1/feedback")
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)

    assert ready.status_code == 200
    assert ready.json()["ready"] is True
    assert "closeloop_workers 1.0" in metrics
    assert 'closeloop_http_requests_total{method="GET",route="/readyz",status="200"} 1.0' in metrics
    assert refused.status_code == 401
    assert process.returncode == 0
    assert "voc_live_" in told
    assert "Traceback" not in told


ARENAS = """
import ctypes, sys, threading
from app.memory import share_arenas

libc = ctypes.CDLL(None)
if not hasattr(libc, "malloc_info"):
    sys.exit("no glibc")
share_arenas()
ready = threading.Barrier(13)

def take():
    libc.malloc(1 << 16)
    ready.wait()

threads = [threading.Thread(target=take) for _ in range(12)]
for thread in threads:
    thread.start()
ready.wait()
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.parametrize(("environ", "arenas"), [({}, 2), ({"MALLOC_ARENA_MAX": "5"}, 5)])
def test_threads_share_their_memory_unless_the_operator_says_otherwise(environ, arenas):
    told = subprocess.run(
        [sys.executable, "-c", ARENAS], capture_output=True, text=True, check=False, env=os.environ | environ
    )
    if "no glibc" in told.stderr:
        pytest.skip("only glibc has arenas to count")
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("<heap nr=") == arenas
