"""The original toy: one number x ~ N(θ, variance φ)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..quantities.arrays import FloatArray, Values
from ..quantities.events import Events
from .base import Sampler, Simulator, Variable


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

    def density(self, x: FloatArray, setting: Values, parameters: Values) -> FloatArray:
        """exp(−(x−θ)²/2φ)/√(2πφ), same shape as x.

        >>> Gaussian(Gaussian.Options()).density(np.array([0.0]), {"variance": 1}, {"theta": 0}).round(4)
        array([0.3989])
        """
        variance = setting["variance"]
        result: FloatArray = np.exp(-((x - parameters["theta"]) ** 2) / (2 * variance))
        result /= np.sqrt(2 * np.pi * variance)
        return result
