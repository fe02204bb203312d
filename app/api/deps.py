"""What a route asks for: who asks, what time it is, and one transaction. The only file of the edge that opens one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Protocol, cast

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.clock import Clock
from app.domain.actor import Actor, Scope
from app.errors import AppError, Kind
from app.settings import Settings
from app.store.session import Database

LARGEST_ID = 2**63 - 1

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""An id in the address; whatever fits in the database, so that no id is a failure."""

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


def _read(request: Request) -> Iterator[Session]:
    with runtime_of(request).database.reading() as session:
        yield session


def _write(request: Request) -> Iterator[Session]:
    # The transaction begins with the first statement, in the thread of the endpoint: if it began here, or in another
    # dependency, forty waiting writers could hold all threads while the one that has the lock waits for a thread.
    with runtime_of(request).database.writing() as session:
        yield session


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
        actor = actor_from(request)
        if not any(actor.may(scope) for scope in self._scopes):
            names = " or ".join(f"`{scope}`" for scope in self._scopes)
            message = f"Your key does not have the scope that this needs: {names}. Ask an administrator for one."
            raise AppError(Kind.FORBIDDEN, "scope_missing", message)
        return actor


SecretKey = Annotated[str, Depends(_secret_key)]
Now = Annotated[datetime, Depends(_now)]
Reading = Annotated[Session, Depends(_read, scope="function")]
Writing = Annotated[Session, Depends(_write, scope="function")]
"""The request's transaction: committed before the answer leaves, so that a 2xx is never a promise about nothing."""

Ingester = Annotated[Actor, Depends(Needs(Scope.INGEST_WRITE))]
Reader = Annotated[Actor, Depends(Needs(Scope.ITEMS_READ, Scope.ANALYST))]
Doer = Annotated[Actor, Depends(Needs(Scope.ITEMS_WRITE, Scope.ANALYST))]
Analyst = Annotated[Actor, Depends(Needs(Scope.ANALYST))]
Admin = Annotated[Actor, Depends(Needs(Scope.ADMIN))]
IngesterOrAnalyst = Annotated[Actor, Depends(Needs(Scope.INGEST_WRITE, Scope.ANALYST))]
