"""Event weights: the events of one parameter point, or of a few references, serve all parameter points.

Several references are combined by the balance heuristic of multiple importance sampling (Veach and Guibas 1995): an
event weighs p_k / Σ_r α_r p_r wherever it was generated, which is bounded where any reference reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.errors import HistogramError
from .histogram import Histogram, Reweighted
from .weight_tails import Largest

#: Fewer effective events than this make templates of doubtful accuracy, and of doubtful error.
FEW_EVENTS = 100
#: Weights that miss their known sum by so many standard errors show a region that no reference reaches.
UNCOVERED = 5.0


def balanced(ratios: FloatArray, points: int, references: Sequence[int]) -> FloatArray:
    """Weights of events to the first `points` columns of their `ratios` (N, M), balanced over references; (N, K).

    w_k = r_k / (Σ_r r_r / R) for R references with the same number of events. The ratios r are of differential
    cross-sections; with densities, as Veach and Guibas have it, the weights would differ by how much the
    cross-sections of the references do. Both are unbiased: the parts of an event that count for each reference add
    up to one.

    >>> balanced(np.array([[1.0, 3.0], [1.0, 0.5]]), 2, [0])
    array([[1. , 3. ],
           [1. , 0.5]])
    >>> balanced(np.array([[1.0, 3.0]]), 2, [0, 1])
    array([[0.5, 1.5]])
    """
    result: FloatArray = ratios[:, :points] / ratios[:, list(references)].mean(axis=1, keepdims=True)
    return result


def effective_events(sumw: FloatArray, sumw2: FloatArray) -> FloatArray:
    """Effective number of events (Σw)²/Σw² of each point (K,) from sums in bins (K, B); 0 without events (Kish).

    >>> effective_events(np.array([[2.0, 2.0], [3.0, 1.0]]), np.array([[2.0, 2.0], [9.0, 1.0]]))
    array([4. , 1.6])
    """
    squares = sumw2.sum(axis=1)
    result: FloatArray = np.divide(sumw.sum(axis=1) ** 2, squares, out=np.zeros_like(squares), where=squares > 0)
    return result


class Reweighting:
    """Sums of weights to K points in F folds and B bins, added up block by block."""

    def __init__(self, points: Sequence[str], references: Sequence[str], columns: Sequence[str]) -> None:
        """`columns` are the labels of the events' ratios: the points, then references that are none of them."""
        self.points, self.references = list(points), list(references)
        self.indices = [list(columns).index(reference) for reference in references]
        self.sumw = self.sumw2 = np.zeros((len(points), 1))
        self.total = np.zeros(len(points))
        self.largest = Largest(len(points))

    def add(self, ratios: FloatArray, weights: FloatArray, cells: NDArray[np.intp], size: int) -> None:
        """Add events with their own weights (N,); `cells` (N,) are joint numbers of fold and bin, −1 outside."""
        inside = cells >= 0
        shared = balanced(ratios, len(self.points), self.indices) * weights[:, None]
        per_point = list(shared[inside].T)
        first, second = (
            np.stack([np.bincount(cells[inside], w**power, minlength=size) for w in per_point]) for power in (1, 2)
        )
        self.sumw, self.sumw2 = self.sumw + first, self.sumw2 + second
        self.total = self.total + shared.sum(axis=0)
        self.largest.add(shared[inside])

    def document(self, folds: int) -> Reweighted:
        """The sums as part of a histogram."""
        shape = (len(self.points), folds, -1)
        outside = self.total - self.sumw.sum(axis=1)
        sums = self.sumw.reshape(shape), self.sumw2.reshape(shape)
        return Reweighted(self.points, self.references, *sums, outside, self.largest.shapes())


def per_point(histograms: Sequence[Histogram], points: Sequence[str]) -> list[Histogram]:
    """One histogram per parameter point from those of the references of one setting; others are passed through.

    Reference r with the cross-section σ_r adds its sums times σ_r/σ, σ = Σ_r α_r σ_r being that of all of them, so
    that σ Σw/N is the cross-section of each point. Raises HistogramError when a reference is missing or of another
    grid.
    """
    references = [(one, one.reweighted) for one in histograms if one.reweighted is not None]
    if not references:
        return list(histograms)
    found = {one.sample for one, _ in references}
    for one, weighted in references:
        missing = [reference for reference in weighted.references if reference not in found]
        if missing:
            raise HistogramError(f"no histogram for reference {missing[0]}; run the histogram stage for it")
        if weighted.points != list(points):
            raise HistogramError(f"{one.sample}: its events are weighted to other points; simulate them again")
    common, scales = _together([one for one, _ in references])
    parts = list(zip(scales, (weighted for _, weighted in references), strict=True))
    sumw = np.sum([scale * weighted.sumw for scale, weighted in parts], axis=0)
    sumw2 = np.sum([scale**2 * weighted.sumw2 for scale, weighted in parts], axis=0)
    outside = np.sum([scale * weighted.outside for scale, weighted in parts], axis=0)
    alike = [
        replace(common, sample=point, sumw=sumw[index], sumw2=sumw2[index], outside=float(outside[index]))
        for index, point in enumerate(points)
    ]
    return [*alike, *(one for one in histograms if one.reweighted is None)]


def _together(references: Sequence[Histogram]) -> tuple[Histogram, FloatArray]:
    """A histogram with the events and the average cross-section of all references, and σ_r/σ of each, (R,)."""
    generated = np.array([one.generated for one in references], dtype=np.float64)
    shares = generated / generated.sum()
    sections = np.array([1.0 if one.cross_section is None else one.cross_section for one in references])
    errors = np.array([one.cross_section_error or 0.0 for one in references])
    section = float(shares @ sections)
    known = all(one.cross_section is not None for one in references)
    common = replace(
        references[0],
        generated=int(generated.sum()),
        cross_section=section if known else None,
        cross_section_error=float(np.linalg.norm(shares * errors)) if known else None,
        reweighted=None,
    )
    return common, sections / section


def uncovered(histograms: Sequence[Histogram]) -> list[str]:
    """Warn of parameter points whose weights do not add up to one, which shows in simulators without cross-section.

    `histograms` are those of `per_point`. A simulator that rejects events has no known sum, and none is checked.
    """
    found = []
    for one in histograms:
        error = UNCOVERED * float(np.sqrt(one.sumw2.sum())) / one.generated
        total = float(one.sumw.sum() + one.outside) / one.generated
        if one.cross_section is None and total < 1 - max(error, 1e-6):
            found.append(
                f"the events weighted to {one.sample} add up to {total:.3f} and not to 1: the references do not reach"
                " all events of that point; add one that does"
            )
    return found


def few_events(points: Sequence[str], effective: FloatArray) -> list[str]:
    """Warn when the events at some parameter point are worth too few."""
    least = int(np.argmin(effective))
    if effective[least] >= FEW_EVENTS:
        return []
    return [
        f"only {effective[least]:.0f} effective events at {points[least]} (fewer than {FEW_EVENTS}); simulate more"
        " events, or a reference near that point"
    ]


def least_effective(reweighted: Reweighted) -> str:
    """Say at which parameter point the weighted events are worth least, and how much."""
    effective = effective_events(reweighted.sumw.sum(axis=1), reweighted.sumw2.sum(axis=1))
    least = int(np.argmin(effective))
    return f"at least {effective[least]:.0f} effective events ({reweighted.points[least]})"
