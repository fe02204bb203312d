"""Reads request bodies: who asks first, then how much, then in which form, and only then what it says."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from app.access.keys import PREFIX, actor_of, find_key, note_use, refused
from app.access.machines import Machines, actor_of_token
from app.api.deps import EdgeRuntime, TransactionRoute, now_of, runtime_of
from app.api.gate import Gate
from app.api.problems import field_problem
from app.api.quotas import spend
from app.domain.actor import Actor
from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.store.tables import ApiKey

DEADLINE_SECONDS = 12.0
"""How long a client may take to send its body, read or not."""

_SMALL = 64 * 1024  # above this, decoding would hold up other requests
_MOST_DRAINED = 64 * 1024 * 1024
_MOST_TOLD = 20
_JSON = "application/json"
_TOO_SLOW = "body_too_slow"
_KEY_MARK = b"voc_live_"


class StrictRequest(Request):
    """A request whose body was read and decoded by the strict reader; the framework then asks it for both."""

    raw: bytes | None = None
    decoded: Any = None

    async def body(self) -> bytes:
        """The raw body."""
        return await super().body() if self.raw is None else self.raw

    async def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """The decoded body."""
        return self.decoded


class OpenRoute(TransactionRoute):
    """A route that needs no API key: it checks by other means who sends."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            request.state.route = self.path_format
            try:
                check_address(request)
                await self.admit(request)
                return await self.answer(request) or await handler(request)
            except AppError as error:
                if error.code != _TOO_SLOW:
                    await drain_body(request)
                raise

        return handle

    async def admit(self, request: StrictRequest) -> None:
        """Let everybody in."""

    async def answer(self, request: StrictRequest) -> Response | None:  # noqa: ARG002 - for those who know an answer
        """The answer to a request that needs no help of the framework's; None: it has to find out what is asked for."""
        return None


class ApiRoute(OpenRoute):
    """A route that wants an API key and takes strict JSON only."""

    async def admit(self, request: StrictRequest) -> None:
        """Find out who asks; only then read and decode the body, where the route takes one.

        Raises:
            AppError: The key does not hold, or the body does not come as it should.
        """
        request.state.actor = await _find_actor(request)
        spend(request, request.app.state.quotas, request.state.actor.name)
        self._check_query(request)
        if self.body_field is None:
            return
        if not self.body_field.field_info.is_required() and not _has_body(request):
            request.raw = b""
        else:
            check_form(request, _JSON)
            body = await read_body(request, runtime_of(request).settings.max_body_bytes)
            request.decoded = await decode_body(body)

    def _check_query(self, request: Request) -> None:
        # A filter that is misspelt would otherwise silently be no filter.
        known = self._known_parameters
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            message = "There is no such parameter here. Look at the route in /v1/openapi.json"
            errors = [field_problem(("query", name), "unknown_parameter", message) for name in unknown[:_MOST_TOLD]]
            raise AppError(Kind.INVALID, "unknown_parameter", f"{message}.", errors=errors)

    @cached_property
    def _known_parameters(self) -> frozenset[str]:
        return frozenset(_query_names(self.dependant))


def _query_names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _query_names(each)


async def decode_body(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Decode strictly, in a thread of its own where it would take long.

    Raises:
        AppError: It is empty or no strict JSON.
    """
    if not body:
        raise AppError(Kind.BAD_REQUEST, "empty_body", "The request has no body. Send a JSON document.")
    return await run_in_threadpool(decode_json, body) if len(body) > _SMALL else decode_json(body)


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, if it is at most `limit` bytes and comes in time; also where its length was not announced.

    Raises:
        AppError: Too large, or too slow.
    """
    if announced_length(request) > limit:
        raise too_large(limit)
    parts, size = [], 0
    try:
        async with _in_time(request):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_large(limit)
                parts.append(part)
    except TimeoutError:
        message = f"The body did not arrive within {DEADLINE_SECONDS:.0f} seconds. Send it again, in smaller parts."
        raise AppError(Kind.BAD_REQUEST, _TOO_SLOW, message) from None
    body = b"".join(parts)
    if isinstance(request, StrictRequest):
        request.raw = body
    return body


def _in_time(request: Request) -> asyncio.Timeout:
    """One deadline for all that is read of one request."""
    if not hasattr(request.state, "deadline"):
        request.state.deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    return asyncio.timeout_at(request.state.deadline)


async def drain_body(request: Request) -> None:
    """Let a client finish sending what will not be read, within limits: one that is cut off sees no answer.

    A client that waits for `100 Continue` has sent nothing yet and is answered at once.
    """
    if not _has_body(request) or "expect" in request.headers or announced_length(request) > _MOST_DRAINED:
        return
    size = 0
    # It was read before, the client went away, or it is too slow: then there is nothing to wait for.
    with contextlib.suppress(RuntimeError, ClientDisconnect, TimeoutError):
        async with _in_time(request):
            async for part in request.stream():
                size += len(part)
                if size > _MOST_DRAINED:
                    return


def check_form(request: Request, *media_types: str) -> str:
    """The media type of the body, if it is one of those and neither compressed nor in another encoding.

    Raises:
        AppError: Another content type, charset or content encoding.
    """
    check_coding(request)
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    media_type, charset = media_type.strip().lower(), parameters.replace('"', "").strip().lower()
    if media_type not in media_types or charset not in {"", "charset=utf-8", "charset=utf8"}:
        message = f"Send the body as UTF-8 with `Content-Type: {' or '.join(media_types)}`."
        raise AppError(Kind.UNSUPPORTED_MEDIA, "unsupported_media_type", message)
    return media_type


def check_coding(request: Request) -> None:
    """Refuse compressed bodies: a small one can become a huge one.

    Raises:
        AppError: There is a content encoding.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        message = "Compressed bodies are not taken. Send the body as it is, without `Content-Encoding`."
        raise AppError(Kind.UNSUPPORTED_MEDIA, "compressed_body", message)


def check_address(request: Request) -> None:
    """Refuse addresses that no database and no log should see.

    Raises:
        AppError: There is an API key or a NUL in the address.
    """
    query, path = request.scope["query_string"], request.scope["path"]
    if _KEY_MARK in query:
        message = "An address is logged on its way: send the key as `Authorization: Bearer ...`, and replace this one."
        raise AppError(Kind.BAD_REQUEST, "key_in_address", message)
    if b"%00" in query or "\x00" in path:
        raise AppError(Kind.BAD_REQUEST, "nul_in_address", "The address has a NUL in it. Remove it.")


async def _find_actor(request: Request) -> Actor:
    runtime, now = runtime_of(request), now_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise refused()
    machines: Machines | None = request.app.state.machines
    if machines is not None and not token.startswith(PREFIX):
        return await run_in_threadpool(actor_of_token, machines, token.strip(), now)
    key = await _KEYS.store(runtime.database.reading, (token.strip(), now))
    if key.last_used_on != now.date():
        await run_in_threadpool(_note_use, runtime, now, key.id)
    return actor_of(key)


def _note_use(runtime: EdgeRuntime, now: datetime, key_id: int) -> None:
    with runtime.database.writing() as session:
        note_use(session, now, key_id)


def _find_keys(session: Session, group: Sequence[tuple[str, datetime]]) -> list[ApiKey | AppError]:
    told: dict[str, ApiKey | AppError] = {}
    for token, now in group:
        if token not in told:
            try:
                told[token] = find_key(session, now, token)
            except AppError as refusal:
                told[token] = refusal
    return [told[token] for token, _ in group]


_KEYS: Gate[tuple[str, datetime], ApiKey] = Gate(_find_keys)


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or announced_length(request) > 0


def announced_length(request: Request) -> int:
    """Bytes that the body is said to have; 0 where it is not said."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


def too_large(limit: int) -> AppError:
    """The refusal of a body of more than `limit` bytes."""
    message = f"The body is larger than the {limit:,} bytes that this route takes. Send it in parts."
    return AppError(Kind.TOO_LARGE, "body_too_large", message, limit_bytes=limit)
