import pytest

from app.domain.actor import Scope


def _walk(client, address):
    seen = []
    while address:
        answer = client.get(address).json()
        seen += [row["name"] for row in answer["items"]]
        address = answer["next"]
    return seen


@pytest.fixture
def keys(admin):
    names = [f"name-{number:02}" for number in range(7)]
    for name in names:
        admin.post("/v1/keys", json={"name": name, "scopes": ["items:read"]})
    return names


def test_pages_join_to_the_whole_list(admin, keys):
    assert _walk(admin, "/v1/keys?limit=3")[:7] == list(reversed(keys))
    assert _walk(admin, "/v1/keys?limit=200") == _walk(admin, "/v1/keys?limit=1")


def test_a_page_stays_where_it_was_while_rows_are_added(admin, keys):
    first = admin.get("/v1/keys?limit=3").json()
    admin.post("/v1/keys", json={"name": "late", "scopes": ["items:read"]})
    second = admin.get(first["next"]).json()
    assert [row["name"] for row in second["items"]] == ["name-03", "name-02", "name-01"]


def test_the_next_page_is_in_the_link_header_too(admin, keys):
    answer = admin.get("/v1/keys?limit=3")
    assert answer.headers["link"] == f'<{answer.json()["next"]}>; rel="next"'
    assert "link" not in admin.get("/v1/keys?limit=200").headers


def test_a_cursor_is_worth_nothing_to_another_key(admin, keys, client_for, problem):
    following = admin.get("/v1/keys?limit=3").json()["next"]
    problem(client_for(Scope.ADMIN).get(following), 400, "bad_cursor")


def test_a_cursor_is_worth_nothing_with_another_filter_or_list(admin, keys, problem):
    following = admin.get("/v1/audit?limit=3").json()["next"]
    assert admin.get(following).status_code == 200
    problem(admin.get(following + "&subject=api_key:1"), 400, "bad_cursor")
    problem(admin.get(following.replace("/v1/audit", "/v1/keys")), 400, "bad_cursor")
    problem(admin.get(following.replace("cursor=W", "cursor=X")), 400, "bad_cursor")


def test_a_broken_cursor_is_a_problem_not_a_failure(admin, problem):
    for cursor in ("", "x", ".", "..", "a.b", "é", "W10.W10", "x" * 600, "\u2028"):
        problem(admin.get("/v1/keys", params={"cursor": cursor}), 400, "bad_cursor")


def test_a_limit_outside_of_its_range_is_refused(admin, problem):
    for limit in ("0", "-1", "201", "1" + "0" * 30, "x", "1.5", "", "NaN"):
        document = problem(admin.get("/v1/keys", params={"limit": limit}), 422, "invalid_request")
        assert document["errors"][0]["place"] == "query"
        assert document["errors"][0]["pointer"] == "/limit"
