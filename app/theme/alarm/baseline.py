"""What counts to expect: a log-linear model per theme with what themes have in common learned from all of them.

`expected = exposure x level x trend x kind of day`, negative binomial around it. Weekday and holiday profiles, trends
and dispersions of single themes are shrunk towards those of all themes by empirical Bayes with moment estimators; days
far above expectation count less, as in the improved Farrington algorithm (Noufaily et al. 2013, Statistics in Medicine
32). The level itself is only given as a prior here: `surprise` goes on learning it day by day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from app.theme.alarm.panel import HOLIDAY, Flags, Floats, Ints, Panel

WATCHED = 56
"""Days in which an excess may have begun; trends are learned from the days before them."""

BLOCK = 28
HALF_LIFE = 182.0  # days after which what a block says about level and trend counts half
OUTLYING = 2.58  # standardised residual above which a day counts less
ROUNDS = 3
GUESS = (0.3, 0.05, 120.0)  # dispersion before anything was seen: per count, per squared count, worth so many days
LEAST_DISPERSION = 0.02
LEAST_SD = 0.1  # of a log level: themes drift
BROAD_SD = 1.2  # of the log level of a theme of which nothing is known
SHARED_DAYS = 2.0  # days of a kind at which its profile counts half
SEVERAL = 5  # themes from which the levels of others say what to expect of a new one
USUAL_LEVEL = 0.3  # people a day, where no theme is known


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is expected of each theme.

    Attributes:
        shape: (K, n) expected counts if the log level were 0.
        extra: (K, n) variance beyond Poisson's, as a share of the mean, at the expected counts.
        level: (K,) prior mean of the log level on the first watched day.
        level_sd: (K,) its standard deviation.
        first_watched: index of the first watched day.
        broad: prior mean and standard deviation of the log level of any theme.
    """

    shape: Floats
    extra: Floats
    level: Floats
    level_sd: Floats
    first_watched: int
    broad: tuple[float, float]

    def only(self, themes: Ints) -> Baseline:
        """The baseline of some themes."""
        return replace(
            self,
            shape=self.shape[themes],
            extra=self.extra[themes],
            level=self.level[themes],
            level_sd=self.level_sd[themes],
        )


def fit_baseline(panel: Panel) -> Baseline:
    """Learn what is usual from the days of a panel; also from before a theme's beginning, where that is watched."""
    themes, days = panel.counts.shape
    first = max(days - WATCHED, 0)
    learned = replace(panel, begins=np.where(panel.begins > first, 0, panel.begins)).learned_from()
    weights = learned.astype(float)
    profile = np.ones((themes, HOLIDAY + 1))
    extra = np.full((themes, days), GUESS[0])
    for _ in range(ROUNDS):
        factor = panel.exposure * profile[:, panel.kinds]
        expected = factor * _block_levels(panel.counts, factor, weights)
        extra = _dispersion(panel.counts, expected, learned)
        profile = _profile(panel, expected / profile[:, panel.kinds], extra, weights)
        weights = learned * _robust(panel.counts, expected, extra)
    factor = panel.exposure * profile[:, panel.kinds]
    level, level_sd, slope, broad = _levels(panel.counts, factor, extra, weights, first)
    shape = factor * np.exp(slope[:, None] * (np.arange(days) - first))
    return Baseline(shape, extra, level, level_sd, first, broad)


def _blocks(days: int) -> Ints:
    """Block of each day, counted back from the end: 0 is the newest."""
    return np.asarray((days - 1 - np.arange(days)) // BLOCK)


def _by_block(values: Floats) -> Floats:
    """(K, blocks) sums, newest block first."""
    starts = np.flatnonzero(np.diff(_blocks(values.shape[1]), prepend=-1))
    return np.asarray(np.add.reduceat(values, starts, axis=1)[:, ::-1])


def _block_levels(counts: Floats, factor: Floats, weights: Floats) -> Floats:
    """(K, n) level of each day's block, drawn a little towards the theme's own mean."""
    rate = (np.sum(weights * counts, axis=1) + 0.5) / (np.sum(weights * factor, axis=1) + 0.5)
    seen, possible = _by_block(weights * counts), _by_block(weights * factor)
    levels = (seen + 1) / (possible + 1 / rate[:, None])
    return np.asarray(levels[:, _blocks(counts.shape[1])])


def _robust(counts: Floats, expected: Floats, extra: Floats) -> Floats:
    """Weights of days: 1, less where a count lies far above expectation (Anscombe residuals, as Noufaily et al.)."""
    residual = 1.5 * (counts ** (2 / 3) - expected ** (2 / 3)) / (expected ** (1 / 6) * np.sqrt(1 + extra))
    return np.asarray(np.where(residual > OUTLYING, (OUTLYING / np.maximum(residual, OUTLYING)) ** 2, 1.0))


def _profile(panel: Panel, flat: Floats, extra: Floats, weights: Floats) -> Floats:
    """(K, 8) factor of each kind of day over what is `flat`ly expected: that of all themes, and a theme's own part."""
    known = np.eye(HOLIDAY + 1)[panel.kinds]
    seen, due = (weights * panel.counts) @ known, (weights * flat) @ known
    trust = due / np.maximum((weights * flat * (1 + extra)) @ known, 1e-9)  # what a count says, beside a Poisson one
    common = (np.sum(trust * seen, axis=0) + 5) / (np.sum(trust * due, axis=0) + 5)
    often = (weights.max(axis=0) @ known) / (weights.max(axis=0) @ known + SHARED_DAYS)
    common = common**often  # a day moves all themes: one Monday, however many themes it has, says little of Mondays
    rest = due * common
    scatter = trust**2 * (seen - rest) ** 2 - trust * rest
    spread = np.sum(scatter) / max(np.sum((trust * rest) ** 2), 1e-9)
    strength = 1 / np.clip(spread, 1e-3, 0.25)
    profile = common * (trust * seen + strength) / (trust * rest + strength)
    return np.asarray(profile / profile[:, :HOLIDAY].mean(axis=1, keepdims=True))


def _dispersion(counts: Floats, expected: Floats, learned: Flags) -> Floats:
    """(K, n) variance beyond Poisson's over the mean: `a + b x mean` for all themes, times a theme's own factor."""
    from scipy.optimize import nnls  # noqa: PLC0415 - half a second that most commands need for nothing

    days = np.maximum(learned.sum(axis=1), 1)
    excess = np.minimum((counts - expected) ** 2 / expected, 25 + 1 / expected) * BLOCK / (BLOCK - 1) - 1
    own = np.sum(excess * learned, axis=1) / days
    mean = np.sum(expected * learned, axis=1) / days
    trust = np.sqrt(days / (2 + 1 / np.maximum(mean, 1e-3)) / (1 + np.maximum(own, 0)) ** 2)
    rows = np.column_stack([np.ones_like(mean), mean]) * trust[:, None]
    prior = np.sqrt(GUESS[2] / 2)
    guesses = prior * np.array([[1.0, 0.0], [1.0, 5.0]])
    wanted = prior * np.array([GUESS[0], GUESS[0] + 5 * GUESS[1]])
    per_count, per_square = nnls(np.vstack([rows, guesses]), np.concatenate([own * trust, wanted]))[0]
    pooled = np.maximum(per_count + per_square * mean, LEAST_DISPERSION)
    noise = 1 / np.maximum(trust**2, 1e-9)
    between = np.average((own - pooled) ** 2 - noise, weights=trust**2) if len(own) > 1 else 0.0
    between = max(between, 0.0) + (0.1 * pooled) ** 2
    mine = np.maximum((own * between + pooled * noise) / (between + noise), LEAST_DISPERSION)
    return np.asarray(np.maximum(per_count + per_square * expected, LEAST_DISPERSION) * (mine / pooled)[:, None])


def _levels(
    counts: Floats, factor: Floats, extra: Floats, weights: Floats, first: int
) -> tuple[Floats, Floats, Floats, tuple[float, float]]:
    """Log level on the first watched day, its standard deviation, slope per day, and the prior of any level."""
    themes = len(counts)
    everything = np.sum(weights * counts, axis=1), np.sum(weights * factor, axis=1)
    known = everything[1] > 0
    rates = np.log((everything[0][known] + 0.3) / (everything[1][known] + 1))
    broad = (float(np.mean(rates)), float(np.hypot(np.std(rates), 0.5))) if known.sum() >= SEVERAL else _unknown(rates)
    if first < BLOCK:
        return np.full(themes, broad[0]), np.full(themes, broad[1]), np.zeros(themes), broad
    past = [part[:, :first] for part in (weights * counts, weights * factor, weights * factor * (1 + extra))]
    seen, possible, noise = (_by_block(part) for part in past)
    here = possible > 0
    logs = np.where(here, np.log((seen + 0.5) / np.where(here, possible, 1)), 0.0)
    ages: Floats = -(BLOCK * np.arange(seen.shape[1], dtype=np.float64) + BLOCK / 2)
    information = np.where(here, (seen + 0.5) * possible / np.where(here, noise, 1), 0.0) * 0.5 ** (-ages / HALF_LIFE)
    slope, at_end, variance = _lines(logs, information, ages)
    prior = 1 / broad[1] ** 2
    precision = np.where(variance < np.inf, 1 / (variance + LEAST_SD**2), 0.0)
    level = (precision * at_end + prior * broad[0]) / (precision + prior)
    return level, 1 / np.sqrt(precision + prior), slope, broad


def _unknown(rates: Floats) -> tuple[float, float]:
    return (float(np.mean(rates)) if len(rates) else float(np.log(USUAL_LEVEL)), BROAD_SD)


def _lines(logs: Floats, information: Floats, ages: Floats) -> tuple[Floats, Floats, Floats]:
    """Slope, value and variance at age 0 of lines through blocks; slopes are shrunk towards that of all themes."""
    total = information.sum(axis=1)
    sure = np.maximum(total, 1e-9)
    middle, height = information @ ages / sure, (information * logs).sum(axis=1) / sure
    about = ages - middle[:, None]
    leverage = (information * about**2).sum(axis=1)
    moved = (information * about * logs).sum(axis=1)
    common = moved.sum() / max(leverage.sum(), 1e-9)
    raw = moved / np.maximum(leverage, 1e-9)
    spread = np.sum(leverage * ((raw - common) ** 2) - (leverage > 0)) / max(leverage.sum(), 1e-9)
    spread = float(np.clip(spread, (0.1 / 365) ** 2, (1.0 / 365) ** 2))
    common *= leverage.sum() / (leverage.sum() + 1 / spread)
    slope = (moved + common / spread) / (leverage + 1 / spread)
    variance = np.where(total > 0, 1 / sure + middle**2 / (leverage + 1 / spread), np.inf)
    return slope, height - slope * middle, variance
