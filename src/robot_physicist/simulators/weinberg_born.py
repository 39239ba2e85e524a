"""e⁺e⁻ → γ*/Z → μ⁺μ⁻ at tree level: the angle and the rate from a formula, for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..quantities.arrays import FloatArray, Values
from ..quantities.events import CrossSection, Events
from . import base
from .base import Sampler, Simulator, Variable

M_Z = 91.1876
ALPHA_M_Z = 0.00781751
#: First-order running of α with five quarks and three charged leptons, d(1/α)/d ln s = −b.
RUNNING = 0.725
ALPHA_S = 0.13
#: (ħc)² in GeV² pb.
PICOBARN = 0.3893793721e9
WIDTH = 2.4955
settings = {"sqrt_s": Variable("GeV", 12.0, 1000.0, "centre-of-mass energy √s")}
parameters = {"sin2theta_w": Variable("", 0.05, 0.6, "sin²θ_W, in the couplings and in the overall strength")}
observables = {"cos_theta": Variable("", -1.0, 1.0, "cosine of the angle between μ⁻ and e⁻")}


class MuonPairOptions(base.SimulatorOptions):
    """Options of the simulators of this process."""

    cos_theta_max: float = Field(1.0, gt=0, le=1)
    """Polar-angle cut: events with |cos θ| above it are rejected."""
    width: Literal["computed", "fixed"] = "computed"
    """Z width: computed from the couplings, hence dependent on sin²θ_W, or fixed to the measured one."""


def alpha(sqrt_s: float | FloatArray) -> FloatArray:
    """Running electromagnetic coupling α(s) = α(M_Z²)/(1 − α(M_Z²) b ln(s/M_Z²)); √s in GeV.

    >>> round(float(1 / alpha(91.1876)), 2)
    127.92
    """
    result: FloatArray = ALPHA_M_Z / (1 - ALPHA_M_Z * RUNNING * np.log(np.square(sqrt_s) / M_Z**2))
    return result


#: Colours, charge, sign of the weak isospin and mass in GeV of what a Z decays to.
FERMIONS = (
    *((3, -1 / 3, -1, mass) for mass in (0.0, 0.0, 4.8)),
    *((3, 2 / 3, 1, mass) for mass in (0.0, 1.5)),
    *((1, -1.0, -1, mass) for mass in (0.0, 0.0, 1.777)),
    *((1, 0.0, 1, 0.0) for _ in range(3)),
)


def z_width(sin2theta_w: float) -> float:
    """Tree-level width of the Z in GeV.

    Γ = α M_Z / (48 s²c²) Σ N_c β (v² (3 − β²)/2 + a² β²), v = 2T₃ − 4Q s², a = 2T₃, with a factor 1 + α_s/π for
    quarks (Particle Data Group, review of the electroweak model).
    """
    total = 0.0
    for colours, charge, isospin, mass in FERMIONS:
        beta = (1 - 4 * (mass / M_Z) ** 2) ** 0.5
        vector = (isospin - 4 * charge * sin2theta_w) ** 2 * (3 - beta**2) / 2
        total += colours * beta * (vector + beta**2) * (1 + ALPHA_S / np.pi if colours == 3 else 1.0)
    return float(ALPHA_M_Z * M_Z / (48 * sin2theta_w * (1 - sin2theta_w)) * total)


def _helicity_sums(sqrt_s: float | FloatArray, sin2theta_w: float, width: str) -> tuple[Any, Any]:
    """S = LL + RR + 2LR and D = LL + RR − 2LR of the squared helicity amplitudes, with a running width."""
    s, gamma = sqrt_s**2, WIDTH if width == "fixed" else z_width(sin2theta_w)
    left, right = -0.5 + sin2theta_w, sin2theta_w
    propagator: Any = s / (s - M_Z**2 + 1j * s * gamma / M_Z) / (sin2theta_w * (1 - sin2theta_w))
    same = abs(1 + left * left * propagator) ** 2 + abs(1 + right * right * propagator) ** 2
    opposite = 2 * abs(1 + left * right * propagator) ** 2
    return same + opposite, same - opposite


def asymmetry(sqrt_s: float, sin2theta_w: float, width: str = "computed") -> float:
    """Forward–backward asymmetry A_FB = ¾ D/S; √s in GeV.

    >>> round(asymmetry(80.0, 0.2312), 2)
    -0.73
    """
    total, difference = _helicity_sums(sqrt_s, sin2theta_w, width)
    return float(0.75 * difference / total)


def total_cross_section(sqrt_s: float, sin2theta_w: float, width: str = "computed") -> float:
    """σ = (π α²/8s)(8/3) S in picobarn, before any cut; √s in GeV."""
    total, _ = _helicity_sums(sqrt_s, sin2theta_w, width)
    return float(np.pi * alpha(sqrt_s) ** 2 / (8 * sqrt_s**2) * (8 / 3) * total * PICOBARN)


def differential(
    cosine: FloatArray, sqrt_s: float | FloatArray, sin2theta_w: float, width: str = "computed"
) -> FloatArray:
    """dσ/d cos θ = (π α²/8s) (S (1 + c²) + 2 D c) in picobarn at the given cosines, same shape; √s in GeV.

    >>> cosine, weight = np.polynomial.legendre.leggauss(2)
    >>> bool(np.isclose(weight @ differential(cosine, 82.0, 0.23), total_cross_section(82.0, 0.23)))
    True
    """
    total, difference = _helicity_sums(sqrt_s, sin2theta_w, width)
    shape = total * (1 + cosine**2) + 2 * difference * cosine
    result: FloatArray = np.pi * alpha(sqrt_s) ** 2 / (8 * np.square(sqrt_s)) * PICOBARN * shape
    return result


def acceptance(cos_theta_max: float) -> float:
    """Fraction of events with |cos θ| below a cut, ¾ (m + m³/3); independent of the asymmetry."""
    return 0.75 * (cos_theta_max + cos_theta_max**3 / 3)


class BornSampler(Sampler):
    """Draws cos θ from ⅜(1 + c²) + A c."""

    def __init__(self, a_fb: float, section: float, cos_theta_max: float) -> None:
        self.a_fb, self.section, self.cos_theta_max = a_fb, section, cos_theta_max

    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Draw `events` values and keep those inside the cut.

        1 + c² is the density of the median-like root of a cubic, inverted in closed form; the sign of c is
        then chosen with probability ½(1 + 8 A |c| / 3(1 + c²)), which adds the odd term exactly.
        """
        y = 4 * rng.random(events)
        root = np.sqrt(1 + y * y / 4)
        size = np.cbrt(y / 2 + root) + np.cbrt(y / 2 - root)
        forward = 0.5 * (1 + self.a_fb * size / (0.375 * (1 + size**2)))
        cosine = np.where(rng.random(events) < forward, size, -size).clip(-1, 1)
        kept = cosine[np.abs(cosine) <= self.cos_theta_max]
        return Events({"cos_theta": kept}, events, None, CrossSection(self.section))


class WeinbergBorn(Simulator):
    """p(c) = ⅜(1 + c²) + A_FB c and σ of e⁺e⁻ → μ⁺μ⁻ at tree level."""

    settings: ClassVar = settings
    parameters: ClassVar = parameters
    observables: ClassVar = observables
    Options: ClassVar = MuonPairOptions
    options: MuonPairOptions
    has_cross_section = True
    has_density = True
    has_ratios = True

    def prepare(self, setting: Values, parameters: Values) -> BornSampler:
        """Evaluate the asymmetry and the cross-section."""
        point = (setting["sqrt_s"], parameters["sin2theta_w"], self.options.width)
        return BornSampler(asymmetry(*point), total_cross_section(*point), self.options.cos_theta_max)

    def density(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Density of the accepted events at cos θ, same shape, normalised inside the cut."""
        x = columns["cos_theta"]
        a_fb = asymmetry(setting["sqrt_s"], parameters["sin2theta_w"], self.options.width)
        inside = np.abs(x) <= self.options.cos_theta_max
        result: FloatArray = np.where(inside, 0.375 * (1 + x**2) + a_fb * x, 0.0)
        result /= acceptance(self.options.cos_theta_max)
        return result

    def cdf(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Share of the accepted events below cos θ, ½ + [⅜(c + c³/3) + ½ A (c² − m²)]/acceptance, same shape."""
        a_fb = asymmetry(setting["sqrt_s"], parameters["sin2theta_w"], self.options.width)
        cut = self.options.cos_theta_max
        c = np.clip(columns["cos_theta"], -cut, cut)
        result: FloatArray = 0.5 + (0.375 * (c + c**3 / 3) + a_fb * (c**2 - cut**2) / 2) / acceptance(cut)
        return result

    def cross_section(self, setting: Values, parameters: Values) -> CrossSection:
        """Accepted cross-section in picobarn."""
        total = total_cross_section(setting["sqrt_s"], parameters["sin2theta_w"], self.options.width)
        return CrossSection(total * acceptance(self.options.cos_theta_max))
