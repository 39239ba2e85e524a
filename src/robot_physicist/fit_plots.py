"""Observed data over the templates, before and after the fit; like `plots.py` without the disk or global state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .campaign import Campaign
from .design import spell
from .documents import Posteriors
from .fit_documents import Band, Goodness, Projection
from .goodness import least_p
from .labels import parse
from .likelihood import SIGNAL
from .plots import BLUE, GREY, LINES, ORANGE, exposure_title, styled, with_unit
from .simulators.base import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Ratios that are always shown, and at most.
LEAST_RATIO, MOST_RATIO = 0.15, 1.5
#: Room above the highest bin for the legend.
HEADROOM = 1.35


@styled
def data_figure(posteriors: Posteriors, shown: Projection, campaign: Campaign) -> Figure:
    """Data over templates of several θ and the prior's band, and over the best fit and the posterior's band."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(17.0, 8.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey="row", gridspec_kw={"height_ratios": [2.6, 1], "hspace": 0.03})
    before, after = (axes[0, 0], axes[1, 0]), (axes[0, 1], axes[1, 1])
    _before(figure, before, shown, campaign)
    _after(after, shown)
    for top, ratio in (before, after):
        _data(top, shown, np.ones_like(shown.observed))
        ratio.axhline(1.0, color="black", linewidth=1.0)
    _data(before[1], shown, shown.before.mean)
    _data(after[1], shown, _total(shown))
    _limits(axes, shown)
    place = spell(campaign, parse(posteriors.setting))
    axes[0, 0].set_title(f"before the fit: {place}, {exposure_title(posteriors.exposure)}", loc="left")
    assert posteriors.observed_fit is not None
    axes[0, 1].set_title(_verdict(posteriors.observed_fit.goodness, campaign), loc="left")
    for axis, text in ((axes[1, 0], "Data / prior mean"), (axes[1, 1], "Data / best fit")):
        axis.set_xlabel(with_unit(shown.axis.label or shown.axis.name, shown.axis.unit))
        axis.set_ylabel(text)
    axes[0, 0].set_ylabel("Events per bin")
    return figure


def _verdict(fit: Goodness, campaign: Campaign) -> str:
    values = parse(fit.best).items()
    best = ", ".join(
        f"{campaign.parameters[name].label or name} = {value:g} {campaign.parameters[name].unit}".strip()
        for name, value in values
    )
    chance = f"p < {least_p(fit):.2g}" if fit.p_value.value <= least_p(fit) else f"p = {fit.p_value.value:.2g}"
    return f"best fit: {best}, goodness of fit {chance}"


def _edges(shown: Projection) -> FloatArray:
    return np.linspace(shown.axis.low, shown.axis.high, shown.axis.bins + 1)


def _total(shown: Projection) -> FloatArray:
    result: FloatArray = np.sum(list(shown.samples.values()), axis=0)
    return result


def _before(figure: Figure, panels: tuple[Axes, Axes], shown: Projection, campaign: Campaign) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    name = next(iter(campaign.parameters))
    values = {point: parse(point)[name] for point in shown.templates}
    scale: Any = ScalarMappable(Normalize(min(values.values()), max(values.values())), colormaps["viridis"])
    _band(panels, shown, shown.before, shown.before.mean, GREY, "prior, 68%")
    for point, rates in shown.templates.items():
        colour = scale.cmap(scale.norm(values[point]))
        panels[0].stairs(rates, _edges(shown), color=colour, linewidth=1.8, baseline=None)
        panels[1].stairs(rates / shown.before.mean, _edges(shown), color=colour, linewidth=1.8, baseline=None)
    parameter = campaign.parameters[name]
    bar = figure.colorbar(scale, ax=list(panels), location="right", pad=0.01, aspect=45)
    bar.set_label(with_unit(parameter.label or name, parameter.unit))


def _after(panels: tuple[Axes, Axes], shown: Projection) -> None:
    edges, below = _edges(shown), np.zeros(shown.axis.bins)
    colours = iter(LINES[1:])
    for name, rates in shown.samples.items():
        colour = BLUE if name == SIGNAL else next(colours, GREY)
        panels[0].stairs(below + rates, edges, baseline=below, fill=True, color=colour, alpha=0.45, label=name)
        below = below + rates
    panels[0].stairs(below, edges, color=BLUE, linewidth=1.8, baseline=None)
    _band(panels, shown, shown.after, below, ORANGE, "posterior, 68%")


def _band(
    panels: tuple[Axes, Axes], shown: Projection, band: Band, reference: FloatArray, colour: str, text: str
) -> None:
    style: dict[str, Any] = {"fill": True, "color": colour, "alpha": 0.35, "linewidth": 0}
    panels[0].stairs(band.high, _edges(shown), baseline=band.low, label=text, **style)
    panels[1].stairs(band.high / reference, _edges(shown), baseline=band.low / reference, **style)


def _data(axis: Axes, shown: Projection, reference: FloatArray) -> None:
    count, edges = shown.observed, _edges(shown)
    low, high = _interval(count)
    axis.errorbar(
        (edges[:-1] + edges[1:]) / 2,
        count / reference,
        np.array([count - low, high - count]) / reference,
        color="black",
        marker="o",
        markersize=7,
        linestyle="none",
        linewidth=1.6,
        label=f"data, {count.sum():.0f} events",
        zorder=5,
    )


def _interval(count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Central 68% interval of a Poisson mean, from its count (Garwood 1936)."""
    from scipy.special import gammaincinv

    low = np.where(count > 0, gammaincinv(np.maximum(count, 0.5), 0.16), 0.0)
    return low, np.asarray(gammaincinv(count + 1, 0.84))


def _limits(axes: np.ndarray[Any, Any], shown: Projection) -> None:
    highest = max(shown.observed.max(), _total(shown).max(), *(one.max() for one in shown.templates.values()))
    axes[0, 0].set_ylim(0, HEADROOM * highest)
    axes[0, 0].set_xlim(shown.axis.low, shown.axis.high)
    low, high = _interval(shown.observed)
    ends = [end / reference for end in (low, high) for reference in (shown.before.mean, _total(shown))]
    reach = float(np.clip(1.05 * np.abs(np.concatenate(ends) - 1).max(), LEAST_RATIO, MOST_RATIO))
    axes[1, 0].set_ylim(max(1 - reach, 0.0), 1 + reach)
    for axis in axes[0]:
        axis.legend(frameon=False, loc="upper left", ncols=2)
