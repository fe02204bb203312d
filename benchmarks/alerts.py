"""False alerts a week over 200 quiet themes, and how soon changes are found; beside the usual rules, in the same run.

    python benchmarks/alerts.py quiet --kind poisson --weeks 104 --seed 910001
    python benchmarks/alerts.py found --kind overdispersed --seed 920001 --limits "3.1 3.0 4.2 3.6"
    python benchmarks/alerts.py tweets ../shared/data/airline_tweets

Seeds below 100000 were used while the method was made; report on others. `quiet` prints the limits at which the other
rules raise no more false alerts than ours did: give them to `found`.
"""

import argparse
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import alert_streams as streams  # noqa: E402 - a script's own folder
from alert_rules import RULES, USUAL, openings, score, tune  # noqa: E402
from alert_streams import WARM, Stream  # noqa: E402

from app.store.alert_counts import WatchedTheme  # noqa: E402
from app.store.impact import Span  # noqa: E402
from app.theme.alarm.life import QUIET_DAYS, AlertState, EndReason  # noqa: E402
from app.theme.alarm.panel import Panel  # noqa: E402
from app.theme.alert_look import judge  # noqa: E402
from app.theme.alert_panel import HISTORY, Ended, Standing, Watch  # noqa: E402

START = date(2025, 1, 6)
LEAST, PICKED = 10, 500.0  # people from which a new theme is found, among so many mentions
BANDS = ((0.0, 1.0), (1.0, 5.0), (5.0, 20.0), (20.0, 60.0))
FOLLOW = 56


class Ours:
    """Our alerts on a stream, day by day, with their whole life; nothing of a day is known before its look."""

    def __init__(self, stream: Stream, budget: float, *, found_late: int = 0) -> None:
        """Themes whose row is below `found_late` are only known from the day on which they have ten people."""
        self.stream, self.budget, self.late = stream, budget, found_late
        self.standing: dict[int, Standing] = {}
        self.ended: dict[int, Ended] = {}
        self.usable = np.ones(stream.counts.shape, bool)
        self.begins = np.zeros(len(stream.counts), int)
        self.looked: set[int] = set()
        self.opened: list[tuple[int, int, int]] = []  # theme, day, day from which it says the excess began

    def run(self, first: int) -> "Ours":
        """Look at every day from `first` on."""
        for day in range(first, self.stream.counts.shape[1]):
            self._look(day)
        return self

    def _look(self, day: int) -> None:
        people = self.stream.counts[:, : day + 1].sum(axis=1)
        rows = np.array([row for row in range(len(people)) if row >= self.late or people[row] >= LEAST])
        watch = self._watch(day, rows)
        opened, moved = judge(watch, self.budget)
        for one in moved:
            self._move(one, day)
        for one in opened:
            since = (one.excess_from - START).days
            self.opened.append((one.theme_id, day, since))
            begun = since if one.reopens is None else (self.ended[one.theme_id].excess_from - START).days
            self.standing[one.theme_id] = Standing(
                one.theme_id,
                one.theme_id,
                AlertState.OPEN,
                START + timedelta(days=begun),
                one.pace,
                one.excess_from,
                0.0,
            )
            self.usable[one.theme_id, begun:] = False
        for row in rows:
            if row < self.late and row not in self.looked:
                self.begins[row] = day + 1
        self.looked |= set(rows.tolist())

    def _move(self, one: object, day: int) -> None:
        alert = self.standing.pop(one.alert_id)
        if one.reason is None:
            told = Standing(
                alert.alert_id, alert.theme_id, one.state, alert.excess_from, one.told_pace, alert.peak_day, 0.0
            )
            self.standing[one.alert_id] = told
            return
        over = one.reason is EndReason.OVER
        last = day - QUIET_DAYS if over else day
        self.usable[alert.theme_id, last + 1 if over else 0 :] = True
        if not over:
            self.begins[alert.theme_id] = (alert.excess_from - START).days
        self.ended[alert.theme_id] = Ended(alert.alert_id, START + timedelta(days=last), alert.excess_from, over)

    def _watch(self, day: int, rows: np.ndarray) -> Watch:
        low = max(day + 1 - HISTORY, 0)
        span = Span(START + timedelta(days=low), START + timedelta(days=day))
        place = {int(row): at for at, row in enumerate(rows)}
        tomorrow = np.zeros((len(rows), 1))
        usable = np.column_stack([self.usable[rows, low : day + 1], tomorrow > 0])
        kinds = np.append(self.stream.kinds[low : day + 1], (day + 1) % 7)
        begins = np.maximum(self.begins[rows] - low, 0)
        counts = np.column_stack([self.stream.counts[rows, low : day + 1], tomorrow])
        panel = Panel(counts, np.ones(counts.shape), kinds, usable, begins)
        new = [row < self.late and row not in self.looked for row in rows]
        return Watch(
            span=span,
            themes=tuple(
                WatchedTheme(int(r), "cluster", int(r) % 20, "", None, datetime(2025, 1, 1, tzinfo=UTC)) for r in rows
            ),
            panel=panel,
            unbroken=begins,
            known={},
            searched=np.where(new, PICKED, 1.0),
            standing={place[row]: one for row, one in self.standing.items() if row in place},
            ended={place[row]: one for row, one in self.ended.items() if row in place},
            exposures=(None,) * len(rows),
            orphaned=(),
        )


def quiet(kind: str, weeks: int, seed: int, budget: float) -> None:
    """False alerts a week where nothing happens, and the limits that keep the other rules to as many."""
    began = time.monotonic()
    stream = streams.quiet(seed, kind, weeks)
    ours = Ours(stream, budget).run(WARM)
    rate = len(ours.opened) / weeks
    margin = 1.96 * np.sqrt(max(len(ours.opened), 1)) / weeks
    print(f"{kind}: {streams.THEMES} themes, {weeks} weeks, seed {seed}: false alerts a week")
    span = f"95 %: {max(rate - margin, 0):.2f} to {rate + margin:.2f}"
    print(f"  {'ours, budget ' + format(budget, 'g'):<24} {rate:8.2f}   ({span})")
    limits = []
    for rule in RULES:
        scores = score(rule, stream.counts)
        usual = openings(scores, USUAL[rule], WARM).sum() / weeks
        limits.append(tune(scores, WARM, max(rate, 1 / weeks)))
        print(f"  {rule:<24} {usual:8.2f}   at its usual limit {USUAL[rule]:.2f}; as few as ours at {limits[-1]:.2f}")
    print(f"  limits: {' '.join(f'{limit:.2f}' for limit in limits)}   ({time.monotonic() - began:.0f} s)")


def found(kind: str, seed: int, repeats: int, budget: float, limits: list[float]) -> None:
    """How soon changes are found, by people a day before them."""
    print(f"{kind}, seeds {seed} to {seed + repeats - 1}")
    print("share found on the first day / in 7 / 28 / 56 days, median delay in days")
    for change in ("1.5", "2", "4x3"):
        made = [streams.changed(seed + at, kind, change, FOLLOW) for at in range(repeats)]
        _report(f"x{change}", made, [Ours(one, budget).run(WARM - 1) for one in made], limits, BANDS)
    for rate in (0.5, 1.0, 3.0, 10.0):
        made = [streams.born(seed + at, kind, rate, FOLLOW) for at in range(repeats)]
        new = streams.THEMES // 4
        _report(
            f"new, {rate:g} a day",
            made,
            [Ours(one, budget, found_late=new).run(WARM - 1) for one in made],
            limits,
            None,
        )


def _report(
    title: str, made: list[Stream], ours: list[Ours], limits: list[float], bands: tuple[tuple[float, float], ...] | None
) -> None:
    rows = {"ours": [_delays(len(one.stream.counts), one.opened) for one in ours]}
    for rule, limit in zip(RULES, limits, strict=True):
        rows[rule] = []
        for stream in made:
            theme, day = np.nonzero(openings(score(rule, stream.counts), limit, WARM))
            if bands is None:  # nobody can see a theme before it was found
                people = np.cumsum(stream.counts, axis=1)
                seen = people[theme, day] >= LEAST
                theme, day = theme[seen], day[seen]
            rows[rule].append(_delays(len(stream.counts), list(zip(theme, day, day, strict=True))))
    volumes = [stream.means[:, WARM - 28 : WARM].mean(axis=1) for stream in made]
    for low, high in bands or ((0.0, 0.0),):
        label = f"{low:g} to {high:g} a day" if bands else ""
        print(f"{title} {label}")
        for rule, delays in rows.items():
            if bands:
                chosen = np.concatenate([d[(v >= low) & (v < high)] for d, v in zip(delays, volumes, strict=True)])
            else:
                chosen = np.concatenate([d[: streams.THEMES // 4] for d in delays])
            shares = "  ".join(f"{np.mean(chosen < days):4.0%}" for days in (1, 7, 28, FOLLOW))
            middle = np.median(chosen)
            print(f"  {rule:<14} {shares}   {middle if middle < FOLLOW else '> 56':>5}   (n = {len(chosen)})")


def _delays(themes: int, opened: list[tuple[int, int, int]]) -> np.ndarray:
    delays = np.full(themes, 999.0)
    for theme, day, _ in opened:
        if day >= WARM:
            delays[theme] = min(delays[theme], day - WARM)
    return delays


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    for name in ("quiet", "found"):
        part = parts.add_parser(name)
        part.add_argument("--kind", choices=streams.KINDS, default="overdispersed")
        part.add_argument("--seed", type=int, default=1)
        part.add_argument("--budget", type=float, default=1.0)
    parts.choices["quiet"].add_argument("--weeks", type=int, default=104)
    parts.choices["found"].add_argument("--repeats", type=int, default=2)
    parts.choices["found"].add_argument("--limits", default="", help="of the other rules, as `quiet` printed them")
    parts.add_parser("tweets").add_argument("folder", type=Path)
    asked = parser.parse_args()
    if asked.part == "quiet":
        quiet(asked.kind, asked.weeks, asked.seed, asked.budget)
    elif asked.part == "found":
        limits = [float(limit) for limit in asked.limits.split()] or [USUAL[rule] for rule in RULES]
        found(asked.kind, asked.seed, asked.repeats, asked.budget, limits)
    else:
        from alert_tweets import storm  # noqa: PLC0415 - a database, which the simulations do not need

        storm(asked.folder)


if __name__ == "__main__":
    main()
