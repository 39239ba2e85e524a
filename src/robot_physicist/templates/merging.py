"""Events that the rounds of a search add at a setting: histograms of all its batches become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..quantities.errors import LabelClashError
from ..quantities.events import CrossSection, Events, combine
from .histogram import Histogram, Reweighted


def one_per_sample(histograms: Sequence[Histogram]) -> list[Histogram]:
    """Add the histograms of the same setting and sample, in the order in which their first ones come.

    Raises LabelClashError when the same events are given twice.
    """
    found: dict[tuple[str, str], list[Histogram]] = {}
    for one in histograms:
        found.setdefault((one.setting, one.sample), []).append(one)
    return [_sum(batches) for batches in found.values()]


def _sum(batches: Sequence[Histogram]) -> Histogram:
    if len({one.digest for one in batches}) < len(batches):
        raise LabelClashError("two of the histograms belong to the same sample; pass each file once")
    if len(batches) == 1:
        return batches[0]
    section: CrossSection | None = None
    generated = 0
    for one in batches:
        known = None if one.cross_section is None else CrossSection(one.cross_section, one.cross_section_error or 0.0)
        section = combine(section, generated, Events({}, one.generated, None, known))
        generated += one.generated
    return replace(
        batches[0],
        sumw=np.sum([one.sumw for one in batches], axis=0),
        sumw2=np.sum([one.sumw2 for one in batches], axis=0),
        generated=generated,
        outside=float(sum(one.outside for one in batches)),
        cross_section=None if section is None else section.value,
        cross_section_error=None if section is None else section.error,
        reweighted=_reweighted([one.reweighted for one in batches if one.reweighted is not None]),
    )


def _reweighted(batches: Sequence[Reweighted]) -> Reweighted | None:
    if not batches:
        return None
    sums = {key: np.sum([getattr(one, key) for one in batches], axis=0) for key in ("sumw", "sumw2", "outside")}
    return replace(batches[0], **sums, tails=np.max([one.tails for one in batches], axis=0))
