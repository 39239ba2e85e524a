"""Data of an experiment that has not been done, simulated at a parameter point that is taken for the true one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ...campaign.model import Campaign, SimulatedBackground
from ...quantities.arrays import FloatArray, Values
from ...quantities.errors import SimulationError
from ...quantities.events import Events
from ...quantities.exposure import INVERSE_PICOBARN, EventCount, Exposure
from ...quantities.observable import Observable
from ...quantities.seeds import branch_generator
from ...simulators.base import Sampler
from ...simulators.choice import SimulatorChoice, build

#: Events of a block, and blocks after which nothing was recorded.
BLOCK, MOST_BLOCKS = 10_000, 1000
#: Weights are taken to be below this times the highest of the probe.
MARGIN = 1.1


def pseudo_data(campaign: Campaign, exposure: Exposure, setting: Values, truth: Values, purpose: str) -> Events:
    """Simulate the data of one exposure at the setting φ and the true θ, backgrounds included.

    `purpose` goes into the seeds, so that every round has its own data. A number of events is that of recorded ones;
    with a luminosity L, the number of generated events is Poisson with mean σL. Events with weights w are kept with
    probability w/m, where m is above all weights, and for a luminosity m times as many are generated. Raises
    SimulationError when a weight is negative, a cross-section is missing, or no event is recorded.
    """
    choices = {"": (campaign.simulator, truth)}
    for background in campaign.backgrounds:
        if isinstance(background, SimulatedBackground):
            choices[background.name] = background.simulator, background.parameters
    parts = [
        _sample(campaign, exposure, choice, setting, theta, f"{purpose} {name}".strip())
        for name, (choice, theta) in choices.items()
    ]
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in campaign.observables}
    return Events(columns, generated=sum(part.generated for part in parts))


def _sample(
    campaign: Campaign, exposure: Exposure, choice: SimulatorChoice, setting: Values, theta: Values, purpose: str
) -> Events:
    sampler = build(choice).prepare(setting, theta)

    def generator(block: int) -> np.random.Generator:
        return branch_generator(campaign.seed, setting, theta, block, purpose)

    # Block 0 is a probe, and no part of the data.
    size = BLOCK if isinstance(exposure, EventCount) else campaign.simulation.events
    probe = sampler.sample(size, generator(0))
    highest = _highest_weight(probe, choice)
    if isinstance(exposure, EventCount):
        blocks = (_unweighted(sampler, BLOCK, highest, generator(block)) for block in range(1, MOST_BLOCKS + 1))
        return _recorded(blocks, exposure.events, campaign.observables)
    if probe.cross_section is None:
        raise SimulationError(f"{choice.name}: gives no cross-section, which data of a luminosity need")
    luminosity = exposure.luminosity * INVERSE_PICOBARN[exposure.unit]
    rng = generator(1)
    generated = int(rng.poisson(luminosity * probe.cross_section.value * highest))
    if generated == 0:
        return Events({name: np.empty(0) for name in probe.columns}, 0)
    return _unweighted(sampler, generated, highest, rng)


def _highest_weight(probe: Events, choice: SimulatorChoice) -> float:
    """More than any weight of an event; 1 for events without weights."""
    if probe.weights is None or not probe.accepted:
        return 1.0
    if probe.weights.min() < 0:
        raise SimulationError(f"{choice.name}: some events have negative weights; no experiment records such events")
    return float(MARGIN * probe.weights.max())


def _unweighted(sampler: Sampler, events: int, highest: float, rng: np.random.Generator) -> Events:
    block = sampler.sample(events, rng)
    if block.weights is None:
        return block
    kept = rng.random(block.accepted) * highest < block.weights
    return Events({name: column[kept] for name, column in block.columns.items()}, block.generated)


def _recorded(blocks: Iterator[Events], wanted: int, observables: Mapping[str, Observable]) -> Events:
    """The first `wanted` events that the experiment records."""
    columns: dict[str, list[FloatArray]] = {name: [] for name in observables}
    found = generated = 0
    for block in blocks:
        inside = np.ones(block.accepted, dtype=bool)
        for name, observable in observables.items():
            low, high = observable.range
            inside &= (observable.overflow != "drop") | ((block.columns[name] >= low) & (block.columns[name] <= high))
        for name in observables:
            columns[name].append(block.columns[name][inside])
        found, generated = found + int(inside.sum()), generated + block.generated
        if found >= wanted:
            return Events({name: np.concatenate(parts)[:wanted] for name, parts in columns.items()}, generated)
    raise SimulationError(f"{found} of {wanted} events were recorded of {generated}; widen the observables' ranges")
