"""Observed data over the templates, before and after the fit."""

from __future__ import annotations

from typing import Any

import lazy_loader as lazy
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ...campaign.model import Campaign
from ...design.ranking import spell
from ...inference.fit_results import Band, Goodness, Projection
from ...inference.results import Posteriors
from ...likelihood.workspace import SIGNAL
from ...quantities.arrays import FloatArray
from ...quantities.labels import number, parse
from ..words import LOWEST_P, chance
from .style import BLUE, GREY, HEADROOM, LINES, ORANGE, exposure_title, styled, with_unit

scipy = lazy.load("scipy")


#: Counts, and their ratio to the fit.
Panels = tuple[Axes, Axes]
#: How far from one the ratios reach, at least and at most.
LEAST_RATIO, MOST_RATIO = 0.15, 1.5
#: Ratios to fewer expected events than this, or than this fraction of the highest bin, say nothing.
FEWEST, SMALLEST = 0.5, 0.02


@styled
def data_figure(posteriors: Posteriors, shown: Projection, campaign: Campaign) -> Figure:
    """Data over templates of several θ and the prior's band, and over the best fit and the posterior's band."""
    assert posteriors.observed_fit is not None
    figure = Figure(figsize=(17.0, 8.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey="row", gridspec_kw={"height_ratios": [2.6, 1], "hspace": 0.03})
    before, after = (axes[0, 0], axes[1, 0]), (axes[0, 1], axes[1, 1])
    _before(figure, before, shown, campaign)
    _after(after, shown)
    _data(before, shown, shown.before.mean)
    _data(after, shown, _total(shown))
    _limits(axes, shown)
    fit, place = posteriors.observed_fit.goodness, spell(campaign, parse(posteriors.setting))
    axes[0, 0].set_title(f"before the fit: {place}, {exposure_title(posteriors.exposure)}", loc="left")
    fits = fit.p_value.value > LOWEST_P
    axes[0, 1].set_title(_verdict(fit, campaign), loc="left", color="black" if fits else ORANGE)
    for axis, text in zip(axes.ravel(), ("Events per bin", "", "Data / prior mean", "Data / best fit"), strict=True):
        axis.set_ylabel(text)
    for axis in axes[1]:
        axis.set_xlabel(with_unit(shown.axis.label or shown.axis.name, shown.axis.unit))
    return figure


def _verdict(fit: Goodness, campaign: Campaign) -> str:
    best = ", ".join(
        f"{campaign.parameters[name].label or name} = {number(value)} {campaign.parameters[name].unit}".strip()
        for name, value in parse(fit.best).items()
    )
    warning = "" if fit.p_value.value > LOWEST_P else ": no template fits"
    return f"best fit: {best}\ngoodness of fit p {chance(fit)}{warning}"


def _edges(shown: Projection) -> FloatArray:
    return np.linspace(shown.axis.low, shown.axis.high, shown.axis.bins + 1)


def _total(shown: Projection) -> FloatArray:
    """Expected events at the best fit, (B,)."""
    result: FloatArray = np.sum(list(shown.samples.values()), axis=0)
    return result


def _before(figure: Figure, panels: Panels, shown: Projection, campaign: Campaign) -> None:
    name = next(iter(campaign.parameters))
    values = {point: parse(point)[name] for point in shown.templates}
    scale: Any = ScalarMappable(Normalize(min(values.values()), max(values.values())), colormaps["viridis"])
    reference = shown.before.mean
    _band(panels, shown, shown.before, reference, GREY, "prior, 68%")
    for point, rates in shown.templates.items():
        colour = scale.cmap(scale.norm(values[point]))
        panels[0].stairs(rates, _edges(shown), color=colour, linewidth=1.8, baseline=None)
        panels[1].stairs(_ratio(rates, reference), _edges(shown), color=colour, linewidth=1.8, baseline=None)
    if len(values) == 1:
        return
    parameter = campaign.parameters[name]
    bar = figure.colorbar(scale, ax=list(panels), location="right", pad=0.01, aspect=45)
    bar.set_label(with_unit(parameter.label or name, parameter.unit))


def _after(panels: Panels, shown: Projection) -> None:
    edges, below = _edges(shown), np.zeros(shown.axis.bins)
    colours = iter(LINES[1:])
    for name, rates in shown.samples.items():
        colour = BLUE if name == SIGNAL else next(colours, GREY)
        panels[0].stairs(below + rates, edges, baseline=below, fill=True, color=colour, alpha=0.45, label=name)
        below = below + rates
    panels[0].stairs(below, edges, color=BLUE, linewidth=1.8, baseline=None)
    _band(panels, shown, shown.after, below, ORANGE, "posterior, 68%")


def _band(panels: Panels, shown: Projection, band: Band, reference: FloatArray, colour: str, text: str) -> None:
    style: dict[str, Any] = {"fill": True, "color": colour, "alpha": 0.35, "linewidth": 0}
    low, high = _ratio(band.low, reference), _ratio(band.high, reference)
    panels[0].stairs(band.high, _edges(shown), baseline=band.low, label=text, **style)
    panels[1].stairs(high, _edges(shown), baseline=low, **style)
    panels[1].axhline(1.0, color="black", linewidth=1.0)


def _ratio(values: FloatArray, reference: FloatArray) -> FloatArray:
    """Values per reference, NaN where the reference is so small that their ratio says nothing."""
    least = max(min(FEWEST, 0.2 * float(reference.max())), SMALLEST * float(reference.max()))
    result: FloatArray = np.divide(values, reference, out=np.full_like(values, np.nan), where=reference >= least)
    return result


def _data(panels: Panels, shown: Projection, reference: FloatArray) -> None:
    """Points with their intervals; bins without events are shown where some would be expected."""
    count, edges = shown.observed, _edges(shown)
    low, high = _interval(count)
    drawn = (count > 0) | np.isfinite(_ratio(count, reference))
    for axis, scale in zip(panels, (np.ones_like(count), reference), strict=True):
        values, ends = _ratio(count, reference) if axis is panels[1] else count, np.array([count - low, high - count])
        axis.errorbar(
            ((edges[:-1] + edges[1:]) / 2)[drawn],
            values[drawn],
            (ends / np.maximum(scale, 1e-300))[:, drawn],
            color="black",
            marker="o",
            markersize=7,
            linestyle="none",
            linewidth=1.6,
            label=f"data, {count.sum():.0f} event{'' if count.sum() == 1 else 's'}",
            zorder=5,
            # a whole point for a bin without events
            clip_on=axis is panels[1],
        )


def _interval(count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Central 68% interval of a Poisson mean, from its count (Garwood 1936)."""
    low = np.where(count > 0, scipy.special.gammaincinv(np.maximum(count, 0.5), 0.16), 0.0)
    return low, np.asarray(scipy.special.gammaincinv(count + 1, 0.84))


def _limits(axes: np.ndarray[Any, Any], shown: Projection) -> None:
    low, high = _interval(shown.observed)
    highest = max(high.max(), shown.after.high.max(), *(one.max() for one in shown.templates.values()))
    axes[0, 0].set_ylim(0, HEADROOM * highest)
    axes[0, 0].set_xlim(shown.axis.low, shown.axis.high)
    ends = [_ratio(end, reference) for end in (low, high) for reference in (shown.before.mean, _total(shown))]
    reach = float(np.clip(1.05 * np.nanmax(np.abs(np.concatenate(ends) - 1)), LEAST_RATIO, MOST_RATIO))
    axes[1, 0].set_ylim(max(1 - reach, 0.0), 1 + reach)
    for axis in axes[0]:
        handles, texts = axis.get_legend_handles_labels()
        axis.legend([*handles[::-1]], [*texts[::-1]], frameon=False, loc="upper left", ncols=2)
