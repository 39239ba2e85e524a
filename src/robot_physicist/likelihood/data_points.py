"""Points of the quasi-Monte Carlo integral over data, and the counts they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.exposure import EventCount, Exposure
from ..statistics.counts import PoissonTables, multinomial_counts
from ..statistics.quantiles import poisson_quantiles

scipy = lazy.load("scipy")


#: Independent scramblings, whose spread is the standard error of an estimate.
SCRAMBLES = 8
#: Expected counts above which tables are longer than they are worth.
LARGEST_TABULATED = 2_000.0
#: Data sets that are drawn at once: bounds the memory and keeps it in the cache.
CHUNK = 4096
Sampler = Callable[[FloatArray, NDArray[np.intp]], FloatArray]


@dataclass(frozen=True)
class DataPoints:
    """Scrambled Sobol points (S, M, 1 + D): coordinate 0 chooses θ, the others the counts of the bins.

    The same points serve every setting, so that EIG(φ) is smooth, and every set of rates, so that differences
    between two sets have little noise.
    """

    exposure: Exposure
    uniforms: FloatArray

    @property
    def scrambles(self) -> int:
        """Number of independent scramblings."""
        return len(self.uniforms)


def data_points(
    exposure: Exposure, bins: int, draws: int, rng: np.random.Generator, scrambles: int = SCRAMBLES
) -> DataPoints:
    """Prepare at least `draws` points in all, in `scrambles` independent scramblings of a power of two each."""
    exponent = max(4, int(np.ceil(np.log2(draws / scrambles))))
    dimensions = bins + (0 if isinstance(exposure, EventCount) else 1)
    uniforms = np.stack([scipy.stats.qmc.Sobol(dimensions, rng=rng).random_base2(exponent) for _ in range(scrambles)])
    # A scrambled point can round to 0 or 1, whose inverse is infinite.
    return DataPoints(exposure, np.clip(uniforms, 1e-12, 1 - 1e-12))


def draw_chunks(
    points: DataPoints, rates: FloatArray, prior: FloatArray
) -> Iterator[tuple[FloatArray, NDArray[np.intp]]]:
    """Counts from the prior predictive of expected counts (K, B), and the indices of their θ.

    Yields the S · M data sets in chunks (D, B) and (D,) of at most `CHUNK`, which bounds the memory.
    """
    uniforms = points.uniforms.reshape(-1, points.uniforms.shape[2])
    steps = np.cumsum(prior)[:-1]
    draw = _sampler(points.exposure, rates)
    for start in range(0, len(uniforms), CHUNK):
        part = uniforms[start : start + CHUNK]
        truth = np.searchsorted(steps, part[:, 0], side="right")
        yield draw(part[:, 1:], truth), truth


def _sampler(exposure: Exposure, rates: FloatArray) -> Sampler:
    if isinstance(exposure, EventCount):
        events = exposure.events
        return lambda uniforms, truth: multinomial_counts(uniforms, truth, rates, events)
    if rates.max() > LARGEST_TABULATED:
        return lambda uniforms, truth: poisson_quantiles(uniforms, rates[truth])
    return PoissonTables.of(rates).counts


def pseudo_data(rates: FloatArray, exposure: Exposure, rng: np.random.Generator) -> FloatArray:
    """Counts (D, B) of expected counts (D, B), drawn by plain random numbers."""
    if isinstance(exposure, EventCount):
        shape = rates / rates.sum(axis=1, keepdims=True)
        return rng.multinomial(exposure.events, shape).astype(np.float64)
    return rng.poisson(rates).astype(np.float64)
