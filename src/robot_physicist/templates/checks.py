"""Simulations that cannot make templates, told apart before a number is made of them."""

from __future__ import annotations

import numpy as np

from ..quantities.errors import HistogramError
from ..quantities.exposure import EventCount, Exposure
from .templates import Templates, accepted_cross_section, expected

#: Expected events per bin up to which counts are exact in double precision, with room for fluctuations.
MOST_EVENTS = 1e15


def check(templates: Templates, exposure: Exposure) -> None:
    """Raise HistogramError, naming bin and θ, when these templates say nothing about this exposure.

    Empty bins are no problem here, the templates are regularised; a point without any event is, and so are bins
    with more negative than positive weights, and a luminosity without cross-sections.
    """
    sumw, _ = templates.sums()
    for point, contents in zip(templates.points, sumw, strict=True):
        if (contents < 0).any():
            raise HistogramError(
                f"the weights of {point} sum to {contents.min():g} in {bin_name(templates, int(contents.argmin()))};"
                " simulate more events or use wider bins"
            )
        if not contents.sum() > 0:
            raise HistogramError(f"no simulated event of {point} lies in the range of the observables; widen it")
    if not isinstance(exposure, EventCount):
        _check_rates(templates, exposure)


def _check_rates(templates: Templates, exposure: Exposure) -> None:
    impossible = templates.cross_section <= 0
    if impossible.any():
        point = templates.points[int(impossible.argmax())]
        raise HistogramError(
            f"the simulator gave a cross-section of {templates.cross_section[impossible][0]:g} pb for {point},"
            " and a luminosity needs a positive one; leave this point out or use a number of events"
        )
    accepted, _ = accepted_cross_section(templates)
    if np.isnan(accepted).any():
        point = templates.points[int(np.isnan(accepted).argmax())]
        raise HistogramError(
            f"the simulator gave no cross-section for {point}, and a luminosity needs one; use a number of events"
        )
    most = expected(np.ones((len(accepted), 1)), accepted, exposure, np.zeros(1)).max()
    most += expected(np.zeros((1, 1)), np.zeros(1), exposure, templates.background_total).max()
    if not most < MOST_EVENTS:
        raise HistogramError(f"{most:.3g} expected events are too many to count; lower the luminosity")


def bin_name(templates: Templates, flat: int) -> str:
    """Name a bin of the joint histogram by its ranges."""
    parts = []
    for axis, index in zip(
        templates.axes, np.unravel_index(flat, [axis.bins for axis in templates.axes]), strict=True
    ):
        width = (axis.high - axis.low) / axis.bins
        parts.append(f"{axis.name} in [{axis.low + index * width:g}, {axis.low + (index + 1) * width:g}]")
    return ", ".join(parts)
