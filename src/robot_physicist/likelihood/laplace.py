"""Marginal likelihoods ∫ p(x|θ, ν) p(ν) dν of many data sets by Laplace's method.

The logarithm of the integrand is expanded to second order near its maximum, and the Gaussian is integrated (Tierney
and Kadane 1986). Newton's method finds the maximum for all data sets at once: the first step is the same matrix for
all, later ones are for those data sets and θ that need them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..histfactory.derivatives import Response, respond
from ..histfactory.model import LOWEST_RATE
from ..histfactory.morphing import Morphed
from ..histfactory.nuisances import Nuisances
from ..quantities.arrays import FloatArray
from ..statistics.small_matrices import Arrow, arrow

scipy = lazy.load("scipy")


#: Numbers of one array per chunk of data sets: bounds the memory and keeps it near the processor.
CHUNK = 460_000
#: Most steps for data sets that have not converged.
STEPS = 40
#: What ln p may still rise to its maximum by Newton's estimate, which the expansion includes; and the same after two
#: steps, when only few data sets are left.
CONVERGED, NEARLY_CONVERGED = 1e-4, 1e-3
#: A θ this improbable, in ln p below the best, needs no converged maximum: its weight is below 10⁻⁴.
IRRELEVANT = 10.0
#: The same after the first step, which is not at the maximum yet.
UNPROMISING = 14.0
#: A point tells how probable its θ is when ln p there is this close to what the step before, or the next one, says.
TRUSTED = 2.0
Point = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Expansion:
    """Second-order expansion of ln p(x, ν|θ) at a point: value (N,), gradient and factorised curvature."""

    value: FloatArray
    gradient: Point
    curvature: Arrow

    @cached_property
    def step(self) -> Point:
        """From the point to the maximum of the expansion."""
        return self.curvature.solve(*self.gradient)

    @property
    def left_over(self) -> FloatArray:
        """What ln p rises on the way there, (N,)."""
        whole, local = self.step
        rise = (self.gradient[0] * whole).sum(axis=0) + (self.gradient[1] * local).sum(axis=(0, 1))
        return np.asarray(0.5 * rise, dtype=np.float64)


def chunk_size(nuisances: Nuisances) -> int:
    """Data sets per chunk: slopes of all bins, the largest array, have about `CHUNK` numbers."""
    slopes = nuisances.model.bins * (len(nuisances.whole) + 1) * (len(nuisances.local) + 1)
    return max(16, CHUNK // max(1, slopes))


def data_constant(counts: FloatArray, fixed_total: bool) -> FloatArray:
    """What ln p(x|θ, ν) has that depends on the counts (B, N) only, (N,): −Σ ln x!, and ln n! for a fixed total."""
    result: FloatArray = -scipy.special.gammaln(counts + 1).sum(axis=0)
    return result + scipy.special.gammaln(counts.sum(axis=0) + 1) if fixed_total else result


def log_likelihood(rates: FloatArray, counts: FloatArray, fixed_total: bool) -> FloatArray:
    """ln p(x|θ, ν) without `data_constant`, (N,): Poisson, or multinomial given the total."""
    total = rates.sum(axis=0)
    logs: FloatArray = np.einsum("bn,bn->n", counts, np.log(rates))
    logs -= counts.sum(axis=0) * np.log(total) if fixed_total else total
    return logs


def expand(nuisances: Nuisances, point: Point, counts: FloatArray, fixed_total: bool, observed: bool) -> Expansion:
    """Expand ln p(x, ν|θ) at nuisances (G, N), (M, B, N) for counts (B, N).

    The curvature is the observed one, or Fisher's expected one, which is always positive definite.
    """
    whole, local = point
    parameters = nuisances.parameters(whole, local)
    response = respond(nuisances, parameters) if nuisances.morphing is None else nuisances.morphing.at(parameters)
    rates = response.rates
    per_rate = counts.sum(axis=0) / rates.sum(axis=0) if fixed_total else np.ones(1)
    ratio = counts / rates
    residual = ratio - per_rate
    if rates.min() <= LOWEST_RATE:
        # An empty bin is certain once its rate has reached zero: no slope leads on into negative rates.
        residual = np.where((rates <= LOWEST_RATE) & (counts == 0), 0.0, residual)
    slopes = _local_slopes(nuisances, response, local)
    index = nuisances.local[nuisances.local >= 0]
    first, second = nuisances.prior.derivatives(nuisances.whole, whole)
    gradient = first + response.gradient(residual)
    local_first, local_second = np.zeros_like(local), np.ones_like(local)
    local_first[nuisances.local >= 0], local_second[nuisances.local >= 0] = nuisances.prior.derivatives(
        index, local[nuisances.local >= 0]
    )
    weight = ratio / rates if observed else per_rate / rates
    parts = _curvature(nuisances, response, local, slopes, weight, residual if observed else None)
    np.einsum("ggn->gn", parts[0])[:] += second
    np.einsum("mmbn->mbn", parts[2])[:] += local_second
    return Expansion(
        value=log_likelihood(rates, counts, fixed_total) + _log_prior(nuisances, whole, local),
        gradient=(gradient, local_first + slopes * residual),
        curvature=arrow(*parts, _spike(response, slopes, counts) if fixed_total else None),
    )


def _log_prior(nuisances: Nuisances, whole: FloatArray, local: FloatArray) -> FloatArray:
    values = np.concatenate([whole, local[nuisances.local >= 0]])
    return nuisances.prior.log_density(nuisances.index, values) + nuisances.log_normalisation


def _local_slopes(nuisances: Nuisances, response: Morphed | Response, local: FloatArray) -> FloatArray:
    """∂ rates / ∂ local parameters, (M, B, N)."""
    shape = (*nuisances.local.shape, response.rates.shape[-1])
    if isinstance(response, Morphed) or not local.size:
        return np.zeros(shape)
    return np.where(nuisances.local[..., None] >= 0, np.stack(response.layered) / local, 0.0)


def _curvature(
    nuisances: Nuisances,
    response: Morphed | Response,
    local: FloatArray,
    slopes: FloatArray,
    weight: FloatArray,
    residual: FloatArray | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Blocks of −∂² ln p(x|θ, ν): whole (G, G, N), coupling (M, B, G, N), local (M, M, B, N)."""
    whole = response.curvature(weight, residual)
    if isinstance(response, Morphed):
        bins, size = weight.shape
        return whole, np.zeros((0, bins, len(whole), size)), np.zeros((0, 0, bins, size))
    coupling = np.einsum("mbn,bn,gbn->mbgn", slopes, weight, response.slopes)
    between = np.einsum("mbn,lbn,bn->mlbn", slopes, slopes, weight)
    if residual is None:
        return whole, coupling, between
    inverse = np.where(nuisances.local[..., None] >= 0, 1 / local, 0.0)
    for m in range(len(local)):
        coupling[m] -= np.einsum("bn,gbn->bgn", residual * inverse[m], response.layered_slopes[m])
        for other in range(m):
            mixed = residual * response.layered_pair(m, other) * inverse[m] * inverse[other]
            between[m, other] -= mixed
            between[other, m] -= mixed
    return whole, coupling, between


def _spike(response: Morphed | Response, slopes: FloatArray, counts: FloatArray) -> Point:
    """√n ∂ ln(total rate): what conditioning on the total takes from the curvature."""
    scale = np.sqrt(counts.sum(axis=0)) / response.rates.sum(axis=0)
    return response.gradient(np.ones((len(response.rates), 1))) * scale, slopes * scale


@dataclass
class Search:
    """State of the search for the maxima of N data sets at one θ: best point so far, its value, the next step."""

    nuisances: Nuisances
    point: Point
    value: FloatArray
    step: Point
    damping: FloatArray
    marginal: FloatArray
    left_over: FloatArray
    trusted: NDArray[np.bool_]

    @property
    def lower_bound(self) -> FloatArray:
        """The marginal likelihood without what ln p may still rise, (N,)."""
        return self.marginal - np.where(np.isfinite(self.left_over), self.left_over, 0.0)

    def advance(self, counts: FloatArray, fixed_total: bool, place: NDArray[np.bool_]) -> None:
        """Try a step for the data sets at `place` (N,); one that lowers ln p is tried again with half its length."""
        rows = np.flatnonzero(place)
        damping = self.damping[rows]
        step = _take(self.step, rows)
        trial = _moved(self.nuisances, _take(self.point, rows), (step[0] * damping, step[1] * damping))
        expansion = expanded(self.nuisances, trial, np.take(counts, rows, axis=1), fixed_total)
        better = expansion.value >= self.value[rows] - 1e-9
        self.damping[rows] = np.where(better, 1.0, 0.5 * damping)
        marginal = integral(self.nuisances, expansion)
        found = [*trial, *expansion.step, expansion.value, expansion.left_over, marginal]
        if not better.all():
            rows = rows[better]
            found = [np.compress(better, array, axis=-1) for array in found]
        targets = (*self.point, *self.step, self.value, self.left_over, self.marginal)
        for target, array in zip(targets, found, strict=True):
            target[..., rows] = array
        self.trusted[rows] = self.left_over[rows] < TRUSTED


def log_marginals(
    models: Sequence[Nuisances], counts: FloatArray, fixed_total: bool
) -> tuple[FloatArray, list[Search]]:
    """ln p(x|θ) of counts (B, N) at K values of θ, (K, N), without `data_constant`; and where the maxima are."""
    searches = [_started(nuisances, counts, fixed_total) for nuisances in models]
    for number in range(STEPS):
        margin = IRRELEVANT if number else UNPROMISING
        enough = CONVERGED if number < 2 else NEARLY_CONVERGED
        least = np.max([search.lower_bound for search in searches], axis=0) - margin
        todo = [(s.left_over > enough) & ((s.marginal > least) | ~s.trusted) for s in searches]
        if not any(place.any() for place in todo):
            break
        for search, place in zip(searches, todo, strict=True):
            if place.any():
                search.advance(counts, fixed_total, place)
    return np.array([search.marginal for search in searches]), searches


def integral(nuisances: Nuisances, expansion: Expansion) -> FloatArray:
    """Integral of the expansion: its maximum, √(2π) per dimension, and the width of the Gaussian."""
    normal = 0.5 * len(nuisances.index) * math.log(2 * math.pi)
    return expansion.value + expansion.left_over + normal - expansion.curvature.half_log_determinant


def _started(nuisances: Nuisances, counts: FloatArray, fixed_total: bool) -> Search:
    """A step of Fisher scoring from the prior's centre, where slopes and curvature are the same for all data."""
    start = nuisances.start()
    expansion = expand(nuisances, start, counts, fixed_total, observed=False)
    size = counts.shape[1]
    wide = np.repeat(start[0], size, axis=-1), np.repeat(start[1], size, axis=-1)
    first = _moved(nuisances, wide, expansion.step)
    value = _value(nuisances, first, counts, fixed_total)
    better = value > expansion.value
    trusted = better & (np.abs(value - expansion.value - expansion.left_over) < TRUSTED)
    value = np.where(better, value, expansion.value)
    normal = 0.5 * len(nuisances.index) * math.log(2 * math.pi)
    return Search(
        nuisances=nuisances,
        point=(np.where(better, first[0], wide[0]), np.where(better, first[1], wide[1])),
        value=value,
        step=(np.zeros_like(first[0]), np.zeros_like(first[1])),
        damping=np.ones(size),
        marginal=value + normal - expansion.curvature.half_log_determinant,
        left_over=np.full(size, np.inf),
        trusted=trusted,
    )


def _value(nuisances: Nuisances, point: Point, counts: FloatArray, fixed_total: bool) -> FloatArray:
    rates = np.maximum(nuisances.model.rates(nuisances.parameters(*point)), LOWEST_RATE)
    return log_likelihood(rates, counts, fixed_total) + _log_prior(nuisances, *point)


def _moved(nuisances: Nuisances, point: Point, step: Point) -> Point:
    """Take a step, at most 3 in the units of a normal constraint; a tenth of the way to an edge is always left."""
    index, present = nuisances.whole, nuisances.local >= 0
    prior = nuisances.prior
    scale = np.where(prior.kinds[index] == "normal", prior.width[index], np.inf)[:, None]
    whole = point[0] + np.clip(step[0], -3 * scale, 3 * scale)
    local = point[1] + np.where(present[..., None], step[1], 0.0)
    return _inside(whole, point[0], nuisances.edges[0]), _inside(local, point[1], nuisances.edges[1])


def _inside(values: FloatArray, start: FloatArray, edges: FloatArray) -> FloatArray:
    return np.clip(values, 0.1 * start + 0.9 * edges[..., 0], 0.1 * start + 0.9 * edges[..., 1])


def expanded(nuisances: Nuisances, point: Point, counts: FloatArray, fixed_total: bool) -> Expansion:
    """The observed curvature, or Fisher's for the data sets where it is not positive definite."""
    expansion = expand(nuisances, point, counts, fixed_total, observed=True)
    bad = np.flatnonzero(~expansion.curvature.good)
    if not bad.size:
        return expansion
    return replaced(expansion, bad, expand(nuisances, _take(point, bad), counts[:, bad], fixed_total, observed=False))


def replaced(expansion: Expansion, rows: NDArray[np.intp], by: Expansion) -> Expansion:
    """The expansion with some data sets, by index, from another one, in place."""
    arrays = _arrays(expansion)
    for target, source in zip(arrays, _arrays(by), strict=True):
        target[..., rows] = source
    return expansion


def _arrays(expansion: Expansion) -> list[FloatArray]:
    curve = expansion.curvature
    result = [expansion.value, *expansion.gradient, curve.schur, curve.local, curve.solved]
    if curve.removed is not None and curve.spike is not None and curve.shrink is not None:
        result += [*curve.removed, *curve.spike, curve.shrink]
    return result


def _take(point: Point, rows: NDArray[np.intp]) -> Point:
    return np.take(point[0], rows, axis=-1), np.take(point[1], rows, axis=-1)
