"""Many senders, one commit: items that come while a transaction is under way share the next one.

Nobody waits for company: the first to find the gate free goes through at once, with all who stand there by then. A
commit that is flushed to disk costs as much for one item as for fifty; so do most statements, and the trip from the
event loop to a thread and back.
"""

import asyncio
from asyncio import AbstractEventLoop, Future, Task
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from app.errors import AppError

MOST_AT_ONCE = 200

Sent = TypeVar("Sent")
Outcome = TypeVar("Outcome")
Transaction = Callable[[], AbstractContextManager[Session]]
Work = Callable[[Session, Sequence[Sent]], Sequence[Outcome | AppError]]


class _Crowd(Generic[Sent, Outcome]):
    """Who stands before the gate on one event loop, each with the future that they wait for."""

    def __init__(self) -> None:
        self.standing: list[tuple[Sent, Future[Outcome]]] = []
        self.passing: Task[None] | None = None
        # Its own: to be given one of the framework's costs more than the trip there and back.
        self.thread = ThreadPoolExecutor(1, "gate")


class Gate(Generic[Sent, Outcome]):
    """Lets one transaction of an event loop through at a time, with everybody who stands before it.

    Args:
        work: Stores what was sent, in the session's transaction; one outcome for each. A refusal is an outcome.
    """

    def __init__(self, work: Work[Sent, Outcome]) -> None:
        """Nobody stands there."""
        self._work = work
        self._crowds: WeakKeyDictionary[AbstractEventLoop, _Crowd[Sent, Outcome]] = WeakKeyDictionary()

    async def store(self, transaction: Transaction, sent: Sent) -> Outcome:
        """Store what was sent; when this returns, it is committed.

        Args:
            transaction: Begins a write transaction that commits at its end.
            sent: What to store.

        Raises:
            AppError: It was refused.
            Exception: Its transaction failed, also when it was tried by itself.
        """
        loop = asyncio.get_running_loop()
        crowd = self._crowds.get(loop) or self._crowds.setdefault(loop, _Crowd())
        mine: Future[Outcome] = loop.create_future()
        crowd.standing.append((sent, mine))
        if crowd.passing is None:
            crowd.passing = loop.create_task(self._pass(transaction, crowd))
        return await mine

    async def _pass(self, transaction: Transaction, crowd: _Crowd[Sent, Outcome]) -> None:
        loop = asyncio.get_running_loop()
        while group := crowd.standing[:MOST_AT_ONCE]:
            del crowd.standing[:MOST_AT_ONCE]
            sent = [sent for sent, _ in group]
            outcomes = await loop.run_in_executor(crowd.thread, self._carry_out, transaction, sent)
            for (_, waiting), outcome in zip(group, outcomes, strict=True):
                if waiting.done():  # its sender is gone
                    continue
                if isinstance(outcome, Exception):
                    waiting.set_exception(outcome)
                else:
                    waiting.set_result(outcome)
        crowd.passing = None

    def _carry_out(self, transaction: Transaction, group: Sequence[Sent]) -> Sequence[Outcome | Exception]:
        try:
            with transaction() as session:
                return self._work(session, group)
        except Exception as failure:  # noqa: BLE001 - each sender is told what became of theirs
            if len(group) == 1:
                return [failure]
            # What brought the others down must not take them with it.
            return [self._carry_out(transaction, [one])[0] for one in group]
