"""Sends one request to an address that somebody typed in: checked, direct, bounded in time and in size."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpcore

from app.outbound.guard import Checked, Guard, NoAnswer
from app.outbound.networks import Address

SECONDS = 15.0
MOST_BYTES = 64 * 1024
MOST_HEAD_BYTES = 64 * 1024
"""Status line, headers and the like, beside the body."""

_CHUNK = 16 * 1024
_WHOLE_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent.

    Attributes:
        method: `GET` or `POST`.
        url: Where to, as somebody typed it in.
        headers: Beside `Host` and the length.
        body: Of a POST.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long everything together may take, from the name's look-up to the last byte, and how much may come back."""

    seconds: float = SECONDS
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: Its number; redirects are not followed.
        headers: Names in lower case.
        body: As much of it as the limits let through.
        whole: Whether that is all of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    @property
    def retry_after(self) -> timedelta | None:
        """What `Retry-After` asks for: seconds, or a date by the answer's own clock (RFC 9110, 10.2.3)."""
        asked = self.headers.get("retry-after", "")
        if _WHOLE_SECONDS.fullmatch(asked):
            return timedelta(seconds=int(asked))
        try:
            wait = parsedate_to_datetime(asked) - parsedate_to_datetime(self.headers.get("date", ""))
        except (TypeError, ValueError):
            return None
        return max(wait, timedelta(0))


_WITHIN = Limits()


def ask(guard: Guard, request: Request, limits: Limits = _WITHIN, tls: ssl.SSLContext | None = None) -> Answer:
    """Check the address and send one request to what was checked; proxies of the environment are not asked.

    Args:
        guard: What may be asked.
        request: What is sent.
        limits: An answer that goes beyond them is cut; one whose head does not come within them is none.
        tls: Whom to trust; by default the authorities of this machine.

    Raises:
        AppError: ``address_refused``.
        NoAnswer: Nothing usable came back.
    """
    ends_at = time.monotonic() + limits.seconds
    checked = guard.check(request.url)
    wire = _Wire(checked.addresses, ends_at, limits.most_bytes + MOST_HEAD_BYTES)
    context = tls or _trust()
    try:
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=wire, max_keepalive_connections=0) as pool,
            pool.stream(request.method, _url(checked), headers=_head(checked, request), content=request.body) as answer,
        ):
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            body, whole = _read(answer.iter_stream(), limits.most_bytes)
            return Answer(answer.status, headers, body, whole)
    except (httpcore.TimeoutException, TimeoutError):
        raise NoAnswer(f"no answer within {limits.seconds:g} s") from None
    except ssl.SSLError as error:
        raise NoAnswer(f"no secure connection ({error.reason or type(error).__name__})") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise NoAnswer(_cause(error)) from None


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _url(checked: Checked) -> httpcore.URL:
    target = checked.target
    return httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)


def _head(checked: Checked, request: Request) -> list[tuple[str, str]]:
    length = [("Content-Length", str(len(request.body)))] if request.method != "GET" else []
    own = [("Host", checked.target.host_header), ("User-Agent", "Closeloop"), ("Connection", "close"), *length]
    return [*own, *request.headers.items()]


def _read(parts: Iterable[bytes], most: int) -> tuple[bytes, bool]:
    body = bytearray()
    try:
        for part in parts:
            body += part
            if len(body) > most:
                return bytes(body[:most]), False
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, TimeoutError, OSError):
        return bytes(body), False
    return bytes(body), True


def _cause(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    if isinstance(cause, ssl.SSLError):
        return f"no secure connection ({cause.reason or type(cause).__name__})"
    return f"it cannot be reached ({type(cause).__name__})"


class _Wire(httpcore.NetworkBackend):
    """Connects to the checked addresses, whatever name it is given."""

    def __init__(self, addresses: tuple[Address, ...], ends_at: float, most_bytes: int) -> None:
        self._addresses, self._ends_at, self._most_bytes = addresses, ends_at, most_bytes
        self._system = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any) -> _Stream:  # noqa: ANN401, ARG002 - httpcore's own
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectTimeout()
        for number, address in enumerate(self._addresses):
            patience = _left(self._ends_at) / (len(self._addresses) - number)
            try:
                stream = self._system.connect_tcp(str(address), port, timeout=patience, socket_options=[])
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return _Stream(stream, self._ends_at, self._most_bytes)
        raise failure


class _Stream(httpcore.NetworkStream):
    """Ends for good at an instant, however the bytes drip, and after so many of them."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float, most_bytes: int) -> None:
        self._stream, self._ends_at, self._most_bytes = stream, ends_at, most_bytes

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - httpcore's own
        got = self._stream.read(min(max_bytes, _CHUNK), _left(self._ends_at))
        self._most_bytes -= len(got)
        if self._most_bytes < 0:
            raise httpcore.ReadError("more than was asked for")
        return got

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - httpcore's own
        for begin in range(0, len(buffer), _CHUNK):
            self._stream.write(buffer[begin : begin + _CHUNK], _left(self._ends_at))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - httpcore's own
    ) -> _Stream:
        secure = self._stream.start_tls(ssl_context, server_hostname, _left(self._ends_at))
        return _Stream(secure, self._ends_at, self._most_bytes)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own
        return self._stream.get_extra_info(info)


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left
