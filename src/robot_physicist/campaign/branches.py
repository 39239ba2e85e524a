"""The branches of a campaign: settings, samples and exposures by label, and the events of each branch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from ..quantities import labels
from ..quantities.arrays import Values
from ..quantities.errors import CampaignError, UnknownNameError, nearest_point
from ..quantities.estimates import CONFIG, document
from ..quantities.events import Events, weighted_block
from ..quantities.seeds import branch_generator
from ..quantities.units import contradict
from ..simulators.choice import SimulatorChoice, build
from .model import Campaign, Observed, SimulatedBackground


@document(frozen=True, config=CONFIG)
class Branches:
    """branches.json: the labels over which a campaign fans out."""

    settings: list[str]
    """Labels of the settings φ."""
    samples: list[str]
    """Labels of what is simulated at each setting: parameter points θ, then backgrounds."""
    exposures: list[str]
    """Labels of the exposures."""
    allocations: list[str] = field(default_factory=list)
    """Labels of the exposures whose luminosity is shared among the settings."""


def entry_at(campaign: Campaign, setting: str, exposure: str) -> tuple[int, Observed] | None:
    """The observed data of one setting and exposure and their place in the campaign; None if there are none."""
    for index, entry in enumerate(campaign.observed):
        at = labels.label({name: entry.setting[name] for name in campaign.settings})
        if (at, exposure_label(campaign, entry)) == (setting, exposure):
            return index, entry
    return None


def exposure_label(campaign: Campaign, entry: Observed) -> str:
    """Label of the exposure of observed data: the campaign's first one if they do not say."""
    return entry.exposure or next(iter(campaign.exposures))


def check_setting(campaign: Campaign, setting: str) -> None:
    """Raise UnknownNameError, with the nearest one, when the campaign has no setting of this label."""
    settings = [labels.label(point) for point in campaign.setting_points]
    if setting not in settings:
        raise UnknownNameError(f"settings: there is no setting '{setting}'; {nearest_point(setting, settings)}")


def resolve(campaign: Campaign, setting: str, sample: str) -> tuple[SimulatorChoice, Values, Values]:
    """Find simulator, φ and θ of the branch with these labels.

    Raises UnknownNameError when the campaign has no such setting or sample.
    """
    settings = {labels.label(point): point for point in campaign.setting_points}
    points = {labels.label(point): point for point in campaign.simulated_points}
    backgrounds = {f"background={b.name}": b for b in campaign.backgrounds if isinstance(b, SimulatedBackground)}
    check_setting(campaign, setting)
    if sample in points:
        return campaign.simulator, settings[setting], points[sample]
    if sample in backgrounds:
        background = backgrounds[sample]
        return background.simulator, settings[setting], background.parameters
    raise UnknownNameError(
        f"parameters: there is no sample '{sample}'; {nearest_point(sample, [*points, *backgrounds])}"
    )


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
        block = sampler.sample(size, branch_generator(campaign.seed, phi, theta, number, purpose))
        check_units(block, campaign)
        yield block


def check_units(block: Events, campaign: Campaign) -> None:
    """Raise CampaignError when events come in another unit than the campaign's for an observable."""
    for name, observable in campaign.observables.items():
        said = block.units.get(name, "")
        if contradict(observable.unit, said):
            raise CampaignError(
                f"observables.{name}.unit: is '{observable.unit}', and the program says it writes '{said}'; change"
                " unit and range, or convert the values in the program"
            )
