"""Owners and teams can be read, and an owner says when they are away."""

import pytest

from app.domain.actor import Scope
from app.processes.reader import read_document

COMPANY = """
version: 1
calendars: [{key: always, zone: UTC, week: {mon-sun: ["00:00-24:00"]}}]
owners:
  - {key: clara, name: Clara, email: clara@example.com, calendar: always}
  - key: ada
    name: Ada
    email: ada@example.com
    calendar: always
    from: 2026-01-01
    managers: [{owner: clara, until: 2026-09-01}, {owner: ben, from: 2026-09-01}]
    absences: [{from: 2026-12-24, until: 2026-12-31, note: skiing}]
  - {key: ben, name: Ben, email: ben@example.com, calendar: always, until: 2027-01-01}
teams: [{key: desk, name: Desk, members: [{owner: ada}, {owner: ben, until: 2026-09-01}]}]
processes: [{key: p, name: P, team: desk, steps: [{key: s, name: S, owner: ada}]}]
topics: [{key: t, name: T, process: p}]
fallback_owner: clara
"""


@pytest.fixture
def applied(admin):
    read_document(COMPANY)
    told = admin.post("/v1/apply", content=COMPANY, headers={"content-type": "application/yaml"})
    assert told.status_code == 200, told.text


def test_owners_are_shown_as_they_are_today(applied, admin):
    owners = {row["key"]: row for row in admin.get("/v1/owners").json() if row["key"] in {"ada", "ben", "clara"}}
    assert owners["ada"]["manager"] == "ben"
    assert (owners["ada"]["joins_on"], owners["ben"]["leaves_on"]) == ("2026-01-01", "2027-01-01")
    assert (owners["ada"]["teams"], owners["ben"]["teams"]) == (["desk"], [])
    assert owners["ada"]["present"] is True


def test_teams_are_shown_with_their_members_and_processes_with_their_team(applied, admin):
    assert admin.get("/v1/teams").json() == [
        {
            "key": "desk",
            "name": "Desk",
            "members": [
                {"owner": "ada", "since": None, "until": None},
                {"owner": "ben", "since": None, "until": "2026-09-01"},
            ],
        }
    ]
    process = next(row for row in admin.get("/v1/processes").json() if row["key"] == "p")
    assert (process["owner"], process["team"]) == (None, "desk")
    assert (process["steps"][0]["owner"], process["steps"][0]["team"]) == ("ada", None)


def test_an_owner_says_when_they_are_away_and_applying_again_leaves_it(applied, admin):
    body = {"absences": [{"from": "2026-09-16", "until": "2026-09-16", "hours": "00:00-24:00"}]}
    told = admin.put("/v1/owners/ada/absences", json=body).json()
    assert [(row["first"], row["hours"], row["told"]) for row in told] == [
        ("2026-12-24", None, "document"),
        ("2026-09-16", "00:00-24:00", "owner"),
    ]
    again = admin.post("/v1/apply", content=COMPANY, headers={"content-type": "application/yaml"}).json()
    assert again["entries"] == []
    assert admin.get("/v1/owners/ada/absences").json() == told
    assert len(admin.put("/v1/owners/ada/absences", json={"absences": []}).json()) == 1


@pytest.fixture
def mira(client_for, owners):
    return client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["mira"])


def test_only_the_owner_or_an_administrator_says_so(world, mira, admin, problem):
    body = {"absences": [{"from": "2026-09-16", "until": "2026-09-18"}]}
    assert mira.put("/v1/owners/mira/absences", json=body).status_code == 200
    problem(mira.put("/v1/owners/jonas/absences", json=body), 403, "not_your_absences")
    assert admin.put("/v1/owners/jonas/absences", json=body).status_code == 200
    problem(admin.put("/v1/owners/nobody/absences", json=body), 404, "owner_not_found")
    problem(admin.get("/v1/owners/nobody/absences"), 404, "owner_not_found")
    problem(admin.put("/v1/owners/mira/absences", json={"absences": [{"from": "soon"}]}), 422, "invalid_absences")


def test_a_note_is_for_the_owner_and_analysts(applied, admin, client_for):
    assert admin.get("/v1/owners/ada/absences").json()[0]["note"] == "skiing"
    assert client_for(Scope.ITEMS_READ).get("/v1/owners/ada/absences").json()[0]["note"] is None
