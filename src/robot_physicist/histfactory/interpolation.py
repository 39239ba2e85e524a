"""How HistFactory interpolates between a nominal value and those at ±1 standard deviation.

Codes as in pyhf: 4 and 1 for the factors of normsys, 4p and 0 for the shifts of histosys. All arrays have the
parameter vectors last, (..., N).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray

NormCode = Literal["code4", "code1"]
ShapeCode = Literal["code4p", "code0"]
#: Modifiers per parameter from which powers of the parameter are worth a matrix product.
MANY_PER_PARAMETER = 4
#: Coefficients of α … α⁶ from value, slope and curvature at ±1: rows of powers, columns (value − 1, slope, curvature)
#: at +1 and −1 in turn. They solve Σ a_i (±1)^i = value − 1 and the same for two derivatives.
_POWERS = np.arange(1, 7)


def _conditions(alpha: float) -> FloatArray:
    value = alpha**_POWERS
    slope = _POWERS * alpha ** (_POWERS - 1.0)
    curvature = _POWERS * (_POWERS - 1.0) * alpha ** (_POWERS - 2.0)
    result: FloatArray = np.stack([value, slope, curvature])
    return result


_SOLUTION = np.round(16 * np.linalg.inv(np.concatenate([_conditions(1.0), _conditions(-1.0)]))) / 16


@dataclass(frozen=True)
class NormFactors:
    """The factors of T normsys modifiers, sorted by their parameters; make them with `norm_factors`.

    A factor is a polynomial for |α| < 1 and an exponential beyond (code 4), or an exponential of |α| everywhere
    (code 1). Both are a polynomial at α clipped to [−c, c], times e to the logarithm at ±1 times what was clipped:
    so the product over many modifiers takes one exponential.
    """

    parameters: NDArray[np.intp]
    log_low: FloatArray
    log_high: FloatArray
    coefficients: FloatArray
    clip: float

    def polynomials(self, alpha: FloatArray) -> FloatArray:
        """The polynomial part of all factors, (T, N), from parameters (P, N)."""
        if self.clip == 0:
            return np.ones((len(self.parameters), alpha.shape[1]))
        if len(self.parameters) < MANY_PER_PARAMETER * len(self.used):
            rows = np.clip(alpha[self.parameters], -self.clip, self.clip)
            return _horner(rows, self.coefficients) * rows + 1
        result = np.ones((len(self.parameters), alpha.shape[1]))
        for parameter, place in self._groups():
            inside = np.clip(alpha[parameter], -self.clip, self.clip)
            powers = np.empty((6, len(inside)))
            powers[0] = inside
            for order in range(1, 6):
                np.multiply(powers[order - 1], inside, out=powers[order])
            result[place] += self.coefficients[:, place].T @ powers
        return result

    @cached_property
    def used(self) -> NDArray[np.intp]:
        """The parameters, each once."""
        return np.unique(self.parameters)

    def logarithms(self, members: Sequence[NDArray[np.intp]]) -> FloatArray:
        """What `products` needs of each of G groups of modifiers: sums of logarithms at +1 and −1, (G, 2 P)."""
        place = np.searchsorted(self.used, self.parameters)
        logs = np.zeros((len(members), 2, len(self.used)))
        for index, rows in enumerate(members):
            np.add.at(logs[index, 0], place[rows], self.log_high[rows])
            np.add.at(logs[index, 1], place[rows], self.log_low[rows])
        return logs.reshape(len(members), -1)

    def products(self, alpha: FloatArray, members: Sequence[NDArray[np.intp]], logarithms: FloatArray) -> FloatArray:
        """Product of the factors of each group of modifiers, (G, N), from parameters (P, N)."""
        if not len(self.parameters):
            return np.ones((len(members), alpha.shape[1]))
        polynomials = self.polynomials(alpha)
        result: FloatArray = np.exp(logarithms @ self._clipped(alpha[self.used]))
        for factor, rows in zip(result, members, strict=True):
            for row in rows:
                factor *= polynomials[row]
        return result

    def logarithmic_derivatives(self, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
        """f′/f and f″/f of all factors, both (T, N), from parameters (P, N)."""
        if not len(self.parameters):
            return np.empty((0, alpha.shape[1])), np.empty((0, alpha.shape[1]))
        rows = alpha[self.parameters]
        slope = np.where(rows > 0, self.log_high[:, None], -self.log_low[:, None])
        if self.clip == 0:
            return slope, slope**2
        powers = _POWERS[:, None]
        value = _horner(rows, self.coefficients) * rows + 1
        first = _horner(rows, powers * self.coefficients) / value
        second = _horner(rows, (powers * (powers - 1) * self.coefficients)[1:]) / value
        inside = np.abs(rows) < self.clip
        return np.where(inside, first, slope), np.where(inside, second, slope**2)

    def _clipped(self, alpha: FloatArray) -> FloatArray:
        """What is clipped above, then below, (2 P, N)."""
        return np.concatenate([np.maximum(alpha - self.clip, 0.0), np.maximum(-alpha - self.clip, 0.0)])

    def _groups(self) -> Iterator[tuple[int, slice]]:
        starts = np.flatnonzero(np.diff(self.parameters, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(self.parameters)], strict=True):
            yield int(self.parameters[start]), slice(int(start), int(stop))


def _horner(x: FloatArray, coefficients: FloatArray) -> FloatArray:
    result = np.repeat(coefficients[-1][:, None], x.shape[1], axis=1)
    for coefficient in coefficients[-2::-1]:
        result *= x
        result += coefficient[:, None]
    return result


def norm_factors(
    parameters: NDArray[np.intp], low: FloatArray, high: FloatArray, code: NormCode = "code4"
) -> NormFactors:
    """Prepare the factors of normsys modifiers: their parameters, sorted, and values at −1 and +1, all (T,).

    >>> factors = norm_factors(np.array([0]), np.array([0.9]), np.array([1.2]))
    >>> one = [np.array([0])]
    >>> factors.products(np.array([[-1.0, 0.0, 1.0, 2.0]]), one, factors.logarithms(one))[0].round(12)
    array([0.9 , 1.  , 1.2 , 1.44])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        down, up = np.log(low), np.log(high)
        conditions = np.stack([high - 1, high * up, high * up**2, low - 1, -low * down, low * down**2])
        coefficients = np.einsum("rc,ct->rt", _SOLUTION, conditions)
    return NormFactors(parameters, down, up, coefficients, 1.0 if code == "code4" else 0.0)


def shape_basis(alpha: FloatArray, code: ShapeCode = "code4p") -> tuple[FloatArray, FloatArray]:
    """Two functions of α whose combination, `shape_rates` giving the coefficients, is the shift; like `alpha`.

    Code 4p: α and α⁶·3 − α⁴·10 + α²·15, beyond ±1 8|α|. Code 0: the positive and the negative part of α.
    """
    if code == "code0":
        return np.maximum(alpha, 0.0), np.minimum(alpha, 0.0)
    square = alpha * alpha
    inside = square * (square * (square * 3.0 - 10.0) + 15.0)
    return alpha, np.where(square > 1, 8.0 * np.abs(alpha), inside)


def shape_basis_derivatives(
    alpha: FloatArray, code: ShapeCode = "code4p"
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """First and second derivatives of the two functions of `shape_basis`."""
    zero = np.zeros_like(alpha)
    if code == "code0":
        return ((alpha > 0).astype(np.float64), (alpha <= 0).astype(np.float64)), (zero, zero)
    square = alpha * alpha
    outside = square > 1
    first = np.where(outside, 8.0 * np.sign(alpha), alpha * (square * (square * 18.0 - 40.0) + 30.0))
    second = np.where(outside, 0.0, square * (square * 90.0 - 120.0) + 30.0)
    return (np.ones_like(alpha), first), (zero, second)


def shape_rates(
    low: FloatArray, nominal: FloatArray, high: FloatArray, code: ShapeCode
) -> tuple[FloatArray, FloatArray]:
    """Coefficients of the two functions of `shape_basis`, both (H, B), from rates at −1 (H, B), 0 (B,) and +1 (H, B).

    >>> first, second = shape_rates(np.array([[8.0]]), np.array([10.0]), np.array([[13.0]]), "code4p")
    >>> one, other = shape_basis(np.array([-1.0, 1.0]))
    >>> first[0] * one + second[0] * other
    array([-2.,  3.])
    """
    up, down = high - nominal, nominal - low
    return (up, down) if code == "code0" else (0.5 * (up + down), 0.0625 * (up - down))
