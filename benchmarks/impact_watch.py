"""Daily looks, relapses, many changes together and plans, on streams with known truth.

    python benchmarks/impact_watch.py daily relapse portfolio plan --cases 60 --seed 3200000

Seeds below 100000 were used while the method was made; report on others. Single looks: `impact.py`.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import impact_streams as streams  # noqa: E402 - a script's own folder
from impact_scenarios import BY_NAME  # noqa: E402

from app.measure.stats.case import Case, Monitoring, parse_case  # noqa: E402
from app.measure.stats.estimate import estimate  # noqa: E402
from app.measure.stats.plan import plan  # noqa: E402
from app.measure.stats.portfolio import control_discoveries  # noqa: E402
from app.measure.stats.relapse import THRESHOLD, evidence  # noqa: E402

FOUND = ("improved", "worse")
HORIZON, NEVER = 90, 999
DECLARED_AFTER, BACK_AFTER = 42, 70  # days after the change
DAILY = (
    ("weekday", 1.0, 10.0),
    ("autocorrelated", 1.0, 10.0),
    ("no_controls", 1.0, 10.0),
    ("plain", 1.0, 1.0),
    ("plain", 0.5, 10.0),
    ("plain", 0.7, 10.0),
    ("plain", 0.8, 10.0),
    ("plain", 0.5, 1.0),
    ("weekday", 0.5, 10.0),
    ("weekday", 0.7, 10.0),
    ("weekday", 0.8, 10.0),
    ("weekday", 0.5, 1.0),
)
RELAPSES = (("plain", 0.5), ("weekday", 0.5), ("autocorrelated", 0.5), ("shared_trend", 0.5), ("weekday", 0.7))
THEMES, CHANGED = 20, 0.3  # changes judged together, and the share of them that did something


def until(case: Case, days_after: int, monitoring: Monitoring | None = None) -> Case:
    """The case as it was known so many days after the change."""
    stop = case.change_day + days_after
    return replace(
        case,
        target=case.target[:stop],
        exposure=case.exposure[:stop],
        controls={name: values[:stop] for name, values in case.controls.items()},
        monitoring=monitoring or case.monitoring,
    )


def first_found(job: tuple[str, float, float, int]) -> int:
    """Look every day: day after the change of the first improved or worse, `NEVER` without one in 90 days."""
    name, ratio, rate, seed = job
    scenario = replace(BY_NAME[name], post=(HORIZON, HORIZON), base=(rate, rate))
    case = parse_case(streams.draw(scenario, ratio, seed).case)
    for days in range(7, HORIZON + 1):
        seen = until(case, days, monitoring=Monitoring("daily", HORIZON))
        if estimate(seen).verdict.value in FOUND:
            return days
    return NEVER


def daily(pool: "Mapper", cases: int, seed: int) -> None:
    """False verdicts of ninety daily looks, and the median day of a true one."""
    print("\nlooked at daily for 90 days")
    for name, ratio, rate in DAILY:
        number = 2 * cases if ratio == 1.0 else cases
        days = pool(first_found, [(name, ratio, rate, seed + n) for n in range(number)])
        share = np.mean([day != NEVER for day in days])
        word = "false verdicts" if ratio == 1.0 else "found"
        print(
            f"  {name:16} ratio {ratio:.1f} at {rate:4.1f} a day: {word} {share:.3f}, median day {np.median(days):.0f}",
            flush=True,
        )


@dataclass(frozen=True)
class Watch:
    """One watched improvement."""

    declared: bool
    alarm: int  # days from the relapse (without one: from the verdict) to the alarm, `NEVER` without one


def watch_relapse(job: tuple[str, float, int, bool]) -> Watch:
    """A verdict after six weeks; back to the old rate four weeks later, or not; alarms of the ninety days from then."""
    name, ratio, seed, comes_back = job
    last = BACK_AFTER + HORIZON if comes_back else DECLARED_AFTER + HORIZON
    scenario = replace(BY_NAME[name], post=(2 * BACK_AFTER, 2 * BACK_AFTER), relapse=comes_back)
    case = parse_case(streams.draw(scenario, ratio, seed).case)
    found = estimate(until(case, DECLARED_AFTER))
    if found.verdict.value != "improved" or found.rate_ratio is None:
        return Watch(declared=False, alarm=NEVER)
    first = found.day
    path = evidence(until(case, min(last, case.days - case.change_day)), first, found.rate_ratio)
    alarms = np.flatnonzero(path > THRESHOLD)
    if not alarms.size:
        return Watch(declared=True, alarm=NEVER)
    after_change = int(alarms[0]) + 1 + DECLARED_AFTER
    return Watch(declared=True, alarm=after_change - (BACK_AFTER if comes_back else DECLARED_AFTER))


def relapses(pool: "Mapper", cases: int, seed: int) -> None:
    """False alarms in 90 days after a verdict, and the median delay of a true alarm."""
    print("\nrelapse: verdict after six weeks, back to the old rate after ten")
    for name, ratio in RELAPSES:
        calm = [w for w in pool(watch_relapse, [(name, ratio, seed + n, False) for n in range(cases)]) if w.declared]
        back = [w for w in pool(watch_relapse, [(name, ratio, seed + n, True) for n in range(cases)]) if w.declared]
        alarms = np.mean([w.alarm != NEVER for w in calm])
        delay = np.median([w.alarm for w in back])
        print(
            f"  {name:16} ratio {ratio:.1f}: false alarms {alarms:.3f} of {len(calm)}, median delay {delay:.0f} days "
            f"of {len(back)}",
            flush=True,
        )


def judge_portfolio(job: tuple[str, int]) -> tuple[float, float, float]:
    """False discovery proportion with control and without, and the share of real changes found with control."""
    mode, seed = job
    rng = np.random.default_rng(seed)
    names = [name for name, scenario in BY_NAME.items() if not scenario.unanswerable]
    verdicts, real = [], []
    for theme in range(THEMES):
        changed = rng.uniform() < CHANGED
        scenario = BY_NAME[names[int(rng.integers(len(names)))]]
        stream = streams.draw(scenario, float(rng.uniform(0.5, 0.8)) if changed else 1.0, seed * 100 + theme)
        verdicts.append(estimate(replace(parse_case(stream.case), monitoring=Monitoring(mode, HORIZON))))
        real.append(changed)
    kept = control_discoveries(verdicts, 0.05)
    return _false_share(kept, real), _false_share(verdicts, real), _found_share(kept, real)


def _false_share(verdicts: list[Any], real: list[bool]) -> float:
    found = [is_real for verdict, is_real in zip(verdicts, real, strict=True) if verdict.verdict.value in FOUND]
    return found.count(False) / max(len(found), 1)


def _found_share(verdicts: list[Any], real: list[bool]) -> float:
    found = [verdict.verdict.value in FOUND for verdict, is_real in zip(verdicts, real, strict=True) if is_real]
    return float(np.mean(found)) if found else np.nan


def portfolio(pool: "Mapper", cases: int, seed: int) -> None:
    """The mean share of false verdicts among those announced."""
    print(f"\n{THEMES} changes together, {CHANGED:.0%} of them real, scenarios mixed")
    for mode in ("single", "daily"):
        answers = np.array(pool(judge_portfolio, [(mode, seed + n) for n in range(cases)]))
        controlled, alone, found = np.nanmean(answers, axis=0)
        print(
            f"  {mode:8} false share of the announced {controlled:.3f} (each alone: {alone:.3f}), real ones found "
            f"{found:.2f} ({cases} lists)",
            flush=True,
        )


def keep_plan(job: tuple[str, float, int]) -> tuple[bool, bool, bool, float, bool]:
    """Day given?, found on it?, day of `minimum_detectable` kept?, promised chance at the horizon, found there?"""
    name, ratio, seed = job
    scenario = replace(BY_NAME[name], post=(HORIZON, HORIZON))
    case = parse_case(streams.draw(scenario, ratio, seed).case)
    promised = plan(case, ratio)
    at_horizon = estimate(case).verdict.value in FOUND
    smallest = promised.minimum_detectable or 0.5
    other = parse_case(streams.draw(scenario, round(smallest, 3), seed).case)
    seen = estimate(other).verdict.value in FOUND
    within = promised.days_after_change is not None and promised.days_after_change <= HORIZON
    on_day = within and estimate(until(case, promised.days_after_change or 0)).verdict.value in FOUND
    return within, on_day, seen, promised.chance or 0.0, at_horizon


def plans(pool: "Mapper", cases: int, seed: int) -> None:
    """What a plan promises (80 % on its day and at its minimum detectable ratio) beside what is kept."""
    print("\nplans: promised beside kept")
    for name in ("plain", "weekday", "trend", "autocorrelated", "small_counts", "one_control", "no_controls"):
        answers = np.array(pool(keep_plan, [(name, 0.7, seed + n) for n in range(cases)]), dtype=float)
        within = answers[answers[:, 0] > 0]
        print(
            f"  {name:16} on the planned day {within[:, 1].mean() if len(within) else np.nan:.2f} (0.80, "
            f"{len(within)} cases), at the minimum detectable {answers[:, 2].mean():.2f} (0.80), "
            f"by day 90 {answers[:, 4].mean():.2f} ({answers[:, 3].mean():.2f})",
            flush=True,
        )


Mapper = Callable[[Callable[[Any], Any], list[Any]], list[Any]]
PARTS: dict[str, Callable[[Mapper, int, int], None]] = {
    "daily": daily,
    "relapse": relapses,
    "portfolio": portfolio,
    "plan": plans,
}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=3_200_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.processes == 1:
        for part in options.parts:
            PARTS[part](lambda job, jobs: [job(each) for each in jobs], options.cases, options.seed)
        return
    with Pool(options.processes) as workers:
        for part in options.parts:
            PARTS[part](lambda job, jobs: workers.map(job, jobs, chunksize=2), options.cases, options.seed)


if __name__ == "__main__":
    main()
