"""What matching and searching cost: `python benchmarks/theme_speed.py ../shared/data [--stored 10000 100000 1000000]`.

Complaints are drawn from a mixture around the encodings of real texts of six sets, a topic each; a fifth lies apart
from all others. Each has 25 words or so, of one of 200,000 people; three in a hundred are sent twice. For each number
of stored complaints so many new ones, spread over a week, come in; then the stations `match` (which recognises copies
too), `extract`, `trace` and `adopt` run on one core until nothing is due. Before that the stored ones, of the two years
before, went through the same stations in eight parts. Of more than `--through` stored ones, the middle is put in
directly (`theme_history.py`), between four parts and four parts that go through the stations.

Seconds of the weekly run are on the clock of the wall; those of the processor are the database's too where that is
SQLite. Microseconds of the processor are of each new complaint.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import func, select
from theme_history import put_history
from theme_world import THEME_STATIONS, Said, Texts, World, load_sets, open_world, put_mentions

from app.pipeline import run_station
from app.store.theme_tables import Theme, ThemeMention

TEXTS = 1200
SPREAD = 0.45
"""Length of the noise beside the text's own vector: neighbours of one text have a cosine of about 0.83."""

APART = 0.2
FAR = 1.5
"""Noise of the share of complaints that tell of what nobody else does: no theme takes those."""

MIXED = 0.3
"""Words of a text that are another one's: two complaints that tell of the same are no copies of each other."""

AGAIN = 0.03
"""Complaints that their writer sends once more."""

PEOPLE = 200_000
BLOCK = 500
AT_ONCE = 20_000
PARTS = 8
YEARS = timedelta(days=730)
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SEED = 20261126


def main() -> None:
    """Print one line for each number of stored complaints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--stored", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--new", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--through", type=int, default=100_000, help="stored ones that go through the stations")
    parser.add_argument("--url", help="an empty PostgreSQL database, for one run; else SQLite")
    chosen = parser.parse_args()
    sets = load_sets(chosen.data, TEXTS, SEED)
    print(f"{'stored':>9} {'new':>8} {'match':>7} {'extract':>8} {'trace':>7} {'adopt':>7} {'wall s':>8} {'cpu s':>7}"
          f" {'us each':>8} {'themes':>7} {'in them':>8}")  # fmt: skip
    for stored in chosen.stored:
        with open_world([one.topic for one in sets], NOW - YEARS, chosen.url) as world:
            draw = drawn(sets, np.random.default_rng(SEED))
            fill(world, draw, stored, min(stored, chosen.through))
            for week, new in enumerate(chosen.new, start=1):
                begins = NOW + timedelta(weeks=week)
                put(world, draw, new, begins - timedelta(weeks=1), timedelta(weeks=1))
                world.clock.set(begins)
                show(world, stored, new)


def fill(world: World, draw: Iterator[Said], stored: int, through: int) -> None:
    """Store history; so many of it go through the stations, the rest directly between their halves."""
    begins = NOW - YEARS
    for part in range(PARTS):
        if part == PARTS // 2 and stored > through:
            span = YEARS * ((stored - through) / stored)
            put(world, draw, stored - through, begins, span, np.random.default_rng(SEED))
            begins += span
        span = YEARS * (through / stored / PARTS)
        put(world, draw, through // PARTS, begins, span)
        begins += span
        world.clock.set(begins)
        world.work()


def drawn(sets: list[Texts], chance: np.random.Generator) -> Iterator[Said]:
    """Complaints without end: a real text with words of others among its own, and its vector with noise."""
    words = {one.topic: " ".join(one.texts).split() for one in sets}
    before: deque[Said] = deque(maxlen=BLOCK)
    while True:
        for one in sets:
            rows = chance.integers(len(one.texts), size=(BLOCK, 3))
            noise = chance.normal(size=(BLOCK, one.vectors.shape[1])).astype(np.float32)
            length = np.where(chance.random((BLOCK, 1)) < APART, FAR, SPREAD)
            noise *= length / np.linalg.norm(noise, axis=1, keepdims=True)
            vectors = one.vectors[rows[:, 0]] + noise
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            for (row, *others), vector in zip(rows.tolist(), vectors.astype(np.float16), strict=True):
                text = mixed(one.texts[row], words[one.topic], chance)
                besides = " ".join(mixed(one.texts[other], words[one.topic], chance) for other in others)
                said = Said(one.topic, text, vector, besides, f"customer {chance.integers(PEOPLE)}")
                if before and chance.random() < AGAIN:
                    said = before[int(chance.integers(len(before)))]
                before.append(said)
                yield said


def mixed(text: str, words: Sequence[str], chance: np.random.Generator) -> str:
    """A text with every third word or so another one."""
    own = text.split()
    other = chance.integers(len(words), size=len(own))
    return " ".join(
        words[at] if change else word
        for word, at, change in zip(own, other.tolist(), (chance.random(len(own)) < MIXED).tolist(), strict=True)
    )


def put(
    world: World,
    draw: Iterator[Said],
    count: int,
    begins: datetime,
    span: timedelta,
    directly: np.random.Generator | None = None,
) -> None:
    """Store complaints evenly over a time; they wait for the stations, or stand `directly` where those leave them."""
    for first in range(0, count, AT_ONCE):
        some = range(first, min(first + AT_ONCE, count))
        said = [next(draw) for _ in some]
        when = [begins + span * (at / count) for at in some]
        with world.runtime.database.writing() as session:
            if directly is None:
                put_mentions(session, world, said, when)
            else:
                put_history(session, world, said, when, directly)


def show(world: World, stored: int, new: int) -> None:
    """Let the stations run once more in their order until nothing is due; print what that took."""
    wall, processor = time.perf_counter(), time.process_time()
    spent = dict.fromkeys((station.name for station in THEME_STATIONS), 0.0)
    while True:
        batches = 0
        for station in THEME_STATIONS:
            begun = time.perf_counter()
            batches += run_station(world.runtime, station)
            spent[station.name] += time.perf_counter() - begun
        if not batches:
            break
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    with world.runtime.database.reading() as session:
        themes = session.scalar(select(func.count()).select_from(Theme).where(Theme.kind == "cluster")) or 0
        held = select(func.count()).select_from(ThemeMention).join(Theme, Theme.id == ThemeMention.theme_id)
        share = (session.scalar(held.where(Theme.kind == "cluster")) or 0) / (session.scalar(held) or 1)
    parts = " ".join(f"{spent[name]:{width}.1f}" for name, width in zip(spent, (7, 8, 7, 7), strict=True))
    costs = f"{wall:8.1f} {processor:7.1f} {processor / new * 1e6:8.0f}"
    print(f"{stored:9d} {new:8d} {parts} {costs} {themes:7d} {share:8.3f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
