"""Search for the setting with the highest information gain, round by round."""

from __future__ import annotations

from collections.abc import Sequence

from .campaign import Campaign
from .documents import InformationGain
from .labels import label
from .search_documents import SearchState, Tried
from .search_rounds import asked, exposure_of, search_of, simulated, told, untried


def next_round(campaign: Campaign, before: SearchState | None, gains: Sequence[InformationGain]) -> SearchState:
    """What to simulate next, from the state of the search so far and the gains of its last round."""
    search, exposure = search_of(campaign), exposure_of(campaign)
    number = 1 if before is None else before.round + 1
    tried = [] if before is None else told(before.tried, gains, exposure)
    new = [untried(campaign, point) for point in campaign.setting_points][: search.initial] if before is None else []
    events = {label(one.values): campaign.simulation.events for one in new}
    tried = asked(tried, events, new, number)
    return SearchState(
        campaign=campaign.name,
        round=number,
        exposure=exposure,
        maximise=search.maximise,
        tried=tried,
        proposed=list(events),
        simulated_events=simulated(tried, len(campaign.samples)),
        best=_best(tried),
        stopped="" if events else "one round is all there is",
    )


def _best(tried: Sequence[Tried]) -> str | None:
    known = [(one.gain.value, one.setting) for one in tried if one.gain]
    return max(known)[1] if known else None
