"""histogram.json: the events of one branch in bins; those of all batches of a search become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydantic import NonNegativeInt

from ..quantities.arrays import FloatArray
from ..quantities.errors import LabelClashError
from ..quantities.estimates import CONFIG, Array, Axis, document
from ..quantities.events import CrossSection, Events, combine


@document(frozen=True, config=CONFIG)
class Reweighted:
    """The same events weighted to other parameter points.

    An event weighs p_k / Σ_r α_r p_r, where the sum runs over the references of the campaign and α_r is the share of
    its generated events.
    """

    points: list[str]
    """Labels of the parameter points θ, in campaign order."""
    references: list[str]
    """Labels of the references over which the weights are balanced."""
    sumw: Array
    """Sum of weights, points × folds × bins."""
    sumw2: Array
    """Sum of squared weights, points × folds × bins."""
    outside: Array
    """Sum of weights of the events outside the range, per point."""
    tails: Array
    """Shape k̂ of the Pareto distribution that the largest weights follow, per point; beyond 0.7 sums of weights and
    their errors are not to be trusted."""


@document(frozen=True, config=CONFIG)
class Histogram:
    """histogram.json: one sample at one setting, in folds so that its own error can be estimated."""

    setting: str
    """Label of the setting φ."""
    sample: str
    """Label of the parameter point θ, or `background=NAME`."""
    digest: str
    """Digest of what determined the events."""
    axes: list[Axis]
    """The observables; bins are flattened in this order, the last axis running fastest."""
    sumw: Array
    """Sum of weights, folds × bins."""
    sumw2: Array
    """Sum of squared weights, folds × bins."""
    generated: NonNegativeInt
    """Number of generated events, accepted or not; none only for observed data."""
    outside: float
    """Sum of weights of the events outside the range, which were dropped."""
    cross_section: float | None = None
    """Cross-section before selection, in picobarn."""
    cross_section_error: float | None = None
    """Its Monte Carlo standard error, in picobarn."""
    reweighted: Reweighted | None = None
    """Contents for all parameter points, when the sample is a reference of the campaign."""


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
    return replace(batches[0], **sums, tails=common_tails(batches))


def common_tails(parts: Sequence[Reweighted]) -> FloatArray:
    """Shapes of the tails of several samples together, (K,): averaged by what each adds to Σw²."""
    squares = np.stack([one.sumw2.sum(axis=(1, 2)) for one in parts])
    shares = squares / np.maximum(squares.sum(axis=0), 1e-300)
    return np.asarray((shares * [one.tails for one in parts]).sum(axis=0))
