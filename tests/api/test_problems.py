import json
import re

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.responses import HTMLResponse
from starlette.testclient import TestClient

from app.api.router import make_app
from app.errors import AppError, Kind

SECRET = "my sister Jane's verbatim"


@pytest.fixture
def broken(runtime):
    """A service with routes that fail in every way."""
    app = make_app(runtime)

    @app.get("/v1/crash")
    def crash():
        raise ZeroDivisionError(SECRET)

    @app.get("/v1/database")
    def database():
        raise OperationalError("INSERT", {"text": SECRET}, ValueError(SECRET))

    @app.get("/v1/race")
    def race():
        raise IntegrityError("INSERT", {"text": SECRET}, ValueError(SECRET))

    @app.get("/v1/busy")
    def busy():
        raise AppError(Kind.UNAVAILABLE, "busy", "Come back.", retry_after=7)

    @app.get("/v1/facts")
    def facts():
        raise AppError(Kind.CONFLICT, "clash", "No.", status=200, type="x", possible=["plan"])

    @app.get("/pages/facts")
    def page():
        raise AppError(Kind.CONFLICT, "clash", "No.")

    return TestClient(app)


def test_an_unknown_address_is_a_problem(client, problem):
    problem(client.get("/v1/nothing"), 404, "not_found")
    problem(client.get("/"), 404, "not_found")


def test_t72_a_method_that_a_route_does_not_take_is_a_problem(client):
    for method in ("PUT", "TRACE", "PATCH", "BREW", "HEAD"):
        answer = client.request(method, "/v1/keys")
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["allow"]


def test_no_address_redirects(client, problem):
    problem(client.get("/v1/keys/", follow_redirects=False), 404, "not_found")


def test_t73_a_failure_is_a_problem_that_says_nothing_of_its_cause(broken, problem, capsys):
    document = problem(broken.get("/v1/crash"), 500, "internal_error")
    assert SECRET not in json.dumps(document)
    logged = "".join(capsys.readouterr())
    assert "ZeroDivisionError" in logged
    assert SECRET not in logged


def test_a_database_that_does_not_answer_is_a_503_to_try_again(broken, problem):
    answer = broken.get("/v1/database")
    assert SECRET not in json.dumps(problem(answer, 503, "database_unavailable"))
    assert int(answer.headers["retry-after"]) > 0


def test_a_lost_race_is_a_conflict(broken, problem):
    assert SECRET not in json.dumps(problem(broken.get("/v1/race"), 409, "concurrent_change"))


def test_push_back_says_when_to_come_back(broken, problem):
    answer = broken.get("/v1/busy")
    problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "7"


def test_facts_of_an_error_never_replace_the_problem_itself(broken, problem):
    document = problem(broken.get("/v1/facts"), 409, "clash")
    assert document["possible"] == ["plan"]


def test_pages_may_show_their_own_errors_but_the_api_never_does(broken, problem):
    broken.app.state.error_page = lambda _request, document: HTMLResponse(document["detail"], document["status"])
    assert broken.get("/pages/facts").text == "No."
    problem(broken.get("/v1/facts"), 409, "clash")


def test_t70_every_answer_carries_the_house_headers(client, admin):
    for answer in (client.get("/v1/keys"), admin.get("/v1/keys"), client.get("/v1/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["vary"] == "Authorization"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert admin.get("/v1/keys").headers["cache-control"] == "private, no-cache"
    assert client.get("/v1/keys").headers["cache-control"] == "no-store"


def test_t71_there_is_no_cors(admin):
    answer = admin.get("/v1/keys", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_request_id_is_taken_over_if_it_is_harmless(client):
    assert client.get("/v1/x", headers={"X-Request-Id": "trace-123456"}).headers["x-request-id"] == "trace-123456"
    for hostile in ("a\tb" * 9, "x" * 100, "<script>alert(1)</script>", "é" * 10):
        answer = client.get("/v1/x", headers={"X-Request-Id": hostile.encode()})
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_the_log_names_the_route_and_nothing_of_the_address(admin, capsys):
    admin.get("/v1/audit?subject=jane@example.com")
    admin.get("/v1/jane@example.com")
    admin.delete("/v1/keys/4711")
    logged = "".join(capsys.readouterr())
    assert "/v1/keys/{key_id}" in logged
    assert "jane" not in logged
    assert "4711" not in logged
    assert "voc_live_" not in logged


def test_a_nul_in_the_address_never_reaches_the_database(admin, problem):
    problem(admin.get("/v1/audit?subject=%00"), 400, "nul_in_address")
    problem(admin.delete("/v1/keys/1%00"), 400, "nul_in_address")


def test_an_id_that_cannot_be_one_is_refused(admin, problem):
    for key_id in ("0", "-1", str(2**63), "9" * 40, "x", "1e3", "%F0%9F%92%A9", "%ED%A0%80"):
        problem(admin.delete(f"/v1/keys/{key_id}"), 422, "invalid_request")


def test_a_misspelt_filter_is_refused_instead_of_being_none(admin, problem):
    document = problem(admin.get("/v1/audit?subjekt=api_key:1&limit=5"), 422, "unknown_parameter")
    assert [each["pointer"] for each in document["errors"]] == ["/subjekt"]
    document = problem(admin.get("/v1/audit?jane doe@example.com=1"), 422, "unknown_parameter")
    assert "jane" not in str(document)
    assert admin.get("/v1/audit?subject=api_key:1&limit=5&by=cli").status_code == 200
