"""What owners choose for themselves, and the link that ends their digests."""

import pytest

from app.domain.actor import Scope

USUAL = {
    "events": {
        "assigned": "immediate",
        "due": "immediate",
        "escalated": "immediate",
        "verdict": "immediate",
        "alert": "immediate",
        "resumed": "digest",
    },
    "digest": "weekly",
}


@pytest.fixture
def jonas(client_for, owners):
    return client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["jonas"])


def test_an_owner_chooses_for_themselves(jonas, client_for, owners):
    assert jonas.get("/v1/me/notifications").json() == USUAL
    chosen = jonas.put("/v1/me/notifications", json={"events": {"verdict": "none"}, "digest": "daily"})
    assert chosen.status_code == 200
    assert jonas.get("/v1/me/notifications").json() == {
        "events": USUAL["events"] | {"verdict": "none"},
        "digest": "daily",
    }
    mira = client_for(Scope.ITEMS_READ, owner_id=owners["mira"])
    assert mira.get("/v1/me/notifications").json() == USUAL
    assert jonas.put("/v1/me/notifications", json={}).json() == USUAL


def test_work_cannot_be_missed_and_a_key_without_owner_chooses_nothing(jonas, admin, problem):
    problem(jonas.put("/v1/me/notifications", json={"events": {"escalated": "none"}}), 422, "invalid_request")
    problem(admin.get("/v1/me/notifications"), 422, "no_owner")
