"""How surprising are the newest days? A mixture of likelihood ratios that may be looked at every day.

For every day j on which an excess may have begun, the days since j are explained in two ways: as before, or at a rate
that is 1.5 to 30 times as high. The level "as before" is not known exactly; it is averaged over what the baseline and
the days before j say (a grid of log levels, exact Bayes). Under the null each ratio is an e-process, and their sum over
j is a Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo 2024, "E-detectors", New England Journal of Statistics in
Data Science 2): started anew after each alert, it exceeds c at most once in c days on average. So `c = themes x 7 /
budget` keeps false alerts, over all themes, at or below the budget a week, however the themes depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.theme.alarm.baseline import Baseline
from app.theme.alarm.panel import Flags, Floats, Ints, Panel

STEP = 0.1  # between log levels
LEVELS = np.arange(-25, 26) * STEP  # around a theme's centre
RISES: tuple[tuple[int, float], ...] = ((4, 0.3), (7, 0.2), (11, 0.15), (16, 0.15), (23, 0.1), (34, 0.1))
"""Rises as steps of the grid (rates x 1.5, 2, 3, 5, 10 and 30) with their weights."""

FEWEST_DAYS = 3
"""Days that must have been seen before an excess can begin."""

AFTER_EVENT = (0.2, 1.0)
"""Shift and standard deviation of the log level after a known event: it moves the counts, nobody knows how much."""

UNSURE = 0.5  # standard deviation of a log level from which the grid is centred on the counts themselves
CHUNK = 400  # themes at once: some 15 MB of memory each hundred

FEWEST_THEMES = 200
"""With fewer themes the budget is still divided as if there were so many."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """What the newest day says.

    Attributes:
        log_evidence: (K,) natural logarithm of the e-detector.
        since: (K,) index of the day from which an excess explains the counts best.
    """

    log_evidence: Floats
    since: Ints


def threshold(themes: int, budget: float) -> float:
    """Logarithm of the evidence at which an alert opens: at most `budget` false ones a week over all themes."""
    return float(np.log(7 * max(themes, FEWEST_THEMES) / budget))


def weigh(panel: Panel, baseline: Baseline, starts: Ints, penalty: Floats) -> Surprise:
    """Evidence of an excess that lasts until the newest day.

    Args:
        panel: Counts.
        baseline: What is expected of them.
        starts: (K,) first day on which an excess may begin, e.g. after the last alert.
        penalty: (K,) logarithm of how many themes each one was picked from: 0 for those that nobody picked.
    """
    found = Surprise(np.full(len(panel.counts), -np.inf), np.full(len(panel.counts), panel.days))
    likely = np.flatnonzero(_stands_out(panel, baseline))
    for chunk in np.array_split(likely, len(likely) // CHUNK + 1):
        if len(chunk):
            _weigh_some(panel.only(chunk), baseline, chunk, (starts[chunk], penalty[chunk]), found)
    return found


def first_reached(panel: Panel, baseline: Baseline, row: int, start: int, limit: float) -> int:
    """Day on which a theme's evidence, counted from `start`, first reached a limit (its index); `panel.days`: never."""
    days = np.arange(max(start, baseline.first_watched), panel.days)
    rows = np.full(len(days), row)
    until = panel.only(rows)
    until.usable[:] &= np.arange(panel.days) <= days[:, None]
    path = weigh(until, baseline.only(rows), np.full(len(days), start), np.zeros(len(days)))
    reached = np.flatnonzero(path.log_evidence >= limit)
    return int(days[reached[0]]) if len(reached) else panel.days


def _stands_out(panel: Panel, baseline: Baseline) -> Flags:
    """Themes whose count in some window is above what the days before it say; the others cannot reach a threshold."""
    first = baseline.first_watched
    seen, due = panel.counts[:, first:], baseline.shape[:, first:]
    after = np.cumsum((seen * panel.usable[:, first:])[:, ::-1], axis=1)
    expected = np.cumsum((due * panel.usable[:, first:])[:, ::-1], axis=1)
    lowest = np.exp(np.minimum(baseline.level, np.log((after[:, -1:] + 0.5) / (expected[:, -1:] + 1))[:, 0]) - 0.7)
    expected *= lowest[:, None]
    return np.asarray(((after - expected) / np.sqrt(expected + 1)).max(axis=1) > 1)


def _weigh_some(panel: Panel, baseline: Baseline, rows: Ints, limits: tuple[Ints, Floats], found: Surprise) -> None:
    first, days = baseline.first_watched, panel.days
    starts, penalty = limits
    centre, prior = _level_prior(panel, baseline, rows)
    seen = panel.counts[:, first:]
    due = baseline.shape[rows, first:] * np.exp(centre)[:, None]
    told = panel.learned_from()[:, first:]
    sums = _cumulated(seen, due, baseline.extra[rows, first:], told)
    before, after = prior[:, None, :] + sums[:, :-1, : len(LEVELS)], sums[:, -1:, :] - sums[:, :-1, :]
    ratios = _log_sum(
        np.stack(
            [np.log(weight) + _log_sum(before + after[:, :, step : step + len(LEVELS)]) for step, weight in RISES],
            axis=2,
        )
    )
    ratios -= _log_sum(prior + sums[:, -1, : len(LEVELS)])[:, None]
    days_before = np.cumsum(told, axis=1) - told + (first - np.minimum(panel.begins, first))[:, None]
    when = np.arange(first, days)
    allowed = (when >= starts[:, None]) & (when >= panel.begins[:, None]) & (days_before >= FEWEST_DAYS) & told
    ratios = np.where(allowed, ratios, -np.inf)
    found.log_evidence[rows] = _log_sum(ratios) - penalty
    best = ratios.argmax(axis=1)
    found.since[rows] = first + best


def learned_level(panel: Panel, baseline: Baseline, until: Ints) -> tuple[Floats, Floats]:
    """What is known of each theme's level from the days before `until`.

    Args:
        panel: Counts.
        baseline: What is expected of them.
        until: (K,) index of a day.

    Returns:
        (K,) mean of the level, and standard deviation of its logarithm.
    """
    first, rows = baseline.first_watched, np.arange(len(panel.counts))
    mean, sd = np.ones(len(rows)), np.ones(len(rows))
    for chunk in np.array_split(rows, len(rows) // CHUNK + 1):
        if not len(chunk):
            continue
        part = panel.only(chunk)
        centre, prior = _level_prior(part, baseline, chunk)
        due = baseline.shape[chunk, first:] * np.exp(centre)[:, None]
        told = part.learned_from()[:, first:]
        sums = _cumulated(part.counts[:, first:], due, baseline.extra[chunk, first:], told)
        levels = prior + sums[np.arange(len(chunk)), np.maximum(until[chunk] - first, 0), : len(LEVELS)]
        weights = np.exp(levels - _log_sum(levels)[:, None])
        mean[chunk] = np.exp(centre) * (weights @ np.exp(LEVELS))
        middle = weights @ LEVELS
        sd[chunk] = np.sqrt(np.maximum(weights @ LEVELS**2 - middle**2, STEP**2))
    return mean, sd


def _level_prior(panel: Panel, baseline: Baseline, rows: Ints) -> tuple[Floats, Floats]:
    """Centre of each theme's grid (log level), and the log prior of its levels."""
    level, sd = baseline.level[rows], baseline.level_sd[rows]
    late = panel.begins > baseline.first_watched  # what is known from before does not hold any more
    level = np.where(late, level + AFTER_EVENT[0], level)
    sd = np.where(late, np.hypot(sd, AFTER_EVENT[1]), sd)
    told = panel.learned_from()[:, baseline.first_watched :]
    seen = np.sum(told * panel.counts[:, baseline.first_watched :], axis=1)
    due = np.sum(told * baseline.shape[rows, baseline.first_watched :], axis=1)
    centre = np.where(sd > UNSURE, np.log((seen + np.exp(level)) / (due + 1)), level)
    prior = -0.5 * ((centre[:, None] + LEVELS - level[:, None]) / sd[:, None]) ** 2
    return centre, prior - _log_sum(prior)[:, None]


def _cumulated(seen: Floats, due: Floats, extra: Floats, told: Flags) -> Floats:
    """(K, days + 1, grid) negative binomial log likelihood of the days before each, against that at the centre."""
    grid = np.arange(LEVELS[0] / STEP, LEVELS[-1] / STEP + RISES[-1][0] + 1) * STEP
    size = due / extra
    higher = np.log1p(due[:, :, None] * np.expm1(grid) / (size + due)[:, :, None])
    each = told[:, :, None] * (seen[:, :, None] * grid - (seen + size)[:, :, None] * higher)
    return np.concatenate([np.zeros((len(seen), 1, len(grid))), np.cumsum(each, axis=1)], axis=1)


def _log_sum(values: Floats) -> Floats:
    """Logarithm of the sum of exponentials over the last axis."""
    top = values.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(values - top).sum(axis=-1)) + top[..., 0])
