"""The Gaussian core of the model in `latent`: given noise parameters, everything linear is solved exactly.

Series are tied only through one shared path, so covariances are inverted per series and joined by a low-rank correction
(Woodbury); coefficients (levels, slopes, steps) live in a small space in which their priors are added.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MASKED = 1e4  # working variance of a cell about which nothing is known
YEAR = 365.25

# Prior of the noise parameters on the log scale: (mean, sd). Weak; topics of one company share them.
PRIORS: dict[str, tuple[float, float]] = {
    "white": (np.log(0.10), 0.9),
    "own": (np.log(0.10), 0.9),
    "own_length": (np.log(6.0), 1.2),  # weeks
    "slope": (np.log(0.25), 0.9),  # per year
    "shared": (np.log(0.10), 0.9),
    "shared_length": (np.log(6.0), 1.2),  # weeks
    "tau": (np.log(0.025), 0.9),
}
ALONE = ("white", "own", "own_length", "slope")
TOGETHER = (*ALONE, "shared", "shared_length", "tau")


@dataclass(frozen=True, slots=True)
class Data:
    """What the model sees.

    Attributes:
        counts, exposure: (series, blocks); exposure 0 hides a cell.
        middle: middle of each block in days from the change, (blocks,).
        length: counted days of each block, (blocks,).
        post: 1 after the change, (blocks,).
        steps: share of each block after each known event, (events, blocks).
        step_sd: prior sd of the step of each series at each event, (series, events).
        loose: controls (rows) whose own step is not tied to the others (they look touched), (series,) of 0/1.
    """

    counts: Floats
    exposure: Floats
    middle: Floats
    length: Floats
    post: Floats
    steps: Floats
    step_sd: Floats
    loose: Floats


@dataclass(frozen=True, slots=True)
class Working:
    """Gaussian working data: response and Poisson part of its variance, both (series, blocks), and design columns."""

    response: Floats
    poisson: Floats
    hidden: NDArray[np.bool_]
    columns: Floats  # (series, blocks, q)


@dataclass(frozen=True, slots=True)
class Solved:
    """Per point: log marginal likelihood, posterior mean and covariance of the coefficients."""

    evidence: Floats
    mean: Floats
    covariance: Floats


def value(name: str, points: Floats, names: tuple[str, ...]) -> Floats:
    """Natural log of a noise parameter at standardised points, (points,)."""
    mean, sd = PRIORS[name]
    return np.asarray(mean + sd * points[:, names.index(name)])


class Layout:
    """Where each coefficient lives: levels, slopes, own steps, event steps per series; then common ones."""

    def __init__(self, data: Data) -> None:
        """Count what there is."""
        self.series, self.events = data.counts.shape[0], data.steps.shape[0]
        self.width = 3 + self.events
        self.own = np.arange(self.series) * self.width + 1
        self.common_slope = self.series * self.width
        self.common = self.common_slope + 1
        self.common_events = self.common + 1
        self.size = self.common_events + self.events
        self.theta = int(self.own[0])

    def expand(self) -> Floats:
        """Matrix from coefficients to per-series columns (level, post, time, events), (series * width, size)."""
        rows = self.series * self.width
        matrix = np.zeros((rows, self.size))
        matrix[:rows, :rows] = np.eye(rows)
        for s in range(self.series):
            matrix[s * self.width + 1, self.common] = 1.0
            matrix[s * self.width + 2, self.common_slope] = 1.0
            for e in range(self.events):
                matrix[s * self.width + 3 + e, self.common_events + e] = 1.0
        return matrix

    def prior_variance(self, data: Data, points: Floats, names: tuple[str, ...]) -> Floats:
        """Prior variances of the coefficients per point, (points, size)."""
        variance = np.full((len(points), self.size), 25.0)
        slope2 = np.exp(2 * value("slope", points, names))
        tau2 = np.exp(2 * value("tau", points, names)) if "tau" in names else np.zeros(len(points))
        for s in range(self.series):
            first = s * self.width
            variance[:, first + 1] = 9.0 if s == 0 else np.where(data.loose[s] > 0, 1.0, tau2)
            variance[:, first + 2] = slope2
            for e in range(self.events):
                variance[:, first + 3 + e] = data.step_sd[s, e] ** 2
        together = self.series > 1
        variance[:, self.common_slope] = 1.0 if together else 1e-8
        variance[:, self.common] = 1.0 if together else 1e-8
        variance[:, self.common_events :] = 0.3**2 if together else 1e-8
        return variance


def working(data: Data, eta: Floats) -> Working:
    """Working response and variances around the fitted log rates `eta`, (series, blocks)."""
    hidden = data.exposure <= 0
    mean = np.maximum(np.where(hidden, 1.0, data.exposure) * np.exp(np.clip(eta, -40, 40)), 1e-6)
    response = np.where(hidden, 0.0, eta + (data.counts - mean) / mean)
    poisson = np.where(hidden, MASKED, 1.0 / mean)
    time = data.middle / YEAR
    shared = [np.ones_like(time), data.post, time, *data.steps]
    columns = np.broadcast_to(np.array(shared).T, (*data.counts.shape, len(shared)))
    return Working(response, poisson, hidden, columns)


def _kernel(data: Data, name: str, names: tuple[str, ...], points: Floats) -> Floats:
    variance = np.exp(2 * value(name, points, names))[:, None, None]
    weeks = np.exp(value(f"{name}_length", points, names))[:, None, None]
    gap = np.abs(data.middle[:, None] - data.middle[None, :])
    return np.asarray(variance * np.exp(-gap[None] / (7.0 * weeks)))


@dataclass(frozen=True, slots=True)
class _Noise:
    """Inverse noise covariance per series without the shared path, and the shared path folded into `inner`."""

    precision: Floats  # (points, series, blocks, blocks)
    diagonal: Floats  # (points, series, blocks)
    root: Floats | None  # square root of the shared path's covariance, (points, blocks, blocks)
    inner: Floats | None  # identity + root' (sum of precisions) root
    log_determinant: Floats  # of the whole covariance, (points,)


def _noise(data: Data, work: Working, names: tuple[str, ...], points: Floats) -> _Noise:
    series, blocks = data.counts.shape
    own = _kernel(data, "own", names, points)
    per_block = np.where(work.hidden, 0.0, 7.0 / np.maximum(data.length, 1.0)[None, :])
    diagonal = work.poisson[None] + np.exp(2 * value("white", points, names))[:, None, None] * per_block[None]
    covariance = np.broadcast_to(own[:, None], (len(points), series, blocks, blocks)).copy()
    index = np.arange(blocks)
    covariance[:, :, index, index] += diagonal
    precision: Floats = np.asarray(np.linalg.inv(covariance), dtype=float)
    determinant = np.linalg.slogdet(covariance)[1].sum(axis=1)
    if "shared" not in names:
        return _Noise(precision, diagonal, None, None, determinant)
    shared = _kernel(data, "shared", names, points)
    shared[:, index, index] += 1e-9
    root: Floats = np.asarray(np.linalg.cholesky(shared), dtype=float)
    inner = np.eye(blocks) + np.swapaxes(root, 1, 2) @ precision.sum(axis=1) @ root
    return _Noise(precision, diagonal, root, inner, determinant + np.linalg.slogdet(inner)[1])


def _gram(work: Working, noise: _Noise) -> Floats:
    """All products of design columns and response under the inverse covariance, (points, series * q, series * q)."""
    design = np.concatenate([work.columns, work.response[:, :, None]], axis=2)
    weighted = noise.precision @ design[None]
    within = np.swapaxes(design, 1, 2)[None] @ weighted  # (points, series, q, q)
    points, series, q = within.shape[0], within.shape[1], within.shape[3]
    full = np.zeros((points, series * q, series * q))
    for s in range(series):
        full[:, s * q : (s + 1) * q, s * q : (s + 1) * q] = within[:, s]
    if noise.root is not None and noise.inner is not None:
        blocks = design.shape[1]
        side_by_side = np.moveaxis(weighted, 1, 2).reshape(points, blocks, series * q)
        stacked = np.swapaxes(noise.root, 1, 2) @ side_by_side
        full -= np.swapaxes(stacked, 1, 2) @ np.linalg.solve(noise.inner, stacked)
    return full


def solve(data: Data, work: Working, names: tuple[str, ...], points: Floats) -> Solved:
    """Solve the Gaussian model at each point of noise parameters, (points, parameters); all in one batch."""
    layout = Layout(data)
    noise = _noise(data, work, names, points)
    full = _gram(work, noise)
    q = layout.width + 1
    is_response = np.arange(full.shape[1]) % q == q - 1
    expand = layout.expand()
    information = expand.T @ full[:, ~is_response][:, :, ~is_response] @ expand
    cross = (expand.T @ full[:, ~is_response][:, :, is_response]).sum(axis=2)
    total = full[:, is_response][:, :, is_response].sum(axis=(1, 2))
    prior = layout.prior_variance(data, points, names)
    size = np.arange(layout.size)
    information[:, size, size] += 1.0 / prior
    posterior: Floats = np.asarray(np.linalg.inv(information), dtype=float)
    mean = np.asarray((posterior @ cross[:, :, None])[:, :, 0])
    determinant = noise.log_determinant + np.linalg.slogdet(information)[1] + np.log(prior).sum(axis=1)
    evidence = np.asarray(-0.5 * (determinant + total - (cross * mean).sum(axis=1)))
    return Solved(evidence, mean, posterior)


def smooth(data: Data, work: Working, names: tuple[str, ...], point: Floats) -> Floats:
    """Fitted log rates at one point of noise parameters, slow paths included and white noise not, (series, blocks)."""
    layout = Layout(data)
    noise = _noise(data, work, names, point)
    mean = solve(data, work, names, point).mean[0]
    beta = (layout.expand() @ mean).reshape(layout.series, layout.width)
    systematic = (work.columns @ beta[:, :, None])[:, :, 0]
    pulled = (noise.precision[0] @ (work.response - systematic)[:, :, None])[:, :, 0]
    if noise.root is not None and noise.inner is not None:
        inside = np.linalg.solve(noise.inner[0], noise.root[0].T @ pulled.sum(axis=0))
        pulled = pulled - noise.precision[0] @ (noise.root[0] @ inside)
    return np.asarray(np.where(work.hidden, systematic, work.response - noise.diagonal[0] * pulled))
