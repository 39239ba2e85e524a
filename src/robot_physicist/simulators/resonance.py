"""e⁺e⁻ → X → μ⁺μ⁻: a new particle X, whose spin sets the angle and whose peak cross-section is the parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.polynomial import Polynomial
from pydantic import Field

from ..quantities.arrays import FloatArray, Values
from ..quantities.events import CrossSection, Events
from . import base
from .base import Sampler, Simulator, Variable

#: Normalised densities of c = cos θ by spin: 1/2, 3(1 + c²)/8 and 5(1 − 3c² + 4c⁴)/8.
ANGLES = {
    0: Polynomial([0.5]),
    1: Polynomial([0.375, 0, 0.375]),
    2: Polynomial([0.625, 0, -1.875, 0, 2.5]),
}
#: Edges between which the distribution function is tabulated, from which events are drawn by inversion.
EDGES = np.linspace(-1, 1, 20_001)


def angular_density(cosine: FloatArray, spin: int) -> FloatArray:
    """Normalised density at cos θ, same shape; zero outside [−1, 1].

    >>> angular_density(np.array([0.0, 2.0]), 1)
    array([0.375, 0.   ])
    """
    result: FloatArray = np.where(np.abs(cosine) <= 1, ANGLES[spin](cosine), 0.0)
    return result


def angular_cdf(cosine: FloatArray, spin: int) -> FloatArray:
    """Share of the density below cos θ, same shape; the cosine may be outside [−1, 1].

    >>> angular_cdf(np.array([-np.inf, 0.0, 2.0]), 1)
    array([0. , 0.5, 1. ])
    """
    result: FloatArray = ANGLES[spin].integ(lbnd=-1)(np.clip(cosine, -1, 1))
    return result


def breit_wigner(sqrt_s: float, mass: float, width: float) -> float:
    """Cross-section relative to the peak, M²Γ²/[(s − M²)² + M²Γ²]; all arguments in GeV.

    >>> breit_wigner(250.0, 250.0, 10.0)
    1.0
    """
    return (mass * width) ** 2 / ((sqrt_s**2 - mass**2) ** 2 + (mass * width) ** 2)


class ResonanceOptions(base.SimulatorOptions):
    """Options of the new particle."""

    spin: Literal[0, 1, 2] = 1
    """Spin: 0 (any angle), 1 (like the photon) or 2 (like a graviton)."""
    mass: float = Field(250.0, gt=0, allow_inf_nan=False)
    """Mass in GeV."""
    width: float = Field(10.0, gt=0, allow_inf_nan=False)
    """Width in GeV."""


class ResonanceSampler(Sampler):
    """Draws cos θ by inverting the distribution function of the spin."""

    def __init__(self, spin: int, section: float) -> None:
        primitive = ANGLES[spin].integ(lbnd=-1)
        self.cumulative, self.section = primitive(EDGES), section

    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Draw `events` values of cos θ."""
        cosine = np.interp(rng.random(events), self.cumulative, EDGES)
        return Events({"cos_theta": cosine}, generated=events, cross_section=CrossSection(self.section))


class Resonance(Simulator):
    """A new particle in e⁺e⁻ → X → μ⁺μ⁻: its spin sets the angle, a Breit–Wigner the rate; no interference."""

    settings: ClassVar = {"sqrt_s": Variable("GeV", 1.0, 1e5, "centre-of-mass energy √s")}
    parameters: ClassVar = {"peak": Variable("pb", 1e-12, 1e6, "cross-section at √s = M")}
    observables: ClassVar = {"cos_theta": Variable("", -1.0, 1.0, "cosine of the angle between μ⁻ and e⁻")}
    Options: ClassVar = ResonanceOptions
    has_cross_section = True
    has_density = True
    has_ratios = True
    options: ResonanceOptions

    def prepare(self, setting: Values, parameters: Values) -> ResonanceSampler:
        """Tabulate the distribution function."""
        return ResonanceSampler(self.options.spin, self.cross_section(setting, parameters).value)

    def density(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Normalised density at cos θ, same shape; zero outside [−1, 1].

        >>> forward = {"cos_theta": np.array([1.0])}
        >>> Resonance(ResonanceOptions(spin=2)).density(forward, {"sqrt_s": 250}, {"peak": 1})
        array([1.25])
        """
        return angular_density(columns["cos_theta"], self.options.spin)

    def cdf(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Share of the density below cos θ, same shape."""
        return angular_cdf(columns["cos_theta"], self.options.spin)

    def cross_section(self, setting: Values, parameters: Values) -> CrossSection:
        """The cross-section in picobarn, exact."""
        return CrossSection(
            parameters["peak"] * breit_wigner(setting["sqrt_s"], self.options.mass, self.options.width)
        )
