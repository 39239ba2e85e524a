"""Estimates with their intervals against the number of simulated events, one panel per energy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from robot_physicist.quantities.arrays import FloatArray
from robot_physicist.reports.figures.style import BLUE, GREEN, GREY, ORANGE, styled
from validation.muon_pairs import ANGLES
from validation.script import Repeats, column


@styled
def convergence_figure(curves: Mapping[float, tuple[Repeats, Repeats]]) -> Figure:
    """Estimates against the number of simulated events in all, one panel per energy."""
    figure = Figure(figsize=(9.0, 10.0), layout="constrained")
    axes = figure.subplots(len(curves), 1, sharex=True, height_ratios=(5.2, 3.9))
    for axis, (sqrt_s, (alone, shared)) in zip(axes, curves.items(), strict=True):
        _panel(axis, alone, shared)
        axis.set_title(rf"$\sqrt{{s}}$ = {sqrt_s:g} GeV, 1000 recorded events", loc="right", pad=8)
        axis.set_ylabel("Expected information\ngain [nats]")
        axis.set_ylim(-0.45, 4.75 if axis is axes[0] else 3.45)
    axes[0].legend(loc="upper center", ncols=2, frameon=False)
    axes[-1].set_xlabel(f"Simulated events in all (÷ {len(ANGLES)}: per θ)")
    return figure


def _panel(axis: Any, alone: Repeats, shared: Repeats) -> None:
    x, plug_in = np.array(column(alone, "simulated")) * len(ANGLES), column(alone, "plug_in")
    bounds, exact = column(alone, "cross_fitted"), column(alone, "truth")[0]
    axis.fill_between(x, bounds, plug_in, color=GREY, alpha=0.18, linewidth=0, label="cross-fitted … plug-in")
    axis.plot(x, plug_in, color=GREY, marker="s", markersize=5, label="plug-in")
    _intervals(axis, x, alone, BLUE, "o", "corrected, 95% interval")
    weighted = np.array(column(shared, "simulated"))
    _intervals(axis, weighted, shared, ORANGE, "D", "weighted events, 95% interval")
    axis.axhline(exact, color="black", linestyle="--", linewidth=1.8, zorder=4, label="truth, exact bins")
    axis.axhline(np.log(len(ANGLES)), color=GREEN, linestyle=":", linewidth=1.5, label="prior entropy")
    axis.set(xscale="log", xlim=(220, 2.9e6))


def _intervals(axis: Any, x: FloatArray, repeats: Repeats, colour: str, marker: str, text: str) -> None:
    value, low, high = (np.array(column(repeats, name)) for name in ("corrected", "low", "high"))
    errors = [value - low, high - value]
    axis.errorbar(x, value, errors, color=colour, marker=marker, markersize=6, capsize=4, linewidth=1.5, label=text)
