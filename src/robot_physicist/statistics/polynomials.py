"""Polynomials in θ, in which the logarithms of templates are written."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray


@dataclass(frozen=True)
class Basis:
    """Orthonormal polynomials on the parameter points: values (K, T) and total degrees (T,), the first constant."""

    values: FloatArray
    degrees: NDArray[np.intp]

    @property
    def complete(self) -> bool:
        """Are there as many functions as points, so that any dependence on θ is possible?"""
        return bool(self.values.shape[0] == self.values.shape[1])

    def low(self, degree: int) -> FloatArray:
        """The polynomials (K, L) of at most this degree."""
        return self.values[:, self.degrees <= degree]

    def high(self, degree: int) -> FloatArray:
        """The polynomials (K, H) of a higher degree."""
        return self.values[:, self.degrees > degree]

    def with_shape(self, shape: FloatArray) -> Basis:
        """The same with another function (K,), whatever the degree; what the others describe of it is left out."""
        left = shape - self.values @ (self.values.T @ shape)
        values = np.column_stack([self.values, left / np.linalg.norm(left)])
        return Basis(values, np.append(self.degrees, 0))


def polynomials(points: FloatArray, degree: int) -> Basis:
    """Orthonormal polynomials of total degree ≤ `degree` on the parameter points (K, P), the lowest first.

    >>> polynomials(np.linspace(0, 1, 5)[:, None], 2).values.shape
    (5, 3)
    """
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = 2 * (points - low) / np.where(high > low, high - low, 1.0) - 1
    limits = [min(degree, len(np.unique(column)) - 1) for column in points.T]
    powers = [p for p in itertools.product(*(range(limit + 1) for limit in limits)) if sum(p) <= degree]
    powers.sort(key=sum)
    legendre = [np.polynomial.legendre.legvander(x, limit) for x, limit in zip(scaled.T, limits, strict=True)]
    products = (np.prod([v[:, n] for v, n in zip(legendre, p, strict=True)], axis=0) for p in powers)
    orthonormal, triangle = np.linalg.qr(np.stack(list(products), axis=1))
    # A grid of few points cannot tell high powers apart: keep what is linearly independent.
    size = np.abs(np.diag(triangle))
    kept = size > 1e-9 * size.max()
    return Basis(orthonormal[:, kept], np.array([sum(p) for p in powers])[: len(kept)][kept])


def complete(points: FloatArray) -> Basis:
    """As many polynomials as there are points (K, P)."""
    return polynomials(points, sum(len(np.unique(column)) - 1 for column in points.T))
