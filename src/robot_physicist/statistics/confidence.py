"""Confidence intervals by simulation: which true strengths would make a statistic like the one observed?

For each strength s of a family of hypotheses, samples of a statistic are at hand. Strengths whose samples are like
the observed value form the interval (Neyman 1937), which is right whatever bias the statistic has. What counts as
like it is ordered by the ratio of likelihoods (Feldman and Cousins 1998), so that an interval at the edge s = 0 is
never empty and no coverage is lost there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..quantities.arrays import FloatArray

LEVEL = 0.95
#: Strengths at which likelihoods are compared, and every how many of them a p-value is computed.
FINE = 121
STRIDE = 3
#: Degrees in s of the mean and of the logarithm of the spread of the statistic.
MEAN_DEGREE = 3
SPREAD_DEGREE = 2


@dataclass(frozen=True)
class Strengths:
    """Best strength and the ends of its interval; `open` says that no strength was too high."""

    best: float
    low: float
    high: float
    open: bool


@dataclass(frozen=True)
class Pivot:
    """Mean and spread of the standardised statistic, whose own are 0 and 1 when the family holds the truth.

    It never does quite: the family was made from the same data. Beran (1987) finds them by a second bootstrap.
    """

    mean: float = 0.0
    spread: float = 1.0

    def moved(self, strength: FloatArray, mean: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and spread of the statistic at strengths (S,): without any dependence on θ the family holds the truth.

        >>> Pivot(0.5, 1.5).moved(np.array([0.0, 1.0, 2.0]), np.full(3, 10.0), np.full(3, 2.0))
        (array([10., 11., 11.]), array([2., 3., 3.]))
        """
        share = np.minimum(strength, 1.0)
        return mean + share * self.mean * spread, spread * (1 + share * (self.spread - 1))


PERFECT = Pivot()


@dataclass(frozen=True)
class _Distribution:
    """Mean and spread of the statistic as functions of the strength, all (S,), and standardised residuals (R,)."""

    strength: FloatArray
    mean: FloatArray
    spread: FloatArray
    residuals: FloatArray

    def log_likelihood(self, values: FloatArray) -> FloatArray:
        """Logarithm of the normal density of values (V,) at every strength, (V, S)."""
        result: FloatArray = -0.5 * ((values[:, None] - self.mean) / self.spread) ** 2 - np.log(self.spread)
        return result


def strengths(tried: FloatArray, samples: FloatArray, observed: float, pivot: Pivot = PERFECT) -> Strengths:
    """Interval for the strength from samples (S, R) of the statistic at the tried strengths (S,).

    `pivot` is that of strength 1.

    >>> rng = np.random.default_rng(1)
    >>> tried = np.linspace(0, 6, 9)
    >>> found = strengths(tried, tried[:, None] + rng.standard_normal((9, 400)), 3.0)
    >>> [round(value, 1) for value in (found.low, found.best, found.high)]
    [1.1, 3.0, 4.9]
    """
    fitted = _fitted(tried, samples, pivot)
    p_values = _p_values(fitted, observed)
    at = fitted.strength[::STRIDE]
    inside = p_values >= 1 - LEVEL
    inside[p_values.argmax()] = True
    first, last = np.flatnonzero(inside)[[0, -1]]
    return Strengths(
        best=float(np.interp(observed, fitted.mean, fitted.strength)),
        low=_crossing(at, p_values, first, first - 1),
        high=_crossing(at, p_values, last, last + 1),
        open=bool(last == len(at) - 1),
    )


def _fitted(tried: FloatArray, samples: FloatArray, pivot: Pivot) -> _Distribution:
    mean, spread = samples.mean(axis=1), np.maximum(samples.std(axis=1, ddof=1), 1e-12)
    fine = np.linspace(tried[0], tried[-1], FINE)
    mean_degree, spread_degree = min(MEAN_DEGREE, len(tried) - 1), min(SPREAD_DEGREE, len(tried) - 1)
    smooth_mean = np.polynomial.Polynomial.fit(tried, mean, mean_degree, w=1 / spread)(fine)
    smooth_spread = np.exp(np.polynomial.Polynomial.fit(tried, np.log(spread), spread_degree)(fine))
    smooth_mean, smooth_spread = pivot.moved(fine, smooth_mean, smooth_spread)
    # More strength never lowers the statistic; the last term keeps its inverse unique.
    rising = np.maximum.accumulate(smooth_mean) + np.arange(FINE) * 1e-12
    residuals = ((samples - mean[:, None]) / spread[:, None]).ravel()
    return _Distribution(fine, rising, smooth_spread, residuals)


def _p_values(fitted: _Distribution, observed: float) -> FloatArray:
    """Chance of a likelihood ratio at most as high as the observed one, at every STRIDE-th strength."""
    seen = fitted.log_likelihood(np.array([observed]))[0]
    result = []
    for index in range(0, FINE, STRIDE):
        values = fitted.mean[index] + fitted.spread[index] * fitted.residuals
        logs = fitted.log_likelihood(values)
        ratio = logs[:, index] - logs.max(axis=1)
        result.append(np.mean(ratio <= seen[index] - seen.max() + 1e-12))
    return np.array(result)


def _crossing(at: FloatArray, p_values: FloatArray, inside: np.intp | int, outside: np.intp | int) -> float:
    """Strength between a point inside the interval and one outside where the p-value crosses 1 − LEVEL."""
    if not 0 <= outside < len(at):
        return float(at[inside])
    rise = p_values[inside] - p_values[outside]
    share = (p_values[inside] - (1 - LEVEL)) / rise if rise > 0 else 0.0
    return float(at[inside] + min(max(share, 0.0), 1.0) * (at[outside] - at[inside]))


def tried_strengths(energy: float, dimensions: int) -> FloatArray:
    """Strengths worth trying around s = 1, where Σ z² of the truth is `energy` and noise adds one per dimension.

    The estimate of the energy has the variance 2 d + 4 e of a noncentral χ².

    >>> tried_strengths(100.0, 2).round(2)
    array([0.44, 0.69, 0.87, 1.  , 1.11, 1.23, 1.34])
    """
    if energy <= 0:
        return np.array([0.0, 0.5, 1.0])
    # Where hardly anything is uncertain, the statistic may be blind to most of the energy.
    spread = max(np.sqrt(2 * dimensions + 4 * energy), 0.01 * energy)
    wanted = energy + np.array([-4, -2.6, -1.2, 0, 1.2, 2.6, 4]) * spread
    result: FloatArray = np.unique(np.sqrt(np.maximum(wanted, 0.0) / energy))
    return result
