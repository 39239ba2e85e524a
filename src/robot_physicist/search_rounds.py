"""The rounds of a search: what has been tried, what it was told, and the campaign of the next round."""

from __future__ import annotations

from .campaign import Campaign
from .design.search.bookkeeping import unit
from .design.search.options import Search
from .design.search.state import SearchState
from .quantities.errors import CampaignError


def search_of(campaign: Campaign) -> Search:
    """The section `search`; raises CampaignError when there is none."""
    if campaign.search is None:
        raise CampaignError("search: is missing; add a section 'search' to let settings be proposed")
    return campaign.search


def exposure_of(campaign: Campaign) -> str:
    """Label of the exposure whose gain is maximised."""
    return search_of(campaign).exposure or next(iter(campaign.exposures))


def summary(state: SearchState) -> str:
    """Say what a search knows, and what it does next, in a few lines."""
    lines = [
        f"Search of {state.campaign} · {state.exposure} · most {state.maximise}",
        f"{len(state.tried)} settings, {state.simulated_events:,} events",
    ]
    if state.best is not None and state.best_gain is not None and state.expected_regret is not None:
        known = f"{state.best_gain.value:.3f} ± {state.best_gain.error:.3f} {unit(state.maximise)}"
        lines.append(f"{state.best} is best: {known}; expected regret {state.expected_regret:.2g}")
    lines.append(f"stopped: {state.stopped}" if state.stopped else f"round {state.round}: {' '.join(state.proposed)}")
    return "\n".join(lines)


def round_campaign(campaign: Campaign, state: SearchState) -> Campaign:
    """The campaign of the round that a state proposes: its settings, and the events of each by round."""
    chosen = [one for one in state.tried if one.setting in state.proposed]
    simulation = campaign.simulation.model_copy(update={"batches": {one.setting: one.batches for one in chosen}})
    settings = [one.values for one in chosen]
    return campaign.model_copy(update={"simulation": simulation, "chosen_settings": settings})
