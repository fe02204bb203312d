import pytest
from sqlalchemy import select

from app.domain.actor import Scope
from app.store.tables import Topic
from app.store.theme_tables import Theme

COMPANY = """
version: 1
calendars:
  - {key: office, zone: Europe/Berlin, week: {mon-fri: ["09:00-17:00"]}}
owners:
  - {key: clara, name: Clara Otto, email: clara@example.com, calendar: office}
processes:
  - {key: returns, name: Returns, owner: clara, steps: [{key: refund, name: Refund}]}
topics:
  - {key: refunds, name: Refunds, process: returns, step: refund}
fallback_owner: clara
"""
YAML = {"Content-Type": "application/yaml"}


@pytest.fixture
def apply(admin):
    return lambda text, query="": admin.post(f"/v1/apply{query}", content=text, headers=YAML)


def test_a_document_is_shown_then_applied_then_known(apply, admin):
    shown = apply(COMPANY, "?dry_run=true").json()
    assert shown["dry_run"]
    assert shown["counts"]["create"] > 0
    assert admin.get("/v1/owners").json() == []
    assert apply(COMPANY).json()["counts"] == shown["counts"]
    assert [row["key"] for row in admin.get("/v1/owners").json()] == ["clara"]
    assert apply(COMPANY).json() == {"dry_run": False, "counts": {}, "entries": []}
    assert [row["action"] for row in admin.get("/v1/audit?subject=reference_data").json()["items"]] == [
        "document_applied"
    ]


def test_a_document_that_does_not_fit_is_refused_with_every_problem(apply, admin, problem):
    document = problem(apply(COMPANY.replace("owner: clara,", "owner: nobody,")), 422, "invalid_document")
    assert document["problems"][0]["path"]
    assert admin.get("/v1/owners").json() == []


def test_hostile_documents_are_problems(apply, admin, problem):
    for text in (
        "a: [",
        "&a [*a]",
        "!!python/object:os.system x",
        "\x00",
        "[" * 100_000,
        "- 1",
        "a: 1e999",
        "\ud800".encode("utf-8", "surrogatepass"),
    ):
        answer = apply(text)
        assert answer.status_code in {400, 413, 422}, answer.text
        problem(answer, answer.status_code, answer.json()["code"])
    problem(apply(" "), 400, "empty_body")
    problem(
        admin.post("/v1/apply", content=COMPANY, headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type"
    )
    problem(apply("#" * 2_000_000), 413, "body_too_large")


def test_only_administrators_apply(client_for, problem):
    analyst = client_for(Scope.ANALYST)
    problem(analyst.post("/v1/apply", content=COMPANY, headers=YAML), 403, "scope_missing")


def test_rules_are_tried_on_the_history_without_being_stored(apply, client_for, problem):
    analyst = client_for(Scope.ANALYST)
    problem(analyst.post("/v1/rules/preview", json={}), 409, "no_policy")
    apply(COMPANY)
    rules = [{"key": "fast", "when": {"topic": ["refunds"]}, "then": {"goal": "8 hours"}}]
    told = analyst.post("/v1/rules/preview", json={"rules": rules, "days": 30}).json()
    assert (told["complaints"], told["uncovered_share"], told["uncovered_by"]) == (0, 0, {})
    ahead = analyst.post("/v1/rules/preview", json={"at": "2027-01-04T00:00:00Z"}).json()
    assert ahead["at"].startswith("2027-01-04T00:00:00")
    assert analyst.get("/v1/rules").json() == []
    bad = [{"key": "fast", "when": {"topic": ["nothing"]}, "then": {"goal": "8 hours"}}]
    problem(analyst.post("/v1/rules/preview", json={"rules": bad}), 422, "invalid_rules")
    problem(analyst.post("/v1/rules/preview", json={"rules": [{"key": 1}]}), 422, "invalid_rules")


def test_a_person_opens_an_item_without_waiting_for_the_threshold(apply, client_for, database, now, problem):
    apply(COMPANY)
    with database.writing() as session:
        topic = session.scalars(select(Topic)).one()
        theme = Theme(topic_id=topic.id, kind="cluster", name="Late", terms=[], created_at=now, updated_at=now)
        session.add(theme)
        session.flush()
        path = f"/v1/themes/{theme.id}/action-items"
    analyst = client_for(Scope.ANALYST)
    problem(analyst.post(path, json={"owner": "nobody"}), 422, "owner_not_found")
    opened = analyst.post(path)
    assert opened.status_code == 202
    assert opened.json()["owner"] == "clara"
    assert opened.json()["goal_at"] < opened.json()["deadline_at"]
    problem(analyst.post(path), 409, "already_routed")
    problem(analyst.post("/v1/themes/4711/action-items"), 404, "theme_not_found")
