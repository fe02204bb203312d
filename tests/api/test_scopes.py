"""Every route of the OpenAPI document against every scope, and against an owner who asks for what is another's.

What is allowed is read from the tables in docs/api.md, so that the page is true. A route without a line there fails.
"""

import re
from pathlib import Path

import pytest

from app.api.openapi import ADDRESS
from app.domain.actor import Scope

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
ROW = re.compile(r"^\| `([A-Z]+) (/v1/[^`]+)` \|.*\| ([^|]+) \|$", flags=re.MULTILINE)
METHODS = {"get", "put", "post", "delete", "patch", "head"}
OWNERS = {Scope.ITEMS_READ, Scope.ITEMS_WRITE}
TENANT = {"tenant_id": "2", "tenant": "2", "org_id": "2", "owner_id": "2"}


@pytest.fixture
def policy():
    """Which scopes the page gives each route; `admin` may do everything, and `analyst` what owners may."""
    found = {}
    for method, path, told in ROW.findall(PAGE.read_text(encoding="utf-8")):
        allowed = {Scope(word) for word in re.findall(r"`([a-z:]+)`", told)}
        found[method, path] = allowed | {Scope.ADMIN} | ({Scope.ANALYST} if allowed & OWNERS else set())
    return found


@pytest.fixture
def routes(client):
    """Every route of the document that wants a key."""
    paths = client.get(ADDRESS).json()["paths"]
    return [
        (method.upper(), path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in METHODS and operation.get("security")
    ]


@pytest.fixture
def keys(key_for):
    return {scope: key_for(scope) for scope in Scope}


def _ask(client, route, key, number="4711", **options):
    method, path = route
    path = re.sub(r"\{\w+\}", lambda found: number if found[0].endswith("_id}") else "nothing", path)
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"} | options.pop("headers", {})
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    body = options.pop("content", None if method in {"GET", "DELETE"} else "{}")
    return client.request(method, path, content=body, headers=headers, **options)


def test_t45_every_route_has_a_policy_and_every_policy_a_route(routes, policy):
    open_ones = {route for route in policy if "/hooks/" in route[1]}
    assert set(routes) == set(policy) - open_ones
    assert len(routes) > 80


def test_no_route_answers_without_a_key(client, routes, problem):
    for route in routes:
        problem(_ask(client, route, None), 401, "invalid_credentials")


def test_t44_t45_every_route_lets_in_whom_the_page_says_and_nobody_else(client, routes, policy, keys):
    for route in routes:
        for scope, key in keys.items():
            answer = _ask(client, route, key)
            assert answer.status_code < 500 or answer.json()["code"] == "no_model_here", (route, answer.text)
            assert (answer.status_code != 403) is (scope in policy[route]), (route, scope, answer.text)


def test_t40_t45_an_owner_finds_nothing_of_others_and_reaches_no_route_of_administrators(
    client, routes, policy, key_for, owners, world
):
    """Mira asks every route for Jonas's things, by their numbers; she may do nothing that is not an owner's."""
    mira = key_for(*OWNERS, owner_id=owners["mira"])
    own = {"owners", "processes", "topics"}
    for route in routes:
        kind = route[1].split("/")[2]
        numbers = {"action-items": world.items[0], "themes": world.themes[0], "changes": world.changes[0]}
        answer = _ask(client, route, mira, str(numbers.get(kind, 1)))
        if not policy[route] & OWNERS:
            assert answer.status_code == 403, (route, answer.text)
        elif "{" in route[1] and kind not in own:
            assert answer.status_code in {404, 422, 428}, (route, answer.text)
        assert "jonas" not in answer.text.lower() or kind in own, (route, answer.text)


def test_t46_a_tenant_in_the_address_is_refused_and_one_in_a_header_changes_nothing(
    client, routes, policy, key_for, owners, world
):
    mira = key_for(*OWNERS, owner_id=owners["mira"])
    headers = {"X-Tenant-Id": "1", "X-Owner-Id": "1", "X-User": "jonas", "X-Original-URL": "/v1/keys"}
    for route in routes:
        plain = _ask(client, route, mira)
        assert _ask(client, route, mira, headers=headers).status_code == plain.status_code, route
        for name, value in TENANT.items():
            answer = _ask(client, route, mira, params={name: value})
            assert answer.status_code in {403, 422}, (route, name, answer.text)
            assert "Jonas" not in answer.text
