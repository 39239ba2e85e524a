"""The rounds of a search: what has been tried, what it was told, and the campaign of the next round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...campaign.model import Campaign
from ...campaign.search_rounds import search_of
from ...information.results import InformationGain
from ...quantities.errors import DigestMismatchError
from ...quantities.estimates import Estimate
from ...quantities.labels import label
from .state import Tried

#: Standard deviations from the middle of a 95% interval to its ends.
Z95 = 1.959964


def told(tried: Sequence[Tried], gains: Sequence[InformationGain], exposure: str) -> list[Tried]:
    """Put the gains of a round into what was tried; a gain of more events takes the place of an older one.

    The error is the standard error or half the longer side of the 95% interval, which is longer where templates are
    not smooth and where the gain is next to nothing or all there is.
    Raises DigestMismatchError when a gain that was asked for is missing.
    """
    found = {gain.setting: _estimate(gain) for gain in gains if gain.exposure == exposure}
    missing = [one.setting for one in tried if one.gain is None and one.setting not in found]
    if missing:
        raise DigestMismatchError(f"no result for {missing[0]}, {exposure}; run the eig stage for it")
    return [replace(one, gain=found.get(one.setting, one.gain)) for one in tried]


def _estimate(gain: InformationGain) -> Estimate:
    interval = gain.corrected
    side = max(interval.high - interval.value, interval.value - interval.low)
    return Estimate(interval.value, max(interval.error, side / Z95))


def asked(tried: Sequence[Tried], events: Mapping[str, int], new: Sequence[Tried], number: int) -> list[Tried]:
    """Add a round to what was tried: `events` more per branch, by label, at settings that were tried or are `new`."""
    known = [*tried, *(one for one in new if one.setting not in {two.setting for two in tried})]
    return [
        replace(one, rounds=[*one.rounds, number], batches=[*one.batches, events[one.setting]])
        if one.setting in events
        else one
        for one in known
    ]


def untried(campaign: Campaign, values: Mapping[str, float]) -> Tried:
    """A setting at which nothing has been simulated yet."""
    cost = search_of(campaign).cost.of(values)
    return Tried(label(values), dict(values), cost, rounds=[], batches=[], gain=None)


def simulated(tried: Sequence[Tried], samples: int) -> int:
    """Events of all settings and samples."""
    return samples * sum(sum(one.batches) for one in tried)


def unit(maximise: str) -> str:
    """Unit of what is maximised.

    >>> unit("gain"), unit("gain per cost")
    ('nats', 'nats per cost')
    """
    return "nats" if maximise == "gain" else "nats per cost"
