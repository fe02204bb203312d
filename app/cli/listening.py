"""How HTTP is read off the wire: what the server library leaves open is bounded here."""

import asyncio
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from app.api.problems import MEDIA_TYPE, problem_of
from app.errors import AppError, Kind

LARGEST_HEAD = 80 * 1024
"""Bytes of a request line and headers."""

_LINGER_S = 2.0
_BOTH = {b"content-length", b"transfer-encoding"}


class StrictConnection(h11.Connection):
    """Reads requests; refuses those that two servers on the way could read differently, and huge ones.

    Attributes:
        refusal: The status that the last refused request deserves.
    """

    refusal: int = HTTPStatus.BAD_REQUEST

    def next_event(self) -> Any:  # noqa: ANN401 - as the library has it
        """The next part of the request.

        Raises:
            RemoteProtocolError: It is none that we take.
        """
        try:
            event = super().next_event()
            if isinstance(event, h11.Request):
                _check(event)
        except h11.RemoteProtocolError as error:
            too_large = error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.refusal = error.error_status_hint if too_large else HTTPStatus.BAD_REQUEST
            raise
        return event


class PatientProtocol(H11Protocol):
    """The server library's protocol with an end to its patience: it never waits for a client for ever.

    Attributes:
        head_seconds: How long a client may take for the head of a request, from its first byte or from connecting on.
    """

    head_seconds = 10.0

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - the library's
        """As the library; with the strict reader."""
        super().__init__(*arguments, **named)
        self.conn = StrictConnection(h11.SERVER, LARGEST_HEAD)
        self._head_due: asyncio.TimerHandle | None = None
        self._lingers = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The clock runs from the first moment: a client may never send anything."""
        super().connection_made(transport)  # type: ignore[arg-type]  # it is narrower there
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._have_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; half a head must be whole in time."""
        if self._lingers:
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._expect_head()
        else:
            self._have_head()

    def on_response_complete(self) -> None:
        """Answered; a client that goes on sending what nobody reads is not listened to for long."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(_LINGER_S, self._body_overdue, self.cycle)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request with a problem document, and close."""
        self._refuse(int(self.conn.refusal), msg)  # type: ignore[attr-defined]  # it is our own connection

    def _expect_head(self) -> None:
        if self._head_due is None:
            self._head_due = self.loop.call_later(self.head_seconds, self._head_overdue)

    def _have_head(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _head_overdue(self) -> None:
        self._head_due = None
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            return
        if self.conn.trailing_data[0]:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The head of the request did not arrive in time.")
        else:
            self.transport.close()

    def _body_overdue(self, answered: RequestResponseCycle) -> None:
        if self.cycle is answered and self.conn.their_state is h11.SEND_BODY:
            self.transport.close()

    def _refuse(self, status: int, message: str) -> None:
        self._have_head()
        self._unset_keepalive_if_required()
        error = AppError(Kind.BAD_REQUEST, _CODES.get(status, "bad_http"), message)
        titled = {"title": HTTPStatus(status).phrase, "status": status}
        body = json.dumps(problem_of(error) | titled | {"instance": f"urn:request:{uuid4().hex}"}).encode()
        headers = [
            ("Content-Type", MEDIA_TYPE),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
        response = h11.Response(status_code=status, headers=headers, reason=HTTPStatus(status).phrase)
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self._linger()

    def _linger(self) -> None:
        """Close once the client has had the time to read: closing at once would take our answer away from it."""
        self._lingers = True
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)


_CODES: dict[int, str] = {
    HTTPStatus.REQUEST_TIMEOUT: "request_too_slow",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "head_too_large",
}


def _check(request: h11.Request) -> None:
    names = [name for name, _ in request.headers]
    if set(names) >= _BOTH or names.count(b"transfer-encoding") > 1:
        raise h11.RemoteProtocolError("Content-Length and Transfer-Encoding exclude each other", HTTPStatus.BAD_REQUEST)
    if _size(request.headers) + len(request.target) > LARGEST_HEAD:
        raise h11.RemoteProtocolError("Head too large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _size(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)
