"""Sequential experiments: what all rounds together say about θ; `grid.py` has where the next round looks.

A belief is the density of the first prior times the likelihood of every round. Each is known on the grid of its own
round and interpolated in the logarithm, where a normal distribution is a parabola, which Akima's method reproduces on
equal steps; so no round inherits the interpolation errors of the rounds before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lazy_loader as lazy
import numpy as np

from ...quantities.arrays import FloatArray

scipy = lazy.load("scipy")


Axes = tuple[FloatArray, ...]
#: Stands for ln 0; probabilities in files end a little above e^FLOOR.
FLOOR = -745.0
#: Nodes at which marginal densities are looked at.
MESH = 2001
#: Points of non-zero probability below which the shape of a likelihood is not known.
FEWEST = 3


@dataclass(frozen=True)
class Surface:
    """A function on a product grid: the increasing values of P parameters and an array (K₁, ..., K_P)."""

    axes: Axes
    values: FloatArray

    def at(self, axes: Axes) -> FloatArray:
        """Values on another product grid; beyond its own edges it goes on with slope and curvature, if negative.

        >>> parabola = Surface((np.arange(5.0),), -np.arange(5.0) ** 2)
        >>> parabola.at((np.array([1.5, 6.0]),))
        array([ -2.25, -36.  ])
        """
        result = _along(self._first, self.axes[0], axes[0])
        for index in range(1, len(axes)):
            curve = _curve(self.axes[index], np.moveaxis(result, index, 0))
            result = np.moveaxis(_along(curve, self.axes[index], axes[index]), 0, index)
        return result

    @cached_property
    def _first(self) -> Any:
        return _curve(self.axes[0], self.values)


def _curve(x: FloatArray, values: FloatArray) -> Any:
    """Interpolate values (K, ...) at x (K,) along the first axis: a function of where, and of the derivative."""
    if len(x) == 1:
        return lambda wanted, derivative=0: np.repeat(values if derivative == 0 else 0 * values, len(wanted), axis=0)
    return scipy.interpolate.Akima1DInterpolator(x, values)


def _along(curve: Any, x: FloatArray, wanted: FloatArray) -> FloatArray:
    inside = np.clip(wanted, x[0], x[-1])
    result: FloatArray = curve(inside)
    outside = np.flatnonzero(inside != wanted)
    if outside.size:
        distance = (wanted - inside)[outside].reshape(-1, *[1] * (result.ndim - 1))
        slope, curvature = (curve(inside[outside], order) for order in (1, 2))
        result[outside] += distance * (slope + distance * np.minimum(curvature, 0.0) / 2)
    return result


def widths(axis: FloatArray) -> FloatArray:
    """Width of the cell that each value of an axis stands for, (K,).

    >>> widths(np.array([0.0, 1.0, 3.0]))
    array([1. , 1.5, 2. ])
    """
    result: FloatArray = np.gradient(axis) if len(axis) > 1 else np.ones(1)
    return result


def _cells(axes: Axes) -> FloatArray:
    result = np.ones(())
    for axis in axes:
        result = np.multiply.outer(result, widths(axis))
    return result


def prior_density(axes: Axes, prior: FloatArray) -> Surface:
    """Logarithm of the density of prior weights (K,) on a product grid.

    >>> prior_density((np.array([0.0, 2.0]),), np.array([0.5, 0.5])).values.round(4)
    array([-1.3863, -1.3863])
    """
    weights = prior.reshape([len(axis) for axis in axes])
    return Surface(axes, _log(weights / _cells(axes)))


def likelihood(axes: Axes, posterior: FloatArray, prior: FloatArray) -> Surface:
    """ln p(x|θ) up to a constant, from posterior and prior weights, both (K,), of one round.

    Where fewer than three values of a parameter have any probability, the data say only that θ is within one step
    of the most probable point: the likelihood is flat there, and nothing elsewhere.
    """
    shape = [len(axis) for axis in axes]
    values = np.where((posterior > 0) & (prior > 0), _log(posterior) - _log(prior), FLOOR).reshape(shape)
    return Surface(axes, _box(values) if too_coarse(axes, posterior) else values - values.max())


def too_coarse(axes: Axes, posterior: FloatArray) -> bool:
    """Is a posterior (K,) so narrow that its shape is not seen on the grid?

    >>> too_coarse((np.arange(4.0),), np.array([0.0, 1.0, 0.0, 0.0]))
    True
    """
    table = posterior.reshape([len(axis) for axis in axes])
    seen = (np.count_nonzero(_marginal(table, index)) for index in range(len(axes)))
    return any(count < min(FEWEST, len(axis)) for count, axis in zip(seen, axes, strict=True))


def _box(values: FloatArray) -> FloatArray:
    highest = np.unravel_index(values.argmax(), values.shape)
    result = np.full_like(values, FLOOR)
    result[tuple(slice(max(0, place - 1), place + 2) for place in highest)] = 0.0
    return result


def _log(values: FloatArray) -> FloatArray:
    result: FloatArray = np.log(values, out=np.full_like(values, FLOOR), where=values > 0)
    return result


def _marginal(table: FloatArray, index: int) -> FloatArray:
    result: FloatArray = table.sum(axis=tuple(other for other in range(table.ndim) if other != index))
    return result


@dataclass(frozen=True)
class Marginal:
    """Density of one parameter at the nodes of a fine mesh, both (M,); its trapezoids sum to one."""

    nodes: FloatArray
    density: FloatArray

    @property
    def cumulative(self) -> FloatArray:
        """Probability below each node, (M,)."""
        steps = np.diff(self.nodes) * (self.density[1:] + self.density[:-1]) / 2
        result: FloatArray = np.concatenate([[0.0], steps.cumsum()])
        return result

    def quantile(self, level: float) -> float:
        """Value below which the parameter is with probability `level`.

        >>> Marginal(np.array([0.0, 2.0]), np.array([0.5, 0.5])).quantile(0.25)
        0.5
        """
        return float(np.interp(level, self.cumulative, self.nodes))

    def probability_below(self, value: float) -> float:
        """Probability that the parameter is below `value`."""
        return float(np.interp(value, self.nodes, self.cumulative))

    def denser_than_at(self, value: float) -> float:
        """Probability of all values with a higher density: below L where the highest-density set of level L has it.

        >>> Marginal(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0])).denser_than_at(1.0)
        0.0
        """
        higher = self.density > np.interp(value, self.nodes, self.density)
        weights = self.density * widths(self.nodes)
        return float(weights[higher].sum() / weights.sum())

    @property
    def mean(self) -> float:
        """Expectation."""
        weights = self.density * widths(self.nodes)
        return float(weights @ self.nodes / weights.sum())

    @property
    def sd(self) -> float:
        """Standard deviation."""
        weights = self.density * widths(self.nodes)
        return float(np.sqrt(weights @ (self.nodes - self.mean) ** 2 / weights.sum()))


@dataclass(frozen=True)
class Belief:
    """What is known of θ: the sum of these logarithms is that of its density, up to a constant."""

    terms: tuple[Surface, ...]

    def log_density(self, axes: Axes) -> FloatArray:
        """Logarithm of the density on a product grid, (K₁, ..., K_P); its maximum is zero."""
        result = self.terms[0].at(axes)
        for term in self.terms[1:]:
            result = result + term.at(axes)
        highest: float = result.max()
        return result - highest

    def weights(self, axes: Axes) -> FloatArray:
        """Probability of each point of a product grid, (K,).

        >>> Belief((prior_density((np.array([0.0, 1.0]),), np.array([0.2, 0.8])),)).weights((np.array([0.0, 1.0]),))
        array([0.2, 0.8])
        """
        weights = (np.exp(self.log_density(axes)) * _cells(axes)).ravel()
        result: FloatArray = weights / weights.sum()
        return result

    def marginal(self, axes: Axes, index: int) -> Marginal:
        """Density of one parameter between the ends of its axis; the others are summed over the grid."""
        nodes = np.linspace(axes[index][0], axes[index][-1], MESH) if len(axes[index]) > 1 else axes[index]
        fine = (*axes[:index], nodes, *axes[index + 1 :])
        others = _cells((*axes[:index], np.zeros(1), *axes[index + 1 :]))
        density = _marginal(np.exp(self.log_density(fine)) * others, index)
        norm = float(np.trapezoid(density, nodes)) if len(nodes) > 1 else 1.0
        return Marginal(nodes, density / norm)
