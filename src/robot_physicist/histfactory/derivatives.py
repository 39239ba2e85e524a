"""Expected counts of a HistFactory model with their first and second derivatives in the nuisance parameters.

The rates of a sample are a product: factors of whole samples, interpolated shapes, factors of single bins. So are
their derivatives; nothing is differentiated numerically. Arrays have the parameter vectors last, (..., N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from .interpolation import shape_basis, shape_basis_derivatives
from .model import LOWEST_RATE, HistFactory, reciprocal
from .nuisances import Nuisances


@dataclass(frozen=True)
class Shift:
    """A histosys modifier of a cell: its rates (B,), and derivatives of the functions that multiply them, (N,)."""

    rates: tuple[FloatArray, FloatArray]
    slopes: tuple[FloatArray, FloatArray]
    curvature: FloatArray

    def slope(self) -> FloatArray:
        """Derivative of the shift, (B, N)."""
        result = self.rates[1][:, None] * self.slopes[1]
        result += self.rates[0][:, None] * self.slopes[0]
        return result

    def weighted(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Σ_b weight_b times the first and the second derivative of the shift, both (N,)."""
        first, second = (rates @ weight for rates in self.rates)
        return first * self.slopes[0] + second * self.slopes[1], second * self.curvature


@dataclass(frozen=True)
class CellResponse:
    """Rates of one cell (B, N) and what their derivatives need.

    `factor` (B, N) or (N,) is what multiplies the shape. `log_slopes` and `log_curvatures` map a whole parameter to
    f′/f and f″/f (N,) of its factor, `shifts` to its histosys modifier.
    """

    bins: slice
    factor: FloatArray
    rates: FloatArray
    log_slopes: dict[int, FloatArray]
    log_curvatures: dict[int, FloatArray]
    shifts: dict[int, Shift]

    def add_slopes(self, slopes: FloatArray) -> None:
        """Add ∂ rates / ∂ parameter to slopes (G, B, N) of all bins."""
        for parameter, shift in self.shifts.items():
            slope = shift.slope()
            slope *= self.factor
            slopes[parameter, self.bins] += slope
        for parameter, log_slope in self.log_slopes.items():
            slopes[parameter, self.bins] += log_slope * self.rates

    def add_second(self, residual: FloatArray, result: FloatArray) -> None:
        """Add Σ_b residual_b ∂² rates_b to a matrix (G, G, N), for residuals (B, N) of all bins."""
        weight = residual[self.bins]
        total = np.einsum("bn,bn->n", weight, self.rates)
        if self.shifts:
            weight = weight * self.factor
        shaped = {parameter: shift.weighted(weight) for parameter, shift in self.shifts.items()}
        if self.log_slopes:
            index = list(self.log_slopes)
            logs = np.stack([*self.log_slopes.values()])
            result[np.ix_(index, index)] += (logs * total)[:, None] * logs
            for p, log_slope in self.log_slopes.items():
                result[p, p] += (self.log_curvatures[p] - log_slope**2) * total
            for q, (slope, _) in shaped.items():
                mixed = logs * slope
                result[index, q] += mixed
                result[q, index] += mixed
        for p, (_, curvature) in shaped.items():
            result[p, p] += curvature


@dataclass(frozen=True)
class Response:
    """Rates (B, N), their slopes in the G whole parameters (G, B, N), and what second derivatives need.

    `layered` (M, B, N) are the rates that each layer of bin-by-bin parameters multiplies, `layered_slopes`
    (M, G, B, N) their slopes. For a layer that multiplies everything they are the rates and slopes themselves.
    """

    rates: FloatArray
    slopes: FloatArray
    layered: list[FloatArray]
    layered_slopes: list[FloatArray]
    cells: list[CellResponse]
    members: list[list[int]]

    def gradient(self, vector: FloatArray) -> FloatArray:
        """Σ_b vector_b ∂rates_b, (G, N), for vectors (B, N); one matrix product when slopes are the same for all."""
        if self.slopes.shape[-1] == 1:
            return np.asarray(self.slopes[..., 0] @ vector)
        return np.asarray(np.einsum("gbn,bn->gn", self.slopes, vector))

    def curvature(self, weight: FloatArray, residual: FloatArray | None) -> FloatArray:
        """Lower triangles of Σ_b weight_b ∂rates_b ∂rates_b − residual_b ∂²rates_b, (G, G, N), for vectors (B, N)."""
        count, size = len(self.slopes), max(weight.shape[-1], self.rates.shape[-1])
        result = np.zeros((count, count, size))
        for p in range(count):
            weighted = weight * self.slopes[p]
            result[p, : p + 1] = np.einsum("gbn,bn->gn", self.slopes[: p + 1], weighted)
        return result if residual is None else result - self.second(residual)

    def second(self, residual: FloatArray) -> FloatArray:
        """Σ_b residual_b ∂²rates_b, (G, G, N), in the whole parameters, for residuals (B, N)."""
        count = len(self.slopes)
        result = np.zeros((count, count, residual.shape[-1]))
        for cell in self.cells:
            cell.add_second(residual, result)
        return result

    def layered_pair(self, one: int, other: int) -> FloatArray:
        """Rates that two different layers both multiply, (B, N)."""
        result = np.zeros_like(self.rates)
        for index in set(self.members[one]) & set(self.members[other]):
            result[self.cells[index].bins] += self.cells[index].rates
        return result


def respond(nuisances: Nuisances, parameters: FloatArray) -> Response:
    """Evaluate rates and slopes at parameter vectors (P, N)."""
    model = nuisances.model
    cells = _cells(nuisances, parameters)
    shape = (model.bins, parameters.shape[1])
    every = list(range(len(cells)))
    rates, slopes = _sums(cells, every, len(nuisances.whole), shape)
    members = [_members(model, layer) for layer in nuisances.local]
    layered = [(rates, slopes) if m == every else _sums(cells, m, len(nuisances.whole), shape) for m in members]
    rates = np.maximum(rates, LOWEST_RATE)
    return Response(rates, slopes, [r for r, _ in layered], [s for _, s in layered], cells, members)


def _members(model: HistFactory, layer: NDArray[np.intp]) -> list[int]:
    """Cells that the parameters of a layer multiply; a cell whose bins have none counts as multiplied by one."""
    present = set(layer.tolist()) - {-1}
    in_bins = [index for index, cell in enumerate(model.cells) if (layer[cell.bins] >= 0).any()]
    acting = {
        index for index, cell in enumerate(model.cells) if any(present & set(rows.tolist()) for rows in cell.locals)
    }
    return [index for index in range(len(model.cells)) if index in acting or index not in in_bins]


def _sums(
    cells: list[CellResponse], members: list[int], count: int, shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    rates, slopes = np.zeros(shape), np.zeros((count, *shape))
    for index in members:
        rates[cells[index].bins] += cells[index].rates
        cells[index].add_slopes(slopes)
    return rates, slopes


def _cells(nuisances: Nuisances, parameters: FloatArray) -> list[CellResponse]:
    model = nuisances.model
    place = {int(index): position for position, index in enumerate(nuisances.whole)}
    factors = model.factors(parameters)
    basis = shape_basis(parameters, model.shape_code)
    slopes, curvatures = shape_basis_derivatives(parameters, model.shape_code)
    log_slopes, log_curvatures = model.norms.logarithmic_derivatives(parameters)
    result = []
    for index, (cell, rows) in enumerate(zip(model.cells, model.cell_norms, strict=True)):
        factor = factors[index]
        for parameter in cell.locals:
            factor = factor * parameters[parameter]
        shifts = model.shifts[index]
        shape = cell.nominal[:, None] + sum(
            rates.T @ function[list(cell.shapes)] for rates, function in zip(shifts, basis, strict=True)
        )
        shape *= factor
        own = {
            place[p]: Shift((shifts[0][h], shifts[1][h]), (slopes[0][p], slopes[1][p]), curvatures[1][p])
            for h, p in enumerate(cell.shapes)
            if p in place
        }
        acting = zip(model.norms.parameters[rows].tolist(), rows.tolist(), strict=True)
        own_norms = [(place[p], norm) for p, norm in acting if p in place]
        logs = {p: log_slopes[norm] for p, norm in own_norms}
        squares = {p: log_curvatures[norm] for p, norm in own_norms}
        for scale in set(cell.scales) & set(place):
            logs[place[scale]] = reciprocal(parameters[scale])
            squares[place[scale]] = np.zeros(parameters.shape[1])
        result.append(CellResponse(cell.bins, factor, shape, logs, squares, own))
    return result
