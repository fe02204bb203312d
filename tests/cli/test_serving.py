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
