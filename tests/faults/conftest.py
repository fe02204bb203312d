import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.engine.schema import migrate_engine

PATIENCE = 120


class Service:
    """A service in a process of its own, which can be killed, stopped and started again."""

    def __init__(self, folder, database_url):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.marker = folder / "died"
        self._log = folder / "service.log"
        self._environment = os.environ | {
            "CLOSELOOP_DATA_DIR": str(folder),
            "CLOSELOOP_PORT": str(self.port),
            "CLOSELOOP_SECRET_KEY": "a secret for tests that is long enough",
            "CLOSELOOP_OUTBOUND_ALLOW": "127.0.0.0/8",
            "OMP_NUM_THREADS": "1",
        }
        if not database_url.startswith("sqlite"):
            self._environment["CLOSELOOP_DATABASE_URL"] = database_url
        self.process = None

    def start(self, stage="none"):
        """Start it and wait until it answers."""
        script = Path(__file__).with_name("service.py")
        command = [sys.executable, str(script), str(self.marker), stage]
        with self._log.open("a") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        self.wait_for(self._answers, "it does not answer")

    def client(self, token=""):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers)

    def stop(self, number=signal.SIGTERM):
        """Send a signal and wait for its end; gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def wait_for(self, true, what):
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"{what}\n{self.told()[-4000:]}"
            time.sleep(0.05)

    def told(self):
        return self._log.read_text()

    def _answers(self):
        assert self.process.poll() is None, self.told()[-4000:]
        try:
            with self.client() as client:
                return client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def service(tmp_path, database, database_url):
    """A service on the test's database; not started."""
    migrate_engine(database)
    service = Service(tmp_path, database_url)
    yield service
    if service.process is not None and service.process.poll() is None:
        service.process.kill()
        service.process.wait(PATIENCE)
