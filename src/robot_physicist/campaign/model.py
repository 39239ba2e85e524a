"""The campaign: one YAML file that says everything about a study.

This model is the only place of the types, defaults, limits and meaning of its keys; the JSON schema and the
reference page are generated from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from ..design.search.options import Search
from ..design.sequence.options import Sequence
from ..histfactory.systematics import Systematic
from ..information.options import Estimator
from ..quantities import labels
from ..quantities.exposure import Planned
from ..quantities.observable import Observable
from ..quantities.options import FileName, Finite, Name, Section
from ..simulators.choice import SimulatorChoice
from ..templates.options import Simulation
from .variables import Domain, Parameter, PosteriorFile, Weights


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _as_labels(value: Any) -> Any:
    if any(isinstance(entry, Mapping) for entry in _as_list(value)):
        raise ValueError("name an exposure by its label, such as luminosity=1fb-1")
    return _as_list(value)


class SimulatedBackground(Section):
    """A background that a simulator makes, once per setting."""

    name: Name
    """Name of the sample in the workspace."""
    simulator: SimulatorChoice
    """Simulator of the background; it gets the settings of the campaign."""
    parameters: dict[Name, Finite] = Field(default_factory=dict)
    """Fixed parameter values that the background's simulator needs."""


class HistogramBackground(Section):
    """A background read from a histogram file; the same at every setting."""

    name: Name
    """Name of the sample in the workspace."""
    file: FileName
    """ROOT file or JSON file (`{"histogram name": [contents]}`), relative to the campaign file."""
    histogram: str
    """Name of the histogram in the file; contents in picobarn per bin."""


Background = Annotated[SimulatedBackground | HistogramBackground, Field(union_mode="left_to_right")]


class Observed(Section):
    """Data of a real experiment at one setting."""

    file: FileName
    """ROOT file with one entry per event, relative to the campaign file."""
    tree: str = "events"
    """Name of the tree in the file."""
    branches: dict[Name, str] = Field(default_factory=dict)
    """Branches of observables that have another name in the file, or expressions over branches such as
    `Muon_pt[:, 0] / 1000`, by observable."""
    selection: Annotated[list[str], BeforeValidator(_as_list, json_schema_input_type=list[str] | str)] = Field(
        default_factory=list
    )
    """Cuts, expressions over branches such as `num(Muon_pt) == 2`, each made on the events that those before it
    left."""
    setting: dict[Name, Finite]
    """The setting φ at which the data were taken; has to be one of the campaign's."""
    exposure: str = ""
    """Label of the exposure of the data, such as `luminosity=10fb-1`; the first one when empty."""


class PublishedLikelihood(Section):
    """A published likelihood: the campaign's signal takes the place of the one in its patchset (a *recast*).

    In the paths, `SETTING` and `EXPOSURE` stand for the labels of a setting and an exposure.
    """

    workspace: FileName
    """Path of the pyhf workspace with data and backgrounds, relative to the campaign file."""
    patchset: FileName
    """Path of the pyhf patchset of the published signal, relative to the campaign file."""


class Campaign(Section):
    """A study: one simulator, its settings φ and parameters θ, what is observed, and how much is simulated."""

    name: Name
    """Name of the campaign; the results of FILE.yaml go to results/FILE."""
    title: str = ""
    """One line for reports, any text."""
    seed: int = Field(ge=0, lt=2**63)
    """Every random number follows from this seed and the values of φ and θ."""
    simulator: SimulatorChoice
    """The model of the experiment."""
    settings: dict[Name, Domain] = Field(min_length=1)
    """The settings φ: the Cartesian product of these grids, or the domain of a search."""
    chosen_settings: list[dict[Name, Finite]] | None = None
    """Settings φ one by one, in place of the product of the grids; a search writes them for each of its rounds."""
    parameters: dict[Name, Parameter] = Field(min_length=1)
    """The parameters θ: the Cartesian product of these grids."""
    prior: Weights | PosteriorFile | None = None
    """A joint prior over all parameter points, in place of the product of the parameters' own."""
    observables: dict[Name, Observable] = Field(min_length=1)
    """What is measured per event; several observables are binned jointly."""
    exposure: Annotated[list[Planned], BeforeValidator(_as_list, json_schema_input_type=list[Planned] | Planned)] = (
        Field(min_length=1)
    )
    """How much data the experiment takes; each exposure of a list gets its own design."""
    simulation: Simulation = Simulation()
    """Size of the simulation."""
    backgrounds: list[Background] = Field(default_factory=list)
    """Other processes in the data; they need a luminosity as exposure."""
    systematics: list[Systematic] = Field(default_factory=list)
    """Systematic uncertainties, written into the workspaces."""
    observed: Annotated[
        list[Observed], BeforeValidator(_as_list, json_schema_input_type=list[Observed] | Observed)
    ] = Field(default_factory=list)
    """Data of real experiments, whose posterior is wanted."""
    published: PublishedLikelihood | None = None
    """A published likelihood onto which the signal of this campaign is recast, in place of a design."""
    estimator: Estimator = Estimator()
    """The integral over data, and posteriors."""
    search: Search | None = None
    """Settings are proposed round by round, in place of simulating all of them."""
    sequence: Sequence | None = None
    """Experiments one after the other, each with the posterior of those before it as its prior."""
    allocate: Annotated[list[str], BeforeValidator(_as_labels, json_schema_input_type=list[str] | str)] = Field(
        default_factory=list
    )
    """Exposures whose luminosity is shared among the settings so that it teaches most, by label such as
    `luminosity=1fb-1`."""

    @field_validator("search", mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("is empty; write `search: {}` for a search with all defaults, or remove it")
        return value

    @property
    def setting_points(self) -> list[dict[str, float]]:
        """All settings φ, in campaign order."""
        if self.chosen_settings is not None:
            return [{name: labels.rounded(point[name]) for name in self.settings} for point in self.chosen_settings]
        return labels.product({name: grid.points for name, grid in self.settings.items()})

    @property
    def parameter_points(self) -> list[dict[str, float]]:
        """All parameter points θ, in campaign order."""
        return labels.product({name: grid.points for name, grid in self.parameters.items()})

    @property
    def references(self) -> list[dict[str, float]]:
        """Parameter points whose weighted events serve all others; empty when each has its own events."""
        return [
            {name: labels.rounded(reference[name]) for name in self.parameters}
            for reference in self.simulation.references
        ]

    @property
    def simulated_points(self) -> list[dict[str, float]]:
        """Parameter points that are simulated: the references, or all."""
        return self.references or self.parameter_points

    @property
    def weighted_points(self) -> list[dict[str, float]]:
        """Points to which events carry weights: all parameter points, then the references that are none of them."""
        points = self.parameter_points
        return [*points, *(one for one in self.references if one not in points)] if self.references else []

    @property
    def samples(self) -> list[str]:
        """Labels of everything that is simulated at each setting: the points, then the backgrounds."""
        simulated = [f"background={b.name}" for b in self.backgrounds if isinstance(b, SimulatedBackground)]
        return [labels.label(point) for point in self.simulated_points] + simulated

    def batches_at(self, setting: str) -> list[int]:
        """Events per branch at the setting with this label, one number per round that has simulated there."""
        events = self.simulation.events_at.get(setting, self.simulation.events)
        return self.simulation.batches.get(setting, [events])

    def events_at(self, setting: str) -> int:
        """Events generated per branch at the setting with this label, in this round."""
        return self.batches_at(setting)[-1]

    @property
    def exposures(self) -> dict[str, Planned]:
        """The exposures by label."""
        return {labels.exposure_label(entry.model_dump()): entry for entry in self.exposure}
