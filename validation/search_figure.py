"""Regret against events, one panel per problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robot_physicist.reports.figures.style import BLUE, GREEN, GREY, ORANGE, styled
from validation.search_grids import Grids
from validation.search_paths import Searched, mean_regret
from validation.search_problems import WANTED


@styled
def regret_figure(measured: Mapping[str, tuple[list[Searched], Grids]]) -> Figure:
    """Regret against events: searches round by round, their mean, and the mean of every grid."""
    figure = Figure(figsize=(11.0, 9.0), layout="constrained")
    for axis, (name, (searches, found)) in zip(figure.subplots(2, 2).ravel(), measured.items(), strict=True):
        _draw(axis, searches, found)
        axis.set_title(name, loc="right")
    axis.legend(frameon=False, loc="best", fontsize=13)
    figure.supxlabel("Simulated events per branch, all settings", fontsize=17)
    figure.supylabel("Regret [nats]", fontsize=17)
    return figure


def _draw(axis: Axes, searches: Sequence[Searched], found: Grids) -> None:
    least = 1e-4
    for search in searches:
        axis.plot(search.events, np.maximum(search.regret, least), color=BLUE, alpha=0.15, linewidth=1)
    ends = [one.events[-1] for one in searches], np.maximum([one.regret[-1] for one in searches], least)
    axis.plot(*ends, "o", color=BLUE, markersize=4, alpha=0.5, label="searches and their ends")
    events, regrets = mean_regret(searches)
    axis.plot(events, np.maximum(regrets, least), color=ORANGE, linewidth=2.5, label="their mean")
    means = [(key_grids[0].events, np.mean([one.regret for one in key_grids])) for key_grids in found.values()]
    axis.plot(*np.maximum(np.transpose(means), least), "s", color=GREY, markersize=4, label="grids, mean")
    axis.axhline(WANTED, color=GREEN, linestyle=":")
    axis.set(xscale="log", yscale="log", ylim=(least / 2, 2))
