"""Whom a verified change concerns: those who complained before it, nobody that was erased, nobody before a verdict."""

import csv
import io

import pytest

from app.domain.actor import Scope
from app.store.act_tables import ActionItem, Change
from app.store.tables import Feedback


@pytest.fixture
def jonas(client_for, owners):
    return client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["jonas"])


@pytest.fixture
def verified(database, world, now):
    """Jonas's change, verified; its one customer is known by an address."""
    with database.writing() as session:
        session.get(ActionItem, world.items[0]).state = "improved"
        change = session.get(Change, world.changes[0])
        change.withdrawn_at, change.rollout_from = None, now.date()
        row = session.get(Feedback, world.feedback[0])
        row.customer_ref, row.case_ref = "ada@mail.example", "order-7"
    return world.changes[0]


def test_nobody_is_listed_before_the_change_is_verified(jonas, world, problem):
    for end in ("", ".csv"):
        problem(jonas.get(f"/v1/changes/{world.changes[0]}/customers{end}"), 409, "not_verified")


def test_who_complained_before_is_listed_and_their_address_only_to_who_may_read_it(jonas, client_for, owners, verified):
    (masked,) = jonas.get(f"/v1/changes/{verified}/customers").json()["items"]
    assert (masked["source"], masked["cases"], masked["complaints"]) == ("crm", ["order-7"], 1)
    assert masked["ref"] != "ada@mail.example"
    reader = client_for(Scope.ITEMS_READ, Scope.PII_READ, owner_id=owners["jonas"])
    (named,) = reader.get(f"/v1/changes/{verified}/customers").json()["items"]
    assert named["ref"] == "ada@mail.example"


def test_the_table_is_harmless_in_a_spreadsheet(client_for, owners, database, world, verified):
    with database.writing() as session:
        session.get(Feedback, world.feedback[0]).customer_ref = "=cmd()"
    reader = client_for(Scope.ITEMS_READ, Scope.PII_READ, owner_id=owners["jonas"])
    rows = list(csv.reader(io.StringIO(reader.get(f"/v1/changes/{verified}/customers.csv").text)))
    assert rows[0][:3] == ["source", "ref", "cases"]
    assert rows[1][:3] == ["crm", "'=cmd()", "order-7"]


def test_the_erased_are_gone_from_the_list(jonas, client_for, verified):
    assert client_for(Scope.ADMIN).post("/v1/people/erase", json={"ref": "ada@mail.example"}).status_code == 200
    assert jonas.get(f"/v1/changes/{verified}/customers").json()["items"] == []


def test_other_peoples_changes_are_as_good_as_missing(jonas, world, problem):
    problem(jonas.get(f"/v1/changes/{world.changes[1]}/customers"), 404, "change_not_found")
