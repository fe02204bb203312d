"""How often is a verdict wrong? Streams with known truth, our estimator beside what others do, in the same run.

    python benchmarks/impact.py --cases 60 --seed 3100000 [--scenario NAME ...] [--method NAME ...]

Seeds below 100000 were used while the method was made; report on others. A false verdict is `improved` or `worse` on a
case whose change did nothing (or where nobody can tell); power is the share of rightly named real changes; coverage is
that of the 95 % interval over nulls and effects (of the mean ratio over the days since the change). Daily looks,
relapses, many changes and plans: `impact_watch.py`. Needs `pip install .[bench]`.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import impact_streams as streams  # noqa: E402 - a script's own folder
from impact_methods import METHODS, Answer  # noqa: E402
from impact_scenarios import BY_NAME  # noqa: E402

FOUND = ("improved", "worse")
BOUNDS = ("oracle", "profile", "blind")
NULLS = 2  # cases without an effect for each case of one size of effect
SLOW = {"CausalImpact": 10, "ITS": 40, "ITS+controls": 40}  # methods of which only the first cases of a kind are asked


@dataclass(frozen=True)
class Result:
    """One case judged by one method."""

    method: str
    scenario: str
    seed: int
    truth: float  # ratio once the change is fully in effect
    mean: float  # mean ratio over the days since the change: what every method here estimates
    answer: Answer
    verdict: str
    milliseconds: float

    @property
    def right(self) -> bool:
        """Whether a real change was named as what it is."""
        return self.verdict == ("improved" if self.truth < 1 else "worse")


def judge(job: tuple[str, float, int, tuple[str, ...]]) -> list[Result]:
    """One case by every method."""
    name, ratio, seed, methods = job
    stream = streams.draw(BY_NAME[name], ratio, seed)
    results = []
    for method in methods:
        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer, verdict = METHODS[method](stream)
        took = 1000 * (time.perf_counter() - started)
        results.append(Result(method, name, seed, ratio, stream.mean_ratio, answer, verdict, took))
    return results


@dataclass(frozen=True)
class Row:
    """What a method did in a scenario; NaN where a scenario does not ask."""

    method: str
    scenario: str
    false: float
    coverage: float
    power: dict[float, float]
    share: float  # power as a share of the oracle's on the same cases
    wrong_sign: float
    bias: float
    milliseconds: float


def summarise(method: str, scenario: str, results: list[Result], best: dict[tuple[float, int], bool]) -> Row:
    """Rates over the cases of one scenario and method; `best`: what the oracle found, by ratio and seed."""
    asked = not BY_NAME[scenario].unanswerable
    nulls = [r for r in results if r.truth == 1.0 or not asked]
    effects = [r for r in results if r.truth != 1.0 and asked]
    given = [r for r in results if np.isfinite(r.answer[1]) and asked]
    known = [best[r.truth, r.seed] for r in effects if (r.truth, r.seed) in best]
    return Row(
        method=method,
        scenario=scenario,
        false=_mean(r.verdict in FOUND for r in nulls),
        coverage=_mean(r.answer[1] <= r.mean <= r.answer[2] for r in given),
        power={
            truth: _mean(r.right for r in effects if r.truth == truth) for truth in sorted({r.truth for r in effects})
        },
        share=sum(r.right for r in effects) / max(sum(known), 1) if known else np.nan,
        wrong_sign=_mean(r.verdict in FOUND and not r.right for r in effects),
        bias=_mean(np.log(r.answer[0] / r.mean) for r in given if 0 < r.answer[0] < np.inf),
        milliseconds=float(np.median([r.milliseconds for r in results])),
    )


def run(names: list[str], cases: int, seed: int, methods: tuple[str, ...], processes: int = 2) -> list[Row]:
    """All scenarios by all methods."""
    threadpool_limits(1)  # the matrices are small: two threads for one of them wait for each other
    jobs = []
    for name in names:
        for ratio in BY_NAME[name].ratios:
            for number in range(cases * (NULLS if ratio == 1.0 else 1)):
                asked = tuple(m for m in methods if number < SLOW.get(m, cases * NULLS))
                jobs.append((name, ratio, seed + number, asked))
    if processes > 1:
        with Pool(processes) as pool:
            nested = pool.map(judge, jobs, chunksize=10)
    else:
        nested = [judge(job) for job in jobs]
    by_cell: dict[tuple[str, str], list[Result]] = {}
    for result in (result for group in nested for result in group):
        by_cell.setdefault((result.method, result.scenario), []).append(result)
    rows = []
    for name in names:
        best = {(r.truth, r.seed): r.right for r in by_cell.get(("oracle", name), [])}
        rows += [summarise(method, name, by_cell[method, name], best) for method in methods]
    return rows


def report(rows: list[Row], methods: tuple[str, ...]) -> dict[str, Any]:
    """Print the table and return the summary."""
    print(f"{'scenario':24}{'method':14}{'false':>7}{'cover':>7}{'share':>7}{'bias':>7}{'sign':>6}  power by ratio")
    for row in rows:
        power = "  ".join(f"{truth:g}: {share:.2f}" for truth, share in row.power.items())
        print(
            f"{row.scenario:24}{row.method:14}{row.false:7.3f}{row.coverage:7.3f}{row.share:7.2f}{row.bias:+7.2f}"
            f"{row.wrong_sign:6.2f}  {power}"
        )
    best = _power(row for row in rows if row.method == "oracle")
    summary: dict[str, Any] = {}
    for method in methods:
        own = [row for row in rows if row.method == method]
        asked = [row for row in own if row.power]
        summary[method] = {
            "false_mean": round(_mean(row.false for row in own), 4),
            "false_worst": max((round(row.false, 3), row.scenario) for row in own),
            "coverage_mean": round(_mean(row.coverage for row in asked), 4),
            "coverage_worst": min((round(row.coverage, 3), row.scenario) for row in asked) if asked else None,
            "power": round(_power(own), 4),
            "power_of_oracle": round(_power(own) / best, 3) if best > 0 else None,
            "wrong_sign": round(_mean(row.wrong_sign for row in asked), 4),
            "ms": round(_mean(row.milliseconds for row in own), 1),
        }
    print()
    for method, values in summary.items():
        print(f"{method:14}{json.dumps(values)}")
    return summary


def _mean(values: Iterable[Any]) -> float:
    listed = list(values)
    return float(np.mean(listed)) if listed else np.nan


def _power(rows: Iterable[Row]) -> float:
    return _mean(share for row in rows for share in row.power.values())


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=3_100_000)
    parser.add_argument("--scenario", nargs="*", default=list(BY_NAME))
    parser.add_argument("--method", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the rows there")
    options = parser.parse_args()
    methods = tuple(options.method)
    rows = run(options.scenario, options.cases, options.seed, methods, options.processes)
    report(rows, methods)
    if options.json:
        options.json.write_text(json.dumps([vars(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
