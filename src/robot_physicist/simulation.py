"""Simulate one branch: all events of one sample (a parameter point or a background) at one setting."""

from __future__ import annotations

from collections.abc import Iterator

from .campaign import Campaign, SimulatedBackground
from .quantities import labels
from .quantities.arrays import Values
from .quantities.errors import UnknownNameError, nearest
from .quantities.events import Events, weighted_block
from .quantities.seeds import branch_generator
from .simulators.choice import SimulatorChoice, build


def resolve(campaign: Campaign, setting: str, sample: str) -> tuple[SimulatorChoice, Values, Values]:
    """Find simulator, φ and θ of the branch with these labels.

    Raises UnknownNameError when the campaign has no such setting or sample.
    """
    settings = {labels.label(point): point for point in campaign.setting_points}
    points = {labels.label(point): point for point in campaign.simulated_points}
    backgrounds = {f"background={b.name}": b for b in campaign.backgrounds if isinstance(b, SimulatedBackground)}
    if setting not in settings:
        raise UnknownNameError(f"settings: there is no setting '{setting}'; {nearest(setting, settings)}")
    if sample in points:
        return campaign.simulator, settings[setting], points[sample]
    if sample in backgrounds:
        background = backgrounds[sample]
        return background.simulator, settings[setting], background.parameters
    raise UnknownNameError(f"parameters: there is no sample '{sample}'; {nearest(sample, [*points, *backgrounds])}")


def blocks(campaign: Campaign, setting: str, sample: str) -> Iterator[Events]:
    """Yield the events of a branch in blocks, each seeded by its number.

    The seed depends on the values of φ and θ only, so extending a grid changes no existing branch; more
    events only add blocks at the end. The blocks of a later round are numbered on from those of the rounds before.
    """
    choice, phi, theta = resolve(campaign, setting, sample)
    simulator = build(choice)
    is_background = sample != labels.label(theta)
    points = [] if is_background else campaign.weighted_points
    sampler = simulator.prepare_weighted(phi, theta, points) if points else simulator.prepare(phi, theta)
    purpose = sample if is_background else "simulate"
    *before, events = campaign.batches_at(setting)
    block_size = weighted_block(simulator.block_size, len(points))
    first = sum(-(-batch // block_size) for batch in before)
    for number, start in enumerate(range(0, events, block_size), first):
        size = min(block_size, events - start)
        yield sampler.sample(size, branch_generator(campaign.seed, phi, theta, number, purpose))
