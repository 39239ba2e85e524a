"""Events that the rounds of a search add at a setting: histograms of all its batches become one."""

from __future__ import annotations

from collections.abc import Sequence

from .campaign import Campaign
from .provenance import branch_digest
from .quantities.errors import HistogramError
from .templates.histogram import Histogram


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
