"""The OpenAPI document: what the routes say, and what holds for all of them, said once."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.once import HEADER as ONCE
from app.api.problems import MEDIA_TYPE, TITLES, TYPES, Problem

ADDRESS = "/v1/openapi.json"

_SUMMARY = "Customer feedback in; process fixes with an owner, a deadline and a verdict out."
_DESCRIPTION = f"""\
Every refusal is an RFC 9457 problem document (`{MEDIA_TYPE}`) with a stable `code`, explained at {TYPES}.

Times are RFC 3339 with a zone. Enums are open: later releases may add values. Lists are pages: follow `next`.
Fields that are null are unknown. Changes to action items carry the version you saw, as `If-Match` or in the body.
"""
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head"})
_ALWAYS = (400, 422, 500, 503)
_BEHIND_A_KEY = (401, 403, 429)
_WITH_A_BODY = (413, 415)
_SCHEMAS = "#/components/schemas/"
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")


def declare(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Refusals of one route that do not follow from its shape (409, 412, 428, 429); the rest is added by itself."""
    return {status: {"description": TITLES[status]} for status in statuses}


def install_openapi(app: FastAPI, version: str) -> None:
    """Have `app` describe its /v1 routes."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, version)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # the framework's documented way


def _describe(app: FastAPI, version: str) -> dict[str, Any]:
    document = get_openapi(
        title="Closeloop", version=version, summary=_SUMMARY, description=_DESCRIPTION, routes=app.routes
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template=_SCHEMAS + "{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                _declare_problems(operation["responses"], _statuses(path, operation))
                _say_absent(operation.get("parameters", []))
    return document


def _say_absent(parameters: list[dict[str, Any]]) -> None:
    # A parameter without a value is left out; there is no way to write null in an address or a header.
    for parameter in parameters:
        schema = parameter["schema"]
        kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
        if len(kinds) == 1:
            schema |= kinds[0]
        elif kinds:
            schema["anyOf"] = kinds


def _statuses(path: str, operation: dict[str, Any]) -> Iterable[int]:
    yield from _ALWAYS
    if operation.get("security"):
        yield from _BEHIND_A_KEY
    if "{" in path:
        yield 404
    if "requestBody" in operation:
        yield from _WITH_A_BODY
    if any(each["name"] == ONCE for each in operation.get("parameters", ())):
        yield 409
    yield from (int(status) for status in operation["responses"] if status.isdigit() and int(status) >= 400)  # noqa: PLR2004 - where refusals begin


def _declare_problems(responses: dict[str, Any], statuses: Iterable[int]) -> None:
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}
    for status in sorted(set(statuses)):
        responses[str(status)] = {"description": TITLES[status], "content": content}
