"""Bin probabilities of a simulator that knows its density or its distribution function.

The cells of the grid are the bins and all that lies beyond them, so that their sum has to be one: whatever a
quadrature misses shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray, Values
from ..quantities.errors import DensityError
from ..quantities.labels import label
from ..quantities.observable import Observable
from ..statistics.quadrature import GRADE, Axis, cell_integrals
from .base import Simulator, Variable

#: How far from one the sum of all probabilities may be beyond its error.
ROUNDING = 1e-7
#: Observables above which probabilities are averages over events, and error of the sum of all probabilities at a
#: point above which they are too: a quadrature in two dimensions hardly resolves very narrow ridges.
MOST_DIMENSIONS, LARGEST_ERROR = 2, 1e-4
#: Events that show a quadrature where the density is.
SCOUTS = 1024
#: Quantiles of them, per observable, where the quadrature looks closely, by number of observables.
QUANTILES = {1: 65, 2: 9}
#: Steps by a factor of `GRADE` towards each of them.
LEVELS = {1: 7, 2: 1}
#: Independent samples of the average over events, and events of each.
REPLICAS = 16
EVENTS = 8192
#: Attempts to get as many accepted events.
PATIENCE = 1000


@dataclass(frozen=True)
class Probabilities:
    """Probabilities of the bins (K, B), and of `REPLICAS` independent samples (R, K, B) where they are averages.

    `errors` (K, B) bound the errors of a quadrature; they are zero for a distribution function.
    """

    values: FloatArray
    errors: FloatArray
    replicas: FloatArray | None = None


def knows_probabilities(simulator: Simulator) -> bool:
    """Has the simulator a density or a distribution function of its observables?"""
    own = type(simulator).cdf is not Simulator.cdf
    return bool(simulator.observables) and (simulator.has_density or own)


def bin_probabilities(
    simulator: Simulator,
    setting: Values,
    points: Sequence[Values],
    observables: Mapping[str, Observable],
    rng: np.random.Generator,
) -> Probabilities:
    """Probabilities of the joint bins at K parameter points, per accepted event; what is dropped is missing.

    Differences of the distribution function where there is one, else adaptive quadrature for one or two observables,
    else, or where the quadrature is not accurate, averages over events of all points, weighted to each of them
    (balance heuristic, Veach and Guibas 1995).
    Observables of the simulator that are not binned are integrated out. Events outside the range are in the edge bins
    with `overflow: include`, else in none.

    Raises DensityError when the result cannot be trusted.
    """
    edges = {name: _edges(simulator, name, observables.get(name)) for name in simulator.observables or {}}
    if _cdf(simulator, [edge[:1] for edge in edges.values()], setting, points[0]) is not None:
        cells = np.stack([_differences(simulator, edges, setting, point) for point in points])
        found = _folded(cells, edges, observables)
        return Probabilities(found, np.zeros_like(found))
    if len(edges) <= MOST_DIMENSIONS:
        # The stream of the generator itself, of which others make data, is left as it is.
        scout = rng.spawn(1)[0]
        parts = [_integrals(simulator, edges, setting, point, scout) for point in points]
        cells, errors = (np.stack(part) for part in zip(*parts, strict=True))
        if errors.reshape(len(points), -1).sum(axis=1).max() <= LARGEST_ERROR:
            return Probabilities(_folded(cells, edges, observables), _folded(errors, edges, observables))
    replicas = np.stack([_averages(simulator, edges, setting, points, one) for one in rng.spawn(REPLICAS)])
    _check_averages(replicas, points)
    folded = _folded(replicas, edges, observables)
    return Probabilities(folded.mean(axis=0), np.zeros(folded.shape[1:]), folded)


def _edges(simulator: Simulator, name: str, observable: Observable | None) -> FloatArray:
    """Edges of the cells of an observable, from the least to the greatest value that there can be."""
    variable = (simulator.observables or {})[name]
    inner = [] if observable is None else np.linspace(*observable.range, observable.bins + 1).tolist()
    return np.array(
        [
            *([variable.low] if not inner or variable.low < inner[0] else []),
            *inner,
            *([variable.high] if not inner or variable.high > inner[-1] else []),
        ]
    )


def _folded(cells: FloatArray, edges: Mapping[str, FloatArray], observables: Mapping[str, Observable]) -> FloatArray:
    """Bins (..., B) in the order of `observables` from the cells (..., B_1 + …) of the simulator's observables."""
    first = cells.ndim - len(edges)
    for axis, (name, edge) in enumerate(edges.items(), first):
        observable = observables.get(name)
        if observable is None:
            cells = cells.sum(axis=axis, keepdims=True)
            continue
        below, above = int(edge[0] < observable.range[0]), int(edge[-1] > observable.range[1])
        parts = np.moveaxis(cells, axis, 0)
        bins = parts[below : below + observable.bins].copy()
        if observable.overflow == "include":
            bins[0] += parts[:below].sum(axis=0)
            bins[-1] += parts[below + observable.bins : below + observable.bins + above].sum(axis=0)
        cells = np.moveaxis(bins, 0, axis)
    kept = [name for name in edges if name in observables]
    cells = cells.reshape(*cells.shape[:first], *(observables[name].bins for name in kept))
    order = [first + kept.index(name) for name in observables]
    return cells.transpose(*range(first), *order).reshape(*cells.shape[:first], -1)


def _cdf(
    simulator: Simulator, values: Sequence[FloatArray], setting: Values, parameters: Values
) -> FloatArray | None:
    """The distribution function on the grid of some values of each observable."""
    variables = simulator.observables or {}
    clipped = [np.clip(one, v.low, v.high) for one, v in zip(values, variables.values(), strict=True)]
    grid = np.meshgrid(*clipped, indexing="ij")
    found = simulator.cdf(dict(zip(variables, grid, strict=True)), setting, parameters)
    return None if found is None else _fitting(found, grid[0].shape, parameters)


def _differences(
    simulator: Simulator, edges: Mapping[str, FloatArray], setting: Values, parameters: Values
) -> FloatArray:
    """Cell probabilities as differences of the distribution function along each observable."""
    cells = _cdf(simulator, list(edges.values()), setting, parameters)
    assert cells is not None
    for axis in range(cells.ndim):
        cells = np.diff(cells, axis=axis)
    _check_total(cells, 0.0, parameters)
    return np.maximum(cells, 0.0)


def _integrals(
    simulator: Simulator,
    edges: Mapping[str, FloatArray],
    setting: Values,
    parameters: Values,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Cell probabilities by quadrature of the density and their errors, among them what is missing from one."""
    events = simulator.prepare(setting, parameters).sample(SCOUTS, rng).columns
    variables = simulator.observables or {}
    axes = [Axis(edge, _breaks(events[name], variables[name], len(edges))) for name, edge in edges.items()]
    cells, errors = cell_integrals(lambda x: _density(simulator, x, setting, parameters), axes)
    missing = _check_total(cells, float(errors.sum()), parameters)
    return np.maximum(cells, 0.0), errors + missing


def _breaks(values: FloatArray, variable: Variable, dimensions: int) -> FloatArray:
    """Where a quadrature looks closely: at quantiles of events and ever closer to them, and where nothing is beyond.

    A step between two events is then in the middle of some interval, and not in a corner that no node sees.
    """
    ends = [end for end in (variable.low, variable.high) if np.isfinite(end)]
    if not len(values):
        return np.array(ends)
    points = np.unique(np.quantile(values, np.linspace(0, 1, QUANTILES[dimensions])))
    gaps = np.diff(points) if len(points) > 1 else np.ones(1)
    closer = GRADE ** -np.arange(1.0, 1 + LEVELS[dimensions])[:, None]
    before, after = np.append(gaps[:1], gaps), np.append(gaps, gaps[-1:])
    steps = points - closer * before[: len(points)], points + closer * after[: len(points)]
    return np.concatenate([points, *(step.ravel() for step in steps), ends])


def _density(simulator: Simulator, x: FloatArray, setting: Values, parameters: Values) -> FloatArray:
    """Density at points (d, q), zero where the simulator says that there are no events."""
    variables = simulator.observables or {}
    low, high = np.array([(v.low, v.high) for v in variables.values()]).T[..., None]
    columns = dict(zip(variables, np.clip(x, low, high), strict=True))
    found = _fitting(simulator.density(columns, setting, parameters), x.shape[1:], parameters)
    if found.min(initial=0.0) < 0:
        raise DensityError(f"the density at {label(parameters)} is negative at some events")
    return np.where(((x >= low) & (x <= high)).all(axis=0), found, 0.0)


def _fitting(found: FloatArray, shape: Sequence[int], parameters: Values) -> FloatArray:
    values = np.asarray(found, dtype=np.float64)
    if values.shape != tuple(shape):
        raise DensityError(f"the density at {label(parameters)} has the shape {values.shape} for events of {shape}")
    if not np.isfinite(values).all():
        raise DensityError(f"the density at {label(parameters)} is not finite everywhere")
    return values


def _check_total(cells: FloatArray, error: float, parameters: Values) -> float:
    """How far the sum of all cells is from one; raises DensityError when that is beyond its error."""
    missing = abs(float(cells.sum()) - 1)
    if not missing <= 3 * error + ROUNDING:
        raise DensityError(f"all probabilities at {label(parameters)} add up to {cells.sum():.6g} in place of 1")
    if cells.min() < -ROUNDING:
        raise DensityError(f"the distribution function at {label(parameters)} falls somewhere")
    return missing


def _averages(
    simulator: Simulator,
    edges: Mapping[str, FloatArray],
    setting: Values,
    points: Sequence[Values],
    rng: np.random.Generator,
) -> FloatArray:
    """Cell probabilities (K, ...) as averages over events of all points, weighted to each: p_k / mean of all p_j."""
    shares = np.full(len(points), EVENTS // len(points))
    shares[rng.permutation(len(points))[: EVENTS % len(points)]] += 1
    parts = [_accepted(simulator, setting, point, int(n), rng) for point, n in zip(points, shares, strict=True) if n]
    x = np.concatenate(parts, axis=1)
    densities = np.stack([_density(simulator, x, setting, point) for point in points])
    mean = shares @ densities / shares.sum()
    weights = np.divide(densities, mean, out=np.zeros_like(densities), where=mean > 0) / shares.sum()
    shape = tuple(len(edge) - 1 for edge in edges.values())
    # The last edge belongs to the last cell, as in histograms.
    index = [
        np.clip(np.searchsorted(edge, one, side="right") - 1, 0, len(edge) - 2)
        for edge, one in zip(edges.values(), x, strict=True)
    ]
    cell: NDArray[np.intp] = np.ravel_multi_index(index, shape)
    size = int(np.prod(shape))
    return np.stack([np.bincount(cell, row, size).reshape(shape) for row in weights])


def _accepted(
    simulator: Simulator, setting: Values, parameters: Values, events: int, rng: np.random.Generator
) -> FloatArray:
    """Accepted events (d, n) of a parameter point, exactly as many as asked for."""
    sampler, blocks, found = simulator.prepare(setting, parameters), [], 0
    for _ in range(PATIENCE):
        block = sampler.sample(max(events, 16), rng)
        if block.weights is not None:
            raise DensityError("events with weights do not follow the density")
        blocks.append(np.stack([block.columns[name] for name in simulator.observables or {}]))
        found += block.accepted
        if found >= events:
            return np.concatenate(blocks, axis=1)[:, :events]
    raise DensityError(f"hardly any event is accepted at {label(parameters)}")


def _check_averages(replicas: FloatArray, points: Sequence[Values]) -> None:
    """Raise DensityError when the probabilities (R, K, ...) do not add up to one within five standard errors."""
    totals = replicas.reshape(*replicas.shape[:2], -1).sum(axis=2)
    errors = totals.std(axis=0, ddof=1) / len(totals) ** 0.5
    odd = np.abs(totals.mean(axis=0) - 1) > 5 * errors + ROUNDING
    if odd.any():
        worst = int(np.flatnonzero(odd)[0])
        raise DensityError(
            f"events and densities disagree: all probabilities at {label(points[worst])} add up to "
            f"{totals[:, worst].mean():.6g} in place of 1"
        )
