"""Expected counts as a sum of fixed templates whose coefficients depend on the nuisance parameters.

Where all nuisances act on whole samples, λ = Σ_r c_r(ν) T_r (vertical morphing): gradient and curvature of the
likelihood need the data only through Σ_b x_b T_br and Σ_b w_b T_br T_bs. These are two matrix products for all data
sets at once, and what is left has the size of the number of templates. `derivatives.py` does the general case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from .interpolation import shape_basis, shape_basis_derivatives
from .model import LOWEST_RATE, HistFactory, cell_columns, reciprocal

#: Templates per nuisance parameter above which their products would be more work than the general case.
MOST_TEMPLATES = 4


@dataclass(frozen=True)
class Morphing:
    """Templates (B, R) of a model with G nuisances, and their products T_br T_bs, (R R, B).

    `rows` are cell, parameter and function of each template, as in `Block`; `cells` the templates of each cell, the
    nominal one first. `factors` are (cell, parameter, normsys) of what multiplies a cell, −1 for no normsys.
    """

    model: HistFactory
    rows: tuple[tuple[int, int, int], ...]
    templates: FloatArray
    products: FloatArray
    cells: tuple[slice, ...]
    factors: tuple[tuple[int, int, int], ...]
    #: Nuisance of each template's histosys, −1 for none, and of each factor.
    shaping: tuple[int, ...]
    scaling: tuple[int, ...]
    #: What each nuisance changes: the place of a derivative among those of `Morphed`, and what it multiplies.
    terms: tuple[tuple[tuple[int, int], ...], ...]

    def at(self, parameters: FloatArray) -> Morphed:
        """Evaluate at parameter vectors (P, N)."""
        model = self.model
        multiplied = model.factors(parameters)
        acting = sorted({parameter for _, parameter, _ in self.rows if parameter >= 0})
        place = {parameter: index for index, parameter in enumerate(acting)}
        values = shape_basis(parameters[acting], model.shape_code)
        first, second = shape_basis_derivatives(parameters[acting], model.shape_code)
        coefficients, slopes, bends = np.empty((3, len(self.rows), parameters.shape[1]))
        for row, (cell, parameter, function) in enumerate(self.rows):
            if parameter < 0:
                coefficients[row] = multiplied[cell]
                continue
            for target, source in ((coefficients, values), (slopes, first), (bends, second)):
                np.multiply(multiplied[cell], source[function][place[parameter]], out=target[row])
        rates = np.maximum(self.templates @ coefficients, LOWEST_RATE)
        log_slopes, log_bends = self._logarithmic(parameters)
        return Morphed(self, rates, coefficients, bends, [*slopes, *log_slopes], log_bends)

    def _logarithmic(self, parameters: FloatArray) -> tuple[list[FloatArray], list[FloatArray]]:
        """f′/f of each of `factors`, and f″/f − (f′/f)², (N,) each."""
        slopes, bends = self.model.norms.logarithmic_derivatives(parameters)
        first = [
            slopes[norm] if norm >= 0 else reciprocal(parameters[parameter]) for _, parameter, norm in self.factors
        ]
        second = [bends[norm] if norm >= 0 else 0.0 for _, _, norm in self.factors]
        return first, [bend - slope**2 for slope, bend in zip(first, second, strict=True)]


def morphing(model: HistFactory, values: FloatArray, whole: NDArray[np.intp]) -> Morphing | None:
    """Prepare a model whose nuisances all act on whole samples; None when it has too many templates for it to pay.

    `whole` (G,) are the nuisances, `values` (P,) those of all other parameters.
    """
    columns = [list(cell_columns(index, cell, model.shape_code)) for index, cell in enumerate(model.cells)]
    rows = tuple(row for column in columns for row, _ in column)
    if len(rows) > MOST_TEMPLATES * max(1, len(whole)):
        return None
    stops = np.cumsum([len(column) for column in columns]).tolist()
    cells = tuple(slice(stop - len(column), stop) for stop, column in zip(stops, columns, strict=True))
    templates = np.zeros((model.bins, len(rows)))
    for cell, place, column in zip(model.cells, cells, columns, strict=True):
        fixed = np.prod([values[parameters] for parameters in cell.locals], axis=0)
        templates[cell.bins, place] = np.stack([content * fixed for _, content in column], axis=1)
    position = {int(parameter): index for index, parameter in enumerate(whole)}
    factors = tuple(factor for factor in _factors(model) if factor[1] in position)
    shaping = tuple(position.get(parameter, -1) for _, parameter, _ in rows)
    scaling = tuple(position[parameter] for _, parameter, _ in factors)
    terms: list[list[tuple[int, int]]] = [[] for _ in whole]
    for row, place_ in enumerate(shaping):
        if place_ >= 0:
            terms[place_].append((row, row))
    for index, (place_, (cell_, _, _)) in enumerate(zip(scaling, factors, strict=True)):
        terms[place_].append((len(rows) + index, len(rows) + cell_))
    products = np.einsum("br,bs->rsb", templates, templates).reshape(-1, model.bins)
    return Morphing(model, rows, templates, products, cells, factors, shaping, scaling, tuple(map(tuple, terms)))


@dataclass(frozen=True)
class Morphed:
    """Rates (B, N), coefficients of the templates (R, N), and what their derivatives in the nuisances need.

    `derivatives` are (N,) arrays: of each coefficient in its histosys, then logarithmic ones of each factor; `bends`
    (R, N) and `log_bends` the second ones.
    """

    morphing: Morphing
    rates: FloatArray
    coefficients: FloatArray
    bends: FloatArray
    derivatives: list[FloatArray]
    log_bends: list[FloatArray]

    def gradient(self, vector: FloatArray) -> FloatArray:
        """Σ_b vector_b ∂rates_b, (G, N), for vectors (B, N)."""
        return self._slopes((self.morphing.templates.T @ vector)[:, None])[:, 0]

    def curvature(self, weight: FloatArray, residual: FloatArray | None) -> FloatArray:
        """Σ_b weight_b ∂rates_b ∂rates_b − residual_b ∂²rates_b, (G, G, N), for vectors (B, N)."""
        size = len(self.coefficients)
        products = (self.morphing.products @ weight).reshape(size, size, -1)
        if residual is None:
            return self._twice(products)
        projected = self.morphing.templates.T @ residual
        totals = [self._mixed(products, projected, rows) for rows in self.morphing.cells]
        result = self._twice(products)
        for place, bend, sum_ in zip(self.morphing.shaping, self.bends, projected, strict=True):
            if place >= 0:
                result[place, place] -= bend * sum_
        for place, (cell, _, _), bend in zip(
            self.morphing.scaling, self.morphing.factors, self.log_bends, strict=True
        ):
            result[place, place] -= bend * totals[cell]
        return result

    def _mixed(self, products: FloatArray, projected: FloatArray, rows: slice) -> FloatArray:
        """Take the mixed second derivatives of a cell's factors and shapes from `products`; the cell's Σ c_r t_r.

        For factors f, g and a coefficient c these are f′/f g′/g c t and f′/f c′ t. The same come from a change of the
        products of the cell's nominal template, which no histosys moves, with all others: d_r = t_r / c_0.
        """
        first = rows.start
        coefficients, sums = self.coefficients[rows], projected[rows]
        nominal = np.where(coefficients[0] == 0, 1.0, coefficients[0])
        shaped = np.einsum("rn,rn->n", coefficients[1:], sums[1:])
        change = sums / nominal
        products[first, rows] -= change
        products[first + 1 : rows.stop, first] -= change[1:]
        products[first, first] += shaped / nominal**2
        result: FloatArray = coefficients[0] * sums[0] + shaped
        return result

    def _twice(self, products: FloatArray) -> FloatArray:
        return self._slopes(self._slopes(products).transpose(1, 0, 2))

    def _slopes(self, array: FloatArray) -> FloatArray:
        """Σ_r (∂c_r / ∂ν) array_r, (G, S, N), of arrays (R, S, N)."""
        cells = (np.einsum("rn,rsn->sn", self.coefficients[rows], array[rows]) for rows in self.morphing.cells)
        sources = [*array, *cells]
        size = max(array.shape[-1], self.coefficients.shape[-1])
        result = np.empty((len(self.morphing.terms), array.shape[1], size))
        for target, terms in zip(result, self.morphing.terms, strict=True):
            if not terms:
                target[:] = 0.0
            for number, (derivative, source) in enumerate(terms):
                if number:
                    target += self.derivatives[derivative] * sources[source]
                else:
                    np.multiply(self.derivatives[derivative], sources[source], out=target)
        return result


def _factors(model: HistFactory) -> list[tuple[int, int, int]]:
    """Cell, parameter and normsys, or −1, of all that multiplies cells."""
    norms = [
        (index, int(model.norms.parameters[norm]), int(norm))
        for index, found in enumerate(model.cell_norms)
        for norm in found
    ]
    return norms + [(index, scale, -1) for index, cell in enumerate(model.cells) for scale in set(cell.scales)]
