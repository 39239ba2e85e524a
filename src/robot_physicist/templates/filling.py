"""Histograms of simulated events, filled in chunks and in folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..quantities.arrays import FloatArray
from ..quantities.errors import ObservableError, nearest
from ..quantities.estimates import Axis
from ..quantities.events import CrossSection, Events, combine
from ..quantities.observable import Observable
from .histogram import Histogram
from .reweighting import Reweighting

boost_histogram = lazy.load("boost_histogram")


Observables = Mapping[str, Observable]


def axes(observables: Observables) -> list[Axis]:
    """Describe the axes of a campaign's histograms."""
    return [Axis(name, *o.range, o.bins, o.unit, o.label) for name, o in observables.items()]


def fill(
    blocks: Iterable[Events],
    observables: Observables,
    folds: int,
    *,
    setting: str,
    sample: str,
    digest: str,
    reweighting: Reweighting | None = None,
) -> Histogram:
    """Fill the joint histogram of all observables; event i of the stream goes into fold i mod `folds`.

    With `reweighting`, to which every block is added, also the histograms of other parameter points.

    Raises ObservableError when an observable is missing, not finite, or outside its range although the
    campaign forbids that.
    """
    shape = (folds, *(observable.bins for observable in observables.values()))
    sumw, sumw2 = np.zeros(shape), np.zeros(shape)
    seen, generated, outside = 0, 0, 0.0
    section: CrossSection | None = None
    for block in blocks:
        values = {name: _binnable(block, name, observable) for name, observable in observables.items()}
        fold = (seen + np.arange(block.accepted)) % folds
        weights = _weights(block)
        contents, squares = _weighted(fold, values, observables, folds, weights)
        sumw, sumw2 = sumw + contents, sumw2 + squares
        if reweighting is not None and block.ratios is not None:
            reweighting.add(block.ratios, weights, _cells(fold, values, observables), sumw.size)
        outside += float(weights.sum() - contents.sum())
        section = combine(section, generated, block)
        seen, generated = seen + block.accepted, generated + block.generated
    return Histogram(
        setting=setting,
        sample=sample,
        digest=digest,
        axes=axes(observables),
        sumw=sumw.reshape(folds, -1),
        sumw2=sumw2.reshape(folds, -1),
        generated=generated,
        outside=outside,
        cross_section=None if section is None else section.value,
        cross_section_error=None if section is None else section.error,
        reweighted=None if reweighting is None else reweighting.document(folds),
    )


def counts(blocks: Iterable[Events], observables: Observables) -> FloatArray:
    """Count observed events in the bins of the joint histogram, flattened to (B,).

    Raises ObservableError as `fill` does, and when an event has a weight other than one.
    """
    filled = fill(map(_counted, blocks), observables, 1, setting="", sample="", digest="")
    return np.array(filled.sumw[0])


def _counted(block: Events) -> Events:
    other = np.empty(0) if block.weights is None else block.weights[block.weights != 1]
    if other.size:
        raise ObservableError(
            f"{other.size} of {block.accepted} events have weights other than one, such as {other[0]:g}; observed"
            " data are counted, and have none: remove the branch 'weight' from the file, or rename it"
        )
    return block


def _weights(block: Events) -> FloatArray:
    weights = np.ones(block.accepted) if block.weights is None else block.weights
    if not np.isfinite(weights).all():
        raise ObservableError("some events have a weight that is not finite; mend the simulator or the file")
    return weights


def _weighted(
    fold: NDArray[np.intp],
    values: Mapping[str, FloatArray],
    observables: Observables,
    folds: int,
    weights: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    regular = [boost_histogram.axis.Regular(o.bins, *o.range) for o in observables.values()]
    histogram = boost_histogram.Histogram(
        boost_histogram.axis.Integer(0, folds), *regular, storage=boost_histogram.storage.Weight()
    )
    histogram.fill(fold, *values.values(), weight=weights)
    view = histogram.view(flow=False)
    return np.array(view["value"]), np.array(view["variance"])


def _cells(fold: NDArray[np.intp], values: Mapping[str, FloatArray], observables: Observables) -> NDArray[np.intp]:
    """Joint number of fold and bin of each event, the bin running fastest; −1 outside the range."""
    cells, inside = fold, np.ones(len(fold), dtype=bool)
    for name, observable in observables.items():
        index = _index(observable, values[name])
        inside &= (index >= 0) & (index < observable.bins)
        cells = cells * observable.bins + index
    return np.where(inside, cells, -1)


def _index(observable: Observable, values: FloatArray) -> NDArray[np.intp]:
    axis: Any = boost_histogram.axis.Regular(observable.bins, *observable.range)
    return np.asarray(axis.index(values), dtype=np.intp)


def _binnable(block: Events, name: str, observable: Observable) -> FloatArray:
    """Values with the overflow policy applied; the upper edge belongs to the last bin."""
    if name not in block.columns:
        raise ObservableError(f"observables: the events have no '{name}'; {nearest(name, block.columns)}")
    values = block.columns[name]
    if not np.isfinite(values).all():
        raise ObservableError(f"observables.{name}: some events have no finite value; mend the simulator or the file")
    low, high = observable.range
    beyond = (values < low) | (values > high)
    if observable.overflow == "error" and beyond.any():
        raise ObservableError(
            f"observables.{name}.range: {beyond.sum()} events lie outside [{low:g}, {high:g}], such as "
            f"{values[beyond][0]:g}; widen the range or set overflow to drop or include"
        )
    # Close to the upper edge the index of a bin is a rounded number, and may be one too many: a value in the upper
    # half of the last bin goes to the middle of it.
    middle = high - (high - low) / observable.bins / 2
    if observable.overflow == "include":
        return np.clip(values, low, middle)
    return np.where((values > middle) & (values <= high), middle, values)
