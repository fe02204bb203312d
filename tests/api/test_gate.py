"""Those who come together share a transaction, and nobody pays for another's mistake."""

import asyncio
import threading
from contextlib import contextmanager

import pytest

from app.api.gate import MOST_AT_ONCE, Gate
from app.errors import AppError, Kind


class Till:
    """Adds ten to numbers, in transactions of which a test can hold up the first."""

    def __init__(self):
        self.groups, self.committed = [], []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.gate = Gate(self.work)

    def work(self, _session, numbers):
        self.groups.append(list(numbers))
        if "poison" in numbers:
            raise ValueError
        return [AppError(Kind.INVALID, "odd", "No.") if one == "refused" else one + 10 for one in numbers]

    @contextmanager
    def transaction(self):
        self.begun.set()
        assert self.go_on.wait(20)
        yield None
        self.committed.append(list(self.groups[-1]))

    def send(self, *numbers, gone=()):
        """The first one's transaction is held up until all others stand at the gate; those of `gone` leave by then."""
        return asyncio.run(self._send(numbers, gone))

    async def _send(self, numbers, gone):
        first = asyncio.create_task(self.gate.store(self.transaction, numbers[0]))
        await asyncio.to_thread(self.begun.wait, 20)
        rest = [asyncio.create_task(self.gate.store(self.transaction, one)) for one in numbers[1:]]
        await asyncio.sleep(0)
        for one in gone:
            rest[one - 1].cancel()
        self.go_on.set()
        return await asyncio.gather(first, *rest, return_exceptions=True)


@pytest.fixture
def till():
    return Till()


def test_who_comes_while_a_transaction_is_under_way_goes_with_the_next_one(till):
    told = till.send(*range(9))
    assert told == list(range(10, 19))
    assert [len(group) for group in till.committed] == [1, 8]
    assert till.committed[1] == list(range(1, 9))


def test_a_refusal_is_for_its_sender_only(till):
    told = till.send(1, 2, "refused", 3)
    assert [told[place] for place in (0, 1, 3)] == [11, 12, 13]
    assert isinstance(told[2], AppError)
    assert len(till.committed) == 2


def test_what_brings_a_transaction_down_costs_only_itself(till):
    told = till.send(1, 2, "poison", 3)
    assert [told[place] for place in (0, 1, 3)] == [11, 12, 13]
    assert isinstance(told[2], ValueError)
    assert sorted(one for group in till.committed for one in group) == [1, 2, 3]


def test_a_crowd_goes_through_in_parts(till):
    told = till.send(*range(MOST_AT_ONCE + 12))
    assert told == list(range(10, MOST_AT_ONCE + 22))
    assert max(len(group) for group in till.committed) <= MOST_AT_ONCE


def test_a_sender_who_is_gone_keeps_nobody_waiting(till):
    told = till.send(1, 2, 3, gone=[1])
    assert (told[0], told[2]) == (11, 13)
    assert isinstance(told[1], asyncio.CancelledError)
    assert till.committed[1] == [2, 3], "what was sent is stored all the same"
