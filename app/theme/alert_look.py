"""One look at all themes: which alerts open, which go on, which end, and what tomorrow is expected to bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from app.theme.alarm.baseline import Baseline, fit_baseline
from app.theme.alarm.life import QUIET_DAYS, AlertState, Course, EndReason, count_limits, day_limits, next_state
from app.theme.alarm.panel import Floats, Ints, Panel
from app.theme.alarm.surprise import Surprise, first_reached, learned_level, threshold, weigh
from app.theme.alert_panel import Watch

BEFORE = 28  # days before an excess that are shown beside it
REOPENS_WITHIN = 28
"""Days after its end in which an alert opens again instead of a new one being made."""

SAME_TIME = 3  # days between a known event and an excess that it explains
SMOOTHED = 7  # days over which a topic's own growth is taken
FURTHEST = 64.0  # times the expected count that is tried as a storm of tomorrow
HALVINGS = 8


@dataclass(frozen=True, slots=True)
class Numbers:
    """An excess in numbers, up to the last day that was counted; see `store.alert_tables.Alert`."""

    last_day: date
    observed: float
    expected: float
    low: float
    high: float
    peak_day: date
    peak: float
    series: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert that opens: `reopens` names the one that opens again, `explained` the known event that is its cause."""

    theme_id: int
    kind: str
    excess_from: date
    evidence: float
    pace: float
    exposure: str | None
    numbers: Numbers
    reopens: int | None = None
    explained: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """An alert that stood before this look; `grew`: people are to be told that."""

    alert_id: int
    state: AlertState
    reason: EndReason | None
    told_pace: float
    grew: bool
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a theme is expected to bring tomorrow; `trip` people would be an alert, with an excess from that day."""

    theme_id: int
    expected: float
    low: float
    high: float
    trip: float | None
    excess_from: date | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look led to."""

    day: date
    themes: int
    budget: float
    threshold: float
    opened: tuple[Opened, ...]
    moved: tuple[Moved, ...]
    expectations: tuple[Expectation, ...]
    orphaned: tuple[int, ...]


class _Look:
    """A watch with its baseline."""

    def __init__(self, watch: Watch, budget: float) -> None:
        self.watch, self.panel, self.budget = watch, watch.panel, budget
        self.baseline = _beside_topics(watch, fit_baseline(watch.panel))
        self.limit = threshold(len(watch.themes), budget)
        self.penalty = np.log(watch.searched)
        self.starts = np.zeros(len(watch.themes), np.int64)
        for row, ended in watch.ended.items():
            self.starts[row] = watch.span.index(ended.ended_on) + 1

    def set_aside(self, row: int, since: int) -> None:
        """Leave an excess that is over out of everything; what comes after it is weighed on its own."""
        after = self.watch.span.days - QUIET_DAYS
        self.panel.usable[row, since:after] = False
        self.starts[row] = after

    def course(self, row: int, since: int) -> tuple[Course, Course]:
        """The days of an excess, and the days before it."""
        alone = np.array([row])
        mean, sd = learned_level(self.panel.only(alone), self.baseline.only(alone), np.array([since]))
        last, begin = self.watch.span.days, max(since - BEFORE, 0)

        def part(first: int, stop: int) -> Course:
            expected = self.baseline.shape[row, first:stop] * mean[0]
            extra = self.baseline.extra[row, first:stop]
            return Course(self.panel.counts[row, first:stop], expected, extra, float(sd[0]))

        return part(since, last), part(begin, since)

    def numbers(self, row: int, since: int, peak: tuple[date, float] | None = None) -> tuple[Numbers, Course]:
        """An excess in numbers."""
        course, before = self.course(row, since)
        first = self.watch.span.first + timedelta(days=since)
        low, high = course.limits()
        top = int(course.observed.argmax())
        found = (first + timedelta(days=top), float(course.observed[top]))
        best = peak if peak is not None and peak[1] >= found[1] else found
        series = [*_series(before, first - timedelta(days=len(before.observed))), *_series(course, first)]
        sums = (float(course.observed.sum()), float(course.expected.sum()), low, high)
        return Numbers(self.watch.span.last, *sums, *best, series), course


def look(watch: Watch, budget: float) -> Looked:
    """Judge all themes on the last complete day.

    Args:
        watch: Counts and what is known.
        budget: False alerts a week, over all themes, that are accepted on average.
    """
    if not watch.themes:
        return Looked(watch.span.last, 0, budget, threshold(0, budget), (), (), (), watch.orphaned)
    each = _Look(watch, budget)
    return Looked(
        day=watch.span.last,
        themes=len(watch.themes),
        budget=budget,
        threshold=each.limit,
        opened=tuple(_openings(each)),
        moved=tuple(_standing(each)),
        expectations=tuple(_expectations(each)),
        orphaned=watch.orphaned,
    )


def judge(watch: Watch, budget: float) -> tuple[tuple[Opened, ...], tuple[Moved, ...]]:
    """The alerts that open, and what becomes of those that stand: a look without what tomorrow is expected to bring."""
    each = _Look(watch, budget)
    return tuple(_openings(each)), tuple(_standing(each))


def _openings(each: _Look) -> Iterator[Opened]:
    found = weigh(each.panel, each.baseline, each.starts, each.penalty)
    past = [row for row in _reached(each, found) if _is_past(each, row, int(found.since[row]))]
    if past:
        for row in past:
            each.set_aside(row, int(found.since[row]))
        found = weigh(each.panel, each.baseline, each.starts, each.penalty)
    for row in _reached(each, found):
        yield _open(each, row, int(found.since[row]), float(found.log_evidence[row]))
    yield from _explained(each, found)


def _reached(each: _Look, found: Surprise) -> list[int]:
    rows = np.flatnonzero(found.log_evidence >= each.limit)
    return [int(row) for row in rows if int(row) not in each.watch.standing]


def _is_past(each: _Look, row: int, since: int) -> bool:
    """Whether the excess is over, and was there before: it came to light late, with feedback of days long gone."""
    if not each.course(row, since)[0].is_over():
        return False
    return first_reached(each.panel, each.baseline, row, int(each.starts[row]), each.limit) < each.watch.span.days - 1


def _explained(each: _Look, found: Surprise) -> Iterator[Opened]:
    """What would be an alert if nothing were known of the event that moved the counts."""
    watch = each.watch
    late = [row for row in watch.known if each.panel.begins[row] > watch.unbroken[row]]
    if not late:
        return
    unbroken = replace(each.panel, begins=watch.unbroken)
    would = weigh(unbroken, each.baseline, each.starts, each.penalty)
    for row in late:
        known = watch.known[row]
        same_time = abs(int(would.since[row]) - watch.span.index(known.day)) <= SAME_TIME
        opens = found.log_evidence[row] >= each.limit or row in watch.standing
        if would.log_evidence[row] >= each.limit and same_time and not (opens or _is_told(watch, row)):
            opened = _open(each, row, int(would.since[row]), float(would.log_evidence[row]))
            yield replace(opened, reopens=None, explained=f"{known.words} on {known.day}")


def _is_told(watch: Watch, row: int) -> bool:
    """Whether an alert already stands for the known event."""
    ended = watch.ended.get(row)
    return ended is not None and ended.excess_from >= watch.known[row].day - timedelta(days=SAME_TIME)


def _open(each: _Look, row: int, since: int, evidence: float) -> Opened:
    watch = each.watch
    numbers, course = each.numbers(row, since)
    ended = watch.ended.get(row)
    starts = watch.span.first + timedelta(days=since)
    again = ended is not None and ended.again and (starts - ended.ended_on).days <= REOPENS_WITHIN
    return Opened(
        theme_id=watch.themes[row].id,
        kind="emerging" if watch.searched[row] > 1 else "excess",
        excess_from=starts,
        evidence=evidence,
        pace=course.pace(),
        exposure=watch.exposures[row],
        numbers=numbers,
        reopens=ended.alert_id if ended is not None and again else None,
    )


def _standing(each: _Look) -> Iterator[Moved]:
    for row, alert in each.watch.standing.items():
        since = max(each.watch.span.index(alert.excess_from), 0)
        numbers, course = each.numbers(row, since, (alert.peak_day, alert.peak))
        state, reason, pace = next_state(alert.state, alert.told_pace, course)
        yield Moved(alert.alert_id, state, reason, pace, pace > alert.told_pace, numbers)


def _expectations(each: _Look) -> Iterator[Expectation]:
    watch, tomorrow = each.watch, each.watch.span.days
    mean, sd = learned_level(each.panel, each.baseline, np.full(len(watch.themes), tomorrow))
    expected = each.baseline.shape[:, tomorrow] * mean
    trips, since = _trips(each, expected)
    for row, theme in enumerate(watch.themes):
        low, high = count_limits(expected[row], each.baseline.extra[row, tomorrow], sd[row])
        trip = float(trips[row]) if np.isfinite(trips[row]) and row not in watch.standing else None
        begun = None if trip is None else watch.span.first + timedelta(days=int(since[row]))
        yield Expectation(theme.id, float(expected[row]), low, high, trip, begun)


def _trips(each: _Look, expected: Floats) -> tuple[Floats, Ints]:
    """Smallest counts of tomorrow that would open an alert, by halving; the evidence grows with the count."""
    low, high = np.log(np.maximum(expected, 1)), np.log(FURTHEST * (expected + 1))
    since = np.full(len(expected), each.panel.days - 1)
    reached = np.zeros(len(expected), bool)
    for step in range(HALVINGS + 1):
        middle = high if step == 0 else (low + high) / 2
        tried = weigh(_tomorrow(each.panel, np.ceil(np.exp(middle))), each.baseline, each.starts, each.penalty)
        trips = tried.log_evidence >= each.limit
        reached = trips if step == 0 else reached
        since = np.where(trips, tried.since, since)
        high, low = np.where(trips, middle, high), np.where(trips, low, middle)
        if step == 0:
            low = np.log(np.maximum(expected, 1))
    return np.where(reached, np.ceil(np.exp(high)), np.inf), since


def _tomorrow(panel: Panel, counts: Floats) -> Panel:
    filled, usable = panel.counts.copy(), panel.usable.copy()
    filled[:, -1], usable[:, -1] = counts, True
    return replace(panel, counts=filled, usable=usable)


def _series(course: Course, first: date) -> list[dict[str, Any]]:
    days = zip(course.observed, course.expected, *day_limits(course), strict=True)
    return [
        {
            "day": (first + timedelta(days=at)).isoformat(),
            "observed": int(observed),
            "expected": round(float(expected), 3),
            "low": float(low),
            "high": float(high),
        }
        for at, (observed, expected, low, high) in enumerate(days)
    ]


def _beside_topics(watch: Watch, baseline: Baseline) -> Baseline:
    """The baseline with emerging themes in proportion to the rest of their topics, whose growth is not theirs."""
    shape = baseline.shape.copy()
    topics = np.array([theme.topic_id for theme in watch.themes])
    for row in watch.emerging:
        others = (topics == topics[row]) & (np.arange(len(topics)) != row)
        total = watch.panel.counts[others, : watch.span.days].sum(axis=0)
        smooth = np.convolve(total, np.ones(SMOOTHED), "full")[: len(total)] + 1
        growth = np.append(smooth, smooth[-1:])
        before = growth[: baseline.first_watched] if baseline.first_watched > SMOOTHED else growth
        shape[row] *= growth / before.mean()
    return replace(baseline, shape=shape)
