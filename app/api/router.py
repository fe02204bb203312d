"""Puts the REST edge on an application: what surrounds all routes, and the routes."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, FastAPI

from app.access.machines import open_machines
from app.access.secret import derive_key, read_secret
from app.api import (
    action_items,
    alerts,
    audit,
    changes,
    classify,
    connectors,
    contact,
    corrections,
    coverage,
    curation,
    customers,
    deliveries,
    designs,
    dispatches,
    explanations,
    exposures,
    feedback,
    forecast,
    hooks,
    impact_files,
    imports,
    intake,
    item_actions,
    keys,
    me,
    model,
    notices,
    owners,
    pausing,
    people,
    pulls,
    quality,
    reference,
    relabelling,
    sources,
    subscriptions,
    taxonomy,
    theme_search,
    themes,
    trends,
    users,
)
from app.api.deps import EdgeRuntime
from app.api.edge import Edge
from app.api.openapi import ADDRESS, install_openapi
from app.api.problems import install_problems
from app.api.quotas import Quotas
from app.ingest.beside import BulkReader

RESOURCES: tuple[APIRouter, ...] = (
    intake.router,
    intake.bulk_router,
    imports.router,
    feedback.router,
    classify.router,
    hooks.router,
    sources.router,
    connectors.router,
    pulls.router,
    deliveries.router,
    owners.router,
    reference.router,
    contact.router,
    taxonomy.router,
    relabelling.router,
    trends.router,
    corrections.router,
    explanations.router,
    quality.router,
    model.router,
    coverage.router,  # before the themes: its address looks like one of theirs
    theme_search.router,
    themes.router,
    curation.router,
    alerts.router,
    action_items.router,
    item_actions.router,
    pausing.router,
    changes.router,
    customers.router,
    designs.router,
    impact_files.router,
    forecast.router,
    exposures.router,
    people.router,
    keys.router,
    users.router,
    notices.router,
    me.router,
    subscriptions.router,
    dispatches.router,
    audit.router,
)


def make_app(runtime: EdgeRuntime, **options: object) -> FastAPI:
    """An application without routes but with everything that surrounds them; `options` go to FastAPI (lifespan).

    Raises:
        AppError: The secret key is too short or cannot be kept.
    """
    address = ADDRESS if runtime.settings.show_docs else None
    app = FastAPI(openapi_url=address, docs_url=None, redoc_url=None, redirect_slashes=False, **options)  # type: ignore[arg-type]
    prepare(app, runtime)
    return app


def prepare(app: FastAPI, runtime: EdgeRuntime) -> None:
    """Put problems, request ids, headers, logs, cursors and the OpenAPI document on `app`."""
    app.router.redirect_slashes = False  # a redirect counts as a failure with the senders of webhooks
    app.state.runtime = runtime
    app.state.readers = None  # a process that has the model sets it
    app.state.stopping = lambda: False  # a server that can be told to stop sets it
    app.state.secret_key = read_secret(runtime.settings)
    app.state.machines = open_machines(runtime.settings)
    app.state.cursor_key = derive_key(app.state.secret_key, "cursors")
    app.state.quotas = Quotas(runtime.settings.requests_per_minute)
    app.state.bulks = BulkReader()
    app.state.hook_quotas = Quotas(runtime.settings.deliveries_per_minute)
    install_problems(app)
    install_openapi(app, _version())
    app.add_middleware(Edge)


def include_routers(app: FastAPI) -> None:
    """Add every resource under /v1."""
    for router in RESOURCES:
        app.include_router(router)


def _version() -> str:
    try:
        return version("closeloop")
    except PackageNotFoundError:
        return "0"
