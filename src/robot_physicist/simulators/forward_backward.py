"""The toy of the active-sciencing demonstration: a forward–backward asymmetry that a beam energy switches on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ..quantities.arrays import FloatArray, Values
from ..quantities.events import Events
from .base import Sampler, Simulator, Variable

#: Cells of the tabulated distribution function from which events are drawn by inversion.
CELLS = 20_000


def slope(beam_energy: float, theta: float) -> float:
    """Coefficient of c in the density, a = 2θ tanh(10 (2φ − 90)/90).

    >>> round(slope(50.0, 1.0), 4)
    1.6089
    """
    return float(2 * theta * np.tanh(10 * (2 * beam_energy - 90) / 90))


def _allowed(a: float) -> list[tuple[float, float]]:
    """Intervals of [−1, 1] where 1 + c² + a c is positive."""
    if abs(a) <= 2:
        return [(-1.0, 1.0)]
    root = (-a + np.array([-1, 1]) * np.sqrt(a * a - 4)) / 2
    low, high = np.clip(np.sort(root), -1, 1)
    return [(-1.0, float(low)), (float(high), 1.0)]


def _primitive(c: FloatArray, a: float) -> FloatArray:
    result: FloatArray = c + c**3 / 3 + a * c**2 / 2
    return result


def norm(a: float) -> float:
    """∫ max(0, 1 + c² + a c) dc over [−1, 1].

    >>> round(norm(0.0), 4)
    2.6667
    """
    return float(sum(np.diff(_primitive(np.array(interval), a))[0] for interval in _allowed(a)))


def below(c: FloatArray, a: float) -> FloatArray:
    """∫ max(0, 1 + c² + a c) dc from −1 to c, same shape as c, which may be outside [−1, 1].

    >>> below(np.array([-np.inf, 0.0, 1.0]), 0.0).round(4)
    array([0.    , 1.3333, 2.6667])
    """
    parts = [_primitive(np.clip(c, *ends), a) - _primitive(np.array(ends[0]), a) for ends in _allowed(a)]
    return sum(parts, np.zeros_like(c))


class ForwardBackwardSampler(Sampler):
    """Draws cos θ by inverting the distribution function."""

    def __init__(self, a: float) -> None:
        edges = np.linspace(-1, 1, CELLS + 1)
        # Piecewise linear in the density: exact integrals per cell, uniform within a cell of width 1e-4.
        steps = sum(np.diff(_primitive(np.clip(edges, low, high), a)) for low, high in _allowed(a) if high > low)
        self.edges = edges
        self.cumulative = np.concatenate([[0.0], np.cumsum(steps)])

    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Draw `events` values of cos θ."""
        uniform = rng.random(events) * self.cumulative[-1]
        cell = np.clip(np.searchsorted(self.cumulative, uniform, side="right") - 1, 0, CELLS - 1)
        width = self.cumulative[cell + 1] - self.cumulative[cell]
        fraction = np.divide(uniform - self.cumulative[cell], width, out=np.zeros(events), where=width > 0)
        return Events({"cos_theta": self.edges[cell] + fraction * (2 / CELLS)}, generated=events)


class ForwardBackward(Simulator):
    """p(c) ∝ max(0, 1 + c² + a c) on [−1, 1], a = 2θ tanh(10 (2φ − 90)/90), normalised after clipping."""

    settings: ClassVar = {"beam_energy": Variable("GeV", 0.0, 1e4, "energy φ of one beam")}
    parameters: ClassVar = {"theta": Variable(low=-100, high=100, description="size of the asymmetry")}
    observables: ClassVar = {"cos_theta": Variable("", -1.0, 1.0, "cosine of the scattering angle")}
    has_density = True
    has_ratios = True

    def prepare(self, setting: Values, parameters: Values) -> ForwardBackwardSampler:
        """Tabulate the distribution function."""
        return ForwardBackwardSampler(slope(setting["beam_energy"], parameters["theta"]))

    def density(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Normalised density at x, same shape; zero outside [−1, 1].

        >>> toy = ForwardBackward(ForwardBackward.Options())
        >>> toy.density({"cos_theta": np.array([0.0])}, {"beam_energy": 45}, {"theta": 1})
        array([0.375])
        """
        x, a = columns["cos_theta"], slope(setting["beam_energy"], parameters["theta"])
        inside = np.abs(x) <= 1
        result: FloatArray = np.where(inside, np.clip(1 + x**2 + a * x, 0, None), 0.0) / norm(a)
        return result

    def cdf(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """Share of the density below cos θ, same shape."""
        a = slope(setting["beam_energy"], parameters["theta"])
        return below(columns["cos_theta"], a) / norm(a)
