"""Changes that never happened, in real arrival streams: how often is one announced?

    python benchmarks/impact_placebo.py ../shared/data/cfpb_complaint_stream --cases 400 --seed 3300000

The folder holds `complaints.csv` with columns `date_received`, `product`, `issue` (US Consumer Financial Protection
Bureau, public domain). A target is one issue of one product with at least one complaint in two days; controls are the
largest issues of other products; exposure is all complaints of the day. Every announcement is a false one, but for what
really happened on those days. `random`: a random day; `picked`: the theme is picked where its last week peaked, and the
change comes three to ten days later.
"""

import argparse
import csv
import sys
import warnings
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from impact_methods import METHODS  # noqa: E402 - a script's own folder
from impact_streams import Stream, Truth  # noqa: E402

OTHERS = ("closeloop", "t-test", "poisson", "ITS", "ITS+controls", "CausalImpact")
FEWEST_PER_DAY, CONTROLS = 0.5, 8
BEFORE, AFTER = 28, 14  # days that must remain on both sides
UNKNOWN = Truth(np.zeros((0, 0)), (), (), (0.0, 0.0), 0.0, 0.0, 0.0, ())
Series = dict[tuple[str, str], list[int]]


def read(path: Path) -> tuple[date, Series, list[int]]:
    """First day, complaints per day by product and issue, and all complaints per day."""
    by_day: dict[date, Counter[tuple[str, str]]] = defaultdict(Counter)
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            by_day[_day(row["date_received"])][row["product"], row["issue"]] += 1
    first, last = min(by_day), max(by_day)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    keys = sorted({key for counts in by_day.values() for key in counts})
    series = {key: [by_day[day][key] for day in days] for key in keys}
    return first, series, [sum(by_day[day].values()) for day in days]


def _day(text: str) -> date:
    if "/" in text:
        month, day, year = text.split("/")
        return date(int(year), int(month), int(day))
    return date.fromisoformat(text[:10])


def placebo(first: date, series: Series, total: list[int], rng: np.random.Generator, *, picked: bool) -> Stream:
    """One change that never happened."""
    days = len(total)
    targets = [key for key, counts in series.items() if sum(counts) >= FEWEST_PER_DAY * days]
    key = targets[int(rng.integers(len(targets)))]
    target = series[key]
    opened, change = None, int(rng.integers(BEFORE, days - AFTER + 1))
    if picked:
        weeks = range(BEFORE - 3, days - AFTER - 10)
        opened = max(weeks, key=lambda day: sum(target[day - 6 : day + 1]) / max(sum(total[day - 6 : day + 1]), 1))
        change = opened + int(rng.integers(3, 11))
    others = sorted((k for k in series if k[0] != key[0]), key=lambda k: -sum(series[k]))[:CONTROLS]
    case: dict[str, Any] = {
        "id": f"{key}-{change}",
        "start_date": first.isoformat(),
        "exposure": [max(value, 1) for value in total],
        "target": target,
        "controls": {f"{a}: {b}": series[a, b] for a, b in others},
        "change_day": change,
        "opened_day": opened,
        "monitoring": {"mode": "single"},
    }
    return Stream(case, 1.0, 1.0, UNKNOWN)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--seed", type=int, default=3_300_000)
    parser.add_argument("--method", nargs="*", default=list(OTHERS), choices=OTHERS)
    options = parser.parse_args()
    first, series, total = read(options.folder / "complaints.csv")
    print(f"{'method':14}{'random day':>12}{'after a spike':>15}   share announced of {options.cases} placebos each")
    for method in options.method:
        shares = []
        for picked in (False, True):
            rng = np.random.default_rng([options.seed, picked])
            streams = [placebo(first, series, total, rng, picked=picked) for _ in range(options.cases)]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                words = [METHODS[method](stream)[1] for stream in streams]
            shares.append(np.mean([word in {"improved", "worse"} for word in words]))
        print(f"{method:14}{shares[0]:12.3f}{shares[1]:15.3f}", flush=True)


if __name__ == "__main__":
    main()
