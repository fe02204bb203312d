"""Changes over HTTP: what they are judged by, what came of them as JSON and CSV, and which one is next."""

import csv
import io
from datetime import timedelta

import pytest

from app.domain.actor import Scope
from app.store.act_tables import ActionItem, Change
from app.store.tables import Measurement, Policy, Topic


@pytest.fixture
def analyst(client_for):
    return client_for(Scope.ANALYST)


@pytest.fixture
def jonas(client_for, owners):
    return client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["jonas"])


@pytest.fixture
def planned(jonas, world, database):
    """Number of jonas's planned change, with two other topics to compare with."""
    with database.writing() as session:
        session.add_all(
            Topic(key=key, name=key.title(), description="", examples=[]) for key in ("delivery", "hotline")
        )
    body = {"version": 1, "description": "No second check", "target_reduction": 0.3}
    jonas.post(f"/v1/action-items/{world.items[0]}/plan", json=body)
    return jonas.get("/v1/changes").json()["items"][0]["id"]


def _look(now, change_id, **more):
    week = {
        "start": "2026-09-01", "stop": "2026-09-08", "phase": "before", "complaints": 3.0, "exposure": 70.0,
        "observed": 42.9, "expected": None, "low": None, "high": None,
    }  # fmt: skip
    result = {"headline": "It fell", "detail": "", "weekly": [week], "ahead": [], "facts": {"exposure": "orders"}}
    fields = {
        "change_id": change_id, "day": now.date(), "verdict": "improved", "rate_ratio": 0.6, "ci_low": 0.5,
        "ci_high": 0.7, "p_value": 0.001, "reasons": [], "case": {}, "result": result, "method": "m",
        "measured_at": now,
    }  # fmt: skip
    return Measurement(**(fields | more))


def test_a_planned_change_shows_and_takes_its_comparison(jonas, planned):
    design = jonas.get(f"/v1/changes/{planned}/design").json()
    assert design["frozen_at"] is None
    assert {one["topic"] for one in design["candidates"]} == {"delivery", "hotline"}
    assert all(one["why"] for one in design["candidates"])
    chosen = jonas.put(f"/v1/changes/{planned}/design", json={"controls": ["hotline"]}).json()
    assert chosen["controls"] == ["hotline"]
    assert chosen["chosen_by"].startswith("key:")
    assert [one["topic"] for one in chosen["candidates"] if one["control"]] == ["hotline"]
    assert jonas.put(f"/v1/changes/{planned}/design", json={"controls": ["hotline"]}).json() == chosen
    assert jonas.put(f"/v1/changes/{planned}/design", json={"controls": None}).json()["chosen_by"] is None


def test_deploying_fixes_the_comparison_in_the_same_request(jonas, world, planned, now, problem):
    jonas.put(f"/v1/changes/{planned}/design", json={"controls": ["delivery"]})
    deploy = {"version": 2, "rollout_from": now.date().isoformat()}
    assert jonas.post(f"/v1/action-items/{world.items[0]}/deploy", json=deploy).status_code == 200
    design = jonas.get(f"/v1/changes/{planned}/design").json()
    assert (design["controls"], design["candidates"]) == (["delivery"], [])
    assert design["frozen_at"].startswith(now.date().isoformat())
    told = problem(jonas.put(f"/v1/changes/{planned}/design", json={"controls": ["hotline"]}), 409, "design_frozen")
    assert "nobody can choose it by its result" in told["detail"]
    assert jonas.get(f"/v1/changes/{planned}/design").json() == design


def test_the_target_and_unknown_topics_are_no_comparison(jonas, planned, problem):
    for keys in (["refunds"], ["nothing"]):
        problem(jonas.put(f"/v1/changes/{planned}/design", json={"controls": keys}), 422, "bad_controls")
    problem(jonas.put(f"/v1/changes/{planned}/design", json={"controls": "hotline"}), 422, "invalid_request")


def test_the_comparison_of_a_withdrawn_change_cannot_be_chosen(analyst, world, problem):
    answer = analyst.put(f"/v1/changes/{world.changes[0]}/design", json={"controls": []})
    problem(answer, 409, "change_withdrawn")


def test_the_comparison_is_other_peoples_business_no_more_than_their_items(client_for, owners, planned, problem):
    mira = client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["mira"])
    problem(mira.get(f"/v1/changes/{planned}/design"), 404, "change_not_found")
    problem(mira.put(f"/v1/changes/{planned}/design", json={"controls": None}), 404, "change_not_found")
    reader = client_for(Scope.ITEMS_READ, owner_id=owners["jonas"])
    problem(reader.put(f"/v1/changes/{planned}/design", json={"controls": None}), 403, "scope_missing")


def test_the_list_says_which_verdicts_hold_among_all_of_them(analyst, jonas, world, database, now):
    with database.writing() as session:
        for number, p_value in enumerate((0.001, 0.04, 0.5, 0.6, 0.7)):
            change = Change(
                item_id=world.items[number % 2], theme_id=world.themes[0], description="x", target_reduction=0.3,
                planned_at=now - timedelta(days=30), actor="cli", rollout_from=(now - timedelta(days=20)).date(),
                deployed_at=now - timedelta(days=20),
            )  # fmt: skip
            session.add(change)
            session.flush()
            verdict = "improved" if p_value < 0.05 else "no_change"
            session.add(_look(now, change.id, p_value=p_value, verdict=verdict))
    rows = analyst.get("/v1/changes").json()["items"]
    holds = [row["standing"]["holds"] for row in sorted(rows, key=lambda row: row["id"]) if row["standing"]]
    assert holds == [True, False, None, None, None]
    assert {row["standing"]["judged_together"] for row in rows if row["standing"]} == {5}
    mine = [row["standing"] for row in jonas.get("/v1/changes").json()["items"] if row["standing"]]
    assert {one["judged_together"] for one in mine} == {5}


def test_the_weeks_come_as_csv(analyst, world, database, now, problem):
    path = f"/v1/changes/{world.changes[0]}/impact.csv"
    problem(analyst.get(path), 404, "not_measured")
    with database.writing() as session:
        session.add(_look(now, world.changes[0]))
    answer = analyst.get(path)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["start"], row["complaints"], row["expected"]) == ("2026-09-01", "3.0", "")


def test_the_forecast_ranks_what_the_caller_may_see(analyst, jonas, world, database, problem, client_for):
    with database.writing() as session:
        session.get(Policy, 1).document = {"complaint_cost": {"amount": 2.0, "currency": "EUR"}}
    whole = analyst.get("/v1/forecast").json()
    assert [one["rank"] for one in whole["items"]] == [1, 2]
    assert whole["judged_changes"] == 0
    (mine,) = jonas.get("/v1/forecast").json()["items"]
    assert mine["item_id"] == world.items[0]
    assert mine["range_95"]["low"] <= mine["range_80"]["low"] <= mine["avoided_per_week"] <= mine["range_80"]["high"]
    assert mine["saved"]["expected_per_week"] == pytest.approx(2 * mine["avoided_per_week"], abs=0.02)
    problem(client_for(Scope.INGEST_WRITE).get("/v1/forecast"), 403, "scope_missing")


def test_a_theme_without_a_waiting_item_is_not_forecast(analyst, world, database):
    with database.writing() as session:
        for item in world.items:
            session.get(ActionItem, item).state = "measuring"
    assert analyst.get("/v1/forecast").json()["items"] == []
