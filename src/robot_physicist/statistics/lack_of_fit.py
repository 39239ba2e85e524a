"""Do Poisson counts follow a fit that is smooth in θ? A test with power against what dependences on θ look like.

The deviance sums over all cells, so that a weak dependence of all bins together drowns in their noise. Here the
residuals are compared with products of a shape in θ that the fit lacks (cosines, steps, kinks, boxes) and a
direction in the bins along which templates vary smoothly, and with what needs no such guess: one shape in θ and any
direction, the largest singular value, and the sum of squares. The least of their p-values is calibrated by counts
drawn from the fit itself, so that few counts in a cell do no harm. Residuals are those of Freeman and Tukey (1950).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..quantities.arrays import FloatArray

#: Chance of refusing a fit that is right. At 5%, one of twenty settings would get a function too many, whose noise
#: looks like information, and be named the best one; what is more likely than this is in `unseen`.
LEVEL = 0.01
#: Counts drawn from the fit, and the seed of their generator: all stages find the same for the same counts.
DRAWS, SEED = 1000, 1
#: Cells of all draws together beyond which fewer are drawn, though never less than LEAST_DRAWS, and those of a chunk.
CELLS, LEAST_DRAWS, CHUNK = 4_000_000, 200, 500_000
#: Cosines and pairs of edges of boxes along each parameter, directions along which the fit itself varies, and degrees
#: of polynomials in the cumulative distribution of the bins.
COSINES, BOXES, LEADING, DEGREES = 20, 8, 2, 3
#: Shortest part of a shape in θ that the fit lacks, of length one at first, that is worth a look.
SHORTEST = 0.05
#: One-sided 90% of a normal distribution.
NORMAL_80 = 1.281552


@dataclass(frozen=True)
class LackOfFit:
    """What residuals say about a fit: `p_value` of the least likely statistic.

    `shapes` (J, K) and `directions` (M, B), all of length one, are dependences that the fit lacks, in units of the
    residuals' errors; `strengths` (J, M) is how much of each of their products is seen. `best` is the shape of which
    most is seen, in any direction if that is less likely than in a given one; None if shapes say least.
    """

    p_value: float
    shapes: FloatArray
    directions: FloatArray
    strengths: FloatArray
    best: int | None

    @property
    def refused(self) -> bool:
        """Do the counts refuse the fit?"""
        return self.p_value < LEVEL


def lack_of_fit(counts: FloatArray, mean: FloatArray, functions: FloatArray, points: FloatArray) -> LackOfFit:
    """Test fitted means (K, B) of counts (K, B) whose logarithms are linear in functions (K, Q) of the points (K, P).

    >>> rng, x = np.random.default_rng(1), np.linspace(-1, 1, 21)[:, None]
    >>> mean, functions = np.full((21, 4), 100.0), np.ones((21, 1))
    >>> lack_of_fit(rng.poisson(mean).astype(float), mean, functions, x).refused
    False
    >>> wave = np.exp(0.1 * np.sin(9 * x) * [1, 1, -1, -1])
    >>> lack_of_fit(rng.poisson(mean * wave).astype(float), mean, functions, x).refused
    True
    """
    mean = np.maximum(mean, 1e-12)
    rows = np.sqrt(mean.sum(axis=1))
    shapes = lacking(shapes_in(points), functions, rows)
    directions = directions_in(mean)
    known = _Known(mean, functions)
    residuals = known.residuals(counts[None])
    found = [statistics_of(some, shapes, directions) for some in (residuals, *_drawn(known))]
    p_value, p_values = _least_p_value(np.concatenate(found, axis=1))
    along = shapes @ residuals[0]
    seen: FloatArray = along @ directions.T
    scores = (np.abs(seen).max(axis=1, initial=0.0), (along**2).sum(axis=1))
    least = int(p_values.argmin())
    best = int(scores[least].argmax()) if len(p_values) > 1 and least < len(scores) else None
    return LackOfFit(p_value, shapes, directions, seen, best)


@dataclass(frozen=True)
class _Known:
    """A fit, and what residuals cannot show because it has adapted to it."""

    mean: FloatArray
    functions: FloatArray

    def residuals(self, counts: FloatArray) -> FloatArray:
        """Residuals (R, K, B) of counts (R, K, B), less their parts along the fit and along the sum of each row."""
        raw = np.sqrt(counts) + np.sqrt(counts + 1) - np.sqrt(4 * self.mean + 1)
        left = raw - self._fitted(raw)
        rows = np.sqrt(self.mean / self.mean.sum(axis=1, keepdims=True))
        result: FloatArray = left - (left * rows).sum(axis=2, keepdims=True) * rows
        return result

    def _fitted(self, raw: FloatArray) -> FloatArray:
        design = np.sqrt(self.mean).T[:, :, None] * self.functions
        spanned, size, _ = np.linalg.svd(design, full_matrices=False)
        spanned = spanned * (size > 1e-9 * size.max(axis=1, keepdims=True))[:, None]
        along = np.einsum("bkq,rkb->rbq", spanned, raw, optimize=True)
        result: FloatArray = np.einsum("bkq,rbq->rkb", spanned, along, optimize=True)
        return result


def _drawn(known: _Known) -> Iterator[FloatArray]:
    """Residuals of counts drawn from a fit, in chunks (R, K, B) of bounded memory."""
    rng, size = np.random.default_rng(SEED), known.mean.size
    draws, chunk = int(np.clip(CELLS // size, LEAST_DRAWS, DRAWS)), max(CHUNK // size, 1)
    for start in range(0, draws, chunk):
        shape = (min(chunk, draws - start), *known.mean.shape)
        yield known.residuals(rng.poisson(np.broadcast_to(known.mean, shape)).astype(np.float64))


def statistics_of(residuals: FloatArray, shapes: FloatArray, directions: FloatArray) -> FloatArray:
    """Four statistics (4, R) of residuals (R, K, B), large where a fit lacks something."""
    along = np.einsum("jk,rkb->rjb", shapes, residuals, optimize=True)
    squares: FloatArray = (residuals**2).sum(axis=(1, 2))
    if not len(shapes) or not len(directions):
        return squares[None]
    products = np.abs(along @ directions.T).max(axis=(1, 2))
    small = residuals if residuals.shape[1] < residuals.shape[2] else residuals.swapaxes(1, 2)
    gram = small @ small.swapaxes(1, 2)
    largest = np.linalg.eigvalsh(gram)[:, -1]
    return np.stack([products, (along**2).sum(axis=2).max(axis=1), largest, squares])


def _least_p_value(found: FloatArray) -> tuple[float, FloatArray]:
    """Least p-value of statistics (S, R) of the first of R, which the others calibrate, and those of each (S,)."""
    ranks = (found[:, None, :] >= found[:, :, None]).mean(axis=2)
    least = ranks.min(axis=0)
    return float((least <= least[0]).mean()), ranks[:, 0]


def shapes_in(points: FloatArray) -> FloatArray:
    """Functions (J, K) of points (K, P) along each parameter, and products of cosines of two of them."""
    found, waves = [], []
    for column in points.T:
        place = np.searchsorted(np.unique(column), column) + 0.5
        number = int(place.max() + 0.5)
        x = place / number
        wave = np.cos(np.pi * np.arange(1, min(COSINES, number - 1) + 1)[:, None] * x)
        edges = np.arange(1, number)[:: max(number // COSINES, 1)] / number
        steps = (x > edges[:, None]).astype(np.float64)
        cuts = np.linspace(0, 1, BOXES + 1)
        boxes = [(x > low) & (x < high) for i, low in enumerate(cuts) for high in cuts[i + 1 :]]
        found += [wave, steps, np.maximum(x - edges[:, None], 0.0), np.array(boxes, dtype=np.float64)]
        waves.append(wave)
    for index, first in enumerate(waves):
        found += [(first[:6, None] * second[None, :6]).reshape(-1, len(points)) for second in waves[index + 1 :]]
    return np.concatenate(found)


def lacking(shapes: FloatArray, functions: FloatArray, rows: FloatArray) -> FloatArray:
    """Parts of shapes (J, K), of length one, that functions (K, Q) lack, in units of the errors 1/`rows` (K,)."""
    weighted = shapes * rows
    weighted /= np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-300)
    spanned, _ = np.linalg.qr(functions * rows[:, None])
    left = weighted - weighted @ spanned @ spanned.T
    length = np.linalg.norm(left, axis=1, keepdims=True)
    return np.asarray((left / np.maximum(length, 1e-300))[length[:, 0] > SHORTEST])


def directions_in(mean: FloatArray) -> FloatArray:
    """Directions (M, B), of length one, along which bins vary together: those of the fit (K, B), and smooth ones."""
    average = mean.sum(axis=0) / mean.sum()
    root = np.sqrt(average)
    logs = np.log(mean / mean.sum(axis=1, keepdims=True))
    leading = np.linalg.svd((logs - logs.mean(axis=0)) * root, full_matrices=False)[2][:LEADING]
    place = 2 * (np.cumsum(average) - average / 2) - 1
    smooth = np.polynomial.legendre.legvander(place, DEGREES)[:, 1:].T * root
    found = np.concatenate([leading, smooth])
    found = found - (found @ root)[:, None] * root
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray((found / np.maximum(length, 1e-300))[length[:, 0] > 1e-9])
