"""From a template and values to a page, with the headers that every page carries."""

import hashlib
import re
from functools import cache
from pathlib import Path

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.ui.deps import HEADERS

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_visible,
    )
    environment.globals["css_version"] = hashlib.sha256((STATIC / "app.css").read_bytes()).hexdigest()[:8]
    return environment


def _visible(value: object) -> object:
    """Controls that turn the direction of a text can make it read as another one: they are shown by their names."""
    if isinstance(value, str) and _TURNS.search(value):
        shown = _TURNS.sub(lambda found: f"[U+{ord(found[0]):04X}]", value)
        return Markup(shown) if isinstance(value, Markup) else shown  # noqa: S704 - as safe as it was before
    return value


def render(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    """A page; every value is escaped unless it is `Markup` that this package built itself."""
    values = {"here": request.url.path, "said": "", **values}
    html = _environment().get_template(template).render(values)
    return Response(html, status, HEADERS, media_type="text/html")
