"""Every route against every scope; what is allowed is read from the table in docs/api.md, so that the page is true."""

import re
from pathlib import Path

import pytest

from app.domain.actor import Scope

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
ROW = re.compile(r"^\| `([A-Z]+) ([^`]+)` \|.*\| ([^|]+) \|$", flags=re.MULTILINE)
OWNERS = {Scope.ITEMS_READ, Scope.ITEMS_WRITE}


def _routes():
    for method, path, told in ROW.findall(PAGE.read_text(encoding="utf-8")):
        allowed = {Scope(word) for word in re.findall(r"`([a-z:]+)`", told)}
        if "/hooks/" not in path:
            yield method, re.sub(r"\{(\w+_id)\}", "4711", path).replace("{", "").replace("}", ""), allowed


@pytest.fixture
def keys(key_for):
    return {scope: key_for(scope) for scope in Scope}


def _ask(client, route, key):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    body = None if route[0] in {"GET", "DELETE"} else "{}"
    return client.request(route[0], route[1], content=body, headers=headers)


def test_no_route_answers_without_a_key(client, problem):
    for route in _routes():
        problem(_ask(client, route, None), 401, "invalid_credentials")


def test_every_route_lets_in_whom_the_page_says_and_nobody_else(client, keys):
    routes = list(_routes())
    assert len(routes) > 50
    for route in routes:
        allowed = route[2] | {Scope.ADMIN} | ({Scope.ANALYST} if route[2] & OWNERS else set())
        for scope, key in keys.items():
            answer = _ask(client, route, key)
            assert answer.status_code < 500 or answer.json()["code"] == "no_model_here", (route, answer.text)
            assert (answer.status_code != 403) is (scope in allowed), (route[:2], scope, answer.text)
