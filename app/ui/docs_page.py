"""`/docs`: the API's own description as a page, drawn here: it works without a network, without scripts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.openapi import ADDRESS
from app.errors import AppError, Kind
from app.ui.rendering import render

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "patch", "delete", "head")
_REF = "#/components/schemas/"


@router.get("/docs")
def show_docs(request: Request) -> Response:
    """Every operation with its parameters, bodies and answers.

    Raises:
        AppError: The operator hides them.
    """
    if request.app.openapi_url is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "The description of the API is not shown here.")
    document = request.app.openapi()
    tags: dict[str, list[dict[str, Any]]] = {}
    for operation in _operations(document):
        tags.setdefault(operation["tag"], []).append(operation)
    schemas = document.get("components", {}).get("schemas", {})
    return render(
        request,
        "docs.html",
        title=document["info"]["title"],
        version=document["info"]["version"],
        description=document["info"].get("description", ""),
        address=ADDRESS,
        tags=tags,
        schemas={name: _fields(schema) for name, schema in sorted(schemas.items())},
    )


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield _operation(method, path, methods[method])


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    bodies = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation.get("operationId", f"{method}-{path}"),
        "tag": (operation.get("tags") or ["other"])[0],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [
            {
                "name": each["name"],
                "where": each["in"],
                "needed": each.get("required", False),
                "type": _type(each.get("schema", {})),
                "words": each.get("description") or each.get("schema", {}).get("description", ""),
            }
            for each in operation.get("parameters", [])
        ],
        "bodies": [{"media": media, "schema": _type(body.get("schema", {}))} for media, body in bodies.items()],
        "example": _example(bodies),
        "answers": [
            {
                "status": status,
                "words": answer.get("description", ""),
                "schema": next((_type(body.get("schema", {})) for body in answer.get("content", {}).values()), ""),
            }
            for status, answer in sorted(operation.get("responses", {}).items())
        ],
    }


def _example(bodies: Mapping[str, Any]) -> str:
    for body in bodies.values():
        given = [body.get("example"), *body.get("schema", {}).get("examples", [])]
        given += [example.get("value") for example in body.get("examples", {}).values()]
        for example in given:
            if example:
                return json.dumps(example, indent=2, ensure_ascii=False)
    return ""


def _fields(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    needed = set(schema.get("required", []))
    return [
        {"name": name, "needed": name in needed, "type": _type(part), "words": part.get("description", "")}
        for name, part in schema.get("properties", {}).items()
    ]


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: names of schemas, types and formats."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_type(part) for part in schema.get("anyOf") or schema["oneOf"])
    if "allOf" in schema:
        return " and ".join(_type(part) for part in schema["allOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")
