"""What surrounds every request: its id, its headers, one log line, and an answer even to failures nobody foresaw."""

import random
import re
import time
import traceback
from collections.abc import Iterable

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import answer_problem, unexpected
from app.log import get_logger

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_API = "/v1"
_ONE_YEAR = b"max-age=31536000"
_ALWAYS = {b"x-content-type-options": b"nosniff", b"referrer-policy": b"no-referrer"}
_ON_API = {
    b"cache-control": b"private, no-cache",
    b"vary": b"Authorization",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
_log = get_logger("api")


class Edge:
    """ASGI middleware around the whole service.

    It logs the route's template, never the address as sent: addresses hold personal data and hook tokens. A failure
    is logged as its type and its lines of code: messages of database errors hold the values of the statement.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else _drawn_id()
        scope.setdefault("state", {})["request_id"] = request_id
        begun, status = time.perf_counter(), 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _marked(message["headers"], _marks(scope, request_id))
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_marked)
            except Exception as error:  # noqa: BLE001 - the last resort: a failure must answer and be logged
                frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-8:]]
                _log.error("request_failed", error=type(error).__name__, frames=frames)
                if status:
                    raise _CutOffError from None
                request = Request(scope, receive)
                await answer_problem(request, unexpected(), 500)(scope, receive, send_marked)
            finally:
                _log.info("request", **_facts(scope, status, begun))


def _drawn_id() -> str:
    # Names lines of a log, guards nothing: reading the system's randomness lets another thread in between, for long.
    return f"{random.getrandbits(128):032x}"


class _CutOffError(Exception):
    """The answer broke off after it had begun; the server closes the connection."""


def _marks(scope: Scope, request_id: str) -> dict[bytes, bytes]:
    marks = {b"x-request-id": request_id.encode(), **_ALWAYS}
    if scope["app"].state.runtime.settings.base_url.startswith("https://"):
        marks[b"strict-transport-security"] = _ONE_YEAR
    standing = scope["state"].get("standing")
    if standing:
        marks |= {name.lower().encode(): value.encode() for name, value in standing.headers().items()}
    if scope["path"].startswith(_API):
        marks |= _ON_API
    return marks


def _marked(given: Iterable[tuple[bytes, bytes]], marks: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Headers with ours: what a route says of caching holds, and it may vary with more than we know."""
    kept = []
    for name, value in given:
        if name == b"cache-control":
            marks.pop(name, None)
        if name == b"vary" and name in marks:
            marks[name] = value + b", " + marks[name]
        elif name not in marks:
            kept.append((name, value))
    return [*kept, *marks.items()]


def _facts(scope: Scope, status: int, begun: float) -> dict[str, object]:
    actor = scope["state"].get("actor")
    return {
        "method": scope["method"] if scope["method"].isalpha() else "?",
        "route": scope["state"].get("route") or getattr(scope.get("route"), "path_format", "unmatched"),
        "status": status,
        "ms": round((time.perf_counter() - begun) * 1000, 1),
        "actor": actor.name if actor else None,
    }
