"""Gauss–Legendre quadrature."""

from __future__ import annotations

import numpy as np

from ..quantities.arrays import FloatArray


def gauss_legendre(low: float, high: float, nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights, both (nodes,), of Gauss–Legendre quadrature on [low, high].

    >>> x, w = gauss_legendre(0, 1, 3)
    >>> round(float(w @ x**2), 12)
    0.333333333333
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    return (high - low) / 2 * x + (high + low) / 2, (high - low) / 2 * w
