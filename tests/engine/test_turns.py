"""One run does the work of all the wake-ups that come in meanwhile."""

import threading

import pytest

from app.engine.turns import Turns


def test_a_wake_up_during_a_run_makes_it_look_again():
    turns, runs = Turns(), []

    def run():
        runs.append("run")
        if len(runs) == 1:
            assert turns.take("label", lambda: 99) == 0  # woken while it runs: nobody waits
        return 1

    assert turns.take("label", run) == 2
    assert runs == ["run", "run"]


def test_runs_of_different_stations_do_not_wait_for_each_other():
    turns = Turns()

    assert turns.take("label", lambda: turns.take("match", lambda: 5)) == 5


def test_a_failed_run_frees_its_turn():
    turns = Turns()

    def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        turns.take("label", fail)

    assert turns.take("label", lambda: 3) == 3


def test_no_wake_up_is_lost_among_many_threads():
    turns, seen, mutex = Turns(), set(), threading.Lock()
    due = set()

    def run():
        with mutex:
            seen.update(due)
        return 1

    def wake(number):
        with mutex:
            due.add(number)
        turns.take("label", run)

    threads = [threading.Thread(target=wake, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == set(range(200))
