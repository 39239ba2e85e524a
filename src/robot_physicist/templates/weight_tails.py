"""The tail of event weights: where it is heavy, neither sums of weights nor their errors can be trusted.

Kish's effective number comes from the weights that were drawn, and is itself too high where the largest possible
ones were not. A generalised Pareto distribution fitted to the largest weights sees that (Vehtari, Simpson, Gelman,
Yao and Gabry 2024, "Pareto smoothed importance sampling"): beyond a shape k̂ of 0.7 a sum needs far too many events.
"""

from __future__ import annotations

import numpy as np

from ..quantities.arrays import FloatArray

#: Shape beyond which sums of weights converge too slowly.
HEAVY = 0.7
#: Most and fewest weights of a tail.
MOST, FEWEST = 1000, 5
#: Weak prior of Vehtari et al. on the shape: so many weights with a shape of one half.
PRIOR_WEIGHTS, PRIOR_SHAPE = 10, 0.5


class Largest:
    """The largest weights to each of K points, whatever the blocks in which events come."""

    def __init__(self, points: int) -> None:
        self.values = np.zeros((points, 0))
        self.events = 0

    def add(self, weights: FloatArray) -> None:
        """Add weights (N, K) of events."""
        self.events += len(weights)
        together = np.concatenate([self.values, weights.T], axis=1)
        if together.shape[1] > MOST + 1:
            together = np.partition(together, -MOST - 1, axis=1)[:, -MOST - 1 :]
        self.values = together

    def shapes(self) -> FloatArray:
        """Shape k̂ of the tail of each point (K,)."""
        return pareto_shapes(np.sort(self.values, axis=1), self.events)


def pareto_shapes(largest: FloatArray, events: int) -> FloatArray:
    """Shapes k̂ (K,) of the tails of weights to K points from the largest (K, M) of so many events, in rising order.

    The tail are the 3√N largest weights, a fifth of all at most. Weights that hardly differ have no tail: 0.

    >>> rng = np.random.default_rng(1)
    >>> weights = np.sort(np.exp(np.array([[0.3], [3.0]]) * rng.standard_normal((2, 10_000))), axis=1)
    >>> pareto_shapes(weights, 10_000).round(1)
    array([0.1, 0.9])
    """
    size = min(int(min(0.2 * events, 3 * np.sqrt(events))), largest.shape[1] - 1)
    if size < FEWEST:
        return np.zeros(len(largest))
    cut = largest[:, -size - 1]
    tail = largest[:, -size:] - cut[:, None]
    varies = tail[:, -1] > 1e-9 * np.maximum(cut, 1e-300)
    result = np.zeros(len(largest))
    result[varies] = _fitted(tail[varies])
    return result


def _fitted(tail: FloatArray) -> FloatArray:
    """Shape of generalised Pareto distributions by the empirical Bayes of Zhang and Stephens (2009); tails (K, M)."""
    size = tail.shape[1]
    tail = tail + 1e-12 * tail[:, -1:]
    quartile = tail[:, int(size / 4 + 0.5) - 1, None]
    number = 30 + int(np.sqrt(size))
    tried = (1 - np.sqrt(number / (np.arange(1, number + 1) - 0.5))) / (3 * quartile) + 1 / tail[:, -1:]
    shapes = np.log1p(-tried[:, :, None] * tail[:, None, :]).mean(axis=2)
    logs = size * (np.log(-tried / shapes) - shapes - 1)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    scale = (tried * weights).sum(axis=1) / weights.sum(axis=1)
    shape = np.log1p(-scale[:, None] * tail).mean(axis=1)
    return np.asarray((size * shape + PRIOR_WEIGHTS * PRIOR_SHAPE) / (size + PRIOR_WEIGHTS))
