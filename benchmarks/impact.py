"""How often is a verdict wrong? Streams with known truth, our estimator beside what others do, in the same run.

    python benchmarks/impact.py --cases 100 --seed 700000 [--scenario NAME ...] [--daily] [--relapse]

Seeds below 100000 were used while the method was made; report on others. Baselines: t-test of daily rates before and
after, Poisson rate test, segmented negative binomial regression (interrupted time series; needs statsmodels,
`pip install .[bench]`). A false verdict is `improved` or `worse` on a case whose change did nothing; power is the share
of `improved` on a real fall; coverage is that of the 95 % interval over nulls and effects (of the
mean ratio over the days since the change).
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import impact_streams as streams  # noqa: E402 - a script's own folder

from app.measure.stats.case import Declared, Monitoring, parse_case  # noqa: E402
from app.measure.stats.estimate import estimate  # noqa: E402
from app.measure.stats.relapse import relapsed  # noqa: E402

Answer = tuple[float, float, float]  # ratio, low, high; NaN where the method gives none
Z95 = 1.959964
FOUND = ("improved", "worse")


@dataclass(frozen=True)
class Result:
    """One case judged by one method."""

    method: str
    scenario: str
    truth: float  # ratio once the change is fully in effect
    mean: float  # mean ratio over the days since the change: what every method here estimates
    answer: Answer
    verdict: str
    milliseconds: float


def ours(case: dict[str, Any]) -> tuple[Answer, str]:
    """The product's estimator."""
    verdict = estimate(parse_case(case))
    if verdict.rate_ratio is None or verdict.ci_low is None or verdict.ci_high is None:
        return (np.nan, np.nan, np.nan), verdict.verdict.value
    return (verdict.rate_ratio, verdict.ci_low, verdict.ci_high), verdict.verdict.value


def t_test(case: dict[str, Any]) -> tuple[Answer, str]:
    """Welch's test of daily rates; the ratio's interval by the delta method."""
    rate = np.array(case["target"]) / np.array(case["exposure"])
    before, after = rate[: case["change_day"]], rate[case["change_day"] :]
    low, high = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    base = before.mean()
    return _called(after.mean() / base, 1 + low / base, 1 + high / base)


def poisson_test(case: dict[str, Any]) -> tuple[Answer, str]:
    """Two Poisson rates, Wald interval of the log ratio."""
    counts, offered, day = np.array(case["target"]), np.array(case["exposure"]), case["change_day"]
    before, after = counts[:day].sum() + 0.5, counts[day:].sum() + 0.5
    step = np.log(after / offered[day:].sum()) - np.log(before / offered[:day].sum())
    error = Z95 * np.sqrt(1 / before + 1 / after)
    return _called(np.exp(step), np.exp(step - error), np.exp(step + error))


def segmented(case: dict[str, Any]) -> tuple[Answer, str]:
    """Interrupted time series: negative binomial with trend, step and weekdays, no controls."""
    import statsmodels.api as sm  # noqa: PLC0415 - optional: only this baseline needs it

    counts, day = np.array(case["target"], dtype=float), case["change_day"]
    t = np.arange(len(counts))
    weekdays = np.eye(7)[t % 7][:, 1:]
    design = np.column_stack([np.ones_like(t), t / len(t), t >= day, weekdays]).astype(float)
    offset = np.log(np.array(case["exposure"]))
    first = sm.GLM(counts, design, family=sm.families.Poisson(), offset=offset).fit()
    aux = ((counts - first.mu) ** 2 - first.mu) / first.mu
    alpha = max(float((aux * first.mu).sum() / (first.mu**2).sum()), 1e-4)
    fit = sm.GLM(counts, design, family=sm.families.NegativeBinomial(alpha=alpha), offset=offset).fit()
    step, error = fit.params[2], Z95 * fit.bse[2]
    return _called(np.exp(step), np.exp(step - error), np.exp(step + error))


METHODS: dict[str, Callable[[dict[str, Any]], tuple[Answer, str]]] = {
    "closeloop": ours,
    "t-test": t_test,
    "poisson": poisson_test,
    "segmented NB": segmented,
}


def _called(ratio: float, low: float, high: float) -> tuple[Answer, str]:
    verdict = "improved" if high < 1 else "worse" if low > 1 else "inconclusive"
    return (float(ratio), float(low), float(high)), verdict


def judge(job: tuple[str, float, int, tuple[str, ...]]) -> list[Result]:
    """One case by every method."""
    name, ratio, seed, methods = job
    stream = streams.draw(streams.BY_NAME[name], ratio, seed)
    results = []
    for method in methods:
        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer, verdict = METHODS[method](stream.case)
        took = 1000 * (time.perf_counter() - started)
        results.append(Result(method, name, ratio, stream.mean_ratio, answer, verdict, took))
    return results


@dataclass(frozen=True)
class Row:
    """What a method did in a scenario."""

    method: str
    scenario: str
    false: float
    coverage: float
    power: dict[float, float]
    wrong_sign: float
    bias: float
    milliseconds: float


def summarise(method: str, scenario: str, results: list[Result]) -> Row:
    """Rates over the cases of one scenario and method."""
    nulls = [r for r in results if r.truth == 1.0]
    falls = [r for r in results if r.truth < 1.0]
    given = [r for r in results if np.isfinite(r.answer[1])]
    power = {
        truth: float(np.mean([r.verdict == "improved" for r in falls if r.truth == truth]))
        for truth in sorted({r.truth for r in falls}, reverse=True)
    }
    return Row(
        method=method,
        scenario=scenario,
        false=float(np.mean([r.verdict in FOUND for r in nulls])),
        coverage=float(np.mean([r.answer[1] <= r.mean <= r.answer[2] for r in given])) if given else np.nan,
        power=power,
        wrong_sign=float(np.mean([r.verdict == "worse" for r in falls])) if falls else 0.0,
        bias=float(np.mean([np.log(r.answer[0] / r.mean) for r in given if r.answer[0] > 0])) if given else np.nan,
        milliseconds=float(np.mean([r.milliseconds for r in results])),
    )


def run(names: list[str], cases: int, seed: int, methods: tuple[str, ...], processes: int = 2) -> list[Row]:
    """All scenarios by all methods."""
    jobs = [
        (name, ratio, seed + number, methods)
        for name in names
        for ratio in streams.BY_NAME[name].ratios
        for number in range(cases)
    ]
    if processes > 1:
        with Pool(processes) as pool:
            nested = pool.map(judge, jobs, chunksize=10)
    else:
        nested = [judge(job) for job in jobs]
    results = [result for group in nested for result in group]
    return [
        summarise(method, name, [r for r in results if (r.method, r.scenario) == (method, name)])
        for name in names
        for method in methods
    ]


def first_found(job: tuple[str, float, int, float]) -> tuple[float, int | None, str]:
    """Look every day from the change on: day of the first improved/worse and its word (None: never in 90 days)."""
    name, ratio, seed, rate = job
    scenario = replace(streams.BY_NAME[name], post=(90, 90), base=(rate, rate))
    case = replace(parse_case(streams.draw(scenario, ratio, seed).case), monitoring=Monitoring("daily", 90))
    for days in range(7, 91):
        stop = case.change_day + days
        seen = replace(
            case,
            target=case.target[:stop],
            exposure=case.exposure[:stop],
            controls={key: values[:stop] for key, values in case.controls.items()},
        )
        verdict = estimate(seen).verdict.value
        if verdict in FOUND:
            return ratio, days, verdict
    return ratio, None, ""


def watch_daily(cases: int, seed: int) -> None:
    """False verdicts of ninety daily looks, and the median day of a true one."""
    print("\nlooked at daily for 90 days")
    rows = [("weekday", 1.0, 10.0), ("autocorrelated", 1.0, 10.0), ("plain", 1.0, 1.0)]
    rows += [("plain", 0.5, 10.0), ("plain", 0.7, 10.0), ("plain", 0.8, 10.0), ("plain", 0.5, 1.0)]
    for name, ratio, rate in rows:
        with Pool(2) as pool:
            found = pool.map(first_found, [(name, ratio, seed + n, rate) for n in range(cases)], chunksize=2)
        days = sorted(day if day is not None else 999 for _, day, _ in found)
        share = np.mean([day is not None for _, day, _ in found])
        median = days[len(days) // 2]
        word = "false verdicts" if ratio == 1.0 else "found"
        print(f"  {name:16} ratio {ratio:.1f} at {rate:4.1f} a day: {word} {share:.3f}, median day {median}")


def watch_relapse(job: tuple[str, float, int, bool]) -> int | None:
    """Days from the relapse (or from the verdict, where there is none) to the alarm; None without one."""
    name, ratio, seed, comes_back = job
    scenario = replace(streams.BY_NAME[name], post=(140, 140), relapse=comes_back)
    case = parse_case(streams.draw(scenario, ratio, seed).case)
    declared, back = case.change_day + 42, case.change_day + 70
    stop = case.change_day + 42
    seen = replace(
        case,
        target=case.target[:stop],
        exposure=case.exposure[:stop],
        controls={key: values[:stop] for key, values in case.controls.items()},
    )
    found = estimate(seen)
    if found.verdict.value != "improved" or found.rate_ratio is None:
        return -1
    told = Declared("improved", found.rate_ratio, found.ci_low or 0.0, found.ci_high or 1.0, declared)
    for stop in range(declared + 1, min(declared + 91, case.days) + 1):
        part = replace(
            case,
            target=case.target[:stop],
            exposure=case.exposure[:stop],
            controls={key: values[:stop] for key, values in case.controls.items()},
            declared=told,
        )
        if relapsed(part):
            return stop - (back if comes_back else declared)
    return None


def relapses(cases: int, seed: int) -> None:
    """False alarms in 90 days after a verdict, and the median delay of a true alarm (same verdicts, fall of a half)."""
    print("\nrelapse, fall of a half, verdict after six weeks, back to the old rate after ten")
    for name in ("plain", "weekday", "autocorrelated", "shared_trend"):
        with Pool(2) as pool:
            calm = pool.map(watch_relapse, [(name, 0.5, seed + n, False) for n in range(cases)])
            back = pool.map(watch_relapse, [(name, 0.5, seed + n, True) for n in range(cases)])
        quiet = [day for day in calm if day != -1]
        lost = sorted(999 if day is None else day for day in back if day != -1)
        alarms = np.mean([day is not None for day in quiet])
        print(f"  {name:16} false alarms {alarms:.3f}, median delay {lost[len(lost) // 2]} days ({len(lost)} cases)")


def report(rows: list[Row], methods: tuple[str, ...]) -> dict[str, Any]:
    """Print the table and return the summary."""
    print(f"{'scenario':24}{'method':14}{'false':>7}{'cover':>7}{'bias':>7}{'sign':>6}  power by ratio")
    for row in rows:
        power = "  ".join(f"{truth:.1f}: {share:.2f}" for truth, share in row.power.items())
        print(
            f"{row.scenario:24}{row.method:14}{row.false:7.3f}{row.coverage:7.3f}{row.bias:+7.2f}"
            f"{row.wrong_sign:6.2f}  {power}"
        )
    summary: dict[str, Any] = {}
    for method in methods:
        own = [row for row in rows if row.method == method]
        summary[method] = {
            "false_mean": float(np.mean([row.false for row in own])),
            "false_worst": max((row.false, row.scenario) for row in own),
            "coverage_mean": float(np.mean([row.coverage for row in own])),
            "coverage_worst": min((row.coverage, row.scenario) for row in own),
            "power_mean": float(np.mean([share for row in own for share in row.power.values()])),
            "milliseconds": float(np.mean([row.milliseconds for row in own])),
        }
    print()
    for method, values in summary.items():
        print(f"{method:14}{json.dumps(values)}")
    return summary


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=700_000)
    parser.add_argument("--scenario", nargs="*", default=list(streams.BY_NAME))
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--daily", action="store_true")
    parser.add_argument("--relapse", action="store_true")
    options = parser.parse_args()
    methods = ("closeloop",) if options.ours_only else tuple(METHODS)
    if not (options.daily or options.relapse):
        report(run(options.scenario, options.cases, options.seed, methods), methods)
    if options.daily:
        watch_daily(options.cases, options.seed)
    if options.relapse:
        relapses(options.cases, options.seed)


if __name__ == "__main__":
    main()
