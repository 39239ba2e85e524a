"""e⁺e⁻ → X → μ⁺μ⁻: a new particle X whose mass and width are the parameters, to be found by an energy scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from ..quantities.arrays import FloatArray, Values
from ..quantities.events import CrossSection
from . import base
from .base import Simulator, Variable
from .resonance import ResonanceSampler, angular_cdf, angular_density, breit_wigner


class LineshapeOptions(base.SimulatorOptions):
    """Options of the new particle."""

    spin: Literal[0, 1, 2] = 1
    """Spin: 0 (any angle), 1 (like the photon) or 2 (like a graviton)."""
    peak: float = Field(1.0, gt=0, allow_inf_nan=False)
    """Cross-section at √s = M in picobarn."""
    continuum: float = Field(0.0, ge=0, allow_inf_nan=False)
    """Cross-section in picobarn that does not depend on √s, with the same angles."""


class Lineshape(Simulator):
    """A new particle in e⁺e⁻ → X → μ⁺μ⁻: rates at several energies tell its mass from its width."""

    settings: ClassVar = {"sqrt_s": Variable("GeV", 1.0, 1e5, "centre-of-mass energy √s")}
    parameters: ClassVar = {
        "mass": Variable("GeV", 1.0, 1e5, "mass M"),
        "width": Variable("GeV", 1e-6, 1e4, "total width Γ"),
    }
    observables: ClassVar = {"cos_theta": Variable("", -1.0, 1.0, "cosine of the angle between μ⁻ and e⁻")}
    Options: ClassVar = LineshapeOptions
    has_cross_section = True
    has_density = True
    has_ratios = True
    options: LineshapeOptions

    def prepare(self, setting: Values, parameters: Values) -> ResonanceSampler:
        """Tabulate the distribution function."""
        return ResonanceSampler(self.options.spin, self.cross_section(setting, parameters).value)

    def density(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Normalised density at cos θ, same shape; zero outside [−1, 1]."""
        return angular_density(columns["cos_theta"], self.options.spin)

    def cdf(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Share of the density below cos θ, same shape."""
        return angular_cdf(columns["cos_theta"], self.options.spin)

    def cross_section(self, setting: Values, parameters: Values) -> CrossSection:
        """σ(√s) = peak · M²Γ²/[(s − M²)² + M²Γ²] + continuum in picobarn, exact.

        >>> scan = Lineshape(LineshapeOptions(peak=2.0, continuum=0.5))
        >>> scan.cross_section({"sqrt_s": 250.0}, {"mass": 250.0, "width": 10.0}).value
        2.5
        """
        shape = breit_wigner(setting["sqrt_s"], parameters["mass"], parameters["width"])
        return CrossSection(self.options.peak * shape + self.options.continuum)
