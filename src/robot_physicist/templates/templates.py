"""Templates: what the simulation says about each parameter point θ at one setting φ, ready for inference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.errors import HistogramError
from ..quantities.estimates import Axis
from ..quantities.exposure import INVERSE_PICOBARN, EventCount, Exposure
from ..quantities.labels import parse
from .histogram import Histogram, common_tails
from .reweighting import per_point, uncovered


class Background(NamedTuple):
    """Contents of a background and their Monte Carlo errors, both (B,) in picobarn per bin.

    `generated` events were simulated for it, in the bins or not; infinity where nobody knows, and their number then
    fluctuates too. `scale_error` is the relative error of what all bins have in common, its cross-section, and
    `per_event` what one event of weight one adds, in picobarn.
    """

    contents: FloatArray
    errors: FloatArray
    generated: float = math.inf
    scale_error: float = 0.0
    per_event: float = 0.0


@dataclass(frozen=True)
class Templates:
    """Simulated histograms of K parameter points in F folds and B bins, and what they are normalised to.

    `sumw` and `sumw2` have the shape (K, F, B), `generated`, `cross_section` and `cross_section_error` (K,);
    cross-sections are in picobarn and NaN when the simulator knows none. `background` maps a sample's name
    to its contents. `shared` says that all points are filled with the same events in the same folds, weighted to each
    point; their noise is then common to them, and `tails` (K,) are the shapes of the tails of the weights. `warnings`
    are for the reader of what is computed from them.
    """

    points: tuple[str, ...]
    axes: tuple[Axis, ...]
    sumw: FloatArray
    sumw2: FloatArray
    generated: FloatArray
    cross_section: FloatArray
    cross_section_error: FloatArray
    background: Mapping[str, Background]
    shared: bool = False
    warnings: tuple[str, ...] = ()
    tails: FloatArray | None = None

    @property
    def coordinates(self) -> FloatArray:
        """Values of the parameters at the points, (K, P)."""
        return np.array([list(parse(point).values()) for point in self.points])

    def sums(self, folds: NDArray[np.intp] | slice = slice(None)) -> tuple[FloatArray, FloatArray]:
        """Sums of weights and of squared weights over these folds, both (K, B)."""
        return self.sumw[:, folds].sum(axis=1), self.sumw2[:, folds].sum(axis=1)

    @property
    def background_total(self) -> FloatArray:
        """Sum of all backgrounds in picobarn per bin, (B,)."""
        zero = np.zeros(self.sumw.shape[2])
        return sum((one.contents for one in self.background.values()), zero)


def stack(
    histograms: Sequence[Histogram],
    points: Sequence[str],
    background: Mapping[str, Background] | None = None,
) -> Templates:
    """Stack one histogram per parameter point in the order of `points`, or those of the references for all of them.

    Raises HistogramError when a point or a reference is missing or the binnings differ.
    """
    shared = any(histogram.reweighted is not None for histogram in histograms)
    by_sample = {histogram.sample: histogram for histogram in per_point(histograms, points)}
    missing = [point for point in points if point not in by_sample]
    if missing:
        raise HistogramError(
            f"no histogram for parameter point {missing[0]} ({len(missing)} of {len(points)} missing); "
            "run the histogram stage for it"
        )
    chosen = [by_sample[point] for point in points]
    odd = next((h for h in chosen if h.axes != chosen[0].axes or h.sumw.shape != chosen[0].sumw.shape), None)
    if odd is not None:
        raise HistogramError(f"the binning of {odd.sample} differs from that of {chosen[0].sample}")
    return Templates(
        points=tuple(points),
        axes=tuple(chosen[0].axes),
        sumw=np.stack([h.sumw for h in chosen]),
        sumw2=np.stack([h.sumw2 for h in chosen]),
        generated=np.array([h.generated for h in chosen], dtype=np.float64),
        cross_section=_optional([h.cross_section for h in chosen]),
        cross_section_error=_optional([h.cross_section_error for h in chosen]),
        background=background or {},
        shared=shared,
        warnings=tuple(uncovered(chosen) if shared else ()),
        tails=common_tails([h.reweighted for h in histograms if h.reweighted]) if shared else None,
    )


def _optional(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values])


def effective_counts(sumw: FloatArray, sumw2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Equivalent unweighted counts n = (Σw)²/Σw² and the weight Σw/n of each, (..., B) like the arguments.

    >>> effective_counts(np.array([4.0, 0.0]), np.array([8.0, 0.0]))
    (array([2., 0.]), array([2., 2.]))
    """
    counts = np.divide(sumw**2, sumw2, out=np.zeros_like(sumw), where=sumw2 > 0)
    return counts, np.divide(sumw, counts, out=mean_weight(sumw, sumw2) * np.ones_like(sumw), where=counts > 0)


def mean_weight(sumw: FloatArray, sumw2: FloatArray) -> FloatArray:
    """Mean weight of the events of each template, (..., 1), by which bins without events are scaled.

    >>> mean_weight(np.array([4.0, 0.0]), np.array([8.0, 0.0]))
    array([2.])
    """
    total = sumw.sum(axis=-1, keepdims=True)
    weight: FloatArray = np.divide(sumw2.sum(axis=-1, keepdims=True), total, out=np.ones_like(total), where=total > 0)
    return weight


def expected(shape: FloatArray, accepted: FloatArray, exposure: Exposure, background: FloatArray) -> FloatArray:
    """Expected events per point and bin, (..., K, B).

    `shape` (..., K, B) are signal probabilities, each row summing to one; `accepted` (..., K) is the accepted
    cross-section in picobarn, `background` (B,) in picobarn. With a number of events n: n × shape.
    With a luminosity L: L × (accepted × shape + background).
    """
    if isinstance(exposure, EventCount):
        return exposure.events * shape
    luminosity = exposure.luminosity * INVERSE_PICOBARN[exposure.unit]
    rates: FloatArray = luminosity * (accepted[..., None] * shape + background)
    return rates


def accepted_cross_section(templates: Templates) -> tuple[FloatArray, FloatArray]:
    """Accepted cross-section σ·Σw/N of each point and its relative standard error, both (K,); σ in pb.

    The error has the Monte Carlo error of σ and that of the mean weight, Σw²/(Σw)² − 1/N squared, which for events
    without weights is the binomial error of the acceptance.
    """
    kept, squares = templates.sumw.sum(axis=(1, 2)), templates.sumw2.sum(axis=(1, 2))
    acceptance = kept / templates.generated
    variance = np.divide(squares, kept**2, out=np.ones_like(kept), where=kept != 0) - 1 / templates.generated
    section, error = templates.cross_section, templates.cross_section_error
    section_error = np.divide(error, section, out=np.zeros_like(kept), where=section != 0)
    relative = np.hypot(section_error, np.sqrt(np.clip(variance, 0.0, None)))
    return templates.cross_section * acceptance, relative


def background_contents(name: str, simulated: Mapping[str, Histogram]) -> Background:
    """A simulated background.

    Raises HistogramError when its histogram is missing or has no cross-section.
    """
    if name not in simulated:
        raise HistogramError(f"no histogram for background {name}; run the histogram stage for it")
    histogram = simulated[name]
    section, error = histogram.cross_section, histogram.cross_section_error or 0.0
    if section is None:
        raise HistogramError(f"background {name}: its simulator gives no cross-section; use one that does")
    scale = section / histogram.generated
    return Background(
        contents=scale * histogram.sumw.sum(axis=0),
        errors=scale * np.sqrt(histogram.sumw2.sum(axis=0)),
        generated=float(histogram.generated),
        scale_error=error / section if section > 0 else 0.0,
        per_event=scale,
    )
