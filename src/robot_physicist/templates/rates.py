"""The total rate as a smooth function of θ, with the errors of cross-sections and acceptances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..quantities.arrays import FloatArray
from ..statistics.deviance import REFUSED
from ..statistics.polynomials import polynomials
from .templates import Templates, accepted_cross_section


@dataclass(frozen=True)
class RateModel:
    """Logarithm of the accepted cross-section: its average, deviations from it (K,), errors (K,) and smoother (K, K).

    `true` are the deviations (K,) shortened by their noise; `dimensions` counts the free coefficients behind them.
    """

    average: float
    deviations: FloatArray
    true: FloatArray
    errors: FloatArray
    smoother: FloatArray
    dimensions: int

    @property
    def energy(self) -> float:
        """Sum of the squares of the true deviations, in standard errors."""
        return float((_in_errors(self.true, self.errors) ** 2).sum())

    @property
    def fitted(self) -> FloatArray:
        """Smoothed accepted cross-sections (K,), in picobarn."""
        result: FloatArray = np.exp(self.average + self.deviations)
        return result

    def truth(self, strength: float) -> FloatArray:
        """Accepted cross-sections (K,) of a strength; what is known without error keeps its own."""
        factors = np.where(self.errors > 0, strength, 1.0)
        result: FloatArray = np.exp(self.average + factors * self.true)
        return result

    def refitted(self, strength: float, copies: int, rng: np.random.Generator) -> FloatArray:
        """Smoothed cross-sections (R, K) of repeated measurements."""
        noise = self.errors * rng.standard_normal((copies, len(self.errors)))
        result: FloatArray = np.exp((np.log(self.truth(strength)) + noise) @ self.smoother.T)
        return result


def rate_model(templates: Templates, highest: int) -> RateModel:
    """Smooth the accepted cross-sections of templates by a polynomial up to degree `highest`, if they allow it."""
    accepted, errors = accepted_cross_section(templates)
    logs = np.log(accepted)
    smoother, functions = _smoother(logs, errors, templates.coordinates, highest)
    smooth = smoother @ logs
    deviations = smooth - smooth.mean()
    length = (_in_errors(deviations, errors) ** 2).sum()
    share = max(1 - (functions - 1) / length, 0.0) if length > 0 else 1.0
    return RateModel(float(smooth.mean()), deviations, np.sqrt(share) * deviations, errors, smoother, functions - 1)


def no_rate(points: int) -> RateModel:
    """Of K points whose rates say nothing, as with a fixed number of events."""
    zero = np.zeros(points)
    return RateModel(0.0, zero, zero, zero, np.eye(points), 0)


def _smoother(logs: FloatArray, errors: FloatArray, points: FloatArray, highest: int) -> tuple[FloatArray, int]:
    """Matrix (K, K) of the weighted fit with the least χ² + 2 (number of coefficients), and that number."""
    best, functions, criterion = np.eye(len(logs)), len(logs), np.inf
    if not (errors > 0).all():
        return best, functions
    for degree in range(1, highest + 1):
        basis = polynomials(points, degree).values
        weighted = basis / errors[:, None]
        matrix = basis @ np.linalg.pinv(weighted) / errors
        freedom = len(logs) - basis.shape[1]
        chi_squared = (((logs - matrix @ logs) / errors) ** 2).sum()
        accepted = chi_squared <= freedom + REFUSED * np.sqrt(2 * freedom)
        if accepted and chi_squared + 2 * basis.shape[1] < criterion:
            best, functions, criterion = matrix, basis.shape[1], chi_squared + 2 * basis.shape[1]
    return best, functions


def _in_errors(deviations: FloatArray, errors: FloatArray) -> FloatArray:
    return np.divide(deviations, errors, out=np.zeros_like(deviations), where=errors > 0)
