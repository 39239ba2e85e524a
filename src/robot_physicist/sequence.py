"""Sequential experiments: what all rounds together say about θ, and the grid on which the next round looks.

A belief is the density of the first prior times the likelihood of every round. Each is known on the grid of its own
round and interpolated in the logarithm, where a normal distribution is a parabola, which Akima's method reproduces on
equal steps; so no round inherits the interpolation errors of the rounds before it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .labels import DIGITS, number, rounded
from .simulators.base import FloatArray

Axes = tuple[FloatArray, ...]
#: Stands for ln 0; probabilities in files end a little above e^FLOOR.
FLOOR = -745.0
#: Nodes at which marginal densities are looked at.
MESH = 2001
#: Posterior probability that a refined grid leaves out on either side, and what it adds, in units of the rest.
TAIL, PADDING = 1e-4, 0.1
#: A posterior touches the edge where its density is this fraction of the highest one, or more.
EDGE = 0.01
#: A grid that was too narrow grows by this fraction of its width until the posterior ends inside.
GROWTH = 0.5
#: An axis ends where the first grid ends when what is missing is this fraction of its width, or less.
SLACK = 0.02
#: A posterior is cut off by the prior where its density is this fraction of the highest one, and its standard
#: deviation no more than this fraction of the prior's.
CUT_OFF = 0.5
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
    from scipy.interpolate import Akima1DInterpolator

    return Akima1DInterpolator(x, values)


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
    """Ln p(x|θ) up to a constant, from posterior and prior weights, both (K,), of one round.

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


@dataclass(frozen=True)
class Refined:
    """The grid of the next round, its prior (K,), and what a reader has to know."""

    axes: Axes
    prior: FloatArray
    warnings: tuple[str, ...]


def refine(belief: Belief, axes: Axes, support: Axes, names: Sequence[str]) -> Refined:
    """Lay a grid with the same number of points around a belief that was last seen on `axes`.

    It covers all but 10⁻⁴ of the probability on either side, and a tenth more. A belief that touches an edge of its
    grid gets a wider one, with a warning, but never beyond the first grid, `support`: outside, the prior is zero.
    """
    wide, warnings = _widened(belief, axes, support, names)
    found = []
    for index, axis in enumerate(wide):
        marginal = belief.marginal(wide, index)
        low, high = marginal.quantile(TAIL), marginal.quantile(1 - TAIL)
        margin = PADDING * (high - low)
        ends = max(low - margin, support[index][0]), min(high + margin, support[index][-1])
        found.append(equal_steps(*ends, len(axis)))
    new = tuple(found)
    return Refined(new, belief.weights(new), tuple(warnings))


def equal_steps(low: float, high: float, points: int) -> FloatArray:
    """An axis of equal steps inside [low, high] whose values are short: the step has three digits.

    >>> equal_steps(0.20001, 0.2123, 4)
    array([0.20001, 0.2041 , 0.20819, 0.21228])
    """
    if points == 1 or high <= low:
        return np.array([rounded((low + high) / 2)])
    finest = math.floor(math.log10(max(abs(low), abs(high)))) - DIGITS + 2
    exponent = max(math.floor(math.log10((high - low) / (points - 1))) - 2, finest)
    scale = 10.0**-exponent
    first = math.ceil(rounded(low * scale))
    step = max(1, math.floor(rounded((high * scale - first) / (points - 1))))
    return np.array([rounded((first + step * index) / scale) for index in range(points)])


def _widened(belief: Belief, axes: Axes, support: Axes, names: Sequence[str]) -> tuple[Axes, list[str]]:
    warnings: list[str] = []
    for index, name in enumerate(names):
        if len(axes[index]) == 1:
            continue
        for place in (0, -1):
            axes, grown = _grown(belief, axes, support, index, place)
            end = number(float(f"{axes[index][place]:.4g}"))
            if grown:
                warnings.append(f"the posterior of {name} touched the edge of its grid; wider again, to {end}")
        known = belief.marginal(axes, index)
        for place in (0, -1):
            if axes[index][place] == support[index][place] and _cut_off(belief, known, support, index, place):
                end = number(support[index][place])
                warnings.append(f"the posterior of {name} is cut off by its prior, at {end}; is it beyond?")
    return axes, warnings


def _grown(belief: Belief, axes: Axes, support: Axes, index: int, place: int) -> tuple[Axes, bool]:
    """Move one end of an axis outwards until the posterior ends inside or the support is reached."""
    limit, width = support[index][place], np.ptp(axes[index])
    # Short values end a little inside of the support.
    if abs(limit - axes[index][place]) < SLACK * width:
        return _with_end(axes, index, place, limit), False
    # At the points of the grid, which is enough to see a posterior that is high at its edge.
    others = tuple(other for other in range(len(axes)) if other != index)
    density = np.exp(belief.log_density(axes)).sum(axis=others)
    if density[place] <= EDGE * density.max():
        return axes, False
    further = axes[index][place] + (GROWTH if place else -GROWTH) * width
    end = min(further, limit) if place else max(further, limit)
    return _grown(belief, _with_end(axes, index, place, end), support, index, place)[0], True


def _with_end(axes: Axes, index: int, place: int, end: float) -> Axes:
    low, high = (axes[index][0], end) if place else (end, axes[index][-1])
    return (*axes[:index], np.linspace(low, high, len(axes[index])), *axes[index + 1 :])


def _cut_off(belief: Belief, known: Marginal, support: Axes, index: int, place: int) -> bool:
    """Has the experiment taught something, and would the posterior be high beyond the prior?"""
    if known.density[place] < CUT_OFF * known.density.max():
        return False
    return known.sd < CUT_OFF * Belief(belief.terms[:1]).marginal(support, index).sd
