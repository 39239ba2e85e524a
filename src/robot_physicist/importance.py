"""Importance sampling of marginal likelihoods: the check of Laplace's method, and the exact path where it fails.

Values of the nuisance parameters are proposed by the Gaussian of Laplace's method (or by a Student t of the same
shape, whose tails bound the weights) and weighted by integrand / proposal; the mean weight is an unbiased estimate of
the marginal likelihood whatever the proposal is. All θ and all data sets use the same random numbers, so that much of
their noise cancels in posteriors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .curvature import Arrow
from .laplace import Expansion, Point, expanded, log_likelihood
from .nuisances import Nuisances
from .simulators.base import FloatArray

#: Degrees of freedom of Student's t.
FREEDOM = 5.0


@dataclass(frozen=True)
class Proposals:
    """Standard normals (Q + 1, M) for Q nuisances and M draws, and factors (M,) that stretch them into Student's t.

    `freedom` is infinite, and the factors one, for Gaussian proposals.
    """

    normals: FloatArray
    stretch: FloatArray
    freedom: float

    def log_density(self, half_squares: FloatArray, dimensions: int) -> FloatArray:
        """Ln q of draws of which −½ yᵀHy is known, (N, M), without ½ ln det H."""
        if math.isinf(self.freedom):
            return half_squares - 0.5 * dimensions * math.log(2 * math.pi)
        power = 0.5 * (self.freedom + dimensions)
        constant = math.lgamma(power) - math.lgamma(0.5 * self.freedom)
        constant -= 0.5 * dimensions * math.log(self.freedom * math.pi)
        return np.asarray(constant - power * np.log1p(-2 * half_squares / self.freedom))


def proposals(dimensions: int, draws: int, freedom: float, rng: np.random.Generator) -> Proposals:
    """Draw pairs of opposite normals, Gaussian for infinite freedom, else stretched into Student's t."""
    half = rng.standard_normal((dimensions + 1, (draws + 1) // 2))
    stretch = np.ones(half.shape[1])
    if not math.isinf(freedom):
        stretch = np.sqrt(freedom / rng.chisquare(freedom, half.shape[1]))
    return Proposals(np.concatenate([half, -half], axis=1), np.concatenate([stretch, stretch]), freedom)


def importance(
    nuisances: Nuisances, point: Point, counts: FloatArray, fixed_total: bool, proposed: Proposals
) -> tuple[FloatArray, FloatArray]:
    """Ln p(x|θ) of counts (B, N) without `data_constant`, and the effective fraction of the draws, both (N,).

    `point` is near the maximum of each data set; the effective fraction is (Σw)² / (M Σw²).
    """
    expansion = expanded(nuisances, point, counts, fixed_total)
    draws = proposed.normals.shape[1]
    log_weights = np.empty((counts.shape[1], draws))
    step = max(1, _LANES // counts.shape[1])
    for start in range(0, draws, step):
        part = slice(start, start + step)
        log_weights[:, part] = _log_weights(nuisances, point, expansion, counts, fixed_total, proposed, part)
    highest = np.maximum(log_weights.max(axis=1, keepdims=True), -1e300)
    weights = np.exp(log_weights - highest)
    total = weights.sum(axis=1)
    squares = np.maximum((weights**2).sum(axis=1), 1e-300)
    return highest[:, 0] + np.log(np.maximum(total / draws, 1e-300)), total**2 / (draws * squares)


#: Draws times data sets that are evaluated at once.
_LANES = 8192


def _log_weights(
    nuisances: Nuisances,
    point: Point,
    expansion: Expansion,
    counts: FloatArray,
    fixed_total: bool,
    proposed: Proposals,
    part: slice,
) -> FloatArray:
    """Ln integrand − ln proposal of a part of the draws, (N, M)."""
    normals = proposed.normals[:, part] * proposed.stretch[part]
    size, draws = counts.shape[1], normals.shape[1]
    curve = expansion.curvature.repeat(draws)
    whole, local, half_squares = _deviations(nuisances, curve, np.tile(normals, size))
    centre = [np.repeat(part, draws, axis=-1) for part in _centre(nuisances, point, expansion.step)]
    parameters = nuisances.parameters(centre[0] + whole, centre[1] + local)
    values = parameters[nuisances.index]
    rates = np.maximum(nuisances.model.rates(parameters), 1e-300)
    target = log_likelihood(rates, np.repeat(counts, draws, axis=1), fixed_total)
    target = target + nuisances.prior.log_density(nuisances.index, values) + nuisances.log_normalisation
    density = proposed.log_density(half_squares, len(nuisances.index)) + curve.half_log_determinant
    log_weights = np.where(np.isfinite(target), target, -np.inf) - density
    return np.asarray(log_weights.reshape(size, draws))


def _centre(nuisances: Nuisances, point: Point, step: Point) -> Point:
    """The maximum of the expansion; a parameter whose maximum is beyond the edge of its prior stays at the point."""
    whole, local = point[0] + step[0], point[1] + step[1]
    positive = (nuisances.prior.positive | (nuisances.prior.kinds == "free"))[nuisances.whole, None]
    return np.where(positive & (whole <= 0), point[0], whole), np.where(local <= 0, point[1], local)


def _deviations(nuisances: Nuisances, curve: Arrow, normals: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    count = len(nuisances.whole)
    present = nuisances.local >= 0
    local = np.zeros((*nuisances.local.shape, normals.shape[1]))
    local[present] = normals[count:-1]
    whole, local = curve.draw(normals[:count], local, normals[-1])
    return whole, local, curve.log_density(whole, local)
