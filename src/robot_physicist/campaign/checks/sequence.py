"""What a sequence of experiments has to agree on with the rest of the campaign."""

from __future__ import annotations

from collections.abc import Iterator

from ...quantities.arrays import Values
from ...quantities.errors import CampaignError, UnknownNameError, nearest
from ...simulators.base import Simulator, Variable
from ..model import Campaign, HistogramBackground


def problems(campaign: Campaign, simulator: type[Simulator]) -> Iterator[CampaignError]:
    """Yield what is wrong with the section `sequence`."""
    if campaign.sequence is None:
        return
    if len(campaign.exposure) > 1:
        yield CampaignError("sequence: every round has the same exposure; leave one")
    if campaign.search is not None:
        yield CampaignError("sequence: its settings cannot be searched for; list them, and remove `search`")
    if campaign.published is not None:
        yield CampaignError("sequence: a recast has its data already; remove `sequence` or `published`")
    rounds, data = campaign.sequence.rounds, len(campaign.observed)
    if data > rounds and not campaign.sequence.truth:
        yield CampaignError(f"sequence.rounds: {rounds}, with {data} entries in `observed`; make it {data} or more")
    if campaign.sequence.truth:
        yield from _truth(campaign, simulator, campaign.sequence.truth)


def _truth(campaign: Campaign, simulator: type[Simulator], truth: Values) -> Iterator[CampaignError]:
    if campaign.observed:
        yield CampaignError("sequence.truth: data are either simulated or observed; remove `truth` or `observed`")
    for name in truth:
        if name not in campaign.parameters:
            yield UnknownNameError(f"sequence.truth.{name}: no such parameter; {nearest(name, campaign.parameters)}")
    for name in campaign.parameters:
        variable = (simulator.parameters or {}).get(name, Variable())
        if name not in truth:
            yield CampaignError(f"sequence.truth.{name}: is missing; add it")
        elif not variable.low <= truth[name] <= variable.high:
            yield CampaignError(
                f"sequence.truth.{name}: {truth[name]:g} is outside [{variable.low:g}, {variable.high:g}], the range"
                f" of {campaign.simulator.name}; choose another"
            )
        elif not min(grid := campaign.parameters[name].points) <= truth[name] <= max(grid):
            yield CampaignError(
                f"sequence.truth.{name}: {truth[name]:g} is outside [{min(grid):g}, {max(grid):g}], where the prior"
                f" is; choose another, or widen parameters.{name}"
            )
    for index, background in enumerate(campaign.backgrounds):
        if isinstance(background, HistogramBackground):
            yield CampaignError(
                f"backgrounds[{index}].file: no events can be drawn from a histogram; with `sequence.truth` use"
                " simulated backgrounds"
            )
