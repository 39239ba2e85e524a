"""Importance sampling of marginal likelihoods: the check of Laplace's method, and the exact path where it fails.

Values of the nuisance parameters are proposed by the Gaussian of Laplace's method and weighted by integrand /
proposal; the mean weight is an unbiased estimate of the marginal likelihood whatever the proposal is. In the exact
path a Student t of the same shape proposes, and for a quarter of the draws the prior, which bounds the weights (a
defensive mixture; Hesterberg 1995). All θ use the same random numbers, so that much of their noise cancels in
posteriors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import lazy_loader as lazy
import numpy as np

from ..histfactory.nuisances import Nuisances
from ..quantities.arrays import FloatArray
from ..statistics.grid_posterior import normalised
from ..statistics.small_matrices import Arrow
from .laplace import Expansion, Point, data_constant, expanded, log_likelihood, log_marginals

scipy = lazy.load("scipy")


#: Draws times data sets that are evaluated at once, at most, and numbers in the largest array: bounds the memory.
LANES, NUMBERS = 8192, 4_000_000
#: θ with less posterior probability than this are left to Laplace's method.
NEGLIGIBLE = 1e-4


@dataclass(frozen=True)
class Proposals:
    """Standard normals (Q + 1, M) for Q nuisances and M draws, and factors (M,) that stretch them into Student's t.

    `freedom` is infinite, and the factors one, for Gaussian proposals. The last M′ draws are from the prior instead,
    by `uniforms` (Q, M′).
    """

    normals: FloatArray
    stretch: FloatArray
    freedom: float
    uniforms: FloatArray

    @property
    def prior_share(self) -> float:
        """Fraction of draws from the prior."""
        return float(self.uniforms.shape[1] / self.normals.shape[1])

    def first(self, dimensions: int) -> Proposals:
        """The same for a model that has only so many nuisances."""
        return replace(self, normals=self.normals[[*range(dimensions), -1]], uniforms=self.uniforms[:dimensions])

    def log_density(self, half_squares: FloatArray, dimensions: int) -> FloatArray:
        """ln q of draws of which −½ yᵀHy is known, (N, M), without ½ ln det H."""
        if math.isinf(self.freedom):
            return half_squares - 0.5 * dimensions * math.log(2 * math.pi)
        power = 0.5 * (self.freedom + dimensions)
        constant = math.lgamma(power) - math.lgamma(0.5 * self.freedom)
        constant -= 0.5 * dimensions * math.log(self.freedom * math.pi)
        return np.asarray(constant - power * np.log1p(-2 * half_squares / self.freedom))


def proposals(
    dimensions: int, draws: int, freedom: float, rng: np.random.Generator, prior_share: float = 0.0
) -> Proposals:
    """Pairs of opposite normals from scrambled Sobol points, stretched into Student's t of finite freedom.

    A share of the draws is from the prior instead, by Sobol points too.
    """
    heavy = not math.isinf(freedom)
    points = _even(dimensions + 1 + heavy, (draws + 1) // 2, rng)
    half = np.asarray(scipy.special.ndtri(points[: dimensions + 1]), dtype=np.float64)
    stretch = np.sqrt(freedom / scipy.special.chdtri(freedom, points[-1])) if heavy else np.ones(half.shape[1])
    uniforms = _even(dimensions, int(prior_share * 2 * half.shape[1]), rng)
    normals, stretches = np.concatenate([half, -half], axis=1), np.concatenate([stretch, stretch])
    return Proposals(normals, stretches, freedom, uniforms)


def _even(dimensions: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Scrambled Sobol points (dimensions, draws); one that rounds to 0, whose quantile is infinite, is moved."""
    if not draws:
        return np.empty((dimensions, 0))
    points = scipy.stats.qmc.Sobol(dimensions, rng=rng).random_base2(math.ceil(math.log2(draws)))[:draws]
    return np.asarray(np.clip(points.T, 1e-12, 1 - 1e-12), dtype=np.float64)


def importance_log_likelihood(
    models: Sequence[Nuisances],
    counts: FloatArray,
    laplace: FloatArray,
    prior: FloatArray,
    fixed_total: bool,
    draws: int,
    freedom: float,
    rng: np.random.Generator,
    prior_share: float = 0.0,
    negligible: float = NEGLIGIBLE,
    points: Sequence[Point] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """ln p(x|θ) by importance sampling, (N, K), and the effective fraction of its draws, (N,), averaged over θ.

    θ of less than negligible posterior keep their value by Laplace's method, `laplace` (N, K). `points` are where
    the maxima are, for each θ; without them they are searched for.
    """
    weight = normalised(laplace, prior)
    columns = np.ascontiguousarray(counts.T, dtype=np.float64)
    if points is None:
        points = [search.point for search in log_marginals(models, columns, fixed_total)[1]]
    constant = data_constant(columns, fixed_total)
    most = max(len(one.index) for one in models)
    proposed = proposals(most, draws, freedom, rng, prior_share)
    result, fraction = laplace.copy(), np.ones_like(laplace)
    for k, (nuisances, point) in enumerate(zip(models, points, strict=True)):
        rows = np.flatnonzero(weight[:, k] >= negligible)
        if rows.size:
            own = proposed.first(len(nuisances.index))
            start = point[0][:, rows], point[1][..., rows]
            logs, fraction[rows, k] = importance(nuisances, start, columns[:, rows], fixed_total, own)
            result[rows, k] = logs + constant[rows]
    return result, (fraction * weight).sum(axis=1)


def importance(
    nuisances: Nuisances, point: Point, counts: FloatArray, fixed_total: bool, proposed: Proposals
) -> tuple[FloatArray, FloatArray]:
    """ln p(x|θ) of counts (B, N) without `data_constant`, and the effective fraction of the draws, both (N,).

    `point` is near the maximum of each data set; the effective fraction is (Σw)² / (M Σw²).
    """
    expansion = expanded(nuisances, point, counts, fixed_total)
    draws = proposed.normals.shape[1]
    drawn = nuisances.draw(proposed.uniforms)[nuisances.index]
    log_weights = np.empty((counts.shape[1], draws))
    width = nuisances.model.bins * (len(nuisances.whole) + 1) * (len(nuisances.local) + 1)
    step = max(1, min(LANES, NUMBERS // width) // counts.shape[1])
    for start in range(0, draws, step):
        part = slice(start, start + step)
        log_weights[:, part] = _log_weights(nuisances, point, expansion, counts, fixed_total, proposed, drawn, part)
    highest = np.maximum(log_weights.max(axis=1, keepdims=True), -1e300)
    weights = np.exp(log_weights - highest)
    total = weights.sum(axis=1)
    squares = np.maximum((weights**2).sum(axis=1), 1e-300)
    return highest[:, 0] + np.log(np.maximum(total / draws, 1e-300)), total**2 / (draws * squares)


def gaussian_draws(
    nuisances: Nuisances, point: Point, counts: FloatArray, fixed_total: bool, normals: FloatArray
) -> FloatArray:
    """Parameter vectors (P, 1 + M) of one data set (B, 1): the maximum of ln p(x, ν|θ), then draws around it.

    The draws are those of Laplace's Gaussian, from standard normals (Q + 1, M) for Q nuisances.
    """
    expansion = expanded(nuisances, point, counts, fixed_total)
    centre = _centre(nuisances, point, expansion.step)
    with_maximum = np.concatenate([np.zeros((len(normals), 1)), normals], axis=1)
    whole, local = _deviations(nuisances, expansion.curvature.repeat(with_maximum.shape[1]), with_maximum)
    return nuisances.parameters(centre[0] + whole, centre[1] + local)


def _log_weights(
    nuisances: Nuisances,
    point: Point,
    expansion: Expansion,
    counts: FloatArray,
    fixed_total: bool,
    proposed: Proposals,
    drawn: FloatArray,
    part: slice,
) -> FloatArray:
    """ln integrand − ln proposal of a part of the draws, (N, M)."""
    normals = proposed.normals[:, part] * proposed.stretch[part]
    size, draws = counts.shape[1], normals.shape[1]
    curve = expansion.curvature.repeat(draws)
    centre = [np.repeat(one, draws, axis=-1) for one in _centre(nuisances, point, expansion.step)]
    whole, local = _deviations(nuisances, curve, np.tile(normals, size))
    parameters = nuisances.parameters(centre[0] + whole, centre[1] + local)
    first = proposed.normals.shape[1] - drawn.shape[1]
    late = np.arange(proposed.normals.shape[1])[part] >= first
    if late.any():
        values = drawn[:, np.arange(proposed.normals.shape[1])[part][late] - first]
        parameters[np.ix_(nuisances.index, np.tile(late, size))] = np.tile(values, size)
        whole = parameters[nuisances.whole] - centre[0]
        local = np.where(nuisances.local[..., None] >= 0, parameters[nuisances.local] - centre[1], 0.0)
    log_prior = (
        nuisances.prior.log_density(nuisances.index, parameters[nuisances.index]) + nuisances.log_normalisation
    )
    rates = np.maximum(nuisances.model.rates(parameters), 1e-300)
    target = log_likelihood(rates, np.repeat(counts, draws, axis=1), fixed_total) + log_prior
    density = proposed.log_density(curve.log_density(whole, local), len(nuisances.index))
    density = density + curve.half_log_determinant
    if proposed.prior_share:
        shares = math.log(1 - proposed.prior_share), math.log(proposed.prior_share)
        density = np.logaddexp(shares[0] + density, shares[1] + log_prior)
    return np.asarray((np.where(np.isfinite(target), target, -np.inf) - density).reshape(size, draws))


def _centre(nuisances: Nuisances, point: Point, step: Point) -> Point:
    """The maximum of the expansion; a parameter whose maximum is beyond the edge of its prior stays at the point."""

    def kept(start: FloatArray, moved: FloatArray, edges: FloatArray) -> FloatArray:
        return np.where((moved <= edges[..., 0]) | (moved >= edges[..., 1]), start, moved)

    whole, local = nuisances.edges
    return kept(point[0], point[0] + step[0], whole), kept(point[1], point[1] + step[1], local)


def _deviations(nuisances: Nuisances, curve: Arrow, normals: FloatArray) -> Point:
    count = len(nuisances.whole)
    present = nuisances.local >= 0
    local = np.zeros((*nuisances.local.shape, normals.shape[1]))
    local[present] = normals[count:-1]
    return curve.draw(normals[:count], local, normals[-1])
