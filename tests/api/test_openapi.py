import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator

from app.api.openapi import ADDRESS
from app.api.router import RESOURCES

METHODS = {"get", "put", "post", "delete", "patch", "head"}


@pytest.fixture
def document(client):
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def operations(document):
    return {
        (method.upper(), path): operation
        for path, found in document["paths"].items()
        for method, operation in found.items()
        if method in METHODS
    }


def test_t76_the_document_describes_exactly_the_routes(operations):
    routes = {
        (method, route.path_format)
        for router in RESOURCES
        for route in router.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods
    }
    described = {key for key in operations if key[1].startswith("/v1")}
    assert described == routes


def test_every_operation_has_a_name_of_its_own(operations):
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names), names
    assert all(operation["summary"] and operation["tags"] for operation in operations.values())


def test_t76_every_route_wants_a_key_but_the_hooks(operations):
    open_routes = {path for (_, path), operation in operations.items() if not operation.get("security")}
    assert open_routes <= {"/v1/hooks/{source}"}


def test_every_refusal_is_declared_with_the_problem_schema(operations):
    for (_, path), operation in operations.items():
        refusals = {status: told for status, told in operation["responses"].items() if int(status) >= 400}
        wanted = {"400", "422", "500", "503"}
        wanted |= {"401", "403"} if operation.get("security") else set()
        wanted |= {"404"} if "{" in path else set()
        wanted |= {"413", "415"} if "requestBody" in operation else set()
        assert wanted <= refusals.keys(), (path, wanted - refusals.keys())
        for told in refusals.values():
            schema = told["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def test_the_problem_schema_is_true(document, client):
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    Draft202012Validator(schema).validate(client.get("/v1/keys").json())


def _walk(node):
    """Every object in a JSON document."""
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _walk(child)


def test_every_reference_leads_somewhere(document):
    schemas = document["components"]["schemas"]
    references = [node["$ref"] for node in _walk(document) if isinstance(node.get("$ref"), str)]
    assert references
    assert {reference.removeprefix("#/components/schemas/") for reference in references} <= schemas.keys()


def test_every_example_fits_its_schema(document):
    components = {"components": document["components"]}
    found = [
        (node, example)
        for schema in document["components"]["schemas"].values()
        for node in _walk(schema)
        if isinstance(node.get("examples"), list)
        for example in node["examples"]
    ]
    assert found
    for node, example in found:
        Draft202012Validator(node | components).validate(example)


def test_every_route_has_its_line_in_the_documents(operations):
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    lines = set(re.findall(r"^\| `([A-Z]+ [^`]+)` \|", page, flags=re.MULTILINE))
    assert lines == {f"{method} {path}" for method, path in operations}


def test_every_schema_has_a_name_that_generated_clients_can_use(document):
    names = document["components"]["schemas"]
    assert [name for name in names if "__" in name] == []
