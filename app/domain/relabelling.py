"""Reading history anew: what kinds of run there are, where they stand, and how spans move between topics."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

Topics = frozenset[str]
Move = tuple[str | None, str | None]


class RunKind(StrEnum):
    """What becomes of what a run reads."""

    HISTORY = "history"
    PREVIEW = "preview"


class RunState(StrEnum):
    """Where a run stands; only a running one is worked on."""

    RUNNING = "running"
    DONE = "done"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


def moves_of(before: Topics, after: Topics) -> list[Move]:
    """How one span moves; (None, x) is newly assigned, (x, None) newly unassigned, (x, x) stays.

    Of a span with several topics those that it has before and after stay; the others are paired in order of their keys,
    and what is left over comes from nowhere or goes nowhere.
    """
    stay: list[Move] = [(key, key) for key in sorted(before & after)]
    gone, come = sorted(before - after), sorted(after - before)
    pairs = max(len(gone), len(come))
    moved: list[Move] = [
        (gone[at] if at < len(gone) else None, come[at] if at < len(come) else None) for at in range(pairs)
    ]
    if not before and not after:
        return [(None, None)]
    return stay + moved


def count_moves(spans: Iterable[Sequence[Move]]) -> Counter[Move]:
    """How many moves there are of each kind."""
    return Counter(move for moves in spans for move in moves)
