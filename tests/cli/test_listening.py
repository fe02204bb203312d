"""What reaches the service over a real socket, byte by byte."""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import uvicorn

from app.access.keys import create_key
from app.api.router import include_routers, make_app
from app.cli import listening
from app.clock import SteppedClock
from app.domain.actor import OPERATOR, Scope
from app.settings import Settings
from app.store.session import Database

ITEM = json.dumps(
    {"external_id": "r", "medium": "chat", "occurred_at": "2026-09-01T00:00:00Z", "text": "late"}
).encode()


class Patience(listening.PatientProtocol):
    """As in the service, but with the patience of a test."""

    head_seconds = 0.3


@pytest.fixture
def serve(tmp_path, sqlite_template, now):
    """Serves the application; gives its address and a key."""
    path = tmp_path / "closeloop.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}", synchronous="NORMAL")
    with database.writing() as session:
        token = create_key(session, now, OPERATOR, name="wire", scopes={Scope.ADMIN})[1]

    @contextmanager
    def run(protocol=listening.PatientProtocol):
        settings = Settings(data_dir=tmp_path, secret_key="a secret for tests that is long enough")
        app = make_app(SimpleNamespace(settings=settings, database=database, clock=SteppedClock(now)))
        include_routers(app)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=protocol, ws="none", log_config=None, timeout_keep_alive=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield SimpleNamespace(address=listener.getsockname(), token=token)
        finally:
            server.should_exit = True
            thread.join(20)
            listener.close()

    yield run
    database.dispose()


@pytest.fixture
def served(serve):
    with serve() as service:
        yield service


def talk(service, *parts):
    """Send bytes, and give all that is answered until the service closes."""
    with socket.create_connection(service.address, timeout=20) as line:
        for part in parts:
            line.sendall(part)
        answer = b""
        while block := line.recv(65536):
            answer += block
    return answer


def head(service, *lines, target=b"/v1/feedback"):
    fields = [b"Host: x", b"Authorization: Bearer " + service.token.encode(), b"Content-Type: application/json", *lines]
    return b"POST " + target + b" HTTP/1.1\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


def problem(answer):
    top, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in top
    document = json.loads(body)
    assert document["status"] == status(answer)
    assert document["detail"]
    return document["code"]


def test_a_length_beside_chunks_is_refused_and_the_line_closed(served):
    smuggled = b"0\r\n\r\nGET /v1/keys HTTP/1.1\r\nHost: x\r\n\r\n"
    for fields in (
        (b"Content-Length: %d" % len(smuggled), b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        (b"Content-Length: 5", b"Content-Length: 6"),
    ):
        answer = talk(served, head(served, *fields) + smuggled)
        assert status(answer) == 400, fields
        assert problem(answer) == "bad_http"
        assert answer.count(b"HTTP/1.1") == 1


def test_a_length_that_is_none_is_a_400(served):
    for length in (b"-1", b"+5", b"5\x00", b"0x5", b"1e3", b"", b"5 5", b"9" * 30):
        assert status(talk(served, head(served, b"Content-Length: " + length))) in {400, 413}, length


def test_what_is_no_http_is_a_400(served):
    for line in (
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    ):
        assert problem(talk(served, line)) == "bad_http"


def test_a_header_of_100_kilobytes_is_a_431_in_one_piece_or_many(served):
    large = head(served, b"X-Much: " + b"x" * 100_000, b"Content-Length: 0")
    assert problem(talk(served, large)) == "head_too_large"
    assert problem(talk(served, *(large[at : at + 9_000] for at in range(0, len(large), 9_000)))) == "head_too_large"
    many = head(served, *(b"X-%d: x" % number for number in range(12_000)), b"Content-Length: 0")
    assert problem(talk(served, many)) == "head_too_large"
    answer = talk(served, head(served, b"X-Much: " + b"x" * 64_000, b"Content-Length: 0", b"Connection: close"))
    assert problem(answer) == "empty_body"


def test_t22_a_length_that_lies_stores_no_half_item(served):
    short = head(served, b"Content-Length: %d" % (len(ITEM) - 9), b"Connection: close") + ITEM
    assert status(talk(served, short)) == 400
    long = head(served, b"Content-Length: %d" % (len(ITEM) + 9), b"Connection: close") + ITEM
    with socket.create_connection(served.address, timeout=20) as line:
        line.sendall(long)
        line.shutdown(socket.SHUT_WR)
        assert status(line.recv(65536)) in {None, 400}
    listed = b"GET /v1/feedback HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n"
    assert b'"items":[]' in talk(served, listed % served.token.encode())


def test_half_a_head_is_told_and_closed_and_so_is_a_silent_line(serve):
    with serve(Patience) as service:
        assert talk(service) == b""
        for half in (b"POST /v1/feed", head(service)[:-2], b"G"):
            assert problem(talk(service, half)) == "request_too_slow"


def test_half_a_head_after_a_whole_request_is_closed_too(serve):
    with serve(Patience) as service:
        whole = b"GET /v1/keys HTTP/1.1\r\nHost: x\r\n\r\n"
        answer = talk(service, whole + b"GET /v1/ke")
        assert status(answer) == 401
        assert answer.count(b"HTTP/1.1") <= 2


def test_a_body_that_goes_on_after_the_answer_is_not_listened_to_for_ever(served):
    with socket.create_connection(served.address, timeout=20) as line:
        line.sendall(head(served, b"Content-Length: 900", b"Expect: 100-continue", target=b"/v1/nowhere"))
        assert status(line.recv(65536)) == 404
        line.sendall(b"x")
        while line.recv(65536):
            pass


def test_requests_one_after_the_other_on_one_line_are_all_answered(served):
    ask = head(served, b"Content-Length: %d" % len(ITEM)) + ITEM
    last = head(served, b"Content-Length: %d" % len(ITEM), b"Connection: close") + ITEM
    answer = talk(served, ask + ask + last)
    assert [int(part.split(b" ")[0]) for part in answer.split(b"HTTP/1.1 ")[1:]] == [202, 200, 200]


def test_two_hundred_lines_with_half_a_head_keep_nobody_out(served):
    lines = [socket.create_connection(served.address, timeout=20) for _ in range(200)]
    try:
        for line in lines:
            line.sendall(b"POST /v1/feedback HTTP/1.1\r\nHo")
        ask = head(served, b"Content-Length: %d" % len(ITEM), b"Connection: close") + ITEM
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: status(talk(served, ask)), range(40)))
    finally:
        for line in lines:
            line.close()
    assert set(answers) == {200, 202}
