"""The original toy: one number x ~ N(θ, variance φ)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import lazy_loader as lazy
import numpy as np

from ..quantities.arrays import FloatArray, Values
from ..quantities.events import Events
from .base import Sampler, Simulator, Variable

scipy = lazy.load("scipy")


def normal_cdf(x: FloatArray, mean: float, sd: float) -> FloatArray:
    """Φ((x − mean)/sd), same shape as x, which may be ±∞.

    >>> normal_cdf(np.array([-np.inf, 1.0, 3.0]), 1.0, 2.0).round(6)
    array([0.      , 0.5     , 0.841345])
    """
    result: FloatArray = scipy.special.ndtr((x - mean) / sd)
    return result


class GaussianSampler(Sampler):
    """Draws from one normal distribution."""

    def __init__(self, mean: float, sd: float) -> None:
        self.mean, self.sd = mean, sd

    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Draw `events` values."""
        return Events({"x": rng.normal(self.mean, self.sd, events)}, generated=events)


class Gaussian(Simulator):
    """x ~ N(θ, variance φ)."""

    settings: ClassVar = {"variance": Variable(low=1e-12, high=1e12, description="variance of x")}
    parameters: ClassVar = {"theta": Variable(description="mean of x")}
    observables: ClassVar = {"x": Variable(description="the measured number")}
    has_density = True
    has_ratios = True

    def prepare(self, setting: Values, parameters: Values) -> GaussianSampler:
        """Fix mean and variance."""
        return GaussianSampler(parameters["theta"], setting["variance"] ** 0.5)

    def density(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """exp(−(x−θ)²/2φ)/√(2πφ), same shape as x.

        >>> Gaussian(Gaussian.Options()).density({"x": np.array([0.0])}, {"variance": 1}, {"theta": 0}).round(4)
        array([0.3989])
        """
        x, variance = columns["x"], setting["variance"]
        result: FloatArray = np.exp(-((x - parameters["theta"]) ** 2) / (2 * variance))
        result /= np.sqrt(2 * np.pi * variance)
        return result

    def cdf(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Φ((x−θ)/√φ), same shape as x."""
        return normal_cdf(columns["x"], parameters["theta"], setting["variance"] ** 0.5)
