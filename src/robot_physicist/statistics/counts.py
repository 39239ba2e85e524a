"""Poisson and multinomial counts from uniform numbers."""

from __future__ import annotations

from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from .quantiles import binomial_quantiles

scipy = lazy.load("scipy")


#: Half-width of a tabulated Poisson distribution in standard deviations, and how many counts more its upper side
#: has: all that uniform numbers between 1e-12 and 1 − 1e-12 can ask for.
REACH, SKEW_REACH = 7.5, 12.0
#: Cells of the guide table of each distribution function.
GUIDE = 128


@dataclass(frozen=True)
class PoissonTables:
    """Distribution functions of K × B Poisson distributions from `low` (K, B) on, (K, B, L), and their guide.

    A guide table says where in a distribution function the search for a uniform number starts (Chen and Asau
    1974), and most searches end there or one step later: 2.5 times faster than bisection.
    """

    low: FloatArray
    cumulative: FloatArray
    guide: NDArray[np.intp]

    @classmethod
    def of(cls, rates: FloatArray) -> PoissonTables:
        """Tabulate the distributions of expected counts (K, B)."""
        reach = REACH * np.sqrt(rates)
        low = np.floor(np.maximum(rates - reach, 0.0))
        length = int(np.ceil((rates + reach + SKEW_REACH - low).max())) + 1
        cumulative = _poisson_tables(rates, low, length)
        return cls(low, cumulative, _guide(cumulative))

    def counts(self, uniforms: FloatArray, truth: NDArray[np.intp]) -> FloatArray:
        """Counts (M, B) of uniform numbers (M, B) and indices of parameter points (M,)."""
        _, bins, length = self.cumulative.shape
        row = truth[:, None] * bins + np.arange(bins)
        start = row * length + np.take(self.guide, row * (GUIDE + 1) + (uniforms * GUIDE).astype(np.intp))
        last = (row.ravel() + 1) * length - 1
        found = _advanced(self.cumulative.ravel(), uniforms.ravel(), start.ravel(), last)
        counts: FloatArray = self.low[truth] + (found.reshape(row.shape) - row * length)
        return counts


def _guide(cumulative: FloatArray) -> NDArray[np.intp]:
    """For each table of (K, B, L) and g = 0 … GUIDE: how many of its entries are below g/GUIDE; flat."""
    points, bins, _ = cumulative.shape
    cells = np.minimum((cumulative * GUIDE).astype(np.intp) + 1, GUIDE)
    cells += (np.arange(points * bins) * (GUIDE + 1)).reshape(points, bins, 1)
    entries = np.bincount(cells.ravel(), minlength=points * bins * (GUIDE + 1))
    return entries.reshape(-1, GUIDE + 1).cumsum(axis=1).ravel()


def _advanced(
    table: FloatArray, uniforms: FloatArray, start: NDArray[np.intp], last: NDArray[np.intp]
) -> NDArray[np.intp]:
    """First place at or after `start`, and at most `last`, where the table reaches each uniform number."""
    place = np.minimum(start, last)
    moving = np.flatnonzero(table[place] < uniforms)
    while moving.size:
        place[moving] += 1
        moving = moving[(table[place[moving]] < uniforms[moving]) & (place[moving] < last[moving])]
    return place


def _poisson_tables(rates: FloatArray, low: FloatArray, length: int) -> FloatArray:
    first = low.astype(np.int64)
    log_factorial = scipy.special.gammaln(np.arange(first.max() + length) + 1.0)
    logs = np.log(np.maximum(rates, 1e-300))[..., None]
    # ln P(k) = k ln λ − λ − ln k! with k = low + step.
    table: FloatArray = logs * np.arange(float(length))
    table += logs * low[..., None] - rates[..., None]
    table -= sliding_window_view(log_factorial, length)[first]
    np.exp(table, out=table)
    np.cumsum(table, axis=-1, out=table)
    # The logarithms of large factorials are rounded at the twelfth digit, all alike.
    table /= table[..., -1:]
    return table


def multinomial_counts(uniforms: FloatArray, truth: NDArray[np.intp], rates: FloatArray, events: int) -> FloatArray:
    """Multinomial counts (M, B) as a chain of binomials, one coordinate of (M, B − 1) each; `rates` is (K, B)."""
    tail = np.cumsum(rates[:, ::-1], axis=1)[:, ::-1]
    chance = np.clip(np.divide(rates, tail, out=np.zeros_like(rates), where=tail > 0), 0.0, 1.0)[truth]
    counts = np.empty((len(truth), rates.shape[1]))
    left = np.full(len(truth), float(events))
    for bin_ in range(rates.shape[1] - 1):
        counts[:, bin_] = binomial_quantiles(uniforms[:, bin_], left, chance[:, bin_])
        left -= counts[:, bin_]
    counts[:, -1] = left
    return counts
