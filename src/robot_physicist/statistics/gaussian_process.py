"""Gaussian processes through numbers with errors: what they say about places where nothing was measured.

No process is chosen. A few points allow many variances and length scales, and an average over all of them, by their
posterior, knows how little is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray

scipy = lazy.load("scipy")
sklearn = lazy.load("sklearn")


#: Length scales in units of the domain, and the variance in units of that of the numbers: the logarithm of each has a
#: normal prior with this middle and width, without which a few points may choose any.
LENGTH, LENGTH_WIDTH = 0.3, 0.8
VARIANCE_WIDTH = 1.0
#: Nodes of each proposal, proposals per dimension and one more, and equally probable processes for all nodes.
NODES, PROPOSALS, PROCESSES = 128, 2, 16
#: A proposal is made from at least so many of the nodes before it, and is wider than they are by this factor.
EFFECTIVE, WIDER = 24.0, 1.3
#: Added to the variance of every point, in units of that of the numbers, so that matrices can be inverted.
JITTER = 1e-8
#: Numbers of covariances that are held at once.
LARGEST = 1 << 19


@dataclass(frozen=True)
class Points:
    """Numbers y (N,) with standard errors (N,) at x (N, D), in the unit cube."""

    x: FloatArray
    y: FloatArray
    errors: FloatArray

    @property
    def level(self) -> float:
        """Middle of the prior of the mean far away from all points."""
        return float(np.average(self.y, weights=1 / (self.errors**2 + self.y.var() + JITTER)))

    @property
    def scale(self) -> float:
        """Unit of the process: the standard deviation of the numbers, or their usual error where they have none."""
        return float(max(self.y.std(), np.median(self.errors), 1e-12))


@dataclass(frozen=True)
class Processes:
    """Equally probable Gaussian processes through some points.

    `sds` (S,) are their standard deviations far away from all points, `length_scales` (S, D) in units of the domain;
    `log_likelihood` is that of the points, averaged over the prior, and `learnt` what they told about the length
    scales in nats: from prior to posterior.
    """

    points: Points
    sds: FloatArray
    length_scales: FloatArray
    log_likelihood: float
    learnt: float

    @cached_property
    def _fitted(self) -> list[Any]:
        nodes = np.column_stack([2 * np.log(self.sds / self.points.scale), np.log(self.length_scales)])
        return [_process(self.points, theta) for theta in nodes]

    def predict(self, places: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Means (S, C) and covariances (S, C, C) at places (C, D), one of each process."""
        found = [process.predict(places, return_cov=True) for process in self._fitted]
        means, covariances = (np.array(column) for column in zip(*found, strict=True))
        return self.points.level + self.points.scale * means, self.points.scale**2 * covariances

    def marginal(self, places: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation at places (C, D), over all processes, both (C,)."""
        found = [process.predict(places, return_std=True) for process in self._fitted]
        means, sds = (self.points.scale * np.array(column) for column in zip(*found, strict=True))
        spread = np.sqrt((sds**2).mean(axis=0) + means.var(axis=0))
        return self.points.level + means.mean(axis=0), spread


def mixed(means: FloatArray, covariances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean (C,) and covariance (C, C) of equally probable processes with means (S, C) and covariances (S, C, C).

    Law of total covariance: the mean covariance, and the covariance of the means.

    >>> mean, covariance = mixed(np.array([[0.0], [2.0]]), np.full((2, 1, 1), 0.5))
    >>> float(mean[0]), float(covariance[0, 0])
    (1.0, 1.5)
    """
    mean = means.mean(axis=0)
    apart = means - mean
    return mean, covariances.mean(axis=0) + apart.T @ apart / len(means)


def learn(points: Points) -> Processes:
    """Gaussian processes through points, as probable as the posterior of variance and length scales says.

    The kernel is Matérn's with ν = 5/2 (twice differentiable functions), a length scale per dimension, and a
    constant as large as the numbers vary; priors are log-normal. The posterior is a weighted sum over nodes: those of
    the prior, and of normal distributions like what is known by then, weighted by all of them (adaptive multiple
    importance sampling, Cornuet et al. 2012). Nodes are fixed, and no optimiser has to find one of several maxima.

    >>> x = np.linspace(0, 1, 5)[:, None]
    >>> found = learn(Points(x, np.sin(3 * x[:, 0]), np.full(5, 1e-3)))
    >>> mean, sd = found.marginal(np.array([[0.5], [0.6]]))
    >>> bool(abs(mean[1] - np.sin(1.8)) < sd[1]), bool(sd[0] < sd[1])
    (True, True)
    """
    dimensions = points.x.shape[1]
    middle = np.log([1.0, *[LENGTH] * dimensions])
    width = np.array([VARIANCE_WIDTH, *[LENGTH_WIDTH] * dimensions])
    nodes, weights, log_likelihood = _posterior(partial(log_likelihoods, points), middle, width)
    chosen = nodes[_systematic(nodes, weights)]
    return Processes(
        points=points,
        sds=points.scale * np.exp(chosen[:, 0] / 2),
        length_scales=np.exp(chosen[:, 1:]),
        log_likelihood=log_likelihood - len(points.y) * float(np.log(points.scale)),
        learnt=_learnt((nodes[:, 1:] - middle[1:]) / width[1:], weights),
    )


def _process(points: Points, theta: FloatArray) -> Any:
    """The process with these logarithms of variance and length scales, (1 + D,), in units of the numbers' scale."""
    kernels = sklearn.gaussian_process.kernels
    bounds = (1e-300, 1e300)
    variance, *lengths = np.exp(theta)
    kernel = kernels.ConstantKernel(1.0, "fixed") + kernels.ConstantKernel(variance, bounds) * kernels.Matern(
        lengths, bounds, nu=2.5
    )
    alpha = (points.errors / points.scale) ** 2 + JITTER
    process = sklearn.gaussian_process.GaussianProcessRegressor(kernel, alpha=alpha, optimizer=None)
    return process.fit(points.x, (points.y - points.level) / points.scale)


def log_likelihoods(points: Points, nodes: FloatArray) -> FloatArray:
    """Log marginal likelihood (M,) of the points in units of their scale, for each of the nodes (M, 1 + D).

    Nodes are the logarithms of variance and length scales (Rasmussen and Williams 2006, equation 2.30); all at once,
    since one at a time would take ten times as long.

    >>> one = Points(np.array([[0.5]]), np.array([2.0]), np.array([1.0]))
    >>> log_likelihoods(one, np.zeros((1, 2))).round(4).tolist()
    [-1.4682]
    """
    y, squared = (points.y - points.level) / points.scale, (points.x[:, None] - points.x[None, :]) ** 2
    noise = np.diag((points.errors / points.scale) ** 2 + JITTER)
    parts = np.array_split(nodes, max(1, len(nodes) * len(y) ** 2 // LARGEST))
    return np.concatenate([_log_densities(y, _covariances(squared, part) + noise) for part in parts])


def _covariances(squared: FloatArray, nodes: FloatArray) -> FloatArray:
    """Covariances (M, N, N) of points with squared distances (N, N, D) along each dimension."""
    r = np.sqrt(5 * np.einsum("ijd,md->mij", squared, np.exp(-2 * nodes[:, 1:]), optimize=True))
    result: FloatArray = 1 + np.exp(nodes[:, 0])[:, None, None] * (1 + r + r**2 / 3) * np.exp(-r)
    return result


def _log_densities(y: FloatArray, covariances: FloatArray) -> FloatArray:
    """Log densities (M,) of normal distributions with mean zero at y (N,)."""
    roots = np.linalg.cholesky(covariances)
    pulls = np.linalg.solve(roots, np.broadcast_to(y[:, None], (len(roots), len(y), 1)))[..., 0]
    logs = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    result: FloatArray = -(pulls**2).sum(axis=1) / 2 - logs - len(y) * np.log(2 * np.pi) / 2
    return result


def _posterior(
    log_likelihood: Callable[[FloatArray], FloatArray], middle: FloatArray, width: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Nodes (M, P), their weights (M,), and the logarithm of the likelihood averaged over the prior."""
    normals = _normals(NODES, len(middle))
    proposals = [(middle, np.diag(width))]
    nodes = middle + normals * width
    logs = log_likelihood(nodes)
    for _ in range(PROPOSALS * len(middle) - 1):
        target = logs + _log_normal(nodes, middle, np.diag(width))
        proposals.append(_proposal(nodes, target - _log_mixture(nodes, proposals)))
        centre, root = proposals[-1]
        new = centre + normals @ root.T
        nodes, logs = np.vstack([nodes, new]), np.append(logs, log_likelihood(new))
    found = logs + _log_normal(nodes, middle, np.diag(width)) - _log_mixture(nodes, proposals)
    total = float(scipy.special.logsumexp(found))
    return nodes, np.exp(found - total), total - float(np.log(len(nodes)))


def _normals(number: int, dimensions: int) -> FloatArray:
    """Evenly spread standard normal numbers: Kronecker's sequence with powers of a generalised golden ratio."""
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    result: FloatArray = scipy.special.ndtri((0.5 + np.outer(np.arange(number), steps)) % 1)
    return result


def _log_normal(nodes: FloatArray, centre: FloatArray, root: FloatArray) -> FloatArray:
    """Logarithm of a normal density (M,), without its powers of 2π, which cancel."""
    pulls = np.linalg.solve(root, (nodes - centre).T)
    result: FloatArray = -(pulls**2).sum(axis=0) / 2 - np.log(root.diagonal()).sum()
    return result


def _log_mixture(nodes: FloatArray, proposals: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
    logs = np.array([_log_normal(nodes, *proposal) for proposal in proposals])
    result: FloatArray = scipy.special.logsumexp(logs, axis=0) - np.log(len(proposals))
    return result


def _proposal(nodes: FloatArray, logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centre and root of covariance of the nodes by weight; weights are flattened until enough of them count."""
    for power in 0.5 ** np.arange(20):
        weights = np.exp(power * (logs - logs.max()))
        weights /= weights.sum()
        if 1 / (weights**2).sum() >= EFFECTIVE:
            break
    centre = weights @ nodes
    apart = nodes - centre
    covariance = (weights[:, None] * apart).T @ apart
    return centre, WIDER * np.linalg.cholesky(covariance + 1e-6 * np.eye(len(centre)))


def _systematic(nodes: FloatArray, weights: FloatArray) -> NDArray[np.intp]:
    """Indices (S,) of nodes that stand for all, evenly from the shortest to the longest length scales."""
    order = np.argsort(nodes[:, 1:].sum(axis=1), kind="stable")
    wanted = (np.arange(PROCESSES) + 0.5) / PROCESSES
    found: NDArray[np.intp] = order[np.searchsorted(weights[order].cumsum(), wanted).clip(0, len(order) - 1)]
    return found


def _learnt(pulls: FloatArray, weights: FloatArray) -> float:
    """Σ over dimensions of the relative entropy of a normal distribution like the nodes to the standard one."""
    mean = weights @ pulls
    variance = weights @ (pulls - mean) ** 2
    return float(((variance + mean**2 - 1 - np.log(variance + 1e-300)) / 2).sum())
