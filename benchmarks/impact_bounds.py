"""What could be known at best: bounds that no method without their knowledge can be expected to pass.

All three solve the same problem exactly (generalised least squares on weeks, iterated around the fitted rates) with the
true covariance of paths and counts, and differ in what else they are told:

- oracle: everything but the effect (and the draws of the random paths);
- profile: the time course of everything; levels, and sizes of shocks, steps and incidents must be learned;
- blind: the noise levels; weekdays, slopes, steps and levels must be learned, as the product must.
"""

from dataclasses import dataclass

import numpy as np
from impact_streams import Floats, Stream, Truth

from app.measure.stats.case import parse_case
from app.measure.stats.folding import daily, fold, profile
from app.measure.stats.interval import RatioDistribution
from app.measure.stats.trigger import trigger_blocks

WEEK, FLAT, YEAR = 7, 25.0, 365.25
ROUNDS = 6


@dataclass(frozen=True)
class _Problem:
    """Counts and their expectation by day, and what is added to it: columns with prior variances."""

    counts: Floats  # (series, days)
    log_mean: Floats  # (series, days); -inf hides a day
    columns: list[tuple[Floats, float]]  # each (series, days) and prior variance; the first is the effect


def oracle(stream: Stream) -> tuple[float, float, float]:
    """Ratio and 95 % interval of somebody who knows everything but the effect."""
    rows = [0, *stream.truth.untouched]
    problem = _Problem(_counts(stream)[rows], stream.truth.fixed[rows], [_effect(stream, len(rows))])
    return _interval(stream, problem, rows)


def profiled(stream: Stream) -> tuple[float, float, float]:
    """The same for somebody who must learn levels and the sizes of steps, shocks and incidents."""
    truth, rows = stream.truth, [0, *stream.truth.untouched]
    columns = [_effect(stream, len(rows)), *_levels(len(rows), truth.fixed.shape[1])]
    for row, course in truth.shapes:
        if row is None or row in rows:
            columns.append((_at(course, None if row is None else rows.index(row), len(rows)), 0.5**2))
    columns += _own_steps(stream, len(rows))
    return _interval(stream, _Problem(_counts(stream)[rows], truth.fixed[rows], columns), rows)


def blind(stream: Stream) -> tuple[float, float, float]:
    """The same for somebody who knows the noise levels only."""
    case, truth = parse_case(stream.case), stream.truth
    counts, exposure, _ = daily(case)
    offered = exposure * profile(case, counts, exposure)
    days, count = case.days, counts.shape[0]
    rows = list(range(count))
    log_mean = np.log(np.tile(offered, (count, 1)))
    log_mean += np.log((counts.sum(axis=1) + 0.5) / offered.sum())[:, None]
    columns = [_effect(stream, count), *_levels(count, days)]
    time = (np.arange(days) - case.change_day) / YEAR
    after = (np.arange(days) >= case.change_day).astype(float)
    columns += [(_at(time, row, count), max(truth.slope, 0.02) ** 2) for row in rows]
    for event in case.known_events:
        step = (np.arange(days) >= event.day).astype(float)
        columns += [(_at(step, row, count), 0.5**2) for row in ([0] if event.kind == "process_change" else rows)]
    if count > 1:
        columns += [(_at(time, None, count), 0.5**2), (_at(after, None, count), 0.5**2)]
    columns += _own_steps(stream, count)
    excluded = _excluded(stream)
    log_mean[0, excluded] = -np.inf
    return _interval(stream, _Problem(counts, log_mean, columns), rows)


def _counts(stream: Stream) -> Floats:
    return np.array([stream.case["target"], *stream.case["controls"].values()], dtype=float)


def _at(course: Floats, row: int | None, rows: int) -> Floats:
    column = np.zeros((rows, len(course)))
    column[slice(None) if row is None else row] = course
    return column


def _effect(stream: Stream, rows: int) -> tuple[Floats, float]:
    days = len(stream.case["target"])
    return _at((np.arange(days) >= stream.case["change_day"]).astype(float), 0, rows), 9.0


def _levels(rows: int, days: int) -> list[tuple[Floats, float]]:
    return [(_at(np.ones(days), row, rows), FLAT) for row in range(rows)]


def _own_steps(stream: Stream, rows: int) -> list[tuple[Floats, float]]:
    if stream.truth.drift == 0:
        return []
    after, _ = _effect(stream, 1)
    return [(_at(after[0], row, rows), stream.truth.drift**2) for row in range(1, rows)]


def _excluded(stream: Stream) -> Floats:
    case = parse_case(stream.case)
    blocks = fold(case)
    hidden = np.zeros(case.days, dtype=bool)
    for block in np.flatnonzero(trigger_blocks(case, blocks)):
        hidden[blocks.start[block] : blocks.stop[block]] = True
    return hidden


def _interval(stream: Stream, problem: _Problem, rows: list[int]) -> tuple[float, float, float]:
    change, days = stream.case["change_day"], len(stream.case["target"])
    edges = [(max(b - WEEK, 0), b) for b in range(change, 0, -WEEK)][::-1]
    edges += [(a, min(a + WEEK, days)) for a in range(change, days, WEEK)]
    folding = np.zeros((len(edges), days))
    for block, (a, b) in enumerate(edges):
        folding[block, a:b] = 1.0
    mean = np.exp(problem.log_mean)
    total = mean @ folding.T
    hidden = total <= 0
    safe = np.where(hidden, 1.0, total)
    share = mean[:, None, :] * folding[None] / safe[:, :, None]  # weight of each day in its block
    counts = np.where(hidden, 0.0, (problem.counts * (mean > 0)) @ folding.T)
    covariance = _covariance(stream.truth, share, rows)
    design = np.array([(mean * column) @ folding.T / safe for column, _ in problem.columns])
    flat_design = design.reshape(len(design), -1).T
    prior = np.array([variance for _, variance in problem.columns])
    full = covariance + (flat_design * prior) @ flat_design.T
    eta = np.log((counts + 0.5 * safe / safe.mean(axis=1, keepdims=True)) / safe)
    eta = np.clip(eta, -2.0, 2.0) * 0.7
    for _ in range(ROUNDS):
        poisson = np.where(hidden, 1e6, 1.0 / (safe * np.exp(eta)))
        response = np.where(hidden, 0.0, eta + (counts - safe * np.exp(eta)) / (safe * np.exp(eta)))
        noisy = full + np.diag(poisson.ravel())
        pulled = np.linalg.solve(noisy, response.ravel())
        eta = eta + np.clip((full @ pulled).reshape(eta.shape) - eta, -1.5, 1.5)
    theta, variance = _coefficient(covariance + np.diag(poisson.ravel()), flat_design, prior, response.ravel())
    after = folding[:, change:].sum(axis=1) > 0
    fitted = max(float((safe * np.exp(eta))[0, after].sum()), 0.05)
    spread = np.sqrt(max(variance - 1 / fitted, 0.02 * variance))
    ratio = RatioDistribution(np.ones(1), np.array([theta]), np.array([spread]), fitted)
    return tuple(float(np.exp(v)) for v in (theta, ratio.quantile(0.025), ratio.quantile(0.975)))


def _covariance(truth: Truth, share: Floats, rows: list[int]) -> Floats:
    """Covariance of the log rates of all blocks: own paths, shared path and dispersion of days."""
    series, blocks, days = share.shape
    gap = np.abs(np.subtract.outer(np.arange(days), np.arange(days)))
    flat = share.reshape(series * blocks, days)
    full = np.zeros((series * blocks, series * blocks))
    if truth.shared[0] > 0:
        full += truth.shared[0] ** 2 * flat @ np.exp(-gap / truth.shared[1]) @ flat.T
    for s, row in enumerate(rows):
        sd, length = truth.own[row]
        part = slice(s * blocks, (s + 1) * blocks)
        own = sd**2 * np.exp(-gap / length)
        own[np.arange(days), np.arange(days)] += truth.dispersion
        full[part, part] += share[s] @ own @ share[s].T
    return full


def _coefficient(noisy: Floats, design: Floats, prior: Floats, response: Floats) -> tuple[float, float]:
    weighted = np.linalg.solve(noisy, np.column_stack([design, response]))
    information = design.T @ weighted[:, :-1] + np.diag(1 / prior)
    covariance = np.linalg.inv(information)
    return float((covariance @ (design.T @ weighted[:, -1]))[0]), float(covariance[0, 0])
