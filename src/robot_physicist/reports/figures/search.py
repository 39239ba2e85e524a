"""The figure of a search: what the process believes, the settings in the order they were tried, where events went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...campaign.model import Campaign
from ...design.ranking import spell
from ...design.search.state import ProcessBand, SearchState, Tried
from ...quantities.arrays import FloatArray
from ...quantities.labels import number, parse
from .style import BLUE, GREEN, ORANGE, SIDES, render_bytes, styled

GAIN = "Expected information\ngain [nats]"


def draw(campaign: Campaign, state: SearchState) -> dict[str, bytes]:
    """Draw the figure of a search in every format; the result maps file names to contents."""
    figure = search_figure(campaign, state)
    return {f"search.{extension}": render_bytes(figure, extension) for extension in ("pdf", "png")}


@styled
def search_figure(campaign: Campaign, state: SearchState) -> Figure:
    """One variable: the band and the events along it; two: a map; more: the band along each through the best one."""
    names = varied(campaign)
    if len(names) == 2:
        figure = Figure(figsize=(9.5, 8.0), layout="constrained")
        _map(figure, figure.subplots(), campaign, state, names)
        return figure
    figure = Figure(figsize=(9.0, 8.5 if len(names) == 1 else 3.6 * len(names)), layout="constrained")
    if len(names) == 1:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
        _along(top, campaign, state, names[0])
        _events(bottom, campaign, state, names[0])
    else:
        for axis, name in zip(figure.subplots(len(names), 1), names, strict=True):
            _along(axis, campaign, state, name)
            axis.set_xlabel(_with_unit(campaign, name))
    return figure


def varied(campaign: Campaign) -> list[str]:
    """Variables with more than one value, along which there is something to see; the first one if all are fixed."""
    names = [name for name, domain in campaign.settings.items() if len(domain.points) > 1]
    return names or list(campaign.settings)[:1]


def _with_unit(campaign: Campaign, name: str) -> str:
    variable = campaign.settings[name]
    return f"{variable.label or name} [{variable.unit}]" if variable.unit else variable.label or name


def _title(axis: Axes, state: SearchState) -> None:
    done = state.round - 1
    axis.set_title(f"{state.exposure}, after {done} round{'' if done == 1 else 's'}", loc="right")


def _quantity(state: SearchState) -> str:
    return GAIN if state.maximise == "gain" else "Expected information gain\nper cost [nats]"


def _shown(state: SearchState, one: Tried) -> tuple[float, float]:
    """Value and error of what is maximised."""
    scale = one.cost if state.maximise == "gain per cost" else 1.0
    return (np.nan, np.nan) if one.gain is None else (one.gain.value / scale, one.gain.error / scale)


def _along(axis: Axes, campaign: Campaign, state: SearchState, name: str) -> None:
    """The band along one variable, and the settings tried with their numbers."""
    if state.band is not None:
        x, mean, sd = _line(campaign, state.band, name)
        for width, alpha in ((2, 0.15), (1, 0.25)):
            axis.fill_between(x, mean - width * sd, mean + width * sd, color=BLUE, alpha=alpha, linewidth=0)
        axis.plot(x, mean, color=BLUE, linewidth=1.5, label="Gaussian process, 68% and 95%")
    _points(axis, campaign, state, name)
    for one in state.tried:
        if one.setting in state.proposed:
            axis.axvline(one.values[name], color=GREEN, linestyle=":", linewidth=1.5)
    if state.proposed:
        axis.plot([], [], color=GREEN, linestyle=":", label="next round")
    axis.set_ylabel(_quantity(state))
    axis.margins(x=SIDES, y=0.15)
    axis.legend(frameon=False, loc="best")
    _title(axis, state)


def _line(campaign: Campaign, band: ProcessBand, name: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The part of a band on the line along one variable: the others have the values that most of its points have."""
    table = np.array([[values[other] for other in campaign.settings] for values in band.values])
    index = list(campaign.settings).index(name)
    others = np.delete(table, index, axis=1)
    usual = np.median(others, axis=0)
    there = (others == usual).all(axis=1)
    order = np.argsort(table[there, index])
    x, mean, sd = (np.array(column)[there][order] for column in (table[:, index], band.mean, band.sd))
    return x, mean, sd


def _points(axis: Axes, campaign: Campaign, state: SearchState, name: str) -> None:
    for order, one in enumerate(state.tried, 1):
        value, error = _shown(state, one)
        best = one.setting == state.best
        colour, marker, size = (ORANGE, "*", 18) if best else ("black", "o", 6)
        axis.errorbar(one.values[name], value, error, color=colour, marker=marker, markersize=size, capsize=3)
        if one.gain is not None:
            axis.annotate(str(order), (one.values[name], value), (6, 7), textcoords="offset points", fontsize=11)
    axis.plot([], [], "ko", markersize=6, label="tried, in this order")
    if state.best is not None:
        text = f"best: {spell(campaign, parse(state.best))}"
        axis.plot([], [], color=ORANGE, marker="*", markersize=15, linestyle="none", label=text)


def _events(axis: Axes, campaign: Campaign, state: SearchState, name: str) -> None:
    """Events per branch at each setting, a bar for each; a darker part for those of each later round."""
    known = [one for one in state.tried if one.gain is not None]
    values = np.array([one.values[name] for one in state.tried])
    width = 0.012 * max(float(np.ptp(values)), 1e-12)
    for one in known:
        done = one.batches[:-1] if one.setting in state.proposed else one.batches
        for batch, bottom in zip(done, np.cumsum([0, *done]), strict=False):
            axis.bar(one.values[name], batch, width, bottom=bottom, color=BLUE, edgecolor="white", linewidth=0.8)
    axis.set_xlabel(_with_unit(campaign, name))
    axis.set_ylabel("Simulated events\nper branch")


def _map(figure: Figure, axis: Axes, campaign: Campaign, state: SearchState, names: Sequence[str]) -> None:
    """Mean of the process over two variables; the areas of the points are their events."""
    first, second = names
    if state.band is not None:
        x, y = (np.array([values[name] for values in state.band.values]) for name in (first, second))
        drawn = axis.tricontourf(x, y, np.array(state.band.mean), levels=24, cmap="cividis")
        figure.colorbar(drawn, ax=axis, label=_quantity(state).replace("\n", " "))
    _marks(axis, [one for one in state.tried if one.gain is not None], state, first, second)
    for one in state.tried:
        if one.setting in state.proposed:
            axis.plot(one.values[first], one.values[second], marker="s", markersize=13, color=GREEN, fillstyle="none")
    axis.set_xlabel(_with_unit(campaign, first))
    axis.set_ylabel(_with_unit(campaign, second))
    axis.use_sticky_edges = False  # the map's own, which would cut what is marked there
    axis.margins(SIDES)
    _title(axis, state)


def _marks(axis: Any, tried: Sequence[Tried], state: SearchState, first: str, second: str) -> None:
    most = max((sum(one.batches) for one in tried), default=1)
    for order, one in enumerate(tried, 1):
        place = (one.values[first], one.values[second])
        axis.scatter(*place, s=30 + 200 * sum(one.batches) / most, color="white", edgecolor="black", zorder=3)
        axis.annotate(
            str(order), place, (7, 7), textcoords="offset points", fontsize=11, color="white", fontweight="bold"
        )
        if one.setting == state.best:
            text = ", ".join(number(value) for value in place)
            axis.plot(
                *place, color=ORANGE, marker="*", markersize=22, linestyle="none", label=f"best: {text}", zorder=4
            )
            axis.legend(loc="best", facecolor="white", framealpha=0.9)
