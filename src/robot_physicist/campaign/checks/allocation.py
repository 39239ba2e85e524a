"""What shares of a luminosity have to agree on with the rest of the campaign."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...design.allocation.results import JUDGES
from ...quantities.errors import CampaignError, LabelClashError, UnknownNameError, nearest
from ...quantities.exposure import Luminosity
from ..model import Campaign
from .limits import MOST_BINS

#: Uniform numbers, one for each of these data sets and each bin of each setting: a quarter of a gigabyte.
MOST_NUMBERS = 30_000_000


def problems(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield what is wrong with the key `allocate`."""
    if not campaign.allocate:
        return
    for index, exposure in enumerate(campaign.allocate):
        yield from _exposure(campaign, f"allocate[{index}]", exposure)
        if exposure in campaign.allocate[:index]:
            yield LabelClashError(f"allocate[{index}]: '{exposure}' is there already; remove it")
    if campaign.sequence is not None:
        yield _apart("sequence", "takes all data of a round at one setting")
    yield from unfit(campaign)


def unfit(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield why no luminosity can be shared among the settings of a campaign."""
    if campaign.search is not None and campaign.chosen_settings is None:
        yield _apart("search", "simulates other settings in every round")
    if campaign.published is not None:
        yield _apart("published", "has the published data of one setting")
    settings = len(campaign.setting_points)
    if settings < 2:
        yield CampaignError("settings: there is one only, which gets all of a luminosity; add settings to share it")
    bins = math.prod(observable.bins for observable in campaign.observables.values())
    draws = JUDGES * campaign.estimator.draws
    most = min(MOST_BINS, MOST_NUMBERS // draws)
    if settings * bins > most:
        yield CampaignError(
            f"observables: {settings} settings × {bins} joint bins are too many to share a luminosity with"
            f" {campaign.estimator.draws} estimator.draws; use fewer of them, at most {most} bins of all settings"
        )


def _apart(key: str, what: str) -> CampaignError:
    return CampaignError(f"{key}: {what}, so that there is nothing to share; remove `{key}` or `allocate`")


def _exposure(campaign: Campaign, place: str, exposure: str) -> Iterator[CampaignError]:
    shared = [label for label, entry in campaign.exposures.items() if isinstance(entry, Luminosity)]
    if exposure not in campaign.exposures:
        advice = nearest(exposure, shared or campaign.exposures)
        yield UnknownNameError(f"{place}: no exposure '{exposure}'; {advice}")
    elif exposure not in shared:
        advice = f"name one of {', '.join(shared)}" if shared else "add one under `exposure`"
        yield CampaignError(
            f"{place}: '{exposure}' is a number of events, and a luminosity is what can be shared; {advice}"
        )
