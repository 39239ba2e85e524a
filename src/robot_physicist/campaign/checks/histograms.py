"""Histogram files that cannot be those of a campaign, whatever their digest says: edited, damaged or binned anew."""

from __future__ import annotations

import math
from pathlib import Path

from ...quantities.arrays import FloatArray
from ...quantities.errors import DigestMismatchError, InputFileError
from ...quantities.estimates import Axis
from ...templates.filling import axes
from ...templates.histogram import Histogram
from ..model import Campaign


def check(path: Path, one: Histogram, campaign: Campaign) -> None:
    """Raise DigestMismatchError for other bins or folds than the campaign's, InputFileError for broken contents."""
    wanted, folds = axes(campaign.observables), campaign.simulation.folds
    if [_bins(axis) for axis in one.axes] != [_bins(axis) for axis in wanted]:
        raise DigestMismatchError(
            f"{path}: axes: its bins are {_spelt(one.axes)}, those of the campaign {_spelt(wanted)};"
            " run the histogram stage again"
        )
    if len(one.sumw) != folds:
        raise DigestMismatchError(
            f"{path}: sumw: has {len(one.sumw)} folds, simulation.folds of the campaign is {folds};"
            " run the histogram stage again"
        )
    if not one.generated:
        raise InputFileError(f"{path}: generated: is 0; remove the file and run again")
    shape = (folds, math.prod(axis.bins for axis in wanted))
    _contents(path, "", one.sumw, one.sumw2, shape)
    if one.reweighted is not None:
        points = (len(one.reweighted.points), *shape)
        _contents(path, "reweighted.", one.reweighted.sumw, one.reweighted.sumw2, points)
    if (one.cross_section or 0.0) < 0 or (one.cross_section_error or 0.0) < 0:
        raise InputFileError(f"{path}: cross_section: is negative, or its error; remove the file and run again")


def _contents(path: Path, key: str, sumw: FloatArray, sumw2: FloatArray, shape: tuple[int, ...]) -> None:
    for name, array in (("sumw", sumw), ("sumw2", sumw2)):
        if array.shape != shape:
            raise InputFileError(
                f"{path}: {key}{name}: has the shape {' × '.join(map(str, array.shape))} and not"
                f" {' × '.join(map(str, shape))}; remove the file and run again"
            )
    if (sumw2 < 0).any():
        raise InputFileError(
            f"{path}: {key}sumw2: has a negative sum of squares, {sumw2.min():g}; remove the file and run again"
        )


def _bins(axis: Axis) -> tuple[str, float, float, int]:
    return axis.name, axis.low, axis.high, axis.bins


def _spelt(found: list[Axis]) -> str:
    return " × ".join(f"{axis.bins} of {axis.name} in [{axis.low:g}, {axis.high:g}]" for axis in found)
