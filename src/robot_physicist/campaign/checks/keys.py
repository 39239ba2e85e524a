"""What the keys of a campaign have to agree on with each other and with the simulator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ...quantities import labels
from ...quantities.errors import CampaignError, LabelClashError, ObservableError, UnknownNameError, nearest_point
from ...quantities.exposure import Luminosity, ObservedCount
from ...simulators import load
from ...simulators.base import Simulator
from ..model import Campaign
from ..variables import Normal, Weights
from . import allocation, search, sequence
from .limits import reserved_names, size
from .named_files import observed_problems, path_problems, published_problems
from .samples import sample_problems, systematic_problems
from .simulator import observable_problems, option_problems, reference_problems, variable_problems

#: Probability of a prior outside its grid above which the grid cannot be meant.
MOST_OUTSIDE = 0.5


def problems(campaign: Campaign) -> Iterator[CampaignError | ObservableError]:
    """Yield every disagreement, the most basic first; each names its place in the file."""
    try:
        simulator = load(campaign.simulator.name)
    except UnknownNameError as error:
        yield error
        return
    yield from search.problems(campaign)
    yield from size(campaign)
    yield from option_problems(campaign.simulator, simulator, "simulator.options")
    yield from reserved_names(campaign)
    yield from variable_problems(campaign, simulator)
    yield from observable_problems(campaign, simulator)
    yield from _exposures(campaign, simulator)
    yield from _as_observed(campaign)
    yield from _priors(campaign)
    yield from sample_problems(campaign)
    yield from systematic_problems(campaign)
    yield from observed_problems(campaign)
    yield from published_problems(campaign)
    yield from path_problems(campaign)
    yield from _simulation(campaign)
    yield from reference_problems(campaign, simulator)
    yield from sequence.problems(campaign, simulator)
    yield from allocation.problems(campaign)


def _simulation(campaign: Campaign) -> Iterator[CampaignError]:
    settings = [labels.label(point) for point in campaign.setting_points]
    numbers = {"events": campaign.simulation.events}
    batches = {setting: min(events, default=0) for setting, events in campaign.simulation.batches.items()}
    for key, by_setting in (("events_at", campaign.simulation.events_at), ("batches", batches)):
        for setting, events in by_setting.items():
            numbers[f"{key}.{setting}"] = events
            if setting not in settings:
                yield UnknownNameError(
                    f"simulation.{key}: there is no setting '{setting}'; {nearest_point(setting, settings)}"
                )
    for name, events in numbers.items():
        if events < campaign.simulation.folds:
            yield CampaignError(f"simulation.{name}: fewer events than folds; simulate more or use fewer folds")


def _exposures(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError]:
    if len(campaign.exposures) < len(campaign.exposure):
        yield LabelClashError("exposure: two entries are the same; remove one")
    for index, entry in enumerate(campaign.exposure):
        if isinstance(entry, Luminosity) and not simulator.has_cross_section:
            yield CampaignError(
                f"exposure[{index}].luminosity: {campaign.simulator.name} gives no cross-section; use 'events'"
            )
        if not isinstance(entry, Luminosity) and campaign.backgrounds:
            yield CampaignError(
                f"exposure[{index}].events: backgrounds need a luminosity, which says how many they are"
            )


def _as_observed(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield settings without data at an exposure that takes its number of events from them."""
    first = next(iter(campaign.exposures))
    data = [
        (labels.label({name: entry.setting[name] for name in campaign.settings}), entry.exposure or first)
        for entry in campaign.observed
        if set(entry.setting) == set(campaign.settings)
    ]
    for index, exposure in enumerate(campaign.exposure):
        if not isinstance(exposure, ObservedCount):
            continue
        for key in ("search", "sequence"):
            if getattr(campaign, key) is not None:
                yield CampaignError(f"exposure[{index}].events: no data are observed before a {key}; write a number")
        lacking = [one for one in map(labels.label, campaign.setting_points) if (one, "events=observed") not in data]
        if exposure.else_ is None and lacking:
            yield CampaignError(
                f"exposure[{index}].events: there are no observed data at {lacking[0]}; write {{events: observed,"
                " else: 2000}, the number of events of settings without data, or name their data in `observed`"
            )


def _priors(campaign: Campaign) -> Iterator[CampaignError]:
    for name, parameter in campaign.parameters.items():
        place, prior = f"parameters.{name}.prior", parameter.prior
        if isinstance(prior, Weights):
            yield from _weights(place, prior.weights, len(parameter.points))
        if isinstance(prior, Normal):
            pulls = [abs(value - prior.mean) / prior.sd for value in parameter.points]
            if min(pulls) > 30:
                yield CampaignError(
                    f"{place}: cannot be normalised, the grid is {min(pulls):.3g} standard deviations away from"
                    " its mean; move the mean or the grid"
                )
            elif (outside := prior.outside(parameter.points)) > MOST_OUTSIDE:
                yield CampaignError(
                    f"{place}: {outside:.1%} of it lies outside the grid, [{min(parameter.points):g},"
                    f" {max(parameter.points):g}]; move the mean, or widen the grid"
                )
    if isinstance(campaign.prior, Weights):
        yield from _weights("prior", campaign.prior.weights, len(campaign.parameter_points))


def _weights(place: str, weights: Sequence[float], points: int) -> Iterator[CampaignError]:
    if len(weights) != points:
        yield CampaignError(f"{place}.weights: {len(weights)} weights for {points} points; give one per point")
    elif not 0 < sum(weights) < math.inf:
        what = "all are zero; make one positive" if sum(weights) == 0 else "their sum is infinite; make them smaller"
        yield CampaignError(f"{place}.weights: cannot be normalised, {what}")
