"""Is what a search is told its own? States and gains of another campaign, and damaged ones, are refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...design.search.bookkeeping import untried
from ...design.search.domain import Domain, domain_of
from ...design.search.state import SearchState, Tried
from ...information.results import InformationGain
from ...quantities.errors import DigestMismatchError, LabelClashError
from ...quantities.labels import label
from ..model import Campaign
from ..search_rounds import exposure_of, search_of


def check_state(campaign: Campaign, state: SearchState, where: str) -> None:
    """Raise DigestMismatchError when a state cannot be that of the search of this campaign."""
    for problem in _problems(campaign, state):
        raise DigestMismatchError(
            f"{where}: the state of another search: {problem}; pass the one that `propose` wrote for the round before"
        )


def _problems(campaign: Campaign, state: SearchState) -> Iterator[str]:
    for what, found, wanted in (
        ("campaign", state.campaign, campaign.name),
        ("exposure", state.exposure, exposure_of(campaign)),
        ("maximise", state.maximise, search_of(campaign).maximise),
    ):
        if found != wanted:
            yield f"its {what} is '{found}', not '{wanted}'"
    if state.round < 1 or not state.tried:
        yield f"round {state.round} with {len(state.tried)} settings"
    domain = domain_of(campaign)
    for one in state.tried:
        yield from _setting(campaign, domain, one)
    for setting in state.proposed:
        if setting not in [one.setting for one in state.tried]:
            yield f"{setting} is proposed, and not among those tried"


def _setting(campaign: Campaign, domain: Domain, one: Tried) -> Iterator[str]:
    if set(one.values) != set(campaign.settings) or one.setting != label(
        {name: one.values[name] for name in campaign.settings}
    ):
        yield f"'{one.setting}' is no setting of this campaign"
        return
    outside = [
        name
        for name, axis in zip(domain.names, domain.axes, strict=True)
        if not axis[0] <= one.values[name] <= axis[-1]
    ]
    if outside:
        yield f"{one.setting} is outside settings.{outside[0]}"
    affordable = search_of(campaign).affordable
    if one.cost != untried(campaign, one.values).cost or (affordable is not None and one.cost > affordable):
        yield f"{one.setting} costs {one.cost:g} there"
    if not one.batches or min(one.batches) < 1 or len(one.batches) != len(one.rounds):
        yield f"{one.setting} has events {one.batches} in rounds {one.rounds}"


def check_gains(state: SearchState, gains: Sequence[InformationGain]) -> None:
    """Raise DigestMismatchError for gains of settings that were not asked for, LabelClashError for repetitions."""
    seen: set[tuple[str, str]] = set()
    asked_for = {one.setting for one in state.tried}
    for gain in gains:
        if gain.setting not in asked_for:
            raise DigestMismatchError(
                f"there is a result for {gain.setting}, for which this search has not asked; pass its own"
            )
        if (gain.setting, gain.exposure) in seen:
            raise LabelClashError(f"two results for {gain.setting}, {gain.exposure}; pass those of one round")
        seen.add((gain.setting, gain.exposure))
