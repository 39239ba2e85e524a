"""The command plan."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

from ...campaign.files import read_campaign
from ...campaign.model import Campaign
from ...design.search.rounds import first_campaign
from ...quantities.errors import BadInputError, PlanWarning
from ..checking import look_outside
from . import cost as estimate
from . import needed_events
from .cost import probe
from .pilot import check_target, pilot_errors


def plan(file: Path, cores: int, error: float | None, pilot: Path | None) -> str:
    """Estimate what a campaign costs, from a short probe of its simulator; with `error`, what that error needs.

    The pilot's results are in the campaign's own results folder unless another is given.
    """
    campaign = read_campaign(file)
    look_outside(campaign)
    if pilot is not None and error is None:
        raise BadInputError("--pilot: is read to find the events for an error; give --error too")
    if error is not None:
        return _needs(file, campaign, cores, error, pilot or Path("results") / file.stem)
    if campaign.search:
        campaign = first_campaign(campaign)
        warnings.warn("of a search only the first round can be planned", PlanWarning, stacklevel=2)
    probed = estimate.probe(campaign, time.perf_counter)
    return estimate.render(estimate.plan(campaign, probed, cores), campaign)


def _needs(file: Path, campaign: Campaign, cores: int, error: float, pilot: Path) -> str:
    if campaign.search:
        raise BadInputError(
            f"{file}: a search decides by itself how many events a setting gets; plan it without --error"
        )
    check_target(file, campaign, error)
    pilots = pilot_errors(file, pilot)
    return needed_events.render(pilots, error, campaign, probe(campaign, time.perf_counter), cores)
