"""The figure of the templates at one setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ...campaign.model import Campaign
from ...quantities.labels import parse
from ...templates.histogram import Histogram
from .style import HIGHEST_RATIO, new_figure, styled, with_unit


@styled
def templates_figure(histograms: Sequence[Histogram], campaign: Campaign) -> Figure:
    """Templates of every parameter point at one setting, coloured by θ, and their ratio to the middle point."""
    name = next(iter(campaign.parameters))
    points = {h.sample: parse(h.sample)[name] for h in histograms if not h.sample.startswith("background=")}
    chosen = sorted((h for h in histograms if h.sample in points), key=lambda h: points[h.sample])
    figure, (top, ratio) = new_figure(2, 8.0, sharex=True, gridspec_kw={"height_ratios": [2, 1]})
    scale: Any = ScalarMappable(Normalize(min(points.values()), max(points.values())), colormaps["viridis"])
    reference, _ = _projection(chosen[len(chosen) // 2])
    for histogram in chosen:
        shape, error = _projection(histogram)
        colour = scale.cmap(scale.norm(points[histogram.sample]))
        edges = np.linspace(histogram.axes[0].low, histogram.axes[0].high, histogram.axes[0].bins + 1)
        top.stairs(shape, edges, color=colour, linewidth=1.3)
        safe = np.where(reference > 0, reference, np.nan)
        ratio.stairs(shape / safe, edges, color=colour, linewidth=1.3, baseline=None)
        centre = (edges[:-1] + edges[1:]) / 2
        ratio.errorbar(centre, shape / safe, error / safe, color=colour, linestyle="none", linewidth=0.8)
    # Where one template ends and another is high, ratios are without bounds and hide all others.
    ratio.set_ylim(max(ratio.get_ylim()[0], -0.1), min(ratio.get_ylim()[1], HIGHEST_RATIO))
    axis = chosen[0].axes[0]
    ratio.set_xlabel(with_unit(axis.label or axis.name, axis.unit))
    top.set_ylabel("Fraction of events per bin")
    ratio.set_ylabel("Ratio to middle")
    top.set_ylim(0, None)
    top.set_title(chosen[0].setting, loc="right")
    parameter = campaign.parameters[name]
    figure.colorbar(scale, ax=[top, ratio], label=with_unit(parameter.label or name, parameter.unit))
    return figure


def _projection(histogram: Histogram) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Fractions per bin of the first observable and their statistical errors."""
    shape = [axis.bins for axis in histogram.axes]
    rest = tuple(range(1, len(shape)))
    sumw, sumw2 = (a.sum(axis=0).reshape(shape).sum(axis=rest) for a in (histogram.sumw, histogram.sumw2))
    return sumw / sumw.sum(), np.sqrt(sumw2) / sumw.sum()
