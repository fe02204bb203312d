"""Puts the pages on an application."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from app.ui import (
    docs_page,
    impact_files,
    impact_pages,
    import_pages,
    item_pages,
    link_pages,
    oidc_pages,
    session_pages,
    topic_pages,
)
from app.ui.rendering import STATIC

PAGES = (
    session_pages.router,
    oidc_pages.router,
    link_pages.router,
    item_pages.router,
    impact_pages.router,
    topic_pages.router,
    import_pages.router,
    docs_page.router,
)
"""The routes that people reach with a browser."""


def install_pages(app: FastAPI) -> None:
    """Add the pages, their static files, and pages for refusals."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in (impact_files.machines, impact_files.people):  # before the page whose address is the shorter one
        app.include_router(router)
    for router in PAGES:
        app.include_router(router)
    app.state.error_page = session_pages.show_refusal
