"""Expected data and likelihood of a HistFactory model for many parameter vectors at once.

Equal to pyhf's `expected_data` and `logpdf` (Heinrich et al. 2021), in arrays that have the parameter vectors last:
what acts on whole samples makes a few rows of factors, one matrix product turns them into rates, and only then
come the parameters that act bin by bin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from .interpolation import NormCode, NormFactors, ShapeCode, norm_factors, shape_basis, shape_rates
from .specification import Cell, ParameterSet, Spec, cells, distinct, parameter_sets

scipy = lazy.load("scipy")


#: Parameter vectors per block: bounds the memory and keeps it in the cache.
CHUNK = 1024
#: Rates below this count as this: a histosys may drive them below zero, where no Poisson distribution is.
LOWEST_RATE = 1e-12
#: Shifts smaller than this, relative to nominal rates, are what rounding leaves of up and down variations that agree.
ROUNDING = 1e-15


@dataclass(frozen=True)
class Block:
    """Cells of one channel that share all bin-by-bin parameters: their rates are one matrix product.

    `matrix` (B, R) has a column per row of `rows`: a cell, and the parameter and function of one of its histosys
    modifiers, or −1 for its nominal rates.
    """

    bins: slice
    rows: tuple[tuple[int, int, int], ...]
    matrix: FloatArray
    locals: tuple[NDArray[np.intp], ...]


@dataclass(frozen=True)
class HistFactory:
    """A model with P parameters and B bins; make one with `histfactory`."""

    sets: tuple[ParameterSet, ...]
    cells: tuple[Cell, ...]
    blocks: tuple[Block, ...]
    norms: NormFactors
    cell_norms: tuple[NDArray[np.intp], ...]
    shape_code: ShapeCode

    @cached_property
    def cell_logarithms(self) -> FloatArray:
        """Sums of logarithms of each cell's normsys modifiers, for `NormFactors.products`."""
        return self.norms.logarithms(self.cell_norms)

    @cached_property
    def shifts(self) -> list[tuple[FloatArray, FloatArray]]:
        """Coefficients of the two functions of `shape_basis` for each cell's histosys modifiers, (H, B) each."""
        return [shape_rates(cell.low, cell.nominal, cell.high, self.shape_code) for cell in self.cells]

    @cached_property
    def moving(self) -> NDArray[np.intp]:
        """The parameters that move shapes, each once."""
        return np.unique([p for block in self.blocks for _, p, _ in block.rows if p >= 0]).astype(np.intp)

    @cached_property
    def gathers(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """For the rows of each block their cells, and which of 1 and the functions of `moving` multiplies them."""
        first = {parameter: 1 + index for index, parameter in enumerate(self.moving.tolist())}
        pairs = [
            [(cell, first[p] + function * len(self.moving) if p >= 0 else 0) for cell, p, function in block.rows]
            for block in self.blocks
        ]
        return [(rows[:, 0], rows[:, 1]) for rows in map(np.array, pairs)]

    @cached_property
    def names(self) -> list[str]:
        """Names of the parameters, as pyhf spells them."""
        return [name for one in self.sets for name in one.names]

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """Constraint of each parameter, (P,): `free`, `normal` or `poisson`."""
        return np.repeat([one.kind for one in self.sets], [len(one.init) for one in self.sets])

    @cached_property
    def init(self) -> FloatArray:
        """Initial values of the parameters, (P,)."""
        return np.concatenate([one.init for one in self.sets])

    @cached_property
    def bounds(self) -> FloatArray:
        """Bounds of the parameters, (P, 2)."""
        return np.concatenate([one.bounds for one in self.sets])

    @cached_property
    def fixed(self) -> NDArray[np.bool_]:
        """Which parameters the model holds fixed, (P,)."""
        return np.concatenate([one.fixed for one in self.sets])

    @cached_property
    def auxdata(self) -> FloatArray:
        """Nominal auxiliary data of each parameter, (P,); NaN for free ones."""
        return np.concatenate([one.auxdata for one in self.sets])

    @cached_property
    def width(self) -> FloatArray:
        """σ of normal and τ of Poisson constraints, (P,); NaN for free parameters."""
        return np.concatenate([one.width for one in self.sets])

    @cached_property
    def bins(self) -> int:
        """Number of bins of all channels."""
        return max(int(cell.bins.stop) for cell in self.cells)

    def factors(self, parameters: FloatArray) -> FloatArray:
        """What multiplies each cell as a whole, (cells, N), from parameters (P, N)."""
        result = self.norms.products(parameters, self.cell_norms, self.cell_logarithms)
        for index, cell in enumerate(self.cells):
            for parameter in cell.scales:
                result[index] *= parameters[parameter]
        return result

    def rates(self, parameters: FloatArray) -> FloatArray:
        """Expected counts (B, N) from parameters (P, N)."""
        factors = self.factors(parameters)
        one = np.ones((1, parameters.shape[1]))
        functions = np.concatenate([one, *shape_basis(parameters[self.moving], self.shape_code)])
        result = np.zeros((self.bins, parameters.shape[1]))
        for block, (cell, function) in zip(self.blocks, self.gathers, strict=True):
            rows = factors.take(cell, axis=0)
            rows *= functions.take(function, axis=0)
            rates = block.matrix @ rows
            for parameters_of in block.locals:
                rates *= _rows_of(parameters, parameters_of)
            result[block.bins] += rates
        return result

    def of_sample(self, name: str) -> HistFactory:
        """The same parameters, but one sample alone; its channel has to be the only one."""
        chosen = [index for index, cell in enumerate(self.cells) if cell.sample == name]
        cells = tuple(self.cells[index] for index in chosen)
        norms = tuple(self.cell_norms[index] for index in chosen)
        return replace(self, cells=cells, cell_norms=norms, blocks=tuple(_blocks(cells, self.shape_code)))

    def expected_data(self, parameters: FloatArray) -> FloatArray:
        """Expected counts and auxiliary data, (N, B + A), of parameter vectors (N, P)."""
        kinds, width = self.kinds, self.width
        constrained = np.flatnonzero(kinds != "free")
        result = np.empty((self.bins + len(constrained), len(parameters)))
        scale = np.where(kinds == "poisson", width, 1.0)[constrained]
        for start in range(0, len(parameters), CHUNK):
            part = slice(start, start + CHUNK)
            columns = np.ascontiguousarray(parameters[part].T)
            result[: self.bins, part] = self.rates(columns)
            np.multiply(columns[constrained], scale[:, None], out=result[self.bins :, part])
        return result.T

    def logpdf(self, parameters: FloatArray, data: FloatArray) -> FloatArray:
        """ln p(data | parameters), (N,), of data (N, B + A) or (B + A,): counts, then auxiliary data."""
        expected = self.expected_data(parameters)
        constrained = self.kinds != "free"
        normal = np.concatenate([np.zeros(self.bins, bool), (self.kinds == "normal")[constrained]])
        mean, counts = expected[:, ~normal], data[..., ~normal]
        sigma = self.width[self.kinds == "normal"]
        pull = (data[..., normal] - expected[:, normal]) / sigma
        with np.errstate(invalid="ignore"):
            poisson = (scipy.special.xlogy(counts, mean) - mean - scipy.special.gammaln(counts + 1)).sum(axis=-1)
        gauss = -0.5 * (pull**2).sum(axis=-1) - np.log(sigma * np.sqrt(2 * np.pi)).sum()
        result: FloatArray = poisson + gauss
        return result


def reciprocal(factors: FloatArray) -> FloatArray:
    """1 / factors of either sign, finite where they are zero."""
    result: FloatArray = 1 / np.where(np.abs(factors) < LOWEST_RATE, LOWEST_RATE, factors)
    return result


def _rows_of(parameters: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
    first, last = int(rows[0]), int(rows[-1])
    return parameters[first : last + 1] if last - first + 1 == len(rows) else parameters[rows]


def histfactory(spec: Spec, norm_code: NormCode = "code4", shape_code: ShapeCode = "code4p") -> HistFactory:
    """Build the evaluator of a model: channels and configured parameters, as `model_spec` reads them.

    >>> from .specification import model_spec
    >>> sample = {"name": "s", "data": [5.0, 7.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    >>> model = histfactory({"channels": [{"name": "c", "samples": [sample]}], "parameters": []})
    >>> model.expected_data(np.array([[1.0], [2.0]]))
    array([[ 5.,  7.],
           [10., 14.]])
    """
    spec = distinct(spec)
    sets = parameter_sets(spec)
    found = cells(spec, sets)
    triples = sorted({triple for cell in found for triple in cell.norms})
    parameters = np.array([parameter for parameter, _, _ in triples], dtype=np.intp)
    values = np.array([triple[1:] for triple in triples], dtype=np.float64).reshape(-1, 2)
    place = {triple: index for index, triple in enumerate(triples)}
    return HistFactory(
        sets=tuple(sets),
        cells=tuple(found),
        blocks=tuple(_blocks(found, shape_code)),
        norms=norm_factors(parameters, values[:, 0], values[:, 1], norm_code),
        cell_norms=tuple(np.array([place[triple] for triple in cell.norms], dtype=np.intp) for cell in found),
        shape_code=shape_code,
    )


def _blocks(found: Sequence[Cell], code: ShapeCode) -> list[Block]:
    groups: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for index, cell in enumerate(found):
        groups.setdefault((cell.start, tuple(int(rows[0]) for rows in cell.locals)), []).append(index)
    result = []
    for members in groups.values():
        columns = {key: value for index in members for key, value in cell_columns(index, found[index], code)}
        matrix = np.stack([*columns.values()], axis=1)
        result.append(Block(found[members[0]].bins, tuple(columns), matrix, found[members[0]].locals))
    return result


def cell_columns(index: int, cell: Cell, code: ShapeCode) -> Iterator[tuple[tuple[int, int, int], FloatArray]]:
    """Nominal rates of a cell, and what its histosys modifiers add to them; no column for those that add nothing."""
    yield (index, -1, 0), cell.nominal
    for function, shifts in enumerate(shape_rates(cell.low, cell.nominal, cell.high, code)):
        for parameter, shift in zip(cell.shapes, shifts, strict=True):
            if (np.abs(shift) > ROUNDING * cell.nominal).any():
                yield (index, parameter, function), shift
