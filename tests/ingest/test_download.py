"""The one request that we send to a sender's API: bounded, direct, and never to an address inside."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.connectors.contract import Pull
from app.errors import AppError
from app.ingest.download import MOST_BYTES, Downloaded, download
from app.outbound.guard import Guard
from app.outbound.networks import read_networks

HERE = Guard(read_networks("127.0.0.0/8"))


class _Api(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.path.strip("/")
        if asked == "moved":
            self.send_response(302)
            self.send_header("Location", "/thing")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"x" * (MOST_BYTES + 1) if asked == "endless" else self.headers["Authorization"].encode()
        self.send_response(200 if asked in {"thing", "endless"} else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Keep the test's output quiet."""


@pytest.fixture
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield lambda path: Pull(f"http://127.0.0.1:{server.server_port}/{path}", {"Authorization": "Bearer t0ken"})
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_answer_comes_back_as_it_is(api, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert download(api("thing"), HERE) == Downloaded(b"Bearer t0ken", "application/json")


@pytest.mark.parametrize(("path", "told"), [("moved", "302"), ("gone", "503"), ("endless", "bytes")])
def test_nothing_else_than_one_whole_answer_counts(api, path, told):
    with pytest.raises(AppError, match=told) as refusal:
        download(api(path), HERE)
    assert refusal.value.code == "pull_failed"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest",
        "https://10.1.2.3/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://0/x",
        "https://2130706433/x",
    ],
)
def test_an_address_inside_is_refused(url):
    with pytest.raises(AppError) as refusal:
        download(Pull(url, {}), Guard())
    assert refusal.value.code == "pull_refused"
    assert url not in refusal.value.message
