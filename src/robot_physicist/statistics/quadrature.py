"""Quadrature: Gauss–Legendre, and adaptive Gauss–Kronrod over the cells of a grid, whose tails may be infinite."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray

#: Nodes of the 15-point Kronrod rule on [0, 1], its weights, and those of the 7-point Gauss rule inside it
#: (Piessens et al., QUADPACK, 1983).
_HALF = [0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
         0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
         0.586087235467691130294144691693317, 0.405845151377397166906606412076961,
         0.207784955007898467600689403773245]  # fmt: skip
_KRONROD = [0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
            0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
            0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
            0.204432940075298892414161999234649]  # fmt: skip
_GAUSS = [0.0, 0.129484966168869693270611432679082, 0.0, 0.279705391489276667901467771423780, 0.0,
          0.381830050505118944950369775488975, 0.0]  # fmt: skip
NODES = (1 + np.array([*(-np.array(_HALF)), 0.0, *_HALF[::-1]])) / 2
KRONROD = np.array([*_KRONROD, 0.209482141084727828012999174891714, *_KRONROD[::-1]]) / 2
GAUSS = np.array([*_GAUSS, 0.417959183673469387755102040816327, *_GAUSS[::-1]]) / 2
#: Absolute error of the sum of all cells at which the quadrature stops.
TOLERANCE = 1e-11
#: Evaluations of the integrand, by number of axes, after which it stops with the error it has, unless the first look
#: takes more.
MOST_EVALUATIONS = {1: 200_000, 2: 3_000_000}
#: Evaluations at once, which bounds the memory.
CHUNK = 1 << 18
MOST_ROUNDS = 200
#: Neighbouring pieces of an axis do not differ in length by more than this factor.
GRADE = 8.0
#: Relative distance of numbers that may be the same.
ROUNDING = 1e-14
Integrand = Callable[[FloatArray], FloatArray]


def gauss_legendre(low: float, high: float, nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights, both (nodes,), of Gauss–Legendre quadrature on [low, high].

    >>> x, w = gauss_legendre(0, 1, 3)
    >>> round(float(w @ x**2), 12)
    0.333333333333
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    return (high - low) / 2 * x + (high + low) / 2, (high - low) / 2 * w


@dataclass(frozen=True)
class Pieces:
    """Boxes of a grid: corners (n, d), which tail each side is in (−1, 0, 1), and the cells (n,) they belong to.

    In a tail the coordinate u ∈ [0, 1) stands for x = anchor ± scale u/(1 − u), which has an anchor and a scale per
    axis and side.
    """

    low: FloatArray
    high: FloatArray
    tail: NDArray[np.intp]
    cell: NDArray[np.intp]

    def of(self, chosen: NDArray[np.intp]) -> Pieces:
        """Some of the boxes."""
        return Pieces(self.low[chosen], self.high[chosen], self.tail[chosen], self.cell[chosen])

    def halved(self, axis: NDArray[np.intp]) -> Pieces:
        """All boxes in two halves along one axis each (n,)."""
        rows = np.arange(len(self.low))
        middle = (self.low[rows, axis] + self.high[rows, axis]) / 2
        low, high = self.low.copy(), self.high.copy()
        low[rows, axis] = high[rows, axis] = middle
        return self.joined(Pieces(low, self.high, self.tail, self.cell), Pieces(self.low, high, self.tail, self.cell))

    @staticmethod
    def joined(*parts: Pieces) -> Pieces:
        """All boxes of several."""
        names = ("low", "high", "tail", "cell")
        return Pieces(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True)
class Axis:
    """Edges of the cells along one axis (B + 1,), the outer ones perhaps infinite, and where to look closely."""

    edges: FloatArray
    breaks: FloatArray

    @property
    def points(self) -> FloatArray:
        """Finite ends of the pieces, at least one, none much longer than its neighbours."""
        low, high = self.edges[[0, -1]]
        edges = self.edges[np.isfinite(self.edges)]
        inside = np.unique(self.breaks[(self.breaks > low) & (self.breaks < high)])
        # What differs by rounding alone would be a very short piece, with short neighbours.
        everything = np.unique(np.concatenate([edges, inside]))
        close = np.flatnonzero(np.diff(everything) <= ROUNDING * np.abs(everything[1:]))
        dropped = np.where(np.isin(everything[close], edges), everything[close + 1], everything[close])
        distinct = np.setdiff1d(everything, np.setdiff1d(dropped, edges))
        return graded(distinct) if len(distinct) else np.zeros(1)

    @property
    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Anchor and scale of the lower and the upper tail, both (2,)."""
        points = self.points
        gaps = np.diff(points) if len(points) > 1 else np.ones(1)
        return points[[0, -1]], gaps[[0, -1]]

    @property
    def pieces(self) -> Pieces:
        """The pieces of this axis, with its cells counted from 0."""
        points = self.points
        middle = (points[1:] + points[:-1]) / 2
        cell = np.searchsorted(self.edges, middle, side="right") - 1
        low, high, tail = points[:-1], points[1:], np.zeros(len(middle), dtype=np.intp)
        for side, end, last in ((-1, self.edges[0], 0), (1, self.edges[-1], len(self.edges) - 2)):
            if np.isinf(end):
                low, high, tail = np.append(low, 0.0), np.append(high, 1.0), np.append(tail, side)
                cell = np.append(cell, last)
        return Pieces(low[:, None], high[:, None], tail[:, None], cell)


def graded(points: FloatArray) -> FloatArray:
    """Put points into intervals that are more than `GRADE` times longer than a neighbour; rising, at least one.

    A function that is narrow around some of them is then seen from all sides.

    >>> graded(np.array([0.0, 1.0, 100.0]))
    array([  0. ,   1. ,   9. ,  54.5, 100. ])
    """
    while True:
        gaps = np.diff(points)
        left, right = np.append(np.inf, gaps[:-1]), np.append(gaps[1:], np.inf)
        step = np.minimum(GRADE * np.minimum(left, right), gaps / 2)
        new = np.where(left <= right, points[:-1] + step, points[1:] - step)[gaps > GRADE * np.minimum(left, right)]
        longer = np.unique(np.concatenate([points, new]))
        if len(longer) == len(points):
            return points
        points = longer


def cell_integrals(function: Integrand, axes: Sequence[Axis]) -> tuple[FloatArray, FloatArray]:
    """∫ f over each cell of the grid of one or two axes and an estimate of its error, both (B_1,) or (B_1, B_2).

    `function` gives values (q,) at points (d, q). Boxes whose Gauss and Kronrod sums differ are halved until the sum
    of all differences, which is the error, is below `TOLERANCE` or `MOST_EVALUATIONS` have been made.

    >>> values, errors = cell_integrals(lambda x: np.exp(-np.abs(x[0])) / 2,
    ...                                 [Axis(np.array([-np.inf, 0.0, 1.0, np.inf]), np.empty(0))])
    >>> values.round(9), bool(errors.sum() < 1e-10)
    (array([0.5       , 0.31606028, 0.18393972]), True)
    """
    shape = tuple(len(axis.edges) - 1 for axis in axes)
    pieces = _boxes([axis.pieces for axis in axes], shape)
    ends = np.array([axis.ends for axis in axes])
    values, errors, worst = _sums(function, pieces, ends)
    spent = len(values) * len(NODES) ** len(axes)
    most = max(MOST_EVALUATIONS[len(axes)], 2 * spent)
    for _ in range(MOST_ROUNDS):
        chosen = np.flatnonzero(errors > TOLERANCE / (2 * len(errors)))
        allowed = (most - spent) // (2 * len(NODES) ** len(axes))
        if not errors.sum() > TOLERANCE or allowed < 1:
            break
        chosen = chosen[np.argsort(-errors[chosen], kind="stable")[:allowed]]
        halves = pieces.of(chosen).halved(worst[chosen])
        left = np.setdiff1d(np.arange(len(errors)), chosen)
        found = _sums(function, halves, ends)
        pieces = Pieces.joined(pieces.of(left), halves)
        values, errors, worst = (
            np.concatenate([old[left], new]) for old, new in zip((values, errors, worst), found, strict=True)
        )
        spent += len(halves.cell) * len(NODES) ** len(axes)
    size = int(np.prod(shape))
    return tuple(  # type: ignore[return-value]
        np.bincount(pieces.cell, part, size).reshape(shape) for part in (values, errors)
    )


def _boxes(lines: Sequence[Pieces], shape: Sequence[int]) -> Pieces:
    """All boxes of a grid from the pieces of its axes."""
    grid = np.meshgrid(*(np.arange(len(line.cell)) for line in lines), indexing="ij")
    index = [part.ravel() for part in grid]
    parts = [
        [getattr(line, name)[i, 0] for line, i in zip(lines, index, strict=True)] for name in ("low", "high", "tail")
    ]
    cells = np.ravel_multi_index([line.cell[i] for line, i in zip(lines, index, strict=True)], tuple(shape))
    low, high, tail = (np.stack(part, axis=1) for part in parts)
    return Pieces(low, high, tail, cells)


def _sums(function: Integrand, pieces: Pieces, ends: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.intp]]:
    """Kronrod sums of boxes (n,), their errors (n,), and the axes (n,) along which these are greatest."""
    size = max(1, CHUNK // len(NODES) ** pieces.low.shape[1])
    parts = [
        _sums_at_once(function, pieces.of(np.arange(start, min(start + size, len(pieces.cell)))), ends)
        for start in range(0, len(pieces.cell), size)
    ]
    values, errors, worst = (np.concatenate(part) for part in zip(*parts, strict=True))
    return values, errors, worst


def _sums_at_once(
    function: Integrand, pieces: Pieces, ends: FloatArray
) -> tuple[FloatArray, FloatArray, NDArray[np.intp]]:
    boxes, dimensions = pieces.low.shape
    grids, factors = zip(*_coordinates(pieces, ends), strict=True)
    shape = (boxes, *[len(NODES)] * dimensions)
    full = [_along(grid, axis, dimensions) for axis, grid in enumerate(grids)]
    points = np.stack([np.broadcast_to(part, shape).ravel() for part in full])
    values = function(points).reshape(shape)
    for axis, factor in enumerate(factors):
        values = values * _along(factor, axis, dimensions)
    rules = itertools.chain([None], range(dimensions))
    sums = np.stack([_applied(values, coarse) for coarse in rules])
    differences = np.abs(sums[1:] - sums[0])
    return sums[0], differences.sum(axis=0), differences.argmax(axis=0)


def _applied(values: FloatArray, coarse: int | None) -> FloatArray:
    """Kronrod sums of values (n, 15 …), with the Gauss rule along one axis."""
    for axis in reversed(range(values.ndim - 1)):
        values = values @ (GAUSS if axis == coarse else KRONROD)
    return values


def _along(values: FloatArray, axis: int, dimensions: int) -> FloatArray:
    return values.reshape(len(values), *[-1 if one == axis else 1 for one in range(dimensions)])


def _coordinates(pieces: Pieces, ends: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Nodes along each axis (n, 15), and the lengths they stand for."""
    for axis, (anchors, scales) in enumerate(ends):
        width = pieces.high[:, axis, None] - pieces.low[:, axis, None]
        u = pieces.low[:, axis, None] + width * NODES
        tail = pieces.tail[:, axis, None]
        side = (tail > 0).astype(np.intp)
        left = np.where(tail == 0, 1.0, 1 - u)
        x = np.where(tail == 0, u, anchors[side] + tail * scales[side] * u / left)
        yield x, width * np.where(tail == 0, 1.0, scales[side] / left**2)
