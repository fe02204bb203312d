"""Those who come together share a transaction, and nobody pays for another's mistake."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from app.api.gate import MOST_AT_ONCE, Gate
from app.errors import AppError, Kind


class Till:
    """Adds ten to numbers, in transactions that a test can hold up."""

    def __init__(self):
        self.groups, self.committed = [], []
        self.begun, self.go_on = threading.Semaphore(0), threading.Event()
        self.gate = Gate(self.work)

    def work(self, _session, numbers):
        self.groups.append(list(numbers))
        if "poison" in numbers:
            raise ValueError
        return [AppError(Kind.INVALID, "odd", "No.") if one == "refused" else one + 10 for one in numbers]

    @contextmanager
    def transaction(self):
        self.begun.release()
        self.go_on.wait(20)
        yield None
        self.committed.append(list(self.groups[-1]))

    def send(self, *numbers):
        """One thread for each; the first one's transaction is held up until all others stand at the gate."""
        with ThreadPoolExecutor(len(numbers)) as pool:
            first = pool.submit(self.gate.store, self.transaction, numbers[0])
            assert self.begun.acquire(timeout=20)
            rest = [pool.submit(self.gate.store, self.transaction, one) for one in numbers[1:]]
            while len(self.gate._standing) < len(rest):
                threading.Event().wait(0.01)
            self.go_on.set()
            return [first, *rest]


@pytest.fixture
def till():
    return Till()


def test_who_comes_while_a_transaction_is_under_way_goes_with_the_next_one(till):
    told = till.send(*range(9))
    assert [each.result() for each in told] == list(range(10, 19))
    assert [len(group) for group in till.committed] == [1, 8]
    assert sorted(till.committed[1]) == list(range(1, 9))


def test_a_refusal_is_for_its_sender_only(till):
    told = till.send(1, 2, "refused", 3)
    assert [told[place].result() for place in (0, 1, 3)] == [11, 12, 13]
    with pytest.raises(AppError):
        told[2].result()
    assert len(till.committed) == 2


def test_what_brings_a_transaction_down_costs_only_itself(till):
    told = till.send(1, 2, "poison", 3)
    assert [told[place].result() for place in (0, 1, 3)] == [11, 12, 13]
    with pytest.raises(ValueError, match=r"^$"):
        told[2].result()
    assert sorted(one for group in till.committed for one in group) == [1, 2, 3]


def test_a_crowd_goes_through_in_parts(till):
    told = till.send(*range(MOST_AT_ONCE + 12))
    assert sorted(each.result() for each in told) == list(range(10, MOST_AT_ONCE + 22))
    assert max(len(group) for group in till.committed) <= MOST_AT_ONCE
