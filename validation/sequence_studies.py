"""Experiments that are repeated in sequences: settings, a grid of θ, and exact templates."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from robot_physicist.likelihood.data_points import DataPoints, data_points
from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.quantities.exposure import EventCount, Exposure, Luminosity
from robot_physicist.simulators import forward_backward, gaussian_cosine, weinberg_born
from robot_physicist.templates.templates import expected

DRAWS, REPEATS = 256, 200
Rates = Callable[[float, FloatArray], FloatArray]


@dataclass(frozen=True)
class Study:
    """Settings, first grid of θ with its prior, and expected events (K, B) per round at a setting and values of θ."""

    name: str
    parameter: str
    settings: FloatArray
    grid: FloatArray
    exposure: Exposure
    rates: Rates
    points: DataPoints

    @property
    def prior(self) -> FloatArray:
        """Uniform prior."""
        return np.full(len(self.grid), 1 / len(self.grid))


def study(
    name: str,
    parameter: str,
    settings: FloatArray,
    grid: FloatArray,
    exposure: Exposure,
    rates: Rates,
) -> Study:
    """Prepare the integral over data, which all settings and repeats share."""
    bins = rates(settings[0], grid[:1]).shape[1]
    points = data_points(exposure, bins, DRAWS, np.random.default_rng(0))
    return Study(name, parameter, settings, grid, exposure, rates, points)


def gaussian(phi: float, theta: FloatArray) -> FloatArray:
    """20 events of x ~ N(θ, sd 2 + cos φ) in 40 bins of [−12, 12], the tails in the first and the last."""
    from scipy.special import ndtr

    edges = np.linspace(-12, 12, 41)
    edges[[0, -1]] = -np.inf, np.inf
    return 20 * np.diff(ndtr((edges - theta[:, None]) / gaussian_cosine.sd(phi)), axis=1)


def tanh_toy(phi: float, theta: FloatArray) -> FloatArray:
    """20 events of p(c) ∝ max(0, 1 + c² + a c), a = 2θ tanh(10 (2φ − 90)/90), in 20 bins."""
    cosine = (np.arange(20 * 50) + 0.5) / 500 - 1
    slopes = np.array([forward_backward.slope(phi, value) for value in theta])
    density = np.maximum(1 + cosine**2 + slopes[:, None] * cosine, 0).reshape(len(theta), 20, -1).sum(axis=2)
    return 20 * density / density.sum(axis=1, keepdims=True)


def turn_on(phi: float, theta: FloatArray) -> FloatArray:
    """20 events, each accepted with probability 1/(1 + e^{(θ − φ)/0.2}) or not: where is the threshold θ?"""
    accepted = 1 / (1 + np.exp((theta - phi) / 0.2))
    return 20 * np.stack([accepted, 1 - accepted], axis=1)


def thousand(sqrt_s: float, theta: FloatArray) -> FloatArray:
    """250 events of e⁺e⁻ → μ⁺μ⁻, so that four rounds have a thousand."""
    rates = muon_pairs(Luminosity(luminosity=1.0), sqrt_s, theta)
    return 250 * rates / rates.sum(axis=1, keepdims=True)


def muon_pairs(exposure: Luminosity, sqrt_s: float, theta: FloatArray) -> FloatArray:
    """Expected events of e⁺e⁻ → μ⁺μ⁻ at tree level in 20 bins of cos θ, with the measured width of the Z."""
    edges = np.linspace(-1, 1, 21)
    slope = np.array([weinberg_born.asymmetry(sqrt_s, value, "fixed") for value in theta])
    section = np.array([weinberg_born.total_cross_section(sqrt_s, value, "fixed") for value in theta])
    shape = np.diff(0.375 * (edges + edges**3 / 3) + slope[:, None] * edges**2 / 2, axis=1)
    return expected(shape, section, exposure, np.zeros(20))


@dataclass(frozen=True)
class Case:
    """A study, the truth at which widths are compared, and the one fixed setting a reader would ask about."""

    study: Study
    truth: float
    usual: float
    axis: str
    label: str
    repeats: int

    @property
    def scale(self) -> float:
        """The angle is written in units of 10⁻⁴."""
        return 1.0 if self.label == "θ" else 1e4

    @property
    def usual_index(self) -> int:
        """Index of the fixed setting a reader would ask about."""
        return int(np.abs(self.study.settings - self.usual).argmin())

    @property
    def spelt(self) -> str:
        """Parameter and unit of a width."""
        return self.label if self.scale == 1 else f"{self.label} [10⁻⁴]"


@cache
def cases() -> list[Case]:
    """The toys of the active-sciencing demonstration, a turn-on curve, and the Weinberg angle."""
    events, angles = EventCount(events=20), np.linspace(0.2, 0.26, 13)
    lumi, energies = (
        Luminosity(luminosity=0.25),
        np.array([80, 82, 84, 86, 88, 89, 90, 90.5, 91, 91.2, 91.5, 92, 94, 96.5]),
    )
    toys = {
        "x ~ N(θ, sd 2 + cos φ), 20 events": (np.linspace(0, np.pi, 9), np.linspace(-4, 4, 17), gaussian),
        "forward–backward toy, 20 events": (np.linspace(40, 50, 11), np.linspace(-2, 2, 41), tanh_toy),
        "turn-on curve, 20 events": (np.linspace(-4, 4, 17), np.linspace(-4, 4, 41), turn_on),
    }
    made = [study(name, "theta", *grids, events, rates) for name, (*grids, rates) in toys.items()]
    wider = study("e⁺e⁻ → μ⁺μ⁻, 250 events", "sin2theta_w", energies, angles, EventCount(events=250), thousand)
    rated = study("e⁺e⁻ → μ⁺μ⁻, 0.25 pb⁻¹", "sin2theta_w", energies, angles, lumi, partial(muon_pairs, lumi))
    return [
        Case(made[0], 1.0, np.pi / 2, "φ", "θ", REPEATS),
        Case(made[1], 1.0, 46.0, "φ [GeV]", "θ", REPEATS),
        Case(made[2], 1.0, 2.0, "φ", "θ", REPEATS),
        Case(rated, 0.2312, 91.2, "√s [GeV]", "sin²θ_W", REPEATS // 2),
        Case(wider, 0.2312, 91.2, "√s [GeV]", "sin²θ_W", REPEATS // 2),
    ]
