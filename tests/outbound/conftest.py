import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Receiver:
    """A web server on this machine that keeps what it was sent and answers as its paths say."""

    def __init__(self, context=None):
        self.got, self.stopped, self.names = [], threading.Event(), []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                receiver._take(self)

            def do_POST(self):
                receiver._take(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # a client that cuts us off is what is tested
        if context is not None:
            context.sni_callback = lambda _socket, name, _context: self.names.append(name)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def _take(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.got.append((request.path, {name.lower(): value for name, value in request.headers.items()}, body))
        if request.path == "/moved":
            request.send_response(302)
            request.send_header("Location", f"http://127.0.0.1:{self.port}/inside")
            request.end_headers()
        elif request.path == "/endless-head":
            request.wfile.write(b"HTTP/1.1 200 OK\r\n")
            self._pour(request, b"x-padding: " + b"x" * 8_000 + b"\r\n", pause=0)
        elif request.path == "/dripping-head":
            request.wfile.write(b"HTTP/1.1 200 OK\r\nx-padding: ")
            self._pour(request, b"x", pause=0.02)
        else:
            request.send_response(int(request.path.strip("/")) if request.path.strip("/").isdigit() else 200)
            request.end_headers()
            if request.path == "/endless":
                self._pour(request, b"x" * 8_000, pause=0)
            elif request.path == "/dripping":
                self._pour(request, b"x", pause=0.02)
            else:
                request.wfile.write(b"secret of the inside")

    def _pour(self, request, part, pause):
        try:
            while not self.stopped.is_set():
                request.wfile.write(part)
                time.sleep(pause)  # the receiver is slow, not the test
        except OSError:
            pass


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def tls_receiver(certificate):
    receiver = Receiver(certificate[1])
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
def certificate(certificate_for):
    """For hooks.example: a client's context that trusts it, and a server's."""
    authority, server = certificate_for("hooks.example")
    return ssl.create_default_context(cafile=authority), server
