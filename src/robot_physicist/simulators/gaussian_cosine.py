"""The Gaussian toy of the active-sciencing demonstration: x ~ N(θ, sd 2 + cos φ), which tells most at φ = π."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ..quantities.arrays import FloatArray, Values
from .base import Simulator, Variable
from .gaussian import GaussianSampler, normal_cdf


def sd(phi: float) -> float:
    """Standard deviation of x, 2 + cos φ.

    >>> sd(np.pi)
    1.0
    """
    return float(2 + np.cos(phi))


class GaussianCosine(Simulator):
    """x ~ N(θ, sd 2 + cos φ)."""

    settings: ClassVar = {"phi": Variable(low=-1e3, high=1e3, description="angle φ")}
    parameters: ClassVar = {"theta": Variable(description="mean of x")}
    observables: ClassVar = {"x": Variable(description="the measured number")}
    has_density = True
    has_ratios = True

    def prepare(self, setting: Values, parameters: Values) -> GaussianSampler:
        """Fix mean and standard deviation."""
        return GaussianSampler(parameters["theta"], sd(setting["phi"]))

    def density(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """exp(−(x−θ)²/2σ²)/(σ√(2π)) with σ = 2 + cos φ, same shape as x.

        >>> toy = GaussianCosine(GaussianCosine.Options())
        >>> toy.density({"x": np.array([0.0])}, {"phi": np.pi}, {"theta": 0}).round(4)
        array([0.3989])
        """
        x, width = columns["x"], sd(setting["phi"])
        result: FloatArray = np.exp(-(((x - parameters["theta"]) / width) ** 2) / 2)
        result /= width * np.sqrt(2 * np.pi)
        return result

    def cdf(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Φ((x−θ)/σ) with σ = 2 + cos φ, same shape as x."""
        return normal_cdf(columns["x"], parameters["theta"], sd(setting["phi"]))
