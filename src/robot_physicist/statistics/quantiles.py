"""Exact quantile functions of the binomial and the Poisson distribution, for arrays of parameters.

Both are monotone in the uniform number, so that quasi-Monte Carlo points keep their order. SciPy's `ppf` gives the
same numbers; here the exact distribution function is asked only where an approximation could be wrong.
"""

from __future__ import annotations

from collections.abc import Callable

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray

scipy = lazy.load("scipy")


#: Variance below which the search from zero is short, and faster than anything else.
SMALL_VARIANCE = 10.0
#: Terms that change no distribution function in double precision.
NEGLIGIBLE = 1e-18
#: Error of the Cornish–Fisher expansion in counts, at most this times (1 + z²)²/σ²; a test measures it.
EXPANSION_ERROR = 0.05
#: Added to that, for the rounding of means up to 10⁹.
ROUNDING = 1e-6
Cumulative = Callable[[FloatArray, NDArray[np.intp]], FloatArray]


def binomial_quantiles(uniforms: FloatArray, trials: FloatArray, chance: FloatArray) -> FloatArray:
    """Smallest k with P(X ≤ k) ≥ u for X ~ Binomial(`trials`, `chance`); all arguments have the shape (M,).

    >>> binomial_quantiles(np.array([0.3, 0.7]), np.array([10.0, 1000.0]), np.array([0.5, 0.2]))
    array([  4., 207.])
    """

    def cumulative(count: FloatArray, at: NDArray[np.intp]) -> FloatArray:
        inside = np.clip(count, 0.0, trials[at] - 1.0)
        value: FloatArray = scipy.special.betainc(trials[at] - inside, inside + 1.0, 1.0 - chance[at])
        return np.where(count < 0, 0.0, np.where(count >= trials[at], 1.0, value))

    mean, other = trials * chance, 1.0 - chance
    variance = mean * other
    small, large = np.flatnonzero(variance < SMALL_VARIANCE), np.flatnonzero(variance >= SMALL_VARIANCE)
    counts = np.empty(len(uniforms))
    counts[small] = _small_binomial(uniforms[small], trials[small], chance[small])
    variance = variance[large]
    skewness = (other - chance)[large] / np.sqrt(variance)
    kurtosis = (1.0 - 6.0 * chance[large] * other[large]) / variance
    counts[large] = _expanded(uniforms, large, (mean[large], variance, skewness, kurtosis), cumulative)
    return counts


def poisson_quantiles(uniforms: FloatArray, means: FloatArray) -> FloatArray:
    """Smallest k with P(X ≤ k) ≥ u for X ~ Poisson(mean); arguments and result have one shape.

    >>> poisson_quantiles(np.array([0.3, 0.7]), np.array([3.0, 50.0]))
    array([ 2., 54.])
    """
    flat, mean = uniforms.ravel(), means.ravel()

    def cumulative(count: FloatArray, at: NDArray[np.intp]) -> FloatArray:
        value: FloatArray = scipy.special.gammaincc(np.maximum(count, 0.0) + 1.0, mean[at])
        return np.where(count < 0, 0.0, value)

    small, large = np.flatnonzero(mean < SMALL_VARIANCE), np.flatnonzero(mean >= SMALL_VARIANCE)
    counts = np.empty(len(flat))
    counts[small] = _from_zero(flat[small], np.exp(-mean[small]), mean[small], np.zeros(small.size))
    variance = mean[large]
    counts[large] = _expanded(flat, large, (variance, variance, variance**-0.5, 1.0 / variance), cumulative)
    return counts.reshape(uniforms.shape)


def _small_binomial(uniforms: FloatArray, trials: FloatArray, chance: FloatArray) -> FloatArray:
    """Search from the nearer end: X ~ Binomial(n, p) and n − X ~ Binomial(n, 1 − p)."""
    flipped = chance > 0.5
    rare = np.where(flipped, 1.0 - chance, chance)
    odds = rare / (1.0 - rare)
    searched = np.where(flipped, 1.0 - uniforms, uniforms)
    found = _from_zero(searched, np.exp(trials * np.log1p(-rare)), trials * odds, odds)
    found = np.minimum(found, trials)
    return np.where(flipped, trials - found, found)


def _from_zero(uniforms: FloatArray, none: FloatArray, first: FloatArray, slope: FloatArray) -> FloatArray:
    """Add up probabilities from P(0) = `none` by P(x + 1) = P(x) (`first` − `slope` x)/(x + 1) until they reach u."""
    counts = np.zeros(len(uniforms))
    active = np.flatnonzero(none < uniforms)
    uniforms, first, slope, term = uniforms[active], first[active], slope[active], none[active]
    total = term.copy()
    count = 0
    while active.size:
        term *= np.maximum(first - slope * count, 0.0) / (count + 1)
        total += term
        count += 1
        counts[active] = count
        going = (total < uniforms) & (term > NEGLIGIBLE)
        active, uniforms, first, slope = active[going], uniforms[going], first[going], slope[going]
        term, total = term[going], total[going]
    return counts


def _expanded(
    uniforms: FloatArray, at: NDArray[np.intp], moments: tuple[FloatArray, ...], cumulative: Cumulative
) -> FloatArray:
    """Counts of the uniforms at `at` by a Cornish–Fisher expansion, exact where that could be wrong."""
    place, error = cornish_fisher(uniforms[at], *moments)
    counts = np.floor(place + 0.5)
    # Counts change at half-integers; only near one can the expansion be on the wrong side.
    doubtful = np.flatnonzero(np.abs(place - np.floor(place) - 0.5) <= error)
    counts[doubtful] = _settled(counts[doubtful], uniforms[at[doubtful]], at[doubtful], cumulative)
    return counts


def cornish_fisher(
    uniforms: FloatArray, mean: FloatArray, variance: FloatArray, skewness: FloatArray, kurtosis: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Quantiles of a lattice distribution spread evenly over its counts ± ½, and their greatest error, all (M,).

    Third-order expansion in the cumulants (Cornish and Fisher 1938) less z/(24σ) for the steps (Sheppard); `kurtosis`
    is in excess of the normal one.

    >>> place, error = cornish_fisher(np.array([0.5]), *np.array([[100.0], [100.0], [0.1], [0.01]]))
    >>> place.round(3), error
    (array([99.833]), array([0.000501]))
    """
    z = scipy.special.ndtri(uniforms)
    square = z * z
    series = z + skewness * (square - 1.0) / 6.0
    series += z * ((kurtosis * (square - 3.0) - 1.0 / variance) / 24.0 - skewness**2 * (2.0 * square - 5.0) / 36.0)
    return mean + np.sqrt(variance) * series, EXPANSION_ERROR * (1.0 + square) ** 2 / variance + ROUNDING


def _settled(counts: FloatArray, uniforms: FloatArray, at: NDArray[np.intp], cumulative: Cumulative) -> FloatArray:
    """Move counts up or down until P(X ≤ k − 1) < u ≤ P(X ≤ k)."""
    counts = np.maximum(counts, 0.0)
    for step in (1.0, -1.0):
        moving = np.arange(len(counts))
        while moving.size:
            beside = counts[moving] + min(step, 0.0)
            below = cumulative(beside, at[moving]) < uniforms[moving]
            moving = moving[below if step > 0 else ~below]
            counts[moving] += step
    return counts
