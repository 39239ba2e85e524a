"""Has a search seen how far its gains change? Structure that is finer than the settings tried is seen by none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np

from ...quantities.arrays import FloatArray
from .options import usual_first

scipy = lazy.load("scipy")

#: Most of the domain that may lie more than a length scale away from all settings tried.
UNEXPLORED = 0.05
#: Least that gains have to tell about the length scales, in nats: a shift by half the width of the prior is 0.125.
LEARNT = 0.1


@dataclass(frozen=True)
class Resolution:
    """What is known of the length scales.

    `unexplored` is the share of the domain that is farther from all settings tried than a length scale, or than a
    place is from a lattice of the usual first settings, averaged over the posterior of the length scales; `learnt` is
    what the gains told about these, in nats.
    """

    unexplored: float
    learnt: float

    @property
    def problem(self) -> str:
        """Says that the length scale is not resolved, and why; empty when it is.

        >>> Resolution(0.0, 2.0).problem
        ''
        >>> Resolution(0.3, 2.0).problem
        'the length scale is not resolved (30% of the domain may be farther than it from all settings tried)'
        """
        if self.unexplored <= UNEXPLORED and self.learnt >= LEARNT:
            return ""
        share = f"{self.unexplored:.0%} of the domain may be farther than it from all settings tried"
        why = share if self.unexplored > UNEXPLORED else "the gains say no more of it than was assumed"
        return f"the length scale is not resolved ({why})"


def distances(length_scales: FloatArray, tried: FloatArray, places: FloatArray) -> FloatArray:
    """Distances (S, C) in length scales (S, D) from places (C, D) to the nearest setting tried (N, D).

    >>> distances(np.array([[0.1], [0.5]]), np.array([[0.0], [1.0]]), np.array([[0.25]])).round(6).tolist()
    [[2.5], [0.5]]
    """
    return np.array([scipy.spatial.distance.cdist(places / one, tried / one).min(axis=1) for one in length_scales])


def resolution(
    length_scales: FloatArray, learnt: float, tried: FloatArray, everywhere: FloatArray, whole: bool
) -> Resolution:
    """What is known of equally probable length scales (S, D) after settings tried (N, D).

    Length scales longer than the usual spacing of a first round are not believed before the settings cover the domain
    as densely: a wide hill, seen by few settings, hides the narrow ones.
    `everywhere` (C, D) are settings that are spread evenly; with `whole`, all of the domain, of which nothing more
    has to be known once all were tried.
    """
    apart = distances(believable(length_scales), tried, everywhere)
    if whole and not apart.any():
        return Resolution(0.0, np.inf)
    return Resolution(float((apart > 1).mean()), learnt)


def believable(length_scales: FloatArray) -> FloatArray:
    """Length scales (S, D), none longer than half the diagonal of a cell of a lattice of the usual first settings.

    That is how far a place may be from all settings of such a lattice. On a line, whose ends are tried, it is the
    spacing.

    >>> believable(np.array([[0.1, 0.9]])).round(3).tolist()
    [[0.1, 0.144]]
    """
    dimensions = length_scales.shape[1]
    part = 1.0 if dimensions == 1 else dimensions**0.5 / 2
    result: FloatArray = np.minimum(length_scales, part * usual_first(dimensions) ** (-1 / dimensions))
    return result


def holes(length_scales: FloatArray, tried: FloatArray, places: FloatArray, number: int) -> Iterator[int]:
    """Indices of places (C, D) that are farthest from all settings tried and from each other, in length scales."""
    scales = believable(length_scales)
    apart = distances(scales, tried, places).mean(axis=0)
    for _ in range(number):
        place = int(np.argmax(apart))
        if apart[place] == 0:
            return
        yield place
        apart = np.minimum(apart, distances(scales, places[place][None, :], places).mean(axis=0))
