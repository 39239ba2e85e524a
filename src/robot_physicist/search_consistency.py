"""What a search, and the settings it chooses, have to agree on with the rest of the campaign."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from . import labels
from .campaign import Campaign
from .errors import CampaignError, LabelClashError, UnknownNameError, nearest
from .search_campaign import Search

#: Variables of the settings over which a Gaussian process can still learn from tens of points.
MOST_VARIABLES = 4


def problems(campaign: Campaign) -> Iterator[CampaignError]:
    """Yield what is wrong with the section `search`, with ranges, and with settings listed one by one."""
    for name, domain in campaign.settings.items():
        if domain.range is None:
            continue
        if campaign.search is None and campaign.chosen_settings is None:
            yield CampaignError(
                f"settings.{name}.range: only a search can choose from a range; give 'values' or 'linspace',"
                " or add a section 'search'"
            )
        if not domain.range[0] < domain.range[1]:
            yield CampaignError(f"settings.{name}.range: the lower end must be below the upper one")
    yield from _chosen(campaign)
    if campaign.search is not None:
        yield from _search(campaign, campaign.search)


def _chosen(campaign: Campaign) -> Iterator[CampaignError]:
    seen: set[str] = set()
    for index, point in enumerate(campaign.chosen_settings or ()):
        place = f"chosen_settings[{index}]"
        if set(point) != set(campaign.settings):
            yield CampaignError(f"{place}: name each of {', '.join(campaign.settings)}")
            continue
        label = labels.label({name: point[name] for name in campaign.settings})
        if label in seen:
            yield LabelClashError(f"{place}: '{label}' is there already; remove it")
        seen.add(label)


def _search(campaign: Campaign, search: Search) -> Iterator[CampaignError]:
    if search.exposure and search.exposure not in campaign.exposures:
        advice = nearest(search.exposure, campaign.exposures)
        yield UnknownNameError(f"search.exposure: no exposure '{search.exposure}'; {advice}")
    if len(campaign.settings) > MOST_VARIABLES:
        yield CampaignError(f"settings: a search is over at most {MOST_VARIABLES} variables; fix some of them")
    first = search.initial * campaign.simulation.events * len(campaign.samples)
    if search.budget is not None and first > search.budget:
        yield CampaignError(
            f"search.budget: the first round alone generates {first} events ({search.initial} settings ×"
            f" {len(campaign.samples)} samples × simulation.events); raise it, or start with fewer"
        )
    for key in ("observed", "published"):
        if getattr(campaign, key):
            yield CampaignError(f"{key}: belongs to a setting that is known, and a search looks for one; remove it")
    for name in search.cost.per:
        if name not in campaign.settings:
            advice = nearest(name, campaign.settings)
            yield UnknownNameError(f"search.cost.per.{name}: is no variable of the settings; {advice}")
            return
    yield from _costs(campaign, search)


def _costs(campaign: Campaign, search: Search) -> Iterator[CampaignError]:
    # A linear function has its extremes at the corners.
    ends = [(min(domain.points), max(domain.points)) for domain in campaign.settings.values()]
    corners = [dict(zip(campaign.settings, corner, strict=True)) for corner in itertools.product(*ends)]
    cost, label = min((search.cost.of(corner), labels.label(corner)) for corner in corners)
    if cost <= 0:
        yield CampaignError(f"search.cost: is {cost:g} at {label}; a cost has to be positive")
    if search.affordable is not None and cost > search.affordable:
        yield CampaignError(f"search.affordable: no setting costs so little, the cheapest {cost:g}; raise it")
