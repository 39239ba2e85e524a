"""The settings among which a search chooses: points of a lattice, in the unit cube for the Gaussian process."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ...campaign.model import Campaign
from ...quantities.arrays import FloatArray
from ...quantities.labels import label, rounded

scipy = lazy.load("scipy")


#: Settings that are compared with each other in a round.
PLACES = 512
#: Of these, how many lie close to the best setting so far, and how close, in units of the domain.
CLOSE, NEAR = 128, (0.1, 0.03)
#: Settings of a figure: along one variable, and along each of two.
LINE, SIDE = 101, 21


@dataclass(frozen=True)
class Domain:
    """Names of the variables and the values that each may have, ascending."""

    names: tuple[str, ...]
    axes: tuple[FloatArray, ...]

    @property
    def size(self) -> int:
        """Number of settings."""
        return math.prod(len(axis) for axis in self.axes)

    def snap(self, cube: FloatArray) -> list[dict[str, float]]:
        """The settings nearest to points of the unit cube (N, D), without repetitions."""
        columns = [axis[_nearest(_unit(axis), cube[:, d])] for d, axis in enumerate(self.axes)]
        return unique(dict(zip(self.names, map(float, row), strict=True)) for row in np.stack(columns, axis=1))

    def cube(self, settings: Sequence[Mapping[str, float]]) -> FloatArray:
        """Settings as points of the unit cube, (N, D)."""
        table = np.array([[setting[name] for name in self.names] for setting in settings]).reshape(
            -1, len(self.names)
        )
        low, high = (np.array([axis[end] for axis in self.axes]) for end in (0, -1))
        result: FloatArray = (table - low) / np.where(high > low, high - low, 1.0)
        return result

    def all(self) -> list[dict[str, float]]:
        """Every setting, the last variable running fastest."""
        mesh = np.meshgrid(*self.axes, indexing="ij")
        rows = np.stack([axis.ravel() for axis in mesh], axis=1)
        return [dict(zip(self.names, map(float, row), strict=True)) for row in rows]


def unique(settings: Iterable[Mapping[str, float]]) -> list[dict[str, float]]:
    """Settings in the order in which they first come, each label once."""
    return list({label(setting): dict(setting) for setting in settings}.values())


def _unit(axis: FloatArray) -> FloatArray:
    result: FloatArray = (axis - axis[0]) / max(axis[-1] - axis[0], 1e-300)
    return result


def _nearest(axis: FloatArray, values: FloatArray) -> NDArray[np.intp]:
    """Indices of the values of an ascending axis that are nearest, the lower one of two that are as near."""
    above = np.searchsorted(axis, values).clip(0, len(axis) - 1)
    below = (above - 1).clip(0)
    return np.where(np.abs(axis[below] - values) <= np.abs(axis[above] - values), below, above)


def lattice(low: float, high: float) -> FloatArray:
    """Values between two ends, decimal numbers, a thousand to ten thousand of them.

    >>> lattice(78, 100)[:3], len(lattice(78, 100))
    (array([78.  , 78.01, 78.02]), 2201)
    """
    step = 10.0 ** (math.floor(math.log10(high - low)) - 3)
    inner = [rounded(step * number) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return np.unique([rounded(low), *inner, rounded(high)])


def corners(domain: Domain) -> list[dict[str, float]]:
    """Settings at which every variable has its lowest or its highest value.

    >>> corners(Domain(("a", "b"), (np.array([1.0, 2.0, 3.0]), np.array([5.0]))))
    [{'a': 1.0, 'b': 5.0}, {'a': 3.0, 'b': 5.0}]
    """
    ends = ((float(axis[0]), float(axis[-1])) for axis in domain.axes)
    return unique(dict(zip(domain.names, corner, strict=True)) for corner in itertools.product(*ends))


def domain_of(campaign: Campaign) -> Domain:
    """The domain of a campaign's search."""
    axes = [
        lattice(*variable.range) if variable.range else np.sort(np.array(variable.points))
        for variable in campaign.settings.values()
    ]
    return Domain(tuple(campaign.settings), tuple(axes))


def spread(domain: Domain, number: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """About as many settings, spread evenly: along a line with both ends, else by scrambled Sobol points."""
    if domain.size <= number:
        return domain.all()
    if len(domain.names) == 1:
        return domain.snap(np.linspace(0.0, 1.0, number)[:, None])
    return domain.snap(_sobol(len(domain.names), number, rng))


def _sobol(dimensions: int, number: int, rng: np.random.Generator) -> FloatArray:
    points: FloatArray = scipy.stats.qmc.Sobol(dimensions, rng=rng).random_base2(math.ceil(math.log2(number)))[
        :number
    ]
    return points


def candidates(
    domain: Domain, tried: Sequence[Mapping[str, float]], best: Mapping[str, float], rng: np.random.Generator
) -> list[dict[str, float]]:
    """Settings to compare: those tried first, then all of a small domain, or some everywhere and near the best."""
    if domain.size <= PLACES:
        return unique([*tried, *domain.all()])
    even = np.linspace(0.0, 1.0, PLACES - CLOSE)[:, None]
    everywhere = even if len(domain.names) == 1 else _sobol(len(domain.names), PLACES - CLOSE, rng)
    scale = np.repeat(NEAR, CLOSE // len(NEAR))[:, None]
    near = domain.cube([best]) + scale * rng.standard_normal((len(scale), len(domain.names)))
    return unique([*tried, *domain.snap(np.vstack([everywhere, near.clip(0.0, 1.0)]))])


def pictured(domain: Domain, best: Mapping[str, float]) -> list[dict[str, float]]:
    """Settings at which a figure shows the process: a line, a square, or lines through the best setting."""
    dimensions = len(domain.names)
    if dimensions == 1:
        return domain.snap(np.linspace(0, 1, LINE)[:, None])
    if dimensions == 2:
        side = np.linspace(0, 1, SIDE)
        return domain.snap(np.stack([axis.ravel() for axis in np.meshgrid(side, side, indexing="ij")], axis=1))
    lines = []
    for index in range(dimensions):
        line = np.repeat(domain.cube([best]), SIDE, axis=0)
        line[:, index] = np.linspace(0, 1, SIDE)
        lines += domain.snap(line)
    return unique(lines)
