"""What every simulator looks like to the rest of the project.

A simulator is one file in this folder with one subclass of `Simulator`; its name is the file's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..quantities.arrays import FloatArray, Values
from ..quantities.events import CrossSection, Events


@dataclass(frozen=True)
class Variable:
    """A quantity with a unit and the closed interval in which the simulator accepts it."""

    unit: str = ""
    low: float = -np.inf
    high: float = np.inf
    description: str = ""


class SimulatorOptions(BaseModel):
    """Options of a simulator; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sampler(ABC):
    """A simulator prepared for one setting and one parameter point."""

    @abstractmethod
    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Simulate `events` events; the same generator state gives the same bytes."""


class Simulator(ABC):
    """p(x | θ, φ) as a program: `prepare` fixes φ and θ, the sampler it returns makes events.

    `settings`, `parameters` and `observables` declare the names the simulator understands;
    None (only for black boxes) means that any name is passed on.
    """

    settings: ClassVar[Mapping[str, Variable] | None]
    parameters: ClassVar[Mapping[str, Variable] | None]
    observables: ClassVar[Mapping[str, Variable] | None]
    Options: ClassVar[type[SimulatorOptions]] = SimulatorOptions
    #: Does every event come with a cross-section, so that the exposure may be a luminosity?
    has_cross_section: ClassVar[bool] = False
    #: Can events carry weights to other parameter points, so that one sample serves all of them?
    has_ratios: ClassVar[bool] = False
    #: Can `density` be called?
    has_density: ClassVar[bool] = False
    #: Events per seeded block: bounds the memory, and block b is the same however many follow it.
    block_size: ClassVar[int] = 1_000_000
    #: Where the campaign file is, to which paths among the options are relative; None where there is no file.
    folder: Path | None = None

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options

    @abstractmethod
    def prepare(self, setting: Values, parameters: Values) -> Sampler:
        """Fix φ and θ; expensive initialisation belongs here."""

    def prepare_weighted(self, setting: Values, parameters: Values, points: Sequence[Values]) -> Sampler:
        """Fix φ and θ; the events of the sampler carry `ratios` to these points.

        A simulator that knows its density need not do anything: dσ(θ')/dσ(θ) = σ(θ') p(x|θ') / σ(θ) p(x|θ).
        """
        if not self.has_density:
            raise NotImplementedError(f"{type(self).__name__} gives no weights to other parameter points")
        return DensityWeighted(self, setting, parameters, points)

    def density(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray:
        """p(x | θ, φ) of accepted events, for simulators that know it.

        `columns` has all observables of the simulator as arrays of one shape, which is that of the result. The
        integral over everything that `observables` allows is one.
        """
        raise NotImplementedError(f"{type(self).__name__} does not know its density")

    def cdf(self, columns: Mapping[str, FloatArray], setting: Values, parameters: Values) -> FloatArray | None:
        """Probability that all observables of an accepted event are below the values in `columns`, same shape.

        For simulators that know it in closed form; None for others. The values may be ±∞.
        """
        return None

    def cross_section(self, setting: Values, parameters: Values) -> CrossSection | None:
        """The exact cross-section, for simulators that know it without simulating."""
        return None

    def lacks(self) -> str | None:
        """Say which option names something that is not there, and what to do; None when events can be made."""
        return None

    def note(self) -> str | None:
        """Say which option works, but should be written otherwise."""
        return None

    def versions(self) -> Mapping[str, str]:
        """Versions of the programs behind the simulator, for the provenance of its files."""
        return {}


class DensityWeighted(Sampler):
    """A simulator that knows its density, with weights to other parameter points."""

    def __init__(self, simulator: Simulator, setting: Values, parameters: Values, points: Sequence[Values]) -> None:
        self.simulator, self.setting, self.parameters, self.points = simulator, setting, parameters, points
        self.sampler = simulator.prepare(setting, parameters)

    def sample(self, events: int, rng: np.random.Generator) -> Events:
        """Simulate the same events as without weights, and their ratios."""
        block = self.sampler.sample(events, rng)
        here = self._differential(block.columns, self.parameters)
        ratios = np.zeros((len(here), len(self.points)))
        for index, point in enumerate(self.points):
            np.divide(self._differential(block.columns, point), here, out=ratios[:, index], where=here > 0)
        return replace(block, ratios=ratios)

    def _differential(self, columns: Mapping[str, FloatArray], parameters: Values) -> FloatArray:
        density = self.simulator.density(columns, self.setting, parameters)
        section = self.simulator.cross_section(self.setting, parameters)
        return density if section is None else section.value * density
