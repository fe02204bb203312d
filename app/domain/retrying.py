"""When a delivery that failed is tried again."""

from __future__ import annotations

import zlib
from datetime import timedelta

SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""After the first failure, the second, ...; after the last it is given up (Standard Webhooks' example)."""

MAX_ATTEMPTS = len(SCHEDULE) + 1
LONGEST_WAIT = timedelta(hours=24)
JITTER = 0.1


def wait_after(attempts: int, asked: timedelta | None, draw: float) -> timedelta | None:
    """How long to wait after that many failed attempts; None: it is given up.

    Args:
        attempts: Failed ones, this one included: 1 or more.
        asked: What the receiver asked for, if it did: obeyed up to `LONGEST_WAIT`, never below the schedule.
        draw: 0..1; lengthens the wait by up to a tenth, so that what failed together does not come back together.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    planned: timedelta = SCHEDULE[attempts - 1] * (1 + JITTER * draw)
    return planned if asked is None else max(planned, min(asked, LONGEST_WAIT))


def draw_of(delivery: int, attempts: int) -> float:
    """A number of 0..1 that looks random, and is the same whenever it is asked for."""
    return zlib.crc32(f"{delivery}:{attempts}".encode()) / 2**32
