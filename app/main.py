"""The web application: REST edge, pages and probes on one runtime."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import anyio.to_thread
from fastapi import FastAPI

from app.access.oidc import open_provider
from app.api.health import Counted, install_health
from app.api.router import include_routers, make_app
from app.runtime import Runtime
from app.ui.pages import install_pages


class Background(Protocol):
    """Something that runs beside the application: the worker, where it shares the process."""

    def start(self) -> None:
        """Begin; may block while it boots."""

    def stop(self) -> None:
        """End in good order."""


def create_app(runtime: Runtime, background: Background | None = None) -> FastAPI:
    """The ASGI application; `background` starts before the first request and stops after the last.

    Raises:
        AppError: The secret key is too short or cannot be kept, or the settings of the identity provider do not fit.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # In threads: the engine's calls block, and refuse to run on an event loop.
        if background is not None:
            await anyio.to_thread.run_sync(background.start)
        try:
            yield
        finally:
            if background is not None:
                await anyio.to_thread.run_sync(background.stop)
            await anyio.to_thread.run_sync(app.state.bulks.close)

    app = make_app(runtime, lifespan=lifespan)
    # Only a process that works anyway carries the model; the others answer that they have none.
    app.state.readers = runtime.tools.readers if background is not None else None
    app.state.provider = open_provider(runtime.settings)
    include_routers(app)
    install_pages(app)
    install_health(app)
    app.add_middleware(Counted, registry=app.state.metrics)
    return app
