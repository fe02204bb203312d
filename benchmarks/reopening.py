"""Finished items on simulated weeks: how often a flat year opens one again, and how soon a doubled rate does.

``python benchmarks/reopening.py [--items 200]`` prints, for counts that scatter by chance alone and more than that, the
share of items that open again within a year although nothing changed, and the median weeks until a doubled rate is
noticed, from the first week and after twenty quiet ones. Beside it the rule "over the threshold again": a window of
four weeks with at least as many people as the one that opened the item, here the mean.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from app.domain.coming_back import BEFORE_WEEKS, Week, look

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 7
YEAR = 52
WINDOW = 4
CASES = ((3, 0.0), (3, 0.05), (10, 0.0), (10, 0.05), (10, 0.1), (30, 0.05))


Rule = Callable[["Sequence[Week]", "Sequence[Week]"], bool]


def main() -> int:
    """Print the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=200)
    items = parser.parse_args().items
    out = sys.stdout.write
    out(f"{'people':>7}{'scatter':>9}  {'rule':16}{'opened, flat year':>19}{'x2 at once':>12}{'x2 after 20':>13}\n")
    for mean, scatter in CASES:
        for name, rule in (("rate test", _tested), ("over threshold", _over)):
            flat = [_weeks_until(rule, SEED + number, (mean, scatter), YEAR) for number in range(items)]
            soon = [_weeks_until(rule, SEED + number, (mean, scatter), 0) for number in range(items // 2)]
            late = [_weeks_until(rule, SEED + number, (mean, scatter), 20) for number in range(items // 2)]
            opened = sum(week is not None for week in flat) / items
            out(f"{mean:7}{scatter:9.2f}  {name:16}{opened:19.3f}{_median(soon, 0):>12}{_median(late, 20):>13}\n")
    return 0


def _weeks_until(rule: Rule, seed: int, how: tuple[float, float], doubles_at: int) -> int | None:
    rng = np.random.default_rng(seed)
    before = [_week(rng, *how) for _ in range(BEFORE_WEEKS)]
    after: list[Week] = []
    for number in range(YEAR):
        mean, scatter = how
        after.append(_week(rng, mean * (2 if number >= doubles_at else 1), scatter))
        if rule(before, after):
            return number + 1
    return None


def _week(rng: np.random.Generator, mean: float, scatter: float) -> Week:
    rate = rng.gamma(1 / scatter, mean * scatter) if scatter else mean
    return Week(int(rng.poisson(rate)), 7.0)


def _tested(before: Sequence[Week], after: Sequence[Week]) -> bool:
    found = look(before, after)
    return found is not None and found.back


def _over(before: Sequence[Week], after: Sequence[Week]) -> bool:
    usual = sum(week.people for week in before) / len(before) * WINDOW
    return len(after) >= WINDOW and sum(week.people for week in after[-WINDOW:]) >= usual


def _median(weeks: Sequence[int | None], start: int) -> str:
    ranked = sorted(week if week is not None else YEAR + 1 for week in weeks)
    middle = ranked[len(ranked) // 2]
    return "never" if middle > YEAR else "too early" if middle <= start else str(middle - start)


if __name__ == "__main__":
    sys.exit(main())
