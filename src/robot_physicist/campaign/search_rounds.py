"""The campaign of a round of a search."""

from __future__ import annotations

from ..design.search.options import Search
from ..design.search.state import SearchState
from ..quantities.errors import CampaignError
from .model import Campaign


def search_of(campaign: Campaign) -> Search:
    """The section `search`; raises CampaignError when there is none."""
    if campaign.search is None:
        raise CampaignError("search: is missing; add a section 'search' to let settings be proposed")
    return campaign.search


def initial_of(campaign: Campaign) -> int:
    """Settings of the first round: as many as are asked for, or by the number of variables that have a choice."""
    varied = sum(len(variable.points) > 1 for variable in campaign.settings.values())
    return search_of(campaign).first(varied)


def exposure_of(campaign: Campaign) -> str:
    """Label of the exposure whose gain is maximised."""
    return search_of(campaign).exposure or next(iter(campaign.exposures))


def round_campaign(campaign: Campaign, state: SearchState) -> Campaign:
    """The campaign of the round that a state proposes: its settings, and the events of each by round."""
    chosen = [one for one in state.tried if one.setting in state.proposed]
    simulation = campaign.simulation.model_copy(update={"batches": {one.setting: one.batches for one in chosen}})
    settings = [one.values for one in chosen]
    return campaign.model_copy(update={"simulation": simulation, "chosen_settings": settings})
