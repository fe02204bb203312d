"""From a template and values to a page, with the headers that every page carries."""

import hashlib
from functools import cache
from pathlib import Path

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.ui.deps import HEADERS

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals["css_version"] = hashlib.sha256((STATIC / "app.css").read_bytes()).hexdigest()[:8]
    return environment


def render(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    """A page; every value is escaped unless it is `Markup` that this package built itself."""
    values = {"here": request.url.path, "said": "", **values}
    html = _environment().get_template(template).render(values)
    return Response(html, status, HEADERS, media_type="text/html")
