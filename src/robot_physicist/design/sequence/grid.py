"""The grid on which the next round of a sequence looks: around what is known, and never beyond the first one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...quantities.arrays import FloatArray
from ...quantities.labels import DIGITS, number, rounded
from .belief import Axes, Belief, Marginal

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
