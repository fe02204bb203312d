"""Many senders, one commit: items that come while a transaction is under way share the next one.

Nobody waits for company: the first to find the gate free goes through with all who stand there. A commit that is
flushed to disk costs as much for one item as for fifty; so do most statements.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from app.errors import AppError

MOST_AT_ONCE = 200

Sent = TypeVar("Sent")
Outcome = TypeVar("Outcome")
Transaction = Callable[[], AbstractContextManager[Session]]
Work = Callable[[Session, Sequence[Sent]], Sequence[Outcome | AppError]]


@dataclass
class _Standing(Generic[Sent, Outcome]):
    sent: Sent
    outcome: Outcome | BaseException | None = None


class Gate(Generic[Sent, Outcome]):
    """Lets one transaction through at a time, with everybody who stands before it.

    Args:
        work: Stores what was sent, in the session's transaction; one outcome for each. A refusal is an outcome.
    """

    def __init__(self, work: Work[Sent, Outcome]) -> None:
        """Nobody stands there."""
        self._work = work
        self._standing: list[_Standing[Sent, Outcome]] = []
        self._arrival, self._passage = Lock(), Lock()

    def store(self, transaction: Transaction, sent: Sent) -> Outcome:
        """Store what was sent; when this returns, it is committed.

        Args:
            transaction: Begins a write transaction that commits at its end.
            sent: What to store.

        Raises:
            AppError: It was refused.
            Exception: Its transaction failed, also when it was tried by itself.
        """
        mine: _Standing[Sent, Outcome] = _Standing(sent)
        with self._arrival:
            self._standing.append(mine)
        while mine.outcome is None:
            with self._passage:
                if mine.outcome is None:
                    self._pass(transaction)
        if isinstance(mine.outcome, BaseException):
            raise mine.outcome
        return mine.outcome

    def _pass(self, transaction: Transaction) -> None:
        with self._arrival:
            group, self._standing = self._standing[:MOST_AT_ONCE], self._standing[MOST_AT_ONCE:]
        try:
            self._carry_out(transaction, group)
        except Exception as failure:  # noqa: BLE001 - each sender is told what became of theirs
            if len(group) == 1:
                group[0].outcome = failure
                return
            for one in group:  # what brought the others down must not take them with it
                try:
                    self._carry_out(transaction, [one])
                except Exception as own:  # noqa: BLE001 - as above
                    one.outcome = own

    def _carry_out(self, transaction: Transaction, group: Sequence[_Standing[Sent, Outcome]]) -> None:
        with transaction() as session:
            outcomes = self._work(session, [one.sent for one in group])
        for one, outcome in zip(group, outcomes, strict=True):
            one.outcome = outcome
