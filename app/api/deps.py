"""What a route asks for: who asks, what time it is, and one transaction. The only file of the edge that opens one."""

import functools
import inspect
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from contextvars import ContextVar
from datetime import datetime
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.api.once import Once, alone, describe_key, read_claim, require_key
from app.clock import Clock
from app.domain.actor import Actor, Scope
from app.errors import AppError, Kind
from app.settings import Settings
from app.store.session import Database


class _Transactions(ExitStack):
    """What is open for one request.

    Attributes:
        once: For a request under an idempotency key.
    """

    once: Once | None = None


_transactions: ContextVar[_Transactions] = ContextVar("transactions")

LARGEST_ID = 2**53 - 1
"""The largest whole number that every JSON reader keeps digit for digit."""

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""An id in the address."""

BEARER = HTTPBearer(
    scheme_name="api_key",
    bearerFormat="voc_live_<id>_<secret>",
    description="An API key, `Authorization: Bearer voc_live_...`; made with `closeloop key create` or POST /v1/keys.",
    auto_error=False,
)


class EdgeRuntime(Protocol):
    """What the edge needs of the process around it; app/runtime.py has it."""

    @property
    def settings(self) -> Settings:
        """What the operator set."""

    @property
    def database(self) -> Database:
        """Where transactions come from."""

    @property
    def clock(self) -> Clock:
        """Who knows the time."""


def runtime_of(request: Request) -> EdgeRuntime:
    """The process's runtime, as `prepare` put it on the application."""
    return cast("EdgeRuntime", request.app.state.runtime)


def now_of(request: Request) -> datetime:
    """The one instant at which this whole request happens."""
    now = getattr(request.state, "now", None)
    if now is None:
        now = request.state.now = runtime_of(request).clock.now()
    return cast("datetime", now)


def actor_from(request: Request) -> Actor:
    """Who asks; the route has checked the key before."""
    return cast("Actor", request.state.actor)


# Async, because they only hand over what is there: a trip to a thread would cost more than they do.


async def _now(request: Request) -> datetime:
    return now_of(request)


async def _secret_key(request: Request) -> str:
    return cast("str", request.app.state.secret_key)


async def _read(request: Request) -> Session:
    return _transactions.get().enter_context(runtime_of(request).database.reading())


async def _write(request: Request, response: Response) -> Session:
    transactions, claim = _transactions.get(), read_claim(request)
    if claim is not None:
        transactions.enter_context(alone(claim))  # until after the commit
    session = transactions.enter_context(runtime_of(request).database.writing())
    if claim is not None:
        transactions.once = Once(claim, request, response, session, now_of(request))
    return session


class TransactionRoute(APIRoute):
    """A route whose transactions begin and end inside its endpoint: one trip to one thread.

    The framework's own way (a generator as dependency) keeps a transaction open while the answer waits for another
    thread to be serialised in. Sixty requests at once then stand still: those who hold a connection or SQLite's write
    lock wait for a thread, and all threads are held by those who wait for a connection or the lock (measured).

    The session that a dependency hands over has not begun: it does so with its first statement, in the endpoint. When
    the endpoint returns it is committed, before the answer leaves; when it raises it is rolled back.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - the framework's
        """Wrap the endpoint; `async` ones get no transaction: they would run statements on the event loop."""
        waits = inspect.iscoroutinefunction(endpoint)
        super().__init__(path, endpoint if waits else _within_transactions(endpoint), **options)
        calls = set(_calls(self.dependant))
        if waits and calls & {_read, _write}:
            raise TypeError(f"{endpoint.__name__} must be a plain function")
        if "POST" in (self.methods or ()) and _write in calls and any(isinstance(call, Needs) for call in calls):
            self.openapi_extra = describe_key(self.openapi_extra or {}, required=require_key in calls)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give every request a place of its own for its transactions."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            with _Transactions() as transactions:  # empty again, unless the endpoint was never called
                token = _transactions.set(transactions)
                try:
                    return await handler(request)
                finally:
                    _transactions.reset(token)

        return handle


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)


def _within_transactions(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the endpoint takes and gives
        with _transactions.get() as transactions:
            if transactions.once is not None:
                return transactions.once.run(lambda: endpoint(*arguments, **named))
            return endpoint(*arguments, **named)

    return call


async def in_transaction(request: Request, response: Response, work: Callable[[Session], Response]) -> Response:
    """For an `async` endpoint: run `work` in a thread, in a write transaction and under the request's idempotency key.

    Args:
        request: The request.
        response: Where the endpoint sets status and headers.
        work: What an endpoint that asks for a transaction would do.
    """
    session = await _write(request, response)
    return cast("Response", await run_in_threadpool(_within_transactions(work), session))


class Needs:
    """Lets an actor through who holds one of the scopes."""

    def __init__(self, *scopes: Scope) -> None:
        """Name the scopes; any one of them is enough, and `admin` always is."""
        self._scopes = scopes

    async def __call__(
        self, request: Request, _key: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
    ) -> Actor:
        """The actor.

        Raises:
            AppError: They hold none of the scopes.
        """
        return self.check(request)

    def check(self, request: Request) -> Actor:
        """The actor of a request whose key was checked; raises as a dependency on it does."""
        actor = actor_from(request)
        if not any(actor.may(scope) for scope in self._scopes):
            names = " or ".join(f"`{scope}`" for scope in self._scopes)
            message = f"Your key does not have the scope that this needs: {names}. Ask an administrator for one."
            raise AppError(Kind.FORBIDDEN, "scope_missing", message)
        return actor


SecretKey = Annotated[str, Depends(_secret_key)]
Now = Annotated[datetime, Depends(_now)]
Reading = Annotated[Session, Depends(_read)]
Writing = Annotated[Session, Depends(_write)]
"""The request's transaction: committed before the answer leaves, so that a 2xx is never a promise about nothing."""

INGEST = Needs(Scope.INGEST_WRITE)
Ingester = Annotated[Actor, Depends(INGEST)]
Reader = Annotated[Actor, Depends(Needs(Scope.ITEMS_READ, Scope.ANALYST))]
Doer = Annotated[Actor, Depends(Needs(Scope.ITEMS_WRITE, Scope.ANALYST))]
Analyst = Annotated[Actor, Depends(Needs(Scope.ANALYST))]
Admin = Annotated[Actor, Depends(Needs(Scope.ADMIN))]
IngesterOrAnalyst = Annotated[Actor, Depends(Needs(Scope.INGEST_WRITE, Scope.ANALYST))]
