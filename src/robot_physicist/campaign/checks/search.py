"""What a search, and the settings it chooses, have to agree on with the rest of the campaign."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from ...design.search.options import Cost, Search
from ...quantities import labels
from ...quantities.errors import CampaignError, LabelClashError, UnknownNameError, nearest
from ..model import Campaign
from ..search_rounds import initial_of

#: Width of a range relative to its ends, and in itself, within which labels and computers cannot tell settings apart.
SMALLEST_STEP, SMALLEST_WIDTH = 1e-9, 1e-280
#: Settings whose costs are looked at one by one.
MOST_LISTED = 10_000
#: Costs beyond these, or their inverses, overflow.
LARGEST_COST = 1e100
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
        yield from _range(f"settings.{name}.range", *domain.range)
    yield from _chosen(campaign)
    if campaign.search is not None:
        yield from _search(campaign, campaign.search)


def _range(place: str, low: float, high: float) -> Iterator[CampaignError]:
    if not low < high:
        yield CampaignError(f"{place}: the lower end must be below the upper one")
    elif not SMALLEST_STEP * max(abs(low), abs(high)) < high - low < math.inf or high - low < SMALLEST_WIDTH:
        yield CampaignError(f"{place}: no settings can be told apart between ends this close or far; change them")


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
    initial = min(initial_of(campaign), _size(campaign))
    first = initial * campaign.simulation.events * len(campaign.samples)
    if search.budget is not None and first > search.budget:
        yield CampaignError(
            f"search.budget: the first round alone generates {first} events ({initial} settings ×"
            f" {len(campaign.samples)} samples × simulation.events); raise it, or start with fewer: search.initial"
        )
    if campaign.simulation.events_at:
        yield CampaignError("simulation.events_at: a search decides how many events a setting gets; remove it")
    if search.maximise == "gain per cost" and "cost" not in search.model_fields_set:
        yield CampaignError("search.cost: is missing; say what a setting costs, or maximise the gain alone")
    for key in ("observed", "published"):
        if getattr(campaign, key):
            yield CampaignError(f"{key}: belongs to a setting that is known, and a search looks for one; remove it")
    for name in search.cost.per:
        if name not in campaign.settings:
            advice = nearest(name, campaign.settings)
            yield UnknownNameError(f"search.cost.per.{name}: is no variable of the settings; {advice}")
            return
    yield from _costs(campaign, search)


def _size(campaign: Campaign) -> float:
    """Number of settings in the domain; infinite if there is a range."""
    return math.prod(len(one.points) if one.range is None else math.inf for one in campaign.settings.values())


def _costs(campaign: Campaign, search: Search) -> Iterator[CampaignError]:
    for text in search.cost.at:
        yield from _at(campaign, text)
    costs = [(cost, label) for label, cost in _extremes(campaign, search.cost)]
    (cost, label), (most, _) = min(costs), max(costs)
    if cost <= 0:
        yield CampaignError(f"search.cost: is {cost:g} at {label}; a cost has to be positive")
    elif cost < 1 / LARGEST_COST or most > LARGEST_COST:
        yield CampaignError(f"search.cost: from {cost:g} to {most:g} is too much for computers; take another unit")
    if search.affordable is not None and cost > search.affordable:
        yield CampaignError(f"search.affordable: no setting costs so little, the cheapest {cost:g}; raise it")


def _extremes(campaign: Campaign, cost: Cost) -> Iterator[tuple[str, float]]:
    """Costs of the settings among which the cheapest and the dearest are.

    All are looked at if they are few; a linear function has its extremes at the corners.
    """
    if _size(campaign) <= MOST_LISTED:
        settings = labels.product({name: domain.points for name, domain in campaign.settings.items()})
        yield from ((labels.label(setting), cost.of(setting)) for setting in settings)
        return
    linear = cost.model_copy(update={"at": {}})
    ends = [(min(domain.points), max(domain.points)) for domain in campaign.settings.values()]
    corners = [dict(zip(campaign.settings, corner, strict=True)) for corner in itertools.product(*ends)]
    yield from ((labels.label(corner), linear.of(corner)) for corner in corners)
    yield from cost.at.items()


def _at(campaign: Campaign, text: str) -> Iterator[CampaignError]:
    """Is this the label of a setting of the domain, spelt as labels are?"""
    place = f"search.cost.at.{text}"
    try:
        values = labels.parse(text)
    except ValueError:
        values = {}
    if set(values) != set(campaign.settings):
        yield UnknownNameError(
            f"{place}: is no setting; write {','.join(f'{name}=VALUE' for name in campaign.settings)}"
        )
        return
    label = labels.label({name: values[name] for name in campaign.settings})
    if label != text:
        yield UnknownNameError(f"{place}: no setting is spelt like this; did you mean '{label}'?")
    for name, domain in campaign.settings.items():
        inside = min(domain.points) <= values[name] <= max(domain.points)
        if not inside or (domain.range is None and values[name] not in domain.points):
            yield UnknownNameError(
                f"{place}: {name}={labels.number(values[name])} is not among the settings; remove it"
            )
