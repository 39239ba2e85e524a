"""Maximum likelihood of Poisson counts whose logarithms are linear in coefficients."""

from __future__ import annotations

import numpy as np

from ..quantities.arrays import FloatArray

ITERATIONS = 50
TOLERANCE = 1e-6


def newton(
    counts: FloatArray, scale: FloatArray, basis: FloatArray, start: FloatArray, centre: FloatArray, ridge: FloatArray
) -> FloatArray:
    """Maximise Σ n ln μ − μ − ½ ridge (c − centre)² with ln μ = ln scale + basis · c, for all bins at once.

    `counts` (..., K, B), `scale` (K, B), `basis` (..., K, T), `start` and result (..., B, T), `centre` and `ridge`
    (..., 1, T).
    """
    functions = basis.shape[-1]
    prior = ridge[..., None] * np.eye(functions)
    products = (basis[..., :, None] * basis[..., None, :]).reshape(*basis.shape[:-1], functions**2)
    coefficients = start.copy()
    moving = np.arange(counts.shape[-1])
    for _ in range(ITERATIONS):
        now = coefficients[..., moving, :]
        mean = scale * np.exp(np.clip(basis @ now.swapaxes(-1, -2), -700, 50))
        gradient = (counts - mean).swapaxes(-1, -2) @ basis - ridge * (now - centre)
        curvature = (mean.swapaxes(-1, -2) @ products).reshape(*gradient.shape, functions) + prior
        step = _solved(curvature, gradient)
        # Steps of more than one unit of ln p overshoot where a bin is nearly empty.
        step /= np.maximum(1.0, np.abs(step @ basis.swapaxes(-1, -2)).max(axis=-1, keepdims=True))
        coefficients[..., moving, :] = now + step
        # Bins with many counts arrive long before those that are nearly empty.
        left = np.abs(step).reshape(-1, len(moving), functions).max(axis=(0, 2)) >= TOLERANCE
        if not left.any():
            break
        if not left.all():
            moving, counts, scale = moving[left], counts[..., left], scale[..., left]
    return coefficients


def _solved(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Solve positive systems (..., T, T) and (..., T), singular to rounding where one θ outweighs all others."""
    try:
        solution = np.linalg.solve(matrices, vectors[..., None])
    except np.linalg.LinAlgError:
        size = np.trace(matrices, axis1=-2, axis2=-1)[..., None, None]
        solution = np.linalg.solve(matrices + 1e-10 * size * np.eye(matrices.shape[-1]), vectors[..., None])
    return np.asarray(solution[..., 0], np.float64)
