import pytest

from app.domain.actor import Scope
from app.store.copy_tables import UncountedMention


@pytest.fixture
def analyst(client_for):
    return client_for(Scope.ANALYST)


def test_what_was_done_to_a_theme_is_told_and_taken_back(analyst, world, problem):
    first, second = world.themes
    analyst.post(f"/v1/themes/{first}/rename", json={"name": "Refund is late"})
    analyst.post(f"/v1/themes/{second}/merge", json={"into": first})
    assert analyst.post(f"/v1/themes/{first}/undo").json()["state"] == "active"
    assert analyst.post(f"/v1/themes/{first}/undo").json()["name"] == "jonas theme"
    problem(analyst.post(f"/v1/themes/{first}/undo"), 409, "nothing_to_undo")
    lines = analyst.get(f"/v1/themes/{first}/lineage").json()["items"]
    assert [line["kind"] for line in lines] == ["renamed", "merged", "undone", "undone"]
    assert lines[0]["undone_by_id"] == lines[3]["id"]
    assert analyst.get(f"/v1/themes/{second}").json()["complaints"] == 1


def test_a_split_says_what_it_cannot_do(analyst, world, problem):
    path = f"/v1/themes/{world.themes[0]}/split"
    problem(analyst.post(f"{path}/preview"), 409, "nothing_to_split")
    problem(analyst.post(path, json={}), 422, "invalid_request")
    problem(analyst.post(path, json={"mention_ids": [1], "proposal": "x"}), 422, "invalid_request")
    problem(analyst.post(path, json={"mention_ids": [world.mentions[1]]}), 422, "mentions_not_held")
    problem(analyst.post(path, json={"mention_ids": [world.mentions[0]]}), 422, "split_takes_all")
    analyst.post(f"/v1/themes/{world.themes[1]}/merge", json={"into": world.themes[0]})
    made = analyst.post(path, json={"mention_ids": [world.mentions[1]], "name": "Torn label"})
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["complaints"], made.json()["people"]) == ("Torn label", 1, 1)


def test_owners_read_lineage_and_evidence_of_their_own_themes(client_for, owners, world, problem):
    jonas = client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["jonas"])
    assert jonas.get(f"/v1/themes/{world.themes[0]}/lineage").json() == {"items": []}
    (quote,) = jonas.get(f"/v1/themes/{world.themes[0]}/evidence").json()["items"]
    assert quote["mention_id"] == world.mentions[0]
    problem(jonas.get(f"/v1/themes/{world.themes[1]}/evidence"), 404, "theme_not_found")
    problem(jonas.post(f"/v1/themes/{world.themes[0]}/undo"), 403, "scope_missing")
    problem(jonas.get("/v1/themes/coverage"), 403, "scope_missing")


def test_coverage_says_what_is_in_no_theme_and_why(analyst, world, database):
    with database.writing() as session:
        session.add(UncountedMention(mention_id=world.mentions[1], kind="copy", first_id=world.feedback[0]))
    analyst.post(f"/v1/themes/{world.themes[0]}/mute")
    total = analyst.get("/v1/themes/coverage?days=30").json()["total"]
    assert (total["complaints"], total["counted"], total["people"], total["in_theme"]) == (2, 1, 2, 0)
    assert (total["why_not"], total["unassigned_share"]) == ({"muted": 1, "copy": 1}, 0.0)
    (quote,) = analyst.get(f"/v1/feedback/{world.feedback[1]}").json()["mentions"]
    assert (quote["uncounted"], quote["copy_of"]) == ("copy", world.feedback[0])
    assert analyst.get(f"/v1/themes/{world.themes[1]}").json()["complaints"] == 0
