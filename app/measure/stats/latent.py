"""The model behind the verdict: target and controls together, integrated over what is not known about their noise.

For series s (0 = target) and block b, with counts y and weighted exposure E:

    y_sb ~ NegBin(E_sb * exp(eta_sb), dispersion)
    eta_sb = level_s + slope_s * time + own_sb + shared_b + steps at known events + post_b * (common + own step_s + [s
    = 0] * theta)

own and shared are slow AR(1) paths; slopes are shrunk; own steps of the controls have a spread (tau) that is learned
and is added to the target's variance, because an untouched topic would have had such a step as well. Given the noise
parameters the model is a Gaussian one around its own fit (penalised quasi-likelihood, Breslow & Clayton 1993), solved
exactly; theta's distribution is a mixture over deterministic points in the space of noise parameters, weighted by
their marginal likelihood (adaptive importance sampling on a lattice: no random numbers, the same case gives the same
number), which is what widens small samples like a t.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from app.measure.stats.mixed import ALONE, TOGETHER, Data, Layout, Solved, Working, smooth, solve, value, working

Floats = NDArray[np.float64]

LATTICE = 40
STEP = 0.35
WIDEST, NARROWEST = 1.0, 0.12


@dataclass(frozen=True, slots=True)
class Fit:
    """Result of the integration over noise parameters; arrays over its points.

    Attributes:
        weight: weights that sum to 1, (points,).
        theta, variance: mean and variance of the log rate ratio, tau included, (points,).
        eta: fitted log rates at the central point, (series, blocks); the target's include theta.
        noise: posterior means of the noise parameters by name.
        own_step, own_step_sd: how each series stepped beside the common step, (series,); row 0 is theta.
        points: the points in the space of noise parameters, (points, parameters).
    """

    weight: Floats
    theta: Floats
    variance: Floats
    eta: Floats
    noise: dict[str, float]
    own_step: Floats
    own_step_sd: Floats
    points: Floats


def fit(data: Data) -> Fit:
    """Fit the model.

    Args:
        data: folded series with at least one block before and one after the change.

    Returns:
        The mixture over noise parameters.
    """
    names = TOGETHER if data.counts.shape[0] > 1 else ALONE
    eta = _first_guess(data)
    centre = np.zeros(len(names))
    for _ in range(2):
        eta = _eta(data, eta, names, centre)
    centre, _ = _climb(data, working(data, eta), names, centre, 4)
    for _ in range(3):
        eta = _eta(data, eta, names, centre)
    work = working(data, eta)
    centre, _ = _climb(data, work, names, centre, 3)
    points, weight, solved = _integrate(data, work, names, _surroundings(data, work, names, centre))
    layout = Layout(data)
    tau2 = np.exp(2 * value("tau", points, names)) if "tau" in names else np.zeros(len(points))
    theta, variance = solved.mean[:, layout.theta], solved.covariance[:, layout.theta, layout.theta] + tau2
    own, own_sd = _own_steps(layout, solved, weight)
    noise = {name: float(np.exp((weight * value(name, points, names)).sum())) for name in names}
    return Fit(weight, theta, variance, eta, noise, own, own_sd, points)


def spread_ahead(known: Fit, data: Data, eta: Floats) -> float:
    """Typical standard deviation that the log rate ratio would have with future data, of which only the means matter.

    Args:
        known: fit of the baseline, whose noise parameters are used.
        data: baseline and future blocks.
        eta: expected log rates of all blocks, (series, blocks).
    """
    names = TOGETHER if data.counts.shape[0] > 1 else ALONE
    theta = Layout(data).theta
    variance = solve(data, working(data, eta), names, known.points).covariance[:, theta, theta]
    tau2 = np.exp(2 * value("tau", known.points, names)) if "tau" in names else np.zeros(len(known.points))
    return float(np.sqrt((known.weight * (variance + tau2)).sum()))


def _first_guess(data: Data) -> Floats:
    """Smoothed log rates: own level before and after, half-way to the blockwise rate."""
    eta = np.empty_like(data.counts)
    for s, (counts, exposure) in enumerate(zip(data.counts, data.exposure, strict=True)):
        overall = (counts.sum() + 0.5) / max(exposure.sum(), 1e-9)
        for side in (data.post > 0, data.post <= 0):
            level = (counts[side].sum() + 1.0) / (exposure[side].sum() + 1.0 / overall)
            blocks = (counts[side] + 6.0) / (exposure[side] + 6.0 / level)
            eta[s, side] = np.log(blocks)
    return eta


def _eta(data: Data, eta: Floats, names: tuple[str, ...], point: Floats) -> Floats:
    fresh = smooth(data, working(data, eta), names, point[None])
    return np.asarray(eta + np.clip(fresh - eta, -2.0, 2.0))


def _lattice(count: int, dimensions: int) -> Floats:
    """Deterministic standard normal points: additive recurrence with the generalised golden ratio (Roberts 2018)."""
    ratio = 2.0
    for _ in range(40):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    steps = (1.0 / ratio) ** np.arange(1, dimensions + 1)
    uniform = (0.5 + np.arange(1, count + 1)[:, None] * steps[None]) % 1.0
    return np.asarray(ndtri(np.clip(uniform, 1e-4, 1 - 1e-4)))


def _climb(data: Data, work: Working, names: tuple[str, ...], centre: Floats, rounds: int) -> tuple[Floats, Floats]:
    """Mode of the noise parameters' posterior and its width along each of them, by damped diagonal Newton steps.

    Gradient and curvature come from central differences, all points of a round solved in one batch.
    """
    dimensions = len(names)
    offsets = STEP * np.concatenate([np.zeros((1, dimensions)), np.eye(dimensions), -np.eye(dimensions)])
    width = np.full(dimensions, WIDEST)
    for _ in range(rounds):
        points = centre + offsets
        height = solve(data, work, names, points).evidence - 0.5 * (points**2).sum(axis=1)
        up, down = height[1 : 1 + dimensions], height[1 + dimensions :]
        gradient = (up - down) / (2 * STEP)
        curvature = -(up + down - 2 * height[0]) / STEP**2
        width = np.clip(1.0 / np.sqrt(np.maximum(curvature, 1e-3)), NARROWEST, WIDEST)
        centre = centre + np.clip(0.8 * gradient * width**2, -1.0, 1.0)
    return centre, width


def _surroundings(data: Data, work: Working, names: tuple[str, ...], centre: Floats) -> tuple[Floats, Floats]:
    """Mode after one full Newton step from `centre`, and a root of the Laplace covariance there, (parameters, same)."""
    dimensions = len(names)
    axes = STEP * np.eye(dimensions)
    first, second = np.triu_indices(dimensions, 1)
    pairs = axes[first] + axes[second]
    points = centre + np.concatenate([np.zeros((1, dimensions)), axes, -axes, pairs, -pairs])
    height = solve(data, work, names, points).evidence - 0.5 * (points**2).sum(axis=1)
    here, up, down = height[0], height[1 : 1 + dimensions], height[1 + dimensions : 1 + 2 * dimensions]
    both, neither = np.split(height[1 + 2 * dimensions :], 2)
    bend = np.diag(2 * here - up - down) / STEP**2
    mixed = both + neither - up[first] - down[first] - up[second] - down[second] + 2 * here
    bend[first, second] = bend[second, first] = -mixed / (2 * STEP**2)
    curvature, turn = np.linalg.eigh(bend)
    # An axis has no sign of its own: rounding would choose it, and the lattice is not the same on both sides.
    turn = turn * np.sign(turn[np.abs(turn).argmax(axis=0), np.arange(dimensions)])
    width = np.clip(1.0 / np.sqrt(np.maximum(curvature, 1e-3)), NARROWEST, WIDEST)
    gradient = turn.T @ (up - down) / (2 * STEP)
    return centre + turn @ np.clip(gradient * width**2, -width, width), turn * width


def _integrate(
    data: Data, work: Working, names: tuple[str, ...], mode: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Solved]:
    """Points around the mode, their importance weights and solutions."""
    centre, root = mode
    z = _lattice(LATTICE, len(names))
    points = centre + z @ root.T
    solved = solve(data, work, names, points)
    proposal = -0.5 * (z**2).sum(axis=1)
    log_weight = solved.evidence - 0.5 * (points**2).sum(axis=1) - proposal
    weight = np.exp(log_weight - log_weight.max())
    # A weight far above the others says that the lattice is coarse, not that much is known: truncate it (Ionides 2008).
    weight = np.minimum(weight, weight.mean() * np.sqrt(len(weight)))
    return points, weight / weight.sum(), solved


def _own_steps(layout: Layout, solved: Solved, weight: Floats) -> tuple[Floats, Floats]:
    own = solved.mean[:, layout.own]
    variance = solved.covariance[:, layout.own, layout.own]
    mean = (weight[:, None] * own).sum(axis=0)
    spread = (weight[:, None] * (variance + (own - mean) ** 2)).sum(axis=0)
    return mean, np.sqrt(spread)
