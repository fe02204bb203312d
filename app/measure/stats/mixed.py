"""The Gaussian core of the model in `latent`: given noise parameters, everything linear is solved exactly.

Series are tied only through one shared path, so covariances are inverted per series and joined by a low-rank correction
(Woodbury); coefficients (levels, slopes, steps) live in a small space in which their priors are added.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_FALL = -12.0  # log of the smallest step between neighbours of an inverse that is told from zero
LEAST_IN_ALL = -650.0  # of all steps together: what is further from zero has no exponential
MASKED = 1e4  # working variance of a cell about which nothing is known
YEAR = 365.25
NO_STEP = 1e-4  # prior sd of a coefficient that is not there

# Prior of the noise parameters on the log scale: (mean, sd). Weak; topics of one company share them.
PRIORS: dict[str, tuple[float, float]] = {
    "white": (np.log(0.13), 0.75),
    "own": (np.log(0.05), 0.9),
    "own_length": (np.log(4.0), 1.0),  # weeks
    "slope": (np.log(0.05), 1.5),  # per year; most topics hardly trend, some steeply
    "shared": (np.log(0.06), 0.9),
    "shared_length": (np.log(6.0), 1.2),  # weeks
    "tau": (np.log(0.008), 0.8),
    "common": (np.log(0.06), 1.0),  # what may move all topics at the change
}
# Without other topics slopes and slow paths are seen once only.
PRIORS_ALONE = PRIORS | {"slope": (np.log(0.15), 1.4), "own": (np.log(0.09), 0.9)}
ALONE = ("white", "own", "own_length", "slope")
TOGETHER = (*ALONE, "shared", "shared_length", "tau", "common")


@dataclass(frozen=True, slots=True)
class Data:
    """What the model sees.

    Attributes:
        counts, exposure: (series, blocks); exposure 0 hides a cell.
        middle: middle of each block in days from the change, (blocks,).
        length: counted days of each block, (blocks,).
        post: 1 after the change, (blocks,).
        steps: share of each block after each known event (or the course of another nuisance), (events, blocks).
        step_sd: prior sd of the step of each series at each event; 0: the event is another's, (series, events).
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
    mean, sd = (PRIORS if names == TOGETHER else PRIORS_ALONE)[name]
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
                variance[:, first + 3 + e] = max(data.step_sd[s, e], NO_STEP) ** 2
        together = self.series > 1
        variance[:, self.common_slope] = 1.0 if together else NO_STEP**2
        variance[:, self.common] = np.exp(2 * value("common", points, names)) if together else NO_STEP**2
        for e in range(self.events):
            everywhere = together and bool((data.step_sd[1:, e] > 0).any())
            variance[:, self.common_events + e] = 0.3**2 if everywhere else NO_STEP**2
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
    """Inverse noise covariance per series without the shared path, and the shared path folded into `inner`.

    `half` is the upper triangle of the inverse with half its diagonal, (points, series, blocks, blocks).
    """

    half: Floats
    diagonal: Floats  # (points, series, blocks)
    root: Floats | None  # square root of the shared path's covariance, (points, blocks, blocks)
    inner: Floats | None  # identity + root' (sum of precisions) root
    log_determinant: Floats  # of the whole covariance, (points,)

    def times(self, columns: Floats) -> Floats:
        """Inverse times columns, (points or 1, series, blocks, q)."""
        return np.asarray(self.half @ columns + np.swapaxes(self.half, 2, 3) @ columns)


def _noise(data: Data, work: Working, names: tuple[str, ...], points: Floats) -> _Noise:
    blocks = data.counts.shape[1]
    per_block = np.where(work.hidden, 0.0, 7.0 / np.maximum(data.length, 1.0)[None, :])
    diagonal = work.poisson[None] + np.exp(2 * value("white", points, names))[:, None, None] * per_block[None]
    half, determinant = _inverse(data, diagonal, names, points)
    if "shared" not in names:
        return _Noise(half, diagonal, None, None, determinant)
    shared = _kernel(data, "shared", names, points)
    shared[:, np.arange(blocks), np.arange(blocks)] += 1e-9
    root: Floats = np.asarray(np.linalg.cholesky(shared), dtype=float)
    together = half.sum(axis=1)
    together = together + np.swapaxes(together, 1, 2)
    inner = np.eye(blocks) + np.swapaxes(root, 1, 2) @ together @ root
    return _Noise(half, diagonal, root, inner, determinant + np.linalg.slogdet(inner)[1])


def _inverse(data: Data, diagonal: Floats, names: tuple[str, ...], points: Floats) -> tuple[Floats, Floats]:
    """Half the inverse of own path plus diagonal (see `_Noise`) and log determinants over all series, (points,).

    The inverse of an AR(1) covariance is tridiagonal, and that of a tridiagonal matrix follows from its two pivot
    recursions (Meurant 1992), which is several times faster than a general inverse.
    """
    variance = np.exp(2 * value("own", points, names))[:, None]
    weeks = np.exp(value("own_length", points, names))[:, None]
    decay = np.exp(-np.diff(data.middle)[None] / (7.0 * weeks))  # (points, blocks - 1)
    fresh = np.maximum(1.0 - decay**2, 1e-12)
    own = np.ones((len(points), len(data.middle)))
    own[:, :-1] += decay**2 / fresh
    own[:, 1:] += decay**2 / fresh
    side = decay / (variance * fresh)
    main: Floats = (own / variance)[:, None, :] + 1.0 / diagonal
    down, up = main.copy(), main.copy()
    square = (side**2)[:, None, :]
    for block in range(1, main.shape[2]):
        down[:, :, block] -= square[:, :, block - 1] / down[:, :, block - 1]
        up[:, :, -block - 1] -= square[:, :, -block] / up[:, :, -block]
    middle = 1.0 / (down + up - main)
    fall = np.zeros_like(main)
    least = max(LEAST_FALL, LEAST_IN_ALL / main.shape[2])
    np.cumsum(np.maximum(np.log(side[:, None, :] / up[:, :, 1:]), least), axis=2, out=fall[:, :, 1:])
    left, right = -middle * np.exp(-fall) / diagonal, np.exp(fall) / diagonal
    order = np.arange(main.shape[2])
    half = left[:, :, :, None] * right[:, :, None, :]
    half *= np.triu(np.ones((len(order), len(order)))) - 0.5 * np.eye(len(order))
    half[:, :, order, order] += 0.5 / diagonal
    path = len(order) * np.log(variance[:, 0]) + np.log(fresh).sum(axis=1)
    each = np.log(diagonal).sum(axis=2) + np.log(down).sum(axis=2)
    return half, each.sum(axis=1) + main.shape[1] * path


def _gram(work: Working, noise: _Noise) -> Floats:
    """All products of design columns and response under the inverse covariance, (points, series * q, series * q)."""
    design = np.concatenate([work.columns, work.response[:, :, None]], axis=2)
    weighted = noise.times(design[None])
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
    pulled = noise.times((work.response - systematic)[None, :, :, None])[0, :, :, 0]
    if noise.root is not None and noise.inner is not None:
        inside = np.linalg.solve(noise.inner[0], noise.root[0].T @ pulled.sum(axis=0))
        pulled = pulled - noise.times((noise.root[0] @ inside)[None, None, :, None])[0, :, :, 0]
    return np.asarray(np.where(work.hidden, systematic, work.response - noise.diagonal[0] * pulled))
