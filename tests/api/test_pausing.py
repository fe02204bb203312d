"""Stopping the clock of an item over HTTP."""

from datetime import timedelta

import pytest

from app.domain.actor import Scope


@pytest.fixture
def jonas(client_for, owners):
    return client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["jonas"])


def test_a_clock_that_stood_a_day_moves_the_deadline_by_a_working_day(jonas, world, clock, now):
    path = f"/v1/action-items/{world.items[0]}"
    before = jonas.get(path).json()
    body = {"version": 1, "reason": "waiting_for_customer", "note": "Which receipt?"}
    paused = jonas.post(f"{path}/pause", json=body).json()
    assert "continue" in paused["possible"]
    assert "pause" not in paused["possible"]
    clock.set(now + timedelta(days=1))
    going = jonas.post(f"{path}/continue", json={"version": 2}).json()
    assert (going["paused_since"], going["version"]) == (None, 3)
    told = jonas.get(f"{path}/deadlines").json()
    pause = told["pauses"][0]
    assert (pause["reason"], pause["note"]) == ("waiting_for_customer", "Which receipt?")
    assert pause["why"]["working"] == 480
    assert [instant[:16] for instant in pause["why"]["deadline"]] == [
        before["deadline_at"][:16],
        told["deadline_at"][:16],
    ]


def test_a_pause_names_for_whom_everybody_waits(jonas, world, problem):
    path = f"/v1/action-items/{world.items[0]}"
    problem(jonas.post(f"{path}/pause", json={"version": 1, "reason": "on holiday"}), 422, "invalid_request")
    problem(jonas.post(f"{path}/continue", json={"version": 1}), 409, "not_paused")
