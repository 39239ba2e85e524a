"""Digests: what exactly determined a file, so that a file of another campaign is recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from ..quantities import labels
from ..quantities.errors import HistogramError
from ..templates.histogram import Histogram
from .branches import resolve
from .model import Campaign


def digests(campaign: Campaign, setting: str, sample: str) -> list[str]:
    """Digests of the batches of events of a branch, the first one first."""
    batches = range(len(campaign.batches_at(setting)))
    return [branch_digest(campaign, setting, sample, batch=batch) for batch in batches]


def check_complete(campaign: Campaign, setting: str, histograms: Sequence[Histogram]) -> None:
    """Raise HistogramError when a batch of a sample is missing of which there are others."""
    there = {one.digest for one in histograms}
    for sample in dict.fromkeys(one.sample for one in histograms):
        for number, digest in enumerate(digests(campaign, setting, sample), 1):
            if digest not in there:
                raise HistogramError(
                    f"no histogram for batch {number} of {setting}, {sample}; pass those of all rounds"
                )


def digest(value: Any) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the canonical JSON of a value.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def branch_digest(
    campaign: Campaign, setting: str, sample: str, events: int | None = None, batch: int | None = None
) -> str:
    """Digest of all that determines the events of a branch, and of nothing else.

    Extending a grid, another binning or exposure leave it unchanged, unless events carry weights to the grid.
    `events` stands for the campaign's number of them, `batch` is the index of an earlier one of its batches.
    """
    batches = campaign.batches_at(setting)
    last = len(batches) - 1 if batch is None else batch
    weighted = [] if sample.startswith("background=") else campaign.weighted_points
    choice, phi, theta = resolve(campaign, setting, sample)
    return digest(
        {
            "seed": campaign.seed,
            "simulator": choice.model_dump(mode="json"),
            "setting": {name: labels.number(value) for name, value in sorted(phi.items())},
            "parameters": {name: labels.number(value) for name, value in sorted(theta.items())},
            "sample": sample if sample.startswith("background=") else "",
            "events": events or batches[last],
            **({"after": batches[:last]} if last else {}),
            **({"weights": [labels.label(point) for point in weighted]} if weighted else {}),
        }
    )


def campaign_digest(campaign: Campaign) -> str:
    """Digest of the content of a campaign file, whatever its spelling."""
    return digest(campaign.model_dump(mode="json", exclude=_unused(campaign)))


def _unused(campaign: Campaign) -> dict[str, Any]:
    """Keys of loops and shares in a campaign that has none: its digest is the one from before they existed."""
    keys: dict[str, Any] = {
        key: True for key in ("search", "sequence", "chosen_settings") if getattr(campaign, key) is None
    }
    if not campaign.allocate:
        keys["allocate"] = True
    if not campaign.simulation.batches:
        keys["simulation"] = {"batches": True}
    fixed = [name for name, domain in campaign.settings.items() if domain.range is None]
    return {**keys, "settings": {name: {"range": True} for name in fixed}}
